//! A query failed, or the end of a transaction.
//!
//! **Definition.** The database or driver answered with an error. Failures of one shape with one
//! code are one finding.
//! **Severity.** Critical where the request failed too; else it is known that the app went on, and
//! good to know.
//! **Evidence.** Code, message (values taken out) and line.
//! **Time lost.** The union of the intervals of the queries that failed.
//! **Silent on.** `fetch_one` without a row, where no error came from the database; queries that
//! were let go.

use super::FAILED_QUERY;
use crate::{
    Finding, QueryError, QueryRecord, Severity,
    finding::{
        facts::{Facts, name},
        words::{count, duration},
    },
};

/// Failures that are told; a loop of different ones is told by its first.
const MOST: usize = 3;

pub(super) fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let severity = if facts.record.summary.is_failed() {
        Severity::Critical
    } else {
        Severity::Info
    };
    let mut findings = Vec::new();
    for group in &facts.groups {
        let mut failed: Vec<(&QueryRecord, &QueryError)> = group
            .each(facts)
            .filter_map(|query| Some((query, query.error.as_ref()?)))
            .collect();
        while let Some((first, error)) = failed.first().copied() {
            let (same, others): (Vec<_>, Vec<_>) = failed
                .into_iter()
                .partition(|(_, other)| other.code == error.code);
            failed = others;
            let lost_us = facts.union_us(same.iter().map(|(query, _)| *query));
            let times = match same.len() {
                1 => format!("It took {}.", duration(lost_us)),
                n => format!(
                    "It failed {} times, {} in total.",
                    count(u64::try_from(n).unwrap_or(u64::MAX)),
                    duration(lost_us)
                ),
            };
            let went_on = if severity == Severity::Critical {
                ""
            } else {
                " The request went on and did not fail."
            };
            findings.push((
                first.started_us,
                Finding {
                    rule: FAILED_QUERY.to_owned(),
                    severity,
                    title: format!(
                        "{} failed{}: {}",
                        name(group.statement),
                        facts.from(first),
                        told(error)
                    ),
                    detail: format!("{times}{went_on}"),
                    remedy: None,
                    call_site: facts.site(first).cloned(),
                    fingerprint: Some(group.fingerprint()),
                    query: Some(first.seq),
                    lost_us: Some(lost_us),
                },
            ));
        }
    }
    for transaction in &facts.record.detail.transactions {
        if let Some(error) = &transaction.error {
            findings.push((
                transaction.started_us,
                Finding {
                    rule: FAILED_QUERY.to_owned(),
                    severity,
                    title: format!("A transaction could not begin or end: {}", told(error)),
                    detail: format!(
                        "It was open for {}, and its changes were not kept.",
                        duration(transaction.duration_us)
                    ),
                    remedy: None,
                    call_site: None,
                    fingerprint: None,
                    query: None,
                    lost_us: Some(transaction.begin_us.saturating_add(transaction.end_us))
                        .map(|lost_us| lost_us.min(facts.total_us)),
                },
            ));
        }
    }
    findings.sort_by_key(|(started_us, _)| *started_us);
    findings
        .into_iter()
        .take(MOST)
        .map(|(_, finding)| finding)
        .collect()
}

/// `duplicate key value … (23505).`
fn told(error: &QueryError) -> String {
    let message = error.message.trim_end_matches('.');
    match &error.code {
        Some(code) => format!("{message} (code {code})."),
        None => format!("{message}."),
    }
}
