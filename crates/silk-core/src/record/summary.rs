//! What lists show of a request.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{RequestId, RunId, word_enum::word_enum};

/// What kind of work a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// An HTTP exchange.
    Request,
    /// Background work, named by the app.
    Job,
    /// A test, named by the harness.
    Test,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The response was sent to its end (whatever its status).
    Completed,
    /// The service or the body returned an error.
    Error,
    /// The client went away, or the future was dropped, before the end.
    Dropped,
    /// The handler or the body panicked.
    Panicked,
}

word_enum!(RequestKind { Request = "request", Job = "job", Test = "test" });
word_enum!(Outcome {
    Completed = "completed",
    Error = "error",
    Dropped = "dropped",
    Panicked = "panicked",
});

/// Where the time of a request went. Monotonic; microseconds.
///
/// Polling, SQL and waits overlap, so an instant belongs to SQL, else to the connection wait,
/// else to polling, else to "other": `sql_us + wait_us + polling_us + other_us() == total_us`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestTimes {
    /// From start to the response head.
    pub head_us: u64,
    /// From the response head to the end of the body.
    pub body_us: u64,
    /// From start to end.
    pub total_us: u64,
    /// Union of the intervals in which a query ran.
    pub sql_us: u64,
    /// Waiting for a connection, less what SQL covers.
    pub wait_us: u64,
    /// Handler and body being polled, less what SQL and waits cover.
    pub polling_us: u64,
    /// Sum of all polls, overlap included: the CPU-bound (or blocking) part of the app's own code.
    pub poll_total_us: u64,
    /// The longest single poll; over 10 ms of it starves other tasks of the executor.
    pub longest_poll_us: u64,
    /// Number of polls.
    pub polls: u64,
}

impl RequestTimes {
    /// The rest: neither SQL, nor a connection wait, nor polling.
    #[must_use]
    pub const fn other_us(&self) -> u64 {
        self.total_us
            .saturating_sub(self.sql_us)
            .saturating_sub(self.wait_us)
            .saturating_sub(self.polling_us)
    }
}

/// One narrow row: what lists show, filter and sort by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestSummary {
    /// Its id; orders by start.
    pub id: RequestId,
    /// The request that started this one (a job).
    pub parent_id: Option<RequestId>,
    /// What kind of work it was.
    pub kind: RequestKind,
    /// The run that recorded it.
    pub run_id: RunId,
    /// Wall-clock time of its start.
    pub started_at: DateTime<Utc>,
    /// HTTP method; empty for jobs and tests.
    pub method: String,
    /// Route template, or the raw path where none is known; the name of a job or test.
    pub route: String,
    /// Path as sent, sensitive parts redacted; the name of a job or test.
    pub path: String,
    /// HTTP status; none if no head was sent, and for jobs and tests.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// Where the time went.
    pub times: RequestTimes,
    /// Number of queries, exact.
    pub query_count: u64,
    /// Queries that failed.
    pub query_errors: u64,
    /// Trace id from `traceparent`, if there was one.
    pub trace_id: Option<String>,
    /// Names of the rules that found something in it; see [`Finding::rule`](crate::Finding::rule).
    pub findings: Vec<String>,
    /// How many queries each of [`findings`](Self::findings) is about, at the same place; 0, or
    /// nothing there, where that was not counted. Of several findings by one rule, the most.
    #[serde(default)]
    pub finding_calls: Vec<u64>,
}

impl RequestSummary {
    /// Whether it ended badly: a 5xx status, an error, or a panic.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Error | Outcome::Panicked)
            || self.status.is_some_and(|status| status >= 500)
    }
}
