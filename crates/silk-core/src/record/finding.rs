//! What rules found in a request, as it is kept with it.

use serde::{Deserialize, Serialize};

use super::CallSite;
use crate::Fingerprint;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth mending.
    Warning,
    /// Costs most of the request.
    Critical,
}

/// What a rule found, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Name of the rule: `repeated_statement`.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// One line: what was seen.
    pub title: String,
    /// The evidence.
    pub detail: String,
    /// The one thing to do, in one sentence; none if there is nothing to do but know.
    pub remedy: Option<String>,
    /// The line of the app that it is about.
    pub call_site: Option<CallSite>,
    /// The statement it is about.
    pub fingerprint: Option<Fingerprint>,
    /// Number ([`QueryRecord::seq`](super::QueryRecord::seq)) of the query it is about, or of the
    /// first of them.
    pub query: Option<u32>,
    /// Time of the request that went into it, in µs: at most the union of the intervals of the
    /// queries (or waits) that it names, and never more than the request took. None if no time
    /// was measured.
    pub lost_us: Option<u64>,
}
