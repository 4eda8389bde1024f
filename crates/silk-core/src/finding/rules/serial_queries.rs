//! Queries that wait for each other, though neither needs the other.
//!
//! **Definition.** Reads that follow each other directly, each of another shape, outside of a
//! transaction (within one there is a single connection), of which the later ones bind nothing, or
//! only values that the first one was given too.
//! **Formula.** Each takes at least `serial_query`; running them at once saves
//! `sum − longest >= serial_lost`, and a tenth of the request.
//! **Time lost.** The sum of their durations less the longest: what `join!` would save.
//! **Thresholds.** `serial_query` (30 ms), `serial_lost` (50 ms), a tenth of the request: 30 ms and
//! a tenth are those of Sentry's detector of consecutive queries, which asks for 100 ms.
//! **Silent on.** Wherever one may depend on another: a value that was not there before; numbers
//! written into the text; a look-up of one row first (it may have decided whether to go on); values
//! that were not captured or were redacted; writes, locks, settings; pauses in between.

use super::SERIAL_QUERIES;
use crate::{
    Finding, Outcome, QueryRecord, ValueState,
    finding::{
        facts::{Facts, ended_us, share},
        thresholds::micros,
        words::{count, duration},
    },
    sql::{Role, Shape},
};

/// A longer pause means that something was made of the rows.
const MAX_PAUSE_US: u64 = 3_000;
/// Of the request.
const MIN_SHARE: f64 = 0.1;

pub(super) fn find(facts: &Facts<'_>) -> Option<Finding> {
    if !facts.outline.has_long(facts.thresholds) {
        return None;
    }
    let mut best: Option<(u64, Vec<&QueryRecord>)> = None;
    let mut run: Vec<&QueryRecord> = Vec::new();
    for query in &facts.record.detail.queries {
        if !is_candidate(facts, query) {
            run.clear();
            continue;
        }
        let shape = facts.shape(query);
        if shape.is_locking || shape.is_setting || shape.is_volatile {
            run.clear();
            continue;
        }
        if !follows(facts, &run, query, shape) {
            run.clear();
        }
        run.push(query);
        if let Some(saved_us) = saved_us(&run)
            && best.as_ref().is_none_or(|(best_us, _)| saved_us > *best_us)
        {
            best = Some((saved_us, run.clone()));
        }
        // What it found may have decided whether to go on.
        let is_lookup = query.rows_returned <= 1
            && !shape.is_aggregate
            && shape.slots.iter().any(|slot| slot.role == Role::Equal);
        if is_lookup {
            run.clear();
        }
    }
    let (lost_us, run) = best?;
    if lost_us < micros(facts.thresholds.serial_lost) || share(lost_us, facts.total_us) < MIN_SHARE
    {
        return None;
    }
    let first = *run.first()?;
    let last = *run.last()?;
    let n = u64::try_from(run.len()).unwrap_or(u64::MAX);
    let names: Vec<String> = run
        .iter()
        .take(4)
        .map(|query| format!("{} ({})", facts.name(query), duration(query.duration_us)))
        .collect();
    Some(Finding {
        rule: SERIAL_QUERIES.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "Queries {} to {} ran one after the other, though none seems to need another{}.",
            first.seq,
            last.seq,
            facts.from(first)
        ),
        detail: format!(
            "{}{}. At once, the {} would take as long as the longest.",
            names.join(", "),
            if run.len() > names.len() { ", …" } else { "" },
            count(n)
        ),
        remedy: Some(
            "Run them at once with tokio::try_join! on &pool; each then takes a connection of its \
             own. Ignore this if one decides whether the next runs."
                .to_owned(),
        ),
        call_site: facts.site(first).cloned(),
        fingerprint: facts.text(first).map(|text| text.statement.fingerprint),
        query: Some(first.seq),
        lost_us: Some(lost_us.min(facts.total_us)),
    })
}

fn is_candidate(facts: &Facts<'_>, query: &QueryRecord) -> bool {
    query.duration_us >= micros(facts.thresholds.serial_query).max(1)
        && query.outcome == Outcome::Completed
        && query.error.is_none()
        && query.transaction.is_none()
        && query.consumer_us.saturating_mul(4) < query.duration_us
        && facts.text(query).is_some_and(|text| {
            text.statement.command == "SELECT" && !text.statement.tables.is_empty()
        })
}

/// Whether `query` comes directly behind the run and cannot depend on its rows.
fn follows(
    facts: &Facts<'_>,
    run: &[&QueryRecord],
    query: &QueryRecord,
    shape: &Shape<'_>,
) -> bool {
    let (Some(first), Some(last)) = (run.first(), run.last()) else {
        return true;
    };
    let end = ended_us(last);
    if query.started_us < end
        || query.started_us - end > MAX_PAUSE_US
        || query.seq != last.seq.saturating_add(1)
        || run.iter().any(|other| is_same_shape(facts, other, query))
    {
        return false;
    }
    let given: Vec<&ValueState> = first
        .values
        .iter()
        .flatten()
        .map(|value| &value.state)
        .collect();
    shape.slots.iter().all(|slot| {
        if matches!(slot.role, Role::Limit | Role::Offset) && slot.place.is_none() {
            return true;
        }
        match slot.place {
            // A word of the program; a number may be the key of a row.
            None => !slot.text.contains(|c: char| c.is_ascii_digit()),
            Some(place) => query
                .values
                .as_ref()
                .and_then(|values| values.get(place))
                .is_some_and(|value| {
                    matches!(value.state, ValueState::Bytes(_)) && given.contains(&&value.state)
                }),
        }
    })
}

fn is_same_shape(facts: &Facts<'_>, a: &QueryRecord, b: &QueryRecord) -> bool {
    let fingerprint = |query| facts.text(query).map(|text| text.statement.fingerprint);
    fingerprint(a) == fingerprint(b)
}

fn saved_us(run: &[&QueryRecord]) -> Option<u64> {
    if run.len() < 2 {
        return None;
    }
    let sum: u64 = run.iter().map(|query| query.duration_us).sum();
    let longest = run.iter().map(|query| query.duration_us).max()?;
    Some(sum - longest)
}
