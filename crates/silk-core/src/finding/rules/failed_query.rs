//! A query failed, or the end of a transaction.
//!
//! **Definition.** The database or driver answered with an error. Failures of one shape with one
//! code are one finding.
//! **Severity.** Critical where the request failed too, and did not go on to fail of something
//! else; otherwise the app went on, and it is good to know.
//! **Evidence.** Code, message (values taken out) and line; by its code, whether it met the locks
//! of another transaction (see [`conflict`](super::conflict)).
//! **Time lost.** The union of the intervals of the queries that failed.
//! **Silent on.** `fetch_one` without a row, where no error came from the database; queries that
//! were abandoned; what a transaction refuses because of an error before, which is reported with
//! that error.

use std::cmp::Reverse;

use super::{FAILED_QUERY, conflict::Conflict};
use crate::{
    Finding, Outcome, QueryError, QueryRecord, Severity, TransactionRecord,
    finding::{
        facts::{Facts, Group, ended_us, name},
        words::{count, duration},
    },
};

/// How many failures are reported; a loop of different ones is reported by its first.
const MOST: usize = 3;

/// What PostgreSQL answers to all that comes after an error in a transaction.
const ABORTED: &str = "25P02";

pub(super) fn find(facts: &Facts<'_>) -> Vec<Finding> {
    let mut transactions = facts.record.detail.transactions.iter();
    if !facts.outline.has_error() && transactions.all(|transaction| transaction.error.is_none()) {
        return Vec::new();
    }
    let refused = Refused::of(facts);
    let last_us = last_us(facts, &refused);
    let mut findings = Vec::new();
    for group in &facts.groups {
        if !group.outline.has_error() {
            continue;
        }
        let mut failed: Vec<(&QueryRecord, &QueryError)> = group
            .each(facts)
            .filter_map(|query| Some((query, query.error.as_ref()?)))
            .filter(|(query, error)| !refused.is_one(query, error))
            .collect();
        while let Some((first, error)) = failed.first().copied() {
            let (same, others): (Vec<_>, Vec<_>) = failed
                .into_iter()
                .partition(|(_, other)| other.code == error.code);
            failed = others;
            findings.push(told_once(
                facts,
                &refused,
                group,
                (first, error),
                &same,
                last_us,
            ));
        }
    }
    for (number, transaction) in (0..).zip(&facts.record.detail.transactions) {
        if let Some(error) = &transaction.error
            && !refused.is_end(number, error)
        {
            findings.push(end_of(facts, transaction, error, last_us));
        }
    }
    // What made the request fail is reported, however many were handled before.
    findings.sort_by_key(|(started_us, finding)| (Reverse(finding.severity), *started_us));
    findings
        .into_iter()
        .take(MOST)
        .map(|(_, finding)| finding)
        .collect()
}

/// When it began, and the finding about failures of one statement with one code.
fn told_once<'a>(
    facts: &Facts<'a>,
    refused: &Refused,
    group: &Group<'a>,
    (first, error): (&QueryRecord, &QueryError),
    same: &[(&QueryRecord, &QueryError)],
    last_us: u64,
) -> (u64, Finding) {
    let conflict = Conflict::of(error, group.statement.database);
    let lost_us = facts.union_us(same.iter().map(|(query, _)| *query));
    let times = match same.len() {
        1 => format!("It took {}.", duration(lost_us)),
        n => format!(
            "It failed {} times, {} in total.",
            count(u64::try_from(n).unwrap_or(u64::MAX)),
            duration(lost_us)
        ),
    };
    let later = same.iter().map(|(query, _)| refused.after(query)).sum();
    let later = match later {
        0 => String::new(),
        1 => " The transaction refused the query that came after it.".to_owned(),
        n => format!(
            " The transaction refused the {} queries that came after it.",
            count(n)
        ),
    };
    let ended_us = same.iter().map(|(query, _)| ended_us(query)).max();
    let severity = severity(facts, ended_us.unwrap_or(0), last_us);
    (
        first.started_us,
        Finding {
            rule: FAILED_QUERY.to_owned(),
            severity,
            title: format!(
                "{} failed{}{}: {}",
                name(group.statement),
                facts.from(first),
                conflict.map_or("", |conflict| conflict.of_title()),
                told(error)
            ),
            detail: format!("{times}{later}{}", went_on(facts, severity)),
            remedy: conflict.map(|conflict| conflict.remedy(group.statement.database)),
            call_site: facts.site(first).cloned(),
            fingerprint: Some(group.fingerprint()),
            query: Some(first.seq),
            lost_us: Some(lost_us),
        },
    )
}

/// When it began, and the finding about a transaction that could not begin or end.
fn end_of(
    facts: &Facts<'_>,
    transaction: &TransactionRecord,
    error: &QueryError,
    last_us: u64,
) -> (u64, Finding) {
    let ended_us = transaction
        .started_us
        .saturating_add(transaction.duration_us);
    let severity = severity(facts, ended_us, last_us);
    let mut texts = facts.record.detail.texts.iter();
    let kind = texts.next().map(|text| text.statement.database);
    let conflict = kind.and_then(|kind| Some((Conflict::of(error, kind)?, kind)));
    (
        transaction.started_us,
        Finding {
            rule: FAILED_QUERY.to_owned(),
            severity,
            title: format!(
                "A transaction could not begin or end{}: {}",
                conflict.map_or("", |(conflict, _)| conflict.of_title()),
                told(error)
            ),
            detail: format!(
                "It was open for {}, and its changes were not kept.",
                duration(transaction.duration_us)
            ),
            remedy: conflict.map(|(conflict, kind)| conflict.remedy(kind)),
            call_site: None,
            fingerprint: None,
            query: None,
            lost_us: Some(transaction.begin_us.saturating_add(transaction.end_us))
                .map(|lost_us| lost_us.min(facts.total_us)),
        },
    )
}

/// Errors that only say that another came before.
struct Refused {
    /// By transaction: the query of it that failed last by itself (`seq`), and how many the
    /// transaction refused because of it.
    roots: Vec<(u32, u32, u64)>,
}

impl Refused {
    fn of(facts: &Facts<'_>) -> Self {
        let mut roots: Vec<(u32, u32, u64)> = Vec::new();
        for query in &facts.record.detail.queries {
            let (Some(error), Some(transaction)) = (&query.error, query.transaction) else {
                continue;
            };
            let is_aborted = error.code.as_deref() == Some(ABORTED);
            match roots.iter_mut().find(|(known, ..)| *known == transaction) {
                // A savepoint has mended the error before.
                Some((_, seq, refused)) if !is_aborted => (*seq, *refused) = (query.seq, 0),
                Some((.., refused)) => *refused += 1,
                None if !is_aborted => roots.push((transaction, query.seq, 0)),
                None => {}
            }
        }
        Self { roots }
    }

    fn is_one(&self, query: &QueryRecord, error: &QueryError) -> bool {
        error.code.as_deref() == Some(ABORTED)
            && self
                .roots
                .iter()
                .any(|(transaction, ..)| Some(*transaction) == query.transaction)
    }

    /// Whether a transaction ended in an error because a query of it had failed. The driver says so
    /// without a code; a constraint that is checked at COMMIT has one.
    fn is_end(&self, number: u32, error: &QueryError) -> bool {
        error.code.is_none() && self.roots.iter().any(|(known, ..)| *known == number)
    }

    fn after(&self, query: &QueryRecord) -> u64 {
        self.roots
            .iter()
            .find(|(_, seq, _)| *seq == query.seq)
            .map_or(0, |(.., refused)| *refused)
    }
}

/// When the last thing failed that is reported.
fn last_us(facts: &Facts<'_>, refused: &Refused) -> u64 {
    let detail = &facts.record.detail;
    let queries = detail.queries.iter().filter_map(|query| {
        let error = query.error.as_ref()?;
        (!refused.is_one(query, error)).then(|| ended_us(query))
    });
    let ends = (0..)
        .zip(&detail.transactions)
        .filter_map(|(number, transaction)| {
            let error = transaction.error.as_ref()?;
            (!refused.is_end(number, error)).then(|| {
                transaction
                    .started_us
                    .saturating_add(transaction.duration_us)
            })
        });
    queries.chain(ends).max().unwrap_or(0)
}

/// Critical where the request failed, and did not go on after it to fail of something else.
fn severity(facts: &Facts<'_>, ended_us: u64, last_us: u64) -> Severity {
    let went_on = ended_us < last_us
        && facts
            .record
            .detail
            .queries
            .iter()
            .any(|query| query.outcome == Outcome::Completed && query.started_us >= ended_us);
    if facts.record.summary.is_failed() && !went_on {
        Severity::Critical
    } else {
        Severity::Info
    }
}

fn went_on(facts: &Facts<'_>, severity: Severity) -> &'static str {
    match (severity, facts.record.summary.is_failed()) {
        (Severity::Critical, _) => "",
        (_, true) => " The request went on after it.",
        _ => " The request went on and did not fail.",
    }
}

/// `duplicate key value … (23505).`
fn told(error: &QueryError) -> String {
    let message = error.message.trim_end_matches('.');
    match &error.code {
        Some(code) => format!("{message} (code {code})."),
        None => format!("{message}."),
    }
}
