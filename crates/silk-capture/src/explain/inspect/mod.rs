//! Checks the indexes, tables and settings of the app's databases.
//!
//! All of it reads the catalogue and the server's own statistics, over Silk's own connection,
//! read-only and time-limited. A check that the role may not make, or that takes too long, says so
//! in its place; the others stand.

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod check;
#[cfg(feature = "mysql")]
pub(super) mod mysql;
#[cfg(feature = "postgres")]
pub(super) mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod redundant;
#[cfg(feature = "sqlite")]
pub(super) mod sqlite;

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use futures_util::future::join_all;
use silk_core::{Database, explain::DatabaseReport};

use super::{
    Explainer, quietly,
    target::{ExplainTarget, Inspection},
};

/// How long one check may take, unless the limit for plans is shorter.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long all checks of a database may take, connecting included.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(super) const INSPECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Explainer {
    /// Looks at every database that it was told of, at the same time.
    pub(super) async fn inspect_all(&self) -> Vec<DatabaseReport> {
        let mut targets: Vec<(Database, Arc<dyn ExplainTarget>)> = self
            .targets()
            .iter()
            .map(|(database, target)| (database.clone(), Arc::clone(target)))
            .collect();
        targets
            .sort_by(|(one, _), (other, _)| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
        let timeout = self.config.timeout.min(CHECK_TIMEOUT);
        join_all(
            targets
                .into_iter()
                .map(|(database, target)| self.inspect_one(database, target, timeout)),
        )
        .await
    }

    async fn inspect_one(
        &self,
        database: Database,
        target: Arc<dyn ExplainTarget>,
        timeout: Duration,
    ) -> DatabaseReport {
        // In a task of Silk's own, as plans are asked for.
        let asked = self
            .runtime
            .spawn(quietly(async move { target.inspect(timeout).await }));
        let told = match asked.await {
            Ok(Ok(inspection)) => Ok(inspection),
            Ok(Err(failure)) => Err(self.told(database.kind, failure).to_string()),
            Err(_) => Err("looking at the database was broken off".to_owned()),
        };
        let (server, checks, error) = match told {
            Ok(Inspection { server, mut checks }) => {
                // What is to be mended comes first; among equals the order of the checks stays.
                checks.sort_by_key(|check| check.status);
                (server, checks, None)
            }
            Err(error) => (String::new(), Vec::new(), Some(error)),
        };
        DatabaseReport {
            database,
            server,
            checked_at: Utc::now(),
            checks,
            error,
        }
    }
}
