//! Queries, and the statements they are executions of.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::{
    Database, DatabaseKind, Fingerprint, Histogram, PlanShape, Value, word_enum::word_enum,
};

/// The shape of a query: its SQL with the literals taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Hash of dialect and normalised SQL.
    pub fingerprint: Fingerprint,
    /// Dialect it was read in.
    pub database: DatabaseKind,
    /// SQL with literals as `?`, lists folded, comments gone, spaces single.
    pub normalized: String,
    /// `SELECT`, `INSERT` …, upper case; `OTHER` where the text did not tokenize.
    pub command: String,
    /// Tables touched, in order of appearance, unquoted.
    pub tables: Vec<String>,
}

/// The text of a query as the app wrote it (sensitive literals redacted), and its statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlText {
    /// SQL as run, redacted.
    pub text: Arc<str>,
    /// The statement that it is an execution of.
    pub statement: Arc<Statement>,
    /// Where it ran.
    pub database: Arc<Database>,
    /// Whether literals stand in the text (such texts are many; others repeat and are interned).
    pub has_literals: bool,
    /// Whether a literal in the text was redacted, so that it cannot be run again.
    pub is_redacted: bool,
}

/// Who saw a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapturedBy {
    /// sqlx's own event, through the tracing layer: SQL, rows and time.
    Layer,
    /// The instrumented pool: values, errors, first row and call site too.
    Pool,
}

/// A place in the app's source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallSite {
    /// Function, without hash and closure noise.
    pub function: String,
    /// File, relative to the app's source root where that is known; empty where the program was
    /// built without lines.
    pub file: String,
    /// Line, from 1; 0 where not known.
    pub line: u32,
}

impl fmt::Display for CallSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.file.is_empty() {
            // Built without lines.
            return f.write_str(&self.function);
        }
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Why a query failed; redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryError {
    /// SQLSTATE or the database's own code.
    pub code: Option<String>,
    /// The message, without values.
    pub message: String,
}

/// One execution of SQL.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryRecord {
    /// Number within the request, from 1, by start.
    pub seq: u32,
    /// Index into [`RequestDetail::texts`](super::RequestDetail::texts).
    pub text: u32,
    /// Who saw it.
    pub captured_by: CapturedBy,
    /// Start, from the start of the request.
    pub started_us: u64,
    /// Start to last row, error or drop; the consumer's own time between rows included.
    pub duration_us: u64,
    /// Start to first row, where there was one and it was seen.
    pub first_row_us: Option<u64>,
    /// Of the duration, time in which the app held the stream without polling it.
    pub consumer_us: u64,
    /// Rows the app received.
    pub rows_returned: u64,
    /// Rows the driver read: more than [`rows_returned`](Self::rows_returned) where the app asked
    /// for one row and the database sent many, as many where nothing else is known.
    pub rows_read: u64,
    /// Rows changed, as the database tells.
    pub rows_affected: u64,
    /// How it ended ([`Outcome::Panicked`] does not occur).
    pub outcome: Outcome,
    /// Why it failed.
    pub error: Option<QueryError>,
    /// Bound values; none if not captured (the layer tier, a switch).
    pub values: Option<Vec<Value>>,
    /// Index into [`RequestDetail::call_sites`](super::RequestDetail::call_sites).
    pub call_site: Option<u32>,
    /// Index into [`RequestDetail::spans`](super::RequestDetail::spans) of the innermost span.
    pub span: Option<u32>,
    /// Index into [`RequestDetail::transactions`](super::RequestDetail::transactions).
    pub transaction: Option<u32>,
    /// Shape of the plan this very execution ran with, if the database reported it.
    pub plan_shape: Option<PlanShape>,
    /// How long the server itself took for this very execution, in µs, if the database reported
    /// (the duration of its `auto_explain` message).
    pub server_us: Option<u64>,
    /// Whether it ran on a connection of an instrumented pool, but past our types (`&sqlx::PgPool`,
    /// `&mut sqlx::PgConnection`), so that only the tracing layer saw it.
    pub is_past_pool: bool,
}

/// A wait for a connection of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionWait {
    /// Start, from the start of the request.
    pub started_us: u64,
    /// How long it took.
    pub duration_us: u64,
    /// Why no connection came, if none did (`pool timed out`).
    pub error: Option<String>,
    /// What the pool had when the wait began; none if that is not known (the layer tier), or
    /// where it is not worth keeping ([`WORTH_US`](Self::WORTH_US)).
    pub pool: Option<PoolUse>,
    /// Who held the pool's connections meanwhile, most of the time first; empty where that is not
    /// known, or where a connection was free.
    pub holders: Vec<Holder>,
}

/// Connections that were held, by the same statement from the same place, while somebody waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Method and route of the request that held them, or the name of the job; empty where the
    /// connection was taken outside of any.
    pub route: String,
    /// The last statement run on them; none if none was run yet.
    pub fingerprint: Option<Fingerprint>,
    /// Its SQL, literals taken out.
    pub normalized: Option<String>,
    /// Where it was run from; where no call site was captured, none.
    pub call_site: Option<CallSite>,
    /// How many connections.
    pub connections: u32,
    /// Of them, those within a transaction on which no query ran when the wait ended.
    pub idle_in_transaction: u32,
    /// Of the wait, the time that they were held, summed over the connections, in µs.
    pub held_us: u64,
}

impl ConnectionWait {
    /// The error of a wait whose future was dropped before a connection came: a timeout of the
    /// app, or a client that went away.
    pub const GIVEN_UP: &str = "the wait was given up";

    /// Shorter waits ended in a connection that was idle, in µs: nobody asks what the pool had.
    pub const WORTH_US: u64 = 1_000;
}

/// Connections of a pool at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolUse {
    /// Open, whether in use or idle; those that are being opened count too.
    pub open: u32,
    /// Open and not in use.
    pub idle: u32,
    /// How many the pool may have open (`max_connections`).
    pub most: u32,
}

impl PoolUse {
    /// Connections in use.
    #[must_use]
    pub const fn in_use(self) -> u32 {
        self.open.saturating_sub(self.idle)
    }

    /// Whether there was neither an idle connection nor room for another.
    #[must_use]
    pub const fn is_exhausted(self) -> bool {
        self.idle == 0 && self.open >= self.most
    }
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionEnd {
    /// Committed.
    Committed,
    /// Rolled back on purpose.
    RolledBack,
    /// Dropped without either: sqlx rolls it back when the connection is used next.
    Dropped,
    /// Its end was not seen.
    Unknown,
    /// `BEGIN`, `COMMIT` or `ROLLBACK` failed; see [`TransactionRecord::error`].
    Failed,
}

word_enum!(TransactionEnd {
    Committed = "committed",
    RolledBack = "rolled_back",
    Dropped = "dropped",
    Unknown = "unknown",
    Failed = "failed",
});

/// A transaction or savepoint within a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionRecord {
    /// When `BEGIN` was sent, from the start of the request.
    pub started_us: u64,
    /// From `BEGIN` to the end of `COMMIT` or `ROLLBACK`.
    pub duration_us: u64,
    /// How long `BEGIN` took.
    pub begin_us: u64,
    /// How long `COMMIT` or `ROLLBACK` took.
    pub end_us: u64,
    /// 1 for a transaction, 2 and more for savepoints.
    pub depth: u32,
    /// How it ended.
    pub end: TransactionEnd,
    /// Why `BEGIN`, `COMMIT` or `ROLLBACK` failed.
    pub error: Option<QueryError>,
}

/// The queries of a request that share statement and call site, summed.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestStatement {
    /// The statement.
    pub statement: Arc<Statement>,
    /// The call site, where it was captured.
    pub call_site: Option<CallSite>,
    /// Number of executions.
    pub calls: u64,
    /// Executions that failed.
    pub errors: u64,
    /// Sum of durations.
    pub total_us: u64,
    /// Longest duration.
    pub max_us: u64,
    /// Sum of rows returned.
    pub rows: u64,
    /// Number of different value lists, where values were captured.
    pub distinct_values: Option<u64>,
    /// Durations of the calls, in microseconds: percentiles of a statement are read from them.
    /// A store adds them to its figures. It gives none back with the request, whose queries have
    /// them one by one.
    pub durations: Histogram,
}
