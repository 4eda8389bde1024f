//! What a store answers about many requests at once: lines of code by the time of their queries,
//! and a route from build to build.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::RouteSummary;
use crate::{CallSite, Histogram, RequestKind, Statement};

/// What does the work: a route of an HTTP service, a job, a test.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RouteName {
    /// What kind of work it is.
    pub kind: RequestKind,
    /// HTTP method; empty for jobs and tests.
    pub method: String,
    /// Route template, raw path, or name of the job.
    pub route: String,
}

/// Requests of a window that are looked at one by one, the newest first, for what figures do not
/// tell. What is told of them says so.
pub const LOOKED_AT: u32 = 2000;

/// Of a line in one route, and of a route, so many statements have sums of their own in each stretch
/// of figures: those that took most time. What further ones took is summed as one.
pub const MAX_OWN_STATEMENTS: usize = 200;

/// A line of code with the queries it ran in all requests of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Hotspot {
    /// The line; none for all queries whose line was not captured.
    pub call_site: Option<CallSite>,
    /// Executions.
    pub calls: u64,
    /// Executions that failed.
    pub errors: u64,
    /// Rows that they returned.
    pub rows: u64,
    /// Sum of durations, in µs.
    pub total_us: u64,
    /// Number of different statements that the line ran.
    pub statements: u64,
    /// Whether it ran further ones, beyond [`MAX_OWN_STATEMENTS`] at a time: they are not among the
    /// number, and their time is in the line's only.
    pub has_more_statements: bool,
    /// The one that took most time.
    pub statement: Arc<Statement>,
    /// Time of that statement from this line, in µs.
    pub statement_us: u64,
    /// Number of routes (and jobs) that came by the line.
    pub routes: u64,
    /// The one in which it took most time.
    pub route: RouteName,
    /// Time of the line in that route, in µs.
    pub route_us: u64,
    /// Of the newest [`LOOKED_AT`] kept requests of the window: those that came by the line.
    pub requests_seen: u64,
    /// What these ran from the line in all, executions.
    pub calls_seen: u64,
    /// Most executions from the line in one of these; 2 or more is a loop, or another line's. 0
    /// where none of them came by.
    pub most_calls_in_request: u64,
}

/// One route within a window, with what it ran and how its builds fared.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteDetail {
    /// Its figures.
    pub summary: RouteSummary,
    /// What it ran, by total time, largest first.
    pub statements: Vec<RouteStatement>,
    /// What it ran beyond [`MAX_OWN_STATEMENTS`] of a line at a time; none if nothing.
    pub other_statements: Option<OtherStatements>,
    /// How each build of the service fared in it, in order of their first use.
    pub builds: Vec<BuildFigures>,
    /// The newest kept requests.
    pub newest: NewestRequests,
}

/// A statement as one route ran it.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteStatement {
    /// The statement.
    pub statement: Arc<Statement>,
    /// Executions.
    pub calls: u64,
    /// Requests of the route that ran it.
    pub requests: u64,
    /// Executions that failed.
    pub errors: u64,
    /// Rows that they returned.
    pub rows: u64,
    /// Sum of durations, in µs.
    pub total_us: u64,
    /// Longest, in µs.
    pub max_us: u64,
    /// Number of lines that ran it.
    pub call_sites: u64,
    /// Distribution of the durations of calls, in µs.
    pub durations: Histogram,
}

/// Statements that have no sums of their own, as one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OtherStatements {
    /// Executions.
    pub calls: u64,
    /// Executions that failed.
    pub errors: u64,
    /// Rows that they returned.
    pub rows: u64,
    /// Sum of durations, in µs.
    pub total_us: u64,
    /// Longest, in µs.
    pub max_us: u64,
}

/// Figures of one route under one build of the service.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildFigures {
    /// Name of the build; none for all runs that named none.
    pub build: Option<String>,
    /// Start of the first stretch of figures in which it served the route, or of its first run,
    /// whichever is later. A stretch is a minute; of figures older than an hour it is longer, up to
    /// a day.
    pub first_at: DateTime<Utc>,
    /// Start of the last stretch in which it did, or of its first run, whichever is later.
    pub last_at: DateTime<Utc>,
    /// Number of requests, those that sampling did not keep included.
    pub requests: u64,
    /// Requests that failed (5xx, error, panic).
    pub errors: u64,
    /// Sum of durations, in µs.
    pub total_us: u64,
    /// Sum of time in SQL, in µs.
    pub sql_us: u64,
    /// Sum of queries.
    pub queries: u64,
    /// Most queries in one request.
    pub max_queries: u64,
    /// Distribution of durations, in µs.
    pub durations: Histogram,
}

/// What the newest [`LOOKED_AT`] kept requests of a route tell that no figures do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewestRequests {
    /// How many were looked at.
    pub requests: u64,
    /// Those that waited for a connection of the pool.
    pub waited: u64,
    /// Sum of these waits, in µs (less what SQL covers).
    pub wait_us: u64,
    /// Sum of the durations of all that were looked at, in µs.
    pub total_us: u64,
}
