//! What a database can be asked, and how it answers.

use std::{fmt, time::Duration};

use silk_capture::{record::plans::KnownSession, sql::values::RebindError};
use silk_core::{
    BoxFuture, ExplainError, ExplainMode, ExplainOutput, Fingerprint, Value,
    explain::{
        DatabaseCheck, IndexAdvice, LadderStep, Proof, ProofRequest, Relation, RelationFacts,
    },
};
use silk_plan::Plan;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
use sqlx_core::error::Error;

/// A database that can be asked for plans.
pub trait ExplainTarget: Send + Sync + fmt::Debug {
    /// Asks for one plan.
    #[doc(hidden)]
    fn explain(&self, question: Question) -> BoxFuture<'_, Result<ExplainOutput, Failure>>;

    /// The ways in which it gives plans when asked, best first, with what it allows.
    #[doc(hidden)]
    fn ladder(&self, timeout: Duration) -> BoxFuture<'_, Result<Vec<LadderStep>, Failure>>;

    /// Finds indexes for a query, tried where that can be done.
    #[doc(hidden)]
    fn advise(&self, asked: AdviceQuestion) -> BoxFuture<'_, Result<IndexAdvice, Failure>>;

    /// Runs a rewrite and what it stands for, and compares their rows.
    #[doc(hidden)]
    fn prove(&self, asked: ProofQuestion) -> BoxFuture<'_, Result<Proof, Failure>>;

    /// What it knows of tables; those it does not know are left out.
    #[doc(hidden)]
    fn facts(
        &self,
        relations: Vec<Relation>,
        session: KnownSession,
        timeout: Duration,
    ) -> BoxFuture<'_, Result<Vec<RelationFacts>, Failure>>;

    /// Checks indexes, tables and settings; each check may take `timeout`.
    #[doc(hidden)]
    fn inspect(&self, timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>>;
}

/// What is asked of a database: all that could be refused without it has been.
#[doc(hidden)]
#[derive(Debug, Clone)]
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "no database")
)]
pub struct Question {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    pub(crate) mode: ExplainMode,
    pub(crate) timeout: Duration,
    /// What the app's connections are like, on which the statement ran.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "only PostgreSQL has roles and search paths")
    )]
    pub(crate) session: KnownSession,
    /// Tables that the statement names, without those whose schema it names.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "only PostgreSQL has search paths")
    )]
    pub(crate) unqualified: Vec<String>,
}

/// What a proof asks: all that could be refused without the database has been.
#[doc(hidden)]
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "no database")
)]
pub struct ProofQuestion {
    pub(crate) request: ProofRequest,
    /// The statement with its first key.
    pub(crate) many: Question,
    /// How long all of it may take.
    pub(crate) limit: Duration,
}

/// A question for indexes: all that could be refused without the database has been.
#[doc(hidden)]
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "no database")
)]
pub struct AdviceQuestion {
    pub(crate) question: Question,
    /// A plan of it that was caught.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql")),
        expect(dead_code, reason = "SQLite's plans do not tell what they want")
    )]
    pub(crate) caught: Option<Plan>,
    /// What else runs on its tables.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "sqlite")),
        expect(
            dead_code,
            reason = "no database that plans with indexes that are not there"
        )
    )]
    pub(crate) workload: Vec<WorkloadQuestion>,
    /// How long all of it may take.
    pub(crate) budget: Duration,
}

/// Another statement, by one of its queries.
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "postgres", feature = "sqlite")),
    expect(
        dead_code,
        reason = "no database that plans with indexes that are not there"
    )
)]
pub(crate) struct WorkloadQuestion {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) question: Question,
    pub(crate) calls: u64,
    pub(crate) total_us: u64,
}

/// What a database tells of itself.
#[doc(hidden)]
#[derive(Debug)]
pub struct Inspection {
    /// `PostgreSQL 15.18`.
    pub(crate) server: String,
    /// Most important first.
    pub(crate) checks: Vec<DatabaseCheck>,
}

/// Why a database gave no plan.
#[doc(hidden)]
#[derive(Debug)]
pub enum Failure {
    /// It would not be honest.
    Refused(ExplainError),
    /// A value cannot be bound again.
    Value(RebindError),
    /// It took longer than this.
    TimedOut(Duration),
    /// The database said no.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    Database(Error),
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
impl Failure {
    /// Itself, or that the database broke the question off at `limit`, which its own words leave
    /// out; `took` is how long it was at it.
    pub(crate) fn after(self, took: Duration, limit: Duration) -> Self {
        match self {
            Self::Database(error) if took >= limit && is_broken_off(&error) => {
                Self::TimedOut(limit)
            }
            other => other,
        }
    }
}

/// Whether it is what a database says that keeps to a time limit.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
fn is_broken_off(error: &Error) -> bool {
    let Error::Database(error) = error else {
        return false;
    };
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx_mysql::MySqlDatabaseError>() {
        // MariaDB's and MySQL's.
        return matches!(error.number(), 1969 | 3024);
    }
    // PostgreSQL's `query_canceled`.
    error.code().is_some_and(|code| code == "57014")
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<RebindError> for Failure {
    fn from(error: RebindError) -> Self {
        Self::Value(error)
    }
}
