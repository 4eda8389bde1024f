//! Rules about many requests at once.
//!
//! Each rule is a file: what it names, how it tells it, from what on, and what it stays silent on.
//! They are pure: a page gives them what a [`Store`](crate::Store) answers, the figures of routes
//! and a [`Sample`] of whole requests, and says beside what they find how much was looked at.

mod growing_queries;
mod identical_reads;
mod sample;
mod slow_route;
#[cfg(test)]
mod tests;

pub use sample::MAX_SAMPLE;

use crate::{
    CallSite, Fingerprint, RequestId, RequestRecord, Severity,
    finding::rules::Rule,
    store::{RouteName, RouteSummary},
};

/// A route of which too many requests take longer than they may.
pub const SLOW_ROUTE: &str = "slow_route";
/// A statement that runs more often the more rows another one returns.
pub const GROWING_QUERIES: &str = "growing_queries";
/// A read that request after request makes with the same values.
pub const IDENTICAL_READS: &str = "identical_reads";

/// All rules about many requests: name, label, and what each is about.
pub const RULES: &[Rule] = &[
    Rule {
        name: SLOW_ROUTE,
        label: "slow route",
        about: "More than one request in twenty takes longer than the target.",
    },
    Rule {
        name: GROWING_QUERIES,
        label: "growing queries",
        about: "A query runs more often the more rows another one returns.",
    },
    Rule {
        name: IDENTICAL_READS,
        label: "identical reads",
        about: "Request after request reads the same rows by the same values.",
    },
];

/// From what on the rules about many requests speak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AcrossThresholds {
    /// Duration that 95 % of a route's requests are to stay below, in µs. Default 300 ms.
    pub p95_us: u64,
    /// Requests that must have been looked at. Default 20.
    ///
    /// Larger asks for more evidence; smaller speaks of what may be chance.
    pub min_requests: u64,
    /// How closely the number of queries must follow the number of rows, as a rank correlation from
    /// 0.0 to 1.0. Default 0.9: of 20 requests, chance gives that less than once in a million times.
    pub min_correlation: f64,
    /// Share of reads that must have been made before by another request, from 0.0 to 1.0. Default
    /// 0.8: a cache would answer four of five.
    pub min_hit_rate: f64,
    /// Share of all time in SQL of the requests looked at that identical reads must take, from 0.0
    /// to 1.0. Default 0.05.
    pub min_share: f64,
}

impl Default for AcrossThresholds {
    fn default() -> Self {
        Self {
            p95_us: 300_000,
            min_requests: 20,
            min_correlation: 0.9,
            min_hit_rate: 0.8,
            min_share: 0.05,
        }
    }
}

/// Whole requests that were read for these rules: the newest of a window, of one route or of all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// The requests, in any order.
    pub requests: Vec<RequestRecord>,
}

/// What a rule found in many requests.
#[derive(Debug, Clone, PartialEq)]
pub struct AcrossFinding {
    /// Name of the rule.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// One line: what was seen.
    pub title: String,
    /// The evidence, and in what.
    pub detail: String,
    /// What to do.
    pub remedy: String,
    /// The route it is about; none if it is about many.
    pub route: Option<RouteName>,
    /// The statement it is about.
    pub fingerprint: Option<Fingerprint>,
    /// The line it is about, where there is one.
    pub call_site: Option<CallSite>,
    /// A request that shows it.
    pub example: Option<RequestId>,
    /// Requests that show it, of those looked at.
    pub requests: u64,
    /// Requests looked at.
    pub of_requests: u64,
    /// Time that went into it in the requests looked at, in µs; none if no time tells.
    pub lost_us: Option<u64>,
}

/// What the rules find: slow routes by their figures, the others in a sample; what took most time
/// first.
#[must_use]
pub fn find(
    routes: &[RouteSummary],
    sample: &Sample,
    thresholds: &AcrossThresholds,
) -> Vec<AcrossFinding> {
    let slow = routes
        .iter()
        .filter_map(|route| slow_route::find(route, thresholds));
    let mut found: Vec<AcrossFinding> = slow.collect();
    found.extend(growing_queries::find(sample, thresholds));
    found.extend(identical_reads::find(sample, thresholds));
    found.sort_by_key(|one| std::cmp::Reverse((one.severity, one.lost_us)));
    found
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn route_of(record: &RequestRecord) -> RouteName {
    RouteName {
        kind: record.summary.kind,
        method: record.summary.method.clone(),
        route: record.summary.route.clone(),
    }
}
