use std::{fmt, time::Duration};

use silk_core::{
    BoxFuture, ExplainError, ExplainMode, ExplainOutput, Value,
    explain::{DatabaseCheck, IndexAdvice, LadderStep},
};
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
use sqlx_core::error::Error;

use super::advise::AdviceQuestion;
use crate::sql::values::RebindError;

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

    /// Checks indexes, tables and settings; each check may take `timeout`.
    #[doc(hidden)]
    fn inspect(&self, timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>>;
}

/// What is asked of a database: all that could be refused without it has been.
#[doc(hidden)]
#[derive(Debug)]
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "no database")
)]
pub struct Question {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
    pub(super) mode: ExplainMode,
    pub(super) timeout: Duration,
}

/// What a database tells of itself.
#[doc(hidden)]
#[derive(Debug)]
pub struct Inspection {
    /// `PostgreSQL 15.18`.
    pub(super) server: String,
    /// Most important first.
    pub(super) checks: Vec<DatabaseCheck>,
}

/// Why a database gave no plan.
#[doc(hidden)]
#[derive(Debug)]
pub enum Failure {
    /// It would not be honest.
    Refused(ExplainError),
    /// A value cannot be bound again.
    Value(RebindError),
    /// It took too long.
    TimedOut,
    /// The database said no.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    Database(Error),
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
