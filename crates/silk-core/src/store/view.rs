//! What a store answers.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{CallSite, Fingerprint, Histogram, RequestId, RequestKind, Statement};

/// A range of time and into how many buckets to cut it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatsWindow {
    /// Start, inclusive.
    pub since: DateTime<Utc>,
    /// End, exclusive.
    pub until: DateTime<Utc>,
    /// Number of buckets that `over_time` is cut into.
    pub buckets: u32,
}

/// Figures of one route (or job) within a window.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteSummary {
    /// What kind of work it is.
    pub kind: RequestKind,
    /// HTTP method; empty for jobs.
    pub method: String,
    /// Route template, raw path, or name of the job.
    pub route: String,
    /// Number of requests, those that sampling did not keep included.
    pub requests: u64,
    /// Requests that failed (5xx, error, panic).
    pub errors: u64,
    /// Sum of durations.
    pub total_us: u64,
    /// Sum of time in SQL.
    pub sql_us: u64,
    /// Sum of queries.
    pub queries: u64,
    /// Most queries in one request.
    pub max_queries: u64,
    /// Distribution of durations, for p50 … p99.
    pub durations: Histogram,
    /// Along the window.
    pub over_time: Vec<TimeBucket>,
}

/// Figures of one stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeBucket {
    /// Its start.
    pub started_at: DateTime<Utc>,
    /// Requests or calls in it.
    pub count: u64,
    /// Sum of durations.
    pub total_us: u64,
    /// 95th percentile of durations; 0 where none is known.
    pub p95_us: u64,
}

/// What was found within a window: one line for each rule, route and statement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FindingSums {
    /// By time lost, largest first.
    pub items: Vec<FindingSum>,
    /// Requests with findings that were summed: all of the window, or the newest where
    /// [`is_partial`](Self::is_partial) is set.
    pub requests: u64,
    /// Whether the window holds more requests with findings than are summed at once.
    pub is_partial: bool,
}

/// Requests of one route in which a rule found the same.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingSum {
    /// Name of the rule.
    pub rule: String,
    /// The statement it is about.
    pub fingerprint: Option<Fingerprint>,
    /// What kind of work it is.
    pub kind: RequestKind,
    /// HTTP method; empty for jobs.
    pub method: String,
    /// Route template, raw path, or name of the job.
    pub route: String,
    /// Requests in which it was found.
    pub requests: u64,
    /// Time lost in them in sum, in µs; what no time is known of counts as 0.
    pub lost_us: u64,
    /// The request that lost most; of those that lost the same, any.
    pub worst: RequestId,
}

/// Figures of one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementSummary {
    /// The statement.
    pub statement: Arc<Statement>,
    /// Number of executions.
    pub calls: u64,
    /// Number of requests that ran it.
    pub requests: u64,
    /// Sum of durations.
    pub total_us: u64,
    /// Longest.
    pub max_us: u64,
    /// Sum of rows returned.
    pub rows: u64,
    /// Executions that failed.
    pub errors: u64,
    /// When it was seen last.
    pub last_seen_at: DateTime<Utc>,
}

/// A route that runs a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteUse {
    /// What kind of work it is.
    pub kind: RequestKind,
    /// HTTP method; empty for jobs.
    pub method: String,
    /// Route template, raw path, or name of the job.
    pub route: String,
    /// Requests that ran it.
    pub requests: u64,
    /// Executions.
    pub calls: u64,
    /// Sum of durations.
    pub total_us: u64,
}

/// A call site that runs a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSiteUse {
    /// Where; none if it was not captured.
    pub call_site: Option<CallSite>,
    /// Executions.
    pub calls: u64,
    /// Sum of durations.
    pub total_us: u64,
}

/// One of the slowest requests' shares of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowQuery {
    /// The request.
    pub request_id: RequestId,
    /// When the request started.
    pub started_at: DateTime<Utc>,
    /// Its method.
    pub method: String,
    /// Its route.
    pub route: String,
    /// Executions in it.
    pub calls: u64,
    /// The longest of them.
    pub max_us: u64,
    /// Their sum.
    pub total_us: u64,
}

/// One statement with who runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementDetail {
    /// Its figures.
    pub summary: StatementSummary,
    /// Distribution of the durations of its calls, in microseconds. Calls that an earlier version
    /// summed up, or that a request had no memory to tell apart, are not in it.
    pub durations: Histogram,
    /// Routes by total time, largest first.
    pub routes: Vec<RouteUse>,
    /// Call sites by total time, largest first.
    pub call_sites: Vec<CallSiteUse>,
    /// Slowest executions' requests, slowest first.
    pub slowest: Vec<SlowQuery>,
    /// Along the window.
    pub over_time: Vec<TimeBucket>,
}

/// How much is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreSize {
    /// Bytes on disk (write-ahead log included) or in memory.
    pub bytes: u64,
    /// Requests kept.
    pub requests: u64,
    /// Statements known.
    pub statements: u64,
    /// Start of the oldest request.
    pub oldest: Option<DateTime<Utc>>,
}
