//! One execution of SQL as the two tiers of capture hand it over.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use silk_core::{CapturedBy, Database, Outcome, Value};

use super::CallStack;

/// The text of a query as the app gave it.
#[derive(Debug, Clone)]
pub enum SqlSource {
    /// A text of the program itself.
    Static(&'static str),
    /// A text made at run time.
    Shared(Arc<str>),
    /// A text as sqlx holds it: one of the program itself, or shared.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    Sqlx(sqlx_core::sql_str::SqlStr),
}

impl SqlSource {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
            #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
            Self::Sqlx(text) => text.as_str(),
        }
    }
}

/// Why a query failed, as the driver said it; redacted by the writer.
#[derive(Debug, Clone)]
pub struct CapturedError {
    /// SQLSTATE or the database's own code.
    pub code: Option<String>,
    /// The driver's message.
    pub message: String,
}

/// Bound values in the driver's own form; encoded on the writer's thread.
pub trait CapturedValues: Send {
    /// The values in order, none longer than `max_bytes_per_value`.
    fn encode(self: Box<Self>, max_bytes_per_value: usize) -> Vec<Value>;

    /// Bytes of memory held, roughly.
    fn approximate_bytes(&self) -> usize;
}

/// One execution of SQL, as it was seen on the app's side.
pub struct CapturedQuery {
    /// Its text; interned within the request.
    pub sql: SqlSource,
    /// Where it ran.
    pub database: Arc<Database>,
    /// Who saw it.
    pub captured_by: CapturedBy,
    /// When it was first polled.
    pub started: Instant,
    /// Last row, error or drop.
    pub ended: Instant,
    /// First row.
    pub first_row: Option<Instant>,
    /// Time in which the app held the stream without polling it.
    pub consumer: Duration,
    /// Rows the app received.
    pub rows_returned: u64,
    /// Rows the driver read, those included that it dropped.
    pub rows_read: u64,
    /// Rows changed.
    pub rows_affected: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed.
    pub error: Option<CapturedError>,
    /// Bound values.
    pub values: Option<Box<dyn CapturedValues>>,
    /// Return addresses down to the app's code.
    pub call_site: Option<CallStack>,
    /// The innermost span it ran in.
    pub span: Option<tracing::span::Id>,
    /// Index that [`ActiveRequest::begin_transaction`](super::ActiveRequest::begin_transaction) gave.
    pub transaction: Option<u32>,
    /// Whether it ran on what an instrumented pool has lent, seen by the tracing layer alone.
    pub is_past_pool: bool,
}

impl fmt::Debug for CapturedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither values nor literals: this may land in a log.
        f.debug_struct("CapturedQuery")
            .field("captured_by", &self.captured_by)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
