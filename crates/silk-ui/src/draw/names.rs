//! What requests, statuses, rules and severities are called.

use silk_core::{Outcome, RequestSummary, Severity};

use super::format;

/// A status as people read it, and the class that marks the bad ones.
pub(crate) fn status_of(summary: &RequestSummary) -> (String, &'static str) {
    let class = match (summary.is_failed(), summary.status) {
        (true, _) => "bad",
        (false, Some(400..)) => "warn",
        _ if summary.outcome != Outcome::Completed => "warn",
        _ => "",
    };
    let text = match (summary.status, summary.outcome) {
        (Some(status), Outcome::Completed) => status.to_string(),
        (Some(status), outcome) => format!("{status} {outcome}"),
        (None, Outcome::Completed) => "ok".to_owned(),
        (None, outcome) => outcome.to_string(),
    };
    (text, class)
}

/// A request in a few words: `GET /api/threads`, `job nightly report`.
pub(crate) fn request_name(kind: silk_core::RequestKind, method: &str, route: &str) -> String {
    let first = if method.is_empty() {
        kind.as_str()
    } else {
        method
    };
    format!("{first} {}", format::one_line(route, 200))
}

/// The name of a rule in words: `repeated_statement` is "N+1 query". Rules about plans, and those
/// of other versions, are called by their names: `seq_scan` is "seq scan".
pub(crate) fn rule_name(rule: &str) -> String {
    if let Some(known) = silk_core::finding::rules::rule(rule) {
        return known.label.to_owned();
    }
    format::one_line(rule, 60).replace('_', " ")
}

/// The class that a severity is marked with.
pub(crate) const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "",
        Severity::Warning => "warn",
        Severity::Critical => "bad",
    }
}
