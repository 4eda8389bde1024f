//! Many rows, fetched by a query without LIMIT.
//!
//! **Definition.** A SELECT that says neither how many rows nor which ones it wants, and that returned
//! very many: it grows with the table.
//! **Formula.** `rows returned >= many_rows`, no LIMIT, and worth a finding by time and share.
//! **Time lost.** The union of their intervals.
//! **Thresholds.** `many_rows` (1,000, what PostgREST's hosts let through of one request).
//! **Silent on.** LIMIT and FETCH FIRST; lists of keys, and ranges with two ends, which the app has
//! chosen; streams whose rows the app handles as they come, or that go on while the response is being
//! sent; jobs, which may well read all there is; what another finding says already.

use super::UNBOUNDED_RESULT;
use crate::{
    Finding, Outcome, QueryRecord, RequestKind,
    finding::{
        facts::{Facts, Group, ended_us},
        words::count,
    },
    sql::{Role, Shape},
};

/// A stream of which the app spends so much of the time on its rows, in percent, is no list: putting
/// rows into one takes a debug build up to 40.
const STREAM_SHARE: u64 = 50;

pub(super) fn find<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let statement = group.statement;
    if !group.outline.has_many_rows(facts.thresholds)
        || statement.command != "SELECT"
        || statement.tables.is_empty()
        || facts.record.summary.kind == RequestKind::Job
    {
        return None;
    }
    let least = facts.thresholds.many_rows.max(2);
    let queries: Vec<&QueryRecord> = group
        .each(facts)
        .filter(|query| {
            query.outcome == Outcome::Completed
                && query.rows_returned >= least
                && !is_streamed(facts, query)
                && !is_bounded(facts.shape(query))
        })
        .collect();
    let most = *queries.iter().max_by_key(|query| query.rows_returned)?;
    let lost_us = facts.union_us(queries.iter().copied());
    if !facts.is_worth(lost_us) {
        return None;
    }
    Some(Finding {
        rule: UNBOUNDED_RESULT.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "{} rows were fetched by a query without LIMIT: {}{}.",
            count(most.rows_returned),
            facts.name(most),
            facts.from(most)
        ),
        detail: format!(
            "{} The result grows with the table, and is held in memory whole.",
            facts.took(&queries, lost_us)
        ),
        remedy: Some(
            "Ask for a page: ORDER BY a unique column, LIMIT, and the next page by key (WHERE id > \
             the last one). If all rows are needed, handle them as they come: query.fetch(…) gives \
             a stream."
                .to_owned(),
        ),
        call_site: facts.site(most).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(most.seq),
        lost_us: Some(lost_us),
    })
}

/// Whether its rows are handled as they come.
fn is_streamed(facts: &Facts<'_>, query: &QueryRecord) -> bool {
    let head_us = facts.record.summary.times.head_us;
    query.consumer_us.saturating_mul(100) >= query.duration_us.saturating_mul(STREAM_SHARE)
        || (head_us > 0 && ended_us(query) > head_us)
}

/// Whether the app has said how many, or between what.
fn is_bounded(shape: &Shape<'_>) -> bool {
    let ranges = shape.slots.iter().filter(|slot| slot.role == Role::Range);
    shape.has_limit
        || ranges.count() >= 2
        || shape
            .slots
            .iter()
            .any(|slot| matches!(slot.role, Role::List(_) | Role::Array))
}
