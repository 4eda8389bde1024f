//! The databases that can be asked, and what asking any of them takes.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use silk_capture::{
    record::plans::{KnownSession, PlanMode, PlanNotes},
    suppress::quietly,
    writer::plans::PlanRedactor,
};
use silk_core::{
    Database, DatabaseKind, ExplainError, ExplainMode, ExplainOutput, ExplainQuery, Redactor,
    redact::Secrets, sql::SqlReader,
};
use tokio::runtime::Handle;

use crate::{
    refusal,
    target::{ExplainTarget, Failure, Question},
    time_limits::ExplainConfig,
};

/// The databases that the app named, and what asking any of them takes.
pub(super) struct Databases {
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
        expect(dead_code, reason = "no database")
    )]
    redactor: Arc<Redactor>,
    plan_redactor: PlanRedactor,
    /// What is known of plans, where it works for a recorder.
    pub(super) notes: Option<Arc<PlanNotes>>,
    runtime: Handle,
    pub(super) config: ExplainConfig,
    reader: SqlReader,
    targets: Mutex<HashMap<Database, Arc<dyn ExplainTarget>>>,
}

impl Databases {
    pub(super) fn new(redactor: Arc<Redactor>, runtime: Handle, config: ExplainConfig) -> Self {
        Self {
            plan_redactor: PlanRedactor::new(Arc::clone(&redactor), false),
            reader: SqlReader::new(Arc::clone(&redactor)),
            redactor,
            notes: None,
            runtime,
            config,
            targets: Mutex::default(),
        }
    }

    fn targets(&self) -> MutexGuard<'_, HashMap<Database, Arc<dyn ExplainTarget>>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a way to a database known. Of two to one database, the later holds.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    pub(super) fn add(&self, database: Database, target: Arc<dyn ExplainTarget>) {
        self.targets().insert(database, target);
    }

    /// All of them, by kind and name.
    pub(super) fn all(&self) -> Vec<(Database, Arc<dyn ExplainTarget>)> {
        let mut all: Vec<_> = self
            .targets()
            .iter()
            .map(|(database, target)| (database.clone(), Arc::clone(target)))
            .collect();
        all.sort_by(|(one, _), (other, _)| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
        all
    }

    /// The way to a database, with its name. The tracing layer knows kinds without names: those
    /// find the only one of their kind.
    pub(super) fn find(&self, database: &Database) -> Option<(Database, Arc<dyn ExplainTarget>)> {
        let targets = self.targets();
        if let Some(target) = targets.get(database) {
            return Some((database.clone(), Arc::clone(target)));
        }
        if !database.name.is_empty() || database.kind == DatabaseKind::Unknown {
            return None;
        }
        let mut of_kind = targets
            .iter()
            .filter(|(known, _)| known.kind == database.kind);
        match (of_kind.next(), of_kind.next()) {
            (Some((name, only)), None) => Some((name.clone(), Arc::clone(only))),
            _ => None,
        }
    }

    /// Refuses everything where the builder says so.
    pub(super) fn wanted(&self) -> Result<(), ExplainError> {
        match self.mode() {
            Some(PlanMode::Off) => Err(refusal::plans_off()),
            _ => Ok(()),
        }
    }

    /// The way to a database, if there is one.
    pub(super) fn reach(
        &self,
        database: &Database,
    ) -> Result<Arc<dyn ExplainTarget>, ExplainError> {
        self.find(database)
            .map(|(_, target)| target)
            .ok_or_else(|| refusal::no_connection(database))
    }

    /// How the app's connections to a database are set up.
    pub(super) fn session(&self, database: &Database) -> KnownSession {
        let (Some(notes), Some((found, _))) = (&self.notes, self.find(database)) else {
            return KnownSession::Unknown;
        };
        match found.kind {
            DatabaseKind::Postgres => notes.session(&found.name),
            _ => KnownSession::Unknown,
        }
    }

    /// What to ask about a query, if it can be answered honestly.
    pub(super) fn question(
        &self,
        query: &ExplainQuery,
        mode: ExplainMode,
        timeout: Duration,
    ) -> Result<Question, ExplainError> {
        let values = refusal::check(query)?;
        let text = self
            .reader
            .read(&query.sql, &Arc::new(query.database.clone()));
        let tables = &text.statement.tables;
        Ok(Question {
            sql: query.sql.clone(),
            values,
            mode,
            timeout,
            session: self.session(&query.database),
            unqualified: tables
                .iter()
                .filter(|table| !table.contains('.'))
                .cloned()
                .collect(),
        })
    }

    /// When plans are collected, if it works for a recorder.
    pub(super) fn mode(&self) -> Option<PlanMode> {
        self.notes.as_ref().map(|notes| notes.mode())
    }

    /// Asks in a task of Silk's own: the pages run on the app's executor, and a reader who goes
    /// away must not leave a connection in the middle of a transaction. None if the task was
    /// broken off.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Option<Result<T, Failure>> {
        self.runtime.spawn(quietly(question)).await.ok()
    }

    /// Takes the secrets out of a plan of `sql`.
    pub(super) fn redact(&self, output: &mut ExplainOutput, sql: &str) {
        self.plan_redactor.redact(output, sql, &Secrets::default());
    }

    /// A failure as people read it: without what a database's message may hold of the app's.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
        expect(unused_variables, reason = "no database")
    )]
    pub(super) fn told(&self, kind: DatabaseKind, failure: Failure) -> ExplainError {
        match failure {
            Failure::Refused(refused) => refused,
            Failure::Value(error) => refusal::of_value(error),
            Failure::TimedOut(limit) => failed(&format!(
                "the database did not answer within {} ms",
                limit.as_millis()
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

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<Database> = self.targets().keys().cloned().collect();
        f.debug_struct("Databases")
            .field("config", &self.config)
            .field("known", &known)
            .finish_non_exhaustive()
    }
}

pub(super) fn failed(message: &str) -> ExplainError {
    ExplainError::Failed {
        message: message.to_owned(),
    }
}
