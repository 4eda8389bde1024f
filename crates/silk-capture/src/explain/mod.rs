//! Asks databases for the plans of recorded queries.
//!
//! Each database has one connection of Silk's own, opened when it is first needed and closed when
//! it has not been for a while: never one of the app's pool, never in its transaction, logging
//! nothing, read-only, rolled back and time-limited. What cannot be told honestly is refused with
//! a reason: a plan for other values than the query had would be a lie.

mod advise;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod analyze;
#[cfg(feature = "postgres")]
mod generic;
mod inspect;
mod ladder;
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
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use silk_core::{
    BoxFuture, Database, DatabaseKind, Explain, ExplainError, ExplainMode, ExplainOutput,
    ExplainQuery, Redactor, explain::PlanLadder, redact::Secrets, sql::reading_calls,
};
use tokio::runtime::Handle;

pub use target::ExplainTarget;
use target::{Failure, Question};

use crate::{
    plans::{PlanMode, PlanNotes, PlanRedactor},
    suppress::suppressed,
};

/// How long a database may take over a plan that nobody waits for.
const QUICK: Duration = Duration::from_millis(500);

/// How plans are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainConfig {
    /// How long the database may take over one plan; 2 s unless said. A larger one lets
    /// `ANALYZE` of slower queries through, and holds their locks and memory for longer.
    pub timeout: Duration,
    /// How long the connection is kept after its last use; 30 s unless said. A larger one saves a
    /// connect per look, and takes one of the server's connections for longer.
    pub idle: Duration,
    /// How long looking for indexes may take, once connected; 250 ms unless said. A larger one
    /// lets more of them be tried on slow servers, and a person waits longer.
    pub advice: Duration,
}

impl Default for ExplainConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            idle: Duration::from_secs(30),
            advice: Duration::from_millis(250),
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
    plan_redactor: PlanRedactor,
    /// What is known of plans, once it works for a recorder.
    notes: OnceLock<Arc<PlanNotes>>,
    runtime: Handle,
    config: ExplainConfig,
    ladders: ladder::Cache,
    targets: Mutex<HashMap<Database, Arc<dyn ExplainTarget>>>,
}

impl Explainer {
    /// An explainer that works on `runtime` (Silk's own) and redacts what databases say.
    #[must_use]
    pub fn new(redactor: Arc<Redactor>, runtime: Handle, config: ExplainConfig) -> Self {
        Self {
            plan_redactor: PlanRedactor::new(Arc::clone(&redactor), false),
            redactor,
            notes: OnceLock::new(),
            runtime,
            config,
            ladders: ladder::Cache::default(),
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

    /// Lets it know what the recorder's connections tell, for [`ladders`](Explain::ladders).
    pub(crate) fn set_notes(&self, notes: Arc<PlanNotes>) {
        // Of two recorders with one explainer, the first counts.
        let _ = self.notes.set(notes);
    }

    /// Whether there is a way to the database.
    pub(crate) fn knows(&self, database: &Database) -> bool {
        self.target(database).is_some()
    }

    /// Asks for a plan that nobody waits for, with a shorter limit; never runs the statement.
    pub(crate) async fn ask_quickly(
        &self,
        query: ExplainQuery,
    ) -> Result<ExplainOutput, ExplainError> {
        if query.mode.runs() {
            return Err(refusal::analyze_may_write());
        }
        self.ask(query, self.config.timeout.min(QUICK)).await
    }

    async fn ask(
        &self,
        query: ExplainQuery,
        timeout: Duration,
    ) -> Result<ExplainOutput, ExplainError> {
        let kind = query.database.kind;
        if self
            .notes
            .get()
            .is_some_and(|notes| notes.plans.mode() == PlanMode::Off)
        {
            return Err(refusal::plans_off());
        }
        let values = refusal::check(&query)?;
        if query.mode == ExplainMode::Generic && kind != DatabaseKind::Postgres {
            return Err(refusal::generic_unsupported());
        }
        // What its functions do, the database knows better.
        if query.mode.runs() && reading_calls(&query.sql, kind).is_none() {
            return Err(refusal::analyze_may_write());
        }
        let Some(target) = self.target(&query.database) else {
            return Err(refusal::no_connection(&query.database));
        };
        let question = Question {
            sql: query.sql.clone(),
            values,
            mode: query.mode,
            timeout,
        };
        // In a task of Silk's own: the pages run on the app's executor, and a reader who goes away
        // must not leave a connection in the middle of a transaction.
        let asked = self
            .runtime
            .spawn(quietly(async move { target.explain(question).await }));
        let Ok(answer) = asked.await else {
            return Err(failed("asking for the plan was broken off"));
        };
        let mut output = answer.map_err(|failure| self.told(kind, failure))?;
        self.plan_redactor
            .redact(&mut output, &query.sql, &Secrets::default());
        Ok(output)
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
pub(crate) async fn quietly<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        let _guard = suppressed();
        future.as_mut().poll(cx)
    })
    .await
}

impl Explain for Explainer {
    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(self.ask(query, self.config.timeout))
    }

    fn advise(
        &self,
        request: silk_core::explain::AdviceRequest,
    ) -> BoxFuture<'_, Result<silk_core::explain::IndexAdvice, ExplainError>> {
        Box::pin(self.advise_on(request))
    }

    fn ladders(&self) -> BoxFuture<'_, Vec<PlanLadder>> {
        Box::pin(self.all_ladders())
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
