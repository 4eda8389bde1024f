//! The same query with the same values, again and again.
//!
//! **Definition.** Runs of one shape in a request whose text, values and settings are equal to
//! those of an earlier run, with no write to its tables in between that Silk saw.
//! **Formula.** `calls >= min_repeats × different values`, of which there are fewer than
//! `min_calls`; more different values are an N+1.
//! **Time lost.** The union of the intervals of the runs that had been asked before.
//! **Thresholds.** `min_repeats`, `min_lost`, `min_share`. Other tools name the second run; a check
//! that is followed by a use is no loop.
//! **Silent on.** Writes, locks, settings; texts without a table; `random()`, `nextval(…)`; runs
//! with a write to the same table between them; polling (the same pause before each, or a longer
//! one each time, in which no query runs); values that were not captured.

use std::collections::HashMap;

use super::SAME_QUERY;
use crate::{
    Finding, QueryRecord,
    finding::{
        Thresholds,
        facts::{Facts, Group, ended_us},
        words::{count, duration},
    },
};

/// A shorter pause is no polling.
const MIN_PAUSE_US: u64 = 5_000;

/// Whether so many runs with so few different values are the same again.
pub(super) const fn is_same(distinct: u64, calls: u64, thresholds: &Thresholds) -> bool {
    let repeats = if thresholds.min_repeats < 2 {
        2
    } else {
        thresholds.min_repeats
    };
    calls >= distinct.saturating_mul(repeats) && (distinct < thresholds.min_calls || distinct == 1)
}

pub(super) fn find<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let statement = group.statement;
    let calls = group.calls();
    if calls < facts.thresholds.min_repeats.max(2)
        || statement.command != "SELECT"
        || statement.tables.is_empty()
        || !facts.is_worth(group.union_us(facts))
    {
        return None;
    }
    let distinct = group.distinct(facts)?;
    if !is_same(distinct, calls, facts.thresholds) {
        return None;
    }
    let first = group.first(facts)?;
    let shape = facts.shape(first);
    if shape.is_locking || shape.is_setting || shape.is_volatile || is_polling(facts, group) {
        return None;
    }
    let again = again(facts, group);
    let lost_us = facts.union_us(again.iter().copied());
    let n = u64::try_from(again.len()).unwrap_or(u64::MAX);
    if n + 1 < facts.thresholds.min_repeats.max(2) || !facts.is_worth(lost_us) {
        return None;
    }
    let values = match distinct {
        1 => "the same values".to_owned(),
        n => format!("only {} different values", count(n)),
    };
    Some(Finding {
        rule: SAME_QUERY.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "The same query on {} ran {} times with {values}{}.",
            statement.tables.first()?,
            count(calls),
            group.from(facts)
        ),
        detail: format!(
            "{} of the {} queries asked again for what was known, and took {} in total.",
            count(n),
            count(calls),
            duration(lost_us)
        ),
        remedy: Some(
            "Ask once and hand the result on: a variable before the loop, an argument, or a cache \
             that lives as long as the request."
                .to_owned(),
        ),
        call_site: group.main_site(facts).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(first.seq),
        lost_us: Some(lost_us),
    })
}

/// The runs that asked again, with no write to the tables since.
fn again<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Vec<&'a QueryRecord> {
    let tables = &group.statement.tables;
    let writes: Vec<&QueryRecord> = facts
        .record
        .detail
        .queries
        .iter()
        .filter(|query| {
            facts.text(query).is_some_and(|text| {
                text.statement.command != "SELECT"
                    && text
                        .statement
                        .tables
                        .iter()
                        .any(|table| tables.contains(table))
            })
        })
        .collect();
    let mut asked: HashMap<u64, u64, foldhash::fast::RandomState> = HashMap::default();
    let mut again = Vec::new();
    for at in &group.queries {
        let (Some(query), Some(identity)) = (facts.query(*at), facts.identity(*at)) else {
            continue;
        };
        let before = asked.insert(identity, query.started_us);
        let is_changed = before.is_some_and(|before| {
            writes
                .iter()
                .any(|write| (before..=query.started_us).contains(&write.started_us))
        });
        if before.is_some() && !is_changed {
            again.push(query);
        }
    }
    again
}

/// Whether it waits for a change: about the same pause before each run, or a longer one each time,
/// longer than the run, in which no query runs. Other queries may be asked along with it, if they
/// too are the same each time.
pub(super) fn is_polling<'a>(facts: &Facts<'a>, group: &Group<'a>) -> bool {
    let Some(pauses) = pauses(facts, group) else {
        return false;
    };
    let mut took: Vec<u64> = group.each(facts).map(|query| query.duration_us).collect();
    took.sort_unstable();
    let mut sorted = pauses.clone();
    sorted.sort_unstable();
    let (Some(shortest), Some(median), Some(median_took)) = (
        sorted.get(sorted.len() / 10),
        sorted.get(sorted.len() / 2),
        took.get(took.len() / 2),
    ) else {
        return false;
    };
    *shortest >= MIN_PAUSE_US
        && median > median_took
        && (*shortest * 2 >= *median || is_backing_off(&pauses))
}

/// Whether pauses get longer: all but one in five, and in the end at least twice as long.
fn is_backing_off(pauses: &[u64]) -> bool {
    let grown = pauses
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if b.saturating_mul(5) >= a.saturating_mul(4)))
        .count();
    let (Some(first), Some(last)) = (pauses.first(), pauses.last()) else {
        return false;
    };
    grown * 5 >= (pauses.len() - 1) * 4 && *last >= first.saturating_mul(2)
}

/// The longest time without a query before each run but the first; none if other queries run in
/// between that are not the same each time.
fn pauses<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Vec<u64>> {
    let (first, last) = (*group.queries.first()?, *group.queries.last()?);
    let calls = group.queries.len();
    let is_along = |other: &Group<'a>| {
        let between = other
            .queries
            .iter()
            .filter(|at| (first..last).contains(*at))
            .count();
        between == 0
            || (between.abs_diff(calls) <= 1 && other.distinct(facts).is_none_or(|n| n == 1))
    };
    let others = |other: &&Group<'a>| other.queries.first() != group.queries.first();
    if !facts.groups.iter().filter(others).all(is_along) {
        return None;
    }
    let mut runs = group.queries.iter().skip(1).peekable();
    let (mut pauses, mut longest, mut ended) = (Vec::with_capacity(calls), 0, None);
    for at in first..=last {
        let query = facts.query(at)?;
        if let Some(ended) = ended {
            longest = query.started_us.saturating_sub(ended).max(longest);
        }
        ended = ended.max(Some(ended_us(query)));
        if runs.next_if_eq(&&at).is_some() {
            pauses.push(longest);
            longest = 0;
        }
    }
    Some(pauses)
}
