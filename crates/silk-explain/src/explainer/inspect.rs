//! Checks the indexes, tables and settings of the app's databases.
//!
//! All of it reads the catalogue and the server's own statistics, over Silk's own connection,
//! read-only and time-limited. A check that the role may not make, or that takes too long, says so
//! in its place; the others stand.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use futures_util::future::join_all;
use silk_core::{Database, explain::DatabaseReport};

use super::databases::Databases;
use crate::target::{ExplainTarget, Inspection};

/// Looks at every database that the app named, at the same time.
pub(super) async fn all(databases: &Databases) -> Vec<DatabaseReport> {
    // Each check may take as long as a plan.
    let timeout = databases.config.timeout;
    join_all(
        databases
            .all()
            .into_iter()
            .map(|(database, target)| one(databases, database, target, timeout)),
    )
    .await
}

async fn one(
    databases: &Databases,
    database: Database,
    target: Arc<dyn ExplainTarget>,
    timeout: Duration,
) -> DatabaseReport {
    let asked = databases.ask(async move { target.inspect(timeout).await });
    let told = match asked.await {
        Some(Ok(inspection)) => Ok(inspection),
        Some(Err(failure)) => Err(databases.told(database.kind, failure).to_string()),
        None => Err("looking at the database was broken off".to_owned()),
    };
    let (server, checks, error) = match told {
        Ok(Inspection { server, mut checks }) => {
            // What needs fixing comes first; among equals the order of the checks stays.
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
