//! Why a text is no plan.

use thiserror::Error;

/// Why a text could not be read as a plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Nothing but white space.
    #[error("no plan: the input is empty")]
    Empty,
    /// None of the known formats.
    #[error(
        "no plan: this looks like none of PostgreSQL (JSON, text), MySQL or MariaDB (JSON, tree), SQLite (EXPLAIN QUERY PLAN); paste the complete EXPLAIN output"
    )]
    Unrecognised,
    /// Something else that is known.
    #[error("no plan: this is {what}; {instead}")]
    Other {
        /// What it is.
        what: &'static str,
        /// How to get a plan.
        instead: &'static str,
    },
    /// Looked like JSON and is none.
    #[error("no plan: broken JSON at byte {offset}: {reason}")]
    Json {
        /// Where reading stopped, in bytes from the start.
        offset: usize,
        /// What was wrong there.
        reason: &'static str,
    },
    /// The format was known, but something a plan needs was not there.
    #[error("no plan: {0}")]
    Missing(&'static str),
    /// Nested deeper than [`MAX_DEPTH`](crate::MAX_DEPTH) levels.
    #[error("no plan: nested deeper than {} levels", crate::MAX_DEPTH)]
    TooDeep,
}
