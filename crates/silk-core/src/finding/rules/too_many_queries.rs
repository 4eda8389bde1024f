//! A request of very many queries, none of them a loop.
//!
//! **Definition.** Queries of statements that ran less than `min_calls` times in the request, and that no
//! other finding is about: a page put together of many small parts.
//! **Formula.** `queries >= many_queries`, and worth a finding by time and share.
//! **Time lost.** The union of their intervals: what went into them, not what could be saved.
//! **Thresholds.** `many_queries` (50, from where Symfony's toolbar warns), `min_calls`.
//! **Silent on.** Loops, which have findings of their own, and what looks like one and is none (pages,
//! chunks, polling, walks up a tree); settings and locks; jobs and tests, which do many things.

use super::{TOO_MANY_QUERIES, is_told};
use crate::{
    Finding, QueryRecord, RequestKind,
    finding::{
        facts::{Facts, Group},
        words::{count, duration},
    },
};

pub(super) fn find(facts: &Facts<'_>, found: &[Finding]) -> Option<Finding> {
    let summary = &facts.record.summary;
    let least = facts.thresholds.many_queries.max(2);
    if summary.kind != RequestKind::Request || summary.query_count < least {
        return None;
    }
    let groups: Vec<&Group<'_>> = facts
        .groups
        .iter()
        .filter(|group| {
            group.calls() < facts.thresholds.min_calls.max(2)
                && !group.statement.tables.is_empty()
                && !is_told(found, group)
        })
        .collect();
    let queries: Vec<&QueryRecord> = groups
        .iter()
        .flat_map(|group| group.each(facts))
        .filter(|query| query.error.is_none())
        .collect();
    let n = u64::try_from(queries.len()).unwrap_or(u64::MAX);
    let lost_us = facts.union_us(queries.iter().copied());
    if n < least || !facts.is_worth(lost_us) {
        return None;
    }
    let first = queries.iter().min_by_key(|query| query.seq)?;
    let kinds = u64::try_from(groups.len()).unwrap_or(u64::MAX);
    Some(Finding {
        rule: TOO_MANY_QUERIES.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "The request ran {} queries of {} kinds, none of them a loop.",
            count(n),
            count(kinds)
        ),
        detail: format!(
            "They took {} in total, {} each.",
            duration(lost_us),
            duration(lost_us / n.max(1))
        ),
        remedy: Some(
            "Join what belongs together, keep what all requests share in memory, and run what is \
             independent at once (tokio::try_join! on &pool)."
                .to_owned(),
        ),
        call_site: None,
        fingerprint: None,
        query: Some(first.seq),
        lost_us: Some(lost_us),
    })
}
