//! Asks databases for the plans of recorded queries.
//!
//! Each database has one connection of Silk's own, opened when it is first needed and closed when
//! it has not been for a while: never one of the app's pool, never in its transaction, logging
//! nothing, read-only, rolled back and time-limited. What cannot be told honestly is refused with
//! a reason: a plan for other values than the query had would be a lie.

mod inspect;
#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
mod refusal;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod session;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod target;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use silk_core::{
    BoxFuture, Database, DatabaseKind, Explain, ExplainError, ExplainMode, ExplainOutput,
    ExplainQuery, Redactor, sql::is_read_only,
};
use tokio::runtime::Handle;

pub use target::ExplainTarget;
use target::{Failure, Question};

use crate::suppress::suppressed;

/// How plans are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainConfig {
    /// How long the database may take over one plan; 2 s unless said. A larger one lets
    /// `ANALYZE` of slower queries through, and holds their locks and memory for longer.
    pub timeout: Duration,
    /// How long the connection is kept after its last use; 30 s unless said. A larger one saves a
    /// connect per look, and takes one of the server's connections for longer.
    pub idle: Duration,
}

impl Default for ExplainConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            idle: Duration::from_secs(30),
        }
    }
}

/// Asks the databases it was told of for plans.
pub struct Explainer {
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
        expect(dead_code, reason = "no database")
    )]
    redactor: Arc<Redactor>,
    runtime: Handle,
    config: ExplainConfig,
    targets: Mutex<HashMap<Database, Arc<dyn ExplainTarget>>>,
}

impl Explainer {
    /// An explainer that works on `runtime` (Silk's own) and redacts what databases say.
    #[must_use]
    pub fn new(redactor: Arc<Redactor>, runtime: Handle, config: ExplainConfig) -> Self {
        Self {
            redactor,
            runtime,
            config,
            targets: Mutex::default(),
        }
    }

    /// Makes the database of a pool known: it is reached with the pool's options, over a connection
    /// of its own. Of two pools of one name, the later holds.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    pub fn register<DB: crate::sql::pool::PoolDatabase>(&self, pool: &sqlx_core::pool::Pool<DB>) {
        let options = pool.connect_options();
        let database = Database {
            kind: DB::KIND,
            name: DB::name(&options),
        };
        let target = DB::explain_target(&options, self.config);
        self.targets().insert(database, target);
    }

    fn targets(&self) -> std::sync::MutexGuard<'_, HashMap<Database, Arc<dyn ExplainTarget>>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way to a database. The tracing layer knows kinds without names: those find the only one
    /// of their kind.
    fn target(&self, database: &Database) -> Option<Arc<dyn ExplainTarget>> {
        let targets = self.targets();
        if let Some(target) = targets.get(database) {
            return Some(Arc::clone(target));
        }
        if !database.name.is_empty() || database.kind == DatabaseKind::Unknown {
            return None;
        }
        let mut of_kind = targets
            .iter()
            .filter(|(known, _)| known.kind == database.kind);
        match (of_kind.next(), of_kind.next()) {
            (Some((_, only)), None) => Some(Arc::clone(only)),
            _ => None,
        }
    }

    async fn ask(&self, query: ExplainQuery) -> Result<ExplainOutput, ExplainError> {
        let kind = query.database.kind;
        let values = refusal::check(&query)?;
        if query.mode == ExplainMode::Generic {
            return Err(refusal::generic_unsupported());
        }
        if query.mode.runs() && !is_read_only(&query.sql, kind) {
            return Err(refusal::analyze_may_write());
        }
        let Some(target) = self.target(&query.database) else {
            return Err(refusal::no_connection(&query.database));
        };
        let question = Question {
            sql: query.sql,
            values,
            analyze: query.mode.runs(),
            timeout: self.config.timeout,
        };
        // In a task of Silk's own: the pages run on the app's executor, and a reader who goes away
        // must not leave a connection in the middle of a transaction.
        let asked = self
            .runtime
            .spawn(quietly(async move { target.explain(question).await }));
        let Ok(answer) = asked.await else {
            return Err(failed("asking for the plan was broken off"));
        };
        answer.map_err(|failure| self.told(kind, failure))
    }

    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
        expect(unused_variables, reason = "no database")
    )]
    fn told(&self, kind: DatabaseKind, failure: Failure) -> ExplainError {
        match failure {
            Failure::Refused(refused) => refused,
            Failure::Value(error) => refusal::of_value(error),
            Failure::TimedOut => failed(&format!(
                "the database did not give the plan within {} ms",
                self.config.timeout.as_millis()
            )),
            #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
            Failure::Database(sqlx_core::error::Error::Database(error)) => {
                let code = error.code().map(std::borrow::Cow::into_owned);
                let told = self.redactor.query_error(kind, code, error.message());
                failed(&match told.code {
                    Some(code) => format!("{} ({code})", told.message),
                    None => told.message,
                })
            }
            #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
            Failure::Database(error) => failed(&self.redactor.text(&error.to_string())),
        }
    }
}

fn failed(message: &str) -> ExplainError {
    ExplainError::Failed {
        message: message.to_owned(),
    }
}

/// Suppresses recording whenever `future` is polled, on whichever thread.
async fn quietly<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        let _guard = suppressed();
        future.as_mut().poll(cx)
    })
    .await
}

impl Explain for Explainer {
    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(self.ask(query))
    }

    fn inspect(&self) -> BoxFuture<'_, Vec<silk_core::explain::DatabaseReport>> {
        Box::pin(self.inspect_all())
    }
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<Database> = self.targets().keys().cloned().collect();
        f.debug_struct("Explainer")
            .field("config", &self.config)
            .field("databases", &known)
            .finish_non_exhaustive()
    }
}
