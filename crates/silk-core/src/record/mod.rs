//! What is recorded of a request, as the writer hands it to the store.
//!
//! A [`RequestRecord`] has three parts that are kept differently: the [`RequestSummary`] is one
//! narrow row that lists are drawn from, the [`RequestDetail`] one compressed blob that only the
//! page of the request opens, and the [`RequestStatement`]s are rows that statement pages sum.
//! Everything in it is redacted already.

mod detail;
mod errors;
mod finding;
mod intervals;
mod plan;
mod query;
mod summary;

pub use detail::{AcceptedFinding, Body, Header, LogRecord, RequestDetail, SpanRecord};
pub use finding::{Finding, Severity};
pub use intervals::breakdown;
pub(crate) use intervals::union_us;
pub use plan::{ExplainOutput, PlanFormat, PlanObservation, PlanRecord, PlanSource, QueryRef};
pub use query::{
    CallSite, CapturedBy, ConnectionWait, Holder, PoolUse, QueryError, QueryRecord,
    RequestStatement, SqlText, Statement, TransactionEnd, TransactionRecord,
};
pub use summary::{Outcome, RequestKind, RequestSummary, RequestTimes};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{BatchId, RunId};

/// Everything kept of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestRecord {
    /// What lists show and sort by.
    pub summary: RequestSummary,
    /// What only the page of the request opens.
    pub detail: RequestDetail,
    /// The queries summed per statement and call site; exact even beyond the cap on queries kept.
    pub statements: Vec<RequestStatement>,
    /// What the rules found.
    pub findings: Vec<Finding>,
}

impl RequestRecord {
    /// Puts into the summary which rules found something in the request, each once, and how
    /// many queries the findings are about.
    pub fn sum_findings(&mut self) {
        let summary = &mut self.summary;
        (summary.findings, summary.finding_calls) = (Vec::new(), Vec::new());
        for finding in &self.findings {
            let calls = finding.fingerprint.map_or(0, |fingerprint| {
                self.statements
                    .iter()
                    .filter(|part| part.statement.fingerprint == fingerprint)
                    .map(|part| part.calls)
                    .sum()
            });
            match summary
                .findings
                .iter()
                .position(|rule| *rule == finding.rule)
            {
                Some(at) => summary.finding_calls[at] = summary.finding_calls[at].max(calls),
                None => {
                    summary.findings.push(finding.rule.clone());
                    summary.finding_calls.push(calls);
                }
            }
        }
        while summary.finding_calls.last() == Some(&0) {
            summary.finding_calls.pop();
        }
    }
}

/// A request that sampling did not keep, but that is counted all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct CountedRequest {
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// What kind of work it was.
    pub kind: RequestKind,
    /// HTTP method; empty for jobs and tests.
    pub method: String,
    /// Route template, or the raw path where none is known; the name of a job or test.
    pub route: String,
    /// Whether it ended badly: a 5xx status, an error, or a panic.
    pub is_failed: bool,
    /// From start to the end of the body.
    pub total_us: u64,
    /// Union of the intervals in which SQL ran.
    pub sql_us: u64,
    /// Number of queries.
    pub query_count: u64,
}

/// One run of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// When the process started to record.
    pub started_at: DateTime<Utc>,
    /// Name of the service, from the builder or the name of the executable.
    pub service: String,
    /// Build of the service (version or commit), where the builder names one.
    pub build: Option<String>,
    /// Which instance this is: host name and process id unless the builder says otherwise.
    pub instance: String,
}

/// What the writer hands to the store in one go; stored in one transaction or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteBatch {
    /// Its id, by which a store knows a batch that it has counted already.
    pub id: BatchId,
    /// The run that all of the batch belongs to.
    pub run: RunRecord,
    /// Requests to keep and count.
    pub requests: Vec<RequestRecord>,
    /// Requests to count only.
    pub counted: Vec<CountedRequest>,
    /// Plans caught with the requests' queries, or asked for in the background. One batch holds at
    /// most one of each statement, database, source and shape.
    pub plans: Vec<PlanRecord>,
    /// Every sight of a plan, those of [`plans`](Self::plans) included.
    pub plan_observations: Vec<PlanObservation>,
}
