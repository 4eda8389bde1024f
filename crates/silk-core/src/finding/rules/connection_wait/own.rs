//! Waits for a connection that the request itself holds.

use super::{Kind, counted};
use crate::{
    ConnectionWait, Finding,
    finding::{
        facts::{Facts, ended_us},
        rules::CONNECTION_WAIT,
        words::{count, of},
    },
    record::union_us,
};

/// Queries that the request ran at once, more than its pool has connections: they waited for each
/// other.
pub(super) fn own_queue(facts: &Facts<'_>, long: &[&ConnectionWait]) -> Option<Finding> {
    let waits: Vec<&ConnectionWait> = long
        .iter()
        .copied()
        .filter(|wait| Kind::of(wait) == Kind::NoneFree)
        .collect();
    let longest = waits.iter().max_by_key(|wait| wait.duration_us)?;
    let most = longest.pool?.most;
    // A loop is reported once.
    let is_loop = |calls: u64| calls >= facts.thresholds.min_calls;
    if facts.groups.iter().any(|group| is_loop(group.calls())) || at_once(facts) < most {
        return None;
    }
    let intervals = waits
        .iter()
        .map(|wait| {
            let end = wait.started_us.saturating_add(wait.duration_us);
            (wait.started_us, end)
        })
        .collect();
    let lost_us = union_us(intervals, facts.total_us);
    let n = u64::try_from(waits.len()).unwrap_or(u64::MAX);
    let queries = match n {
        1 => "1 query of this request".to_owned(),
        n => format!("{} queries of this request", count(n)),
    };
    let connections = match most {
        1 => "the only connection".to_owned(),
        most => format!("one of {most} connections"),
    };
    let first = facts.record.detail.queries.first();
    Some(Finding {
        rule: CONNECTION_WAIT.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "Spent {} with {queries} waiting for {connections}, held by its other queries.",
            of(lost_us, facts.total_us)
        ),
        detail: format!(
            "It asks for more at once than the pool has. {}",
            counted(long, longest, facts.record.summary.times.sql_us)
        ),
        remedy: Some(
            "Ask for less at once (one query for several, or buffered(n) on a stream), or raise \
             max_connections if the database has capacity to spare."
                .to_owned(),
        ),
        call_site: first.and_then(|query| facts.site(query)).cloned(),
        fingerprint: None,
        query: None,
        lost_us: Some(lost_us),
    })
}

/// How many queries of the request ran at the same time, at most.
fn at_once(facts: &Facts<'_>) -> u32 {
    let mut ends: Vec<u64> = Vec::new();
    let mut most = 0;
    for query in &facts.record.detail.queries {
        ends.retain(|end| *end > query.started_us);
        ends.push(ended_us(query));
        most = most.max(ends.len());
    }
    u32::try_from(most).unwrap_or(u32::MAX)
}

/// What to do where a request waits for a second connection.
pub(super) const OWN_TRANSACTION: &str = "Run the query on the transaction that this request had open \
     (&mut *tx), not on the pool: it holds one connection and waits for another, and requests that \
     all do so wait for each other until the pool gives up.";

/// Whether the request had a transaction open all the while.
pub(super) fn holds_one(facts: &Facts<'_>, wait: &ConnectionWait) -> bool {
    let until = wait.started_us.saturating_add(wait.duration_us);
    facts.record.detail.transactions.iter().any(|transaction| {
        let end = transaction
            .started_us
            .saturating_add(transaction.duration_us);
        transaction.started_us <= wait.started_us && end >= until
    })
}
