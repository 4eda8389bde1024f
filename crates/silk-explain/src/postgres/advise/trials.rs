//! Plans with each candidate by itself, and with each set whose members help only together.

use silk_core::explain::WorkloadEffect;
use silk_plan::{
    Plan,
    advice::{self, Candidate, NewIndex, TableFacts, Trial},
};

use super::{
    bench::{Bench, Made, Planned, Tried},
    table::Table,
};
use crate::target::Failure;

/// Candidates whose plan uses them: one, or several that only help together.
pub(super) struct Contender<'a> {
    pub(super) candidates: Vec<&'a Candidate>,
    pub(super) table: &'a Table,
    pub(super) tried: Tried,
    pub(super) effects: Vec<WorkloadEffect>,
}

/// Plans with each.
pub(super) async fn try_each<'a>(
    bench: &mut Bench<'_>,
    baseline: &Planned,
    tables: &'a [Table],
) -> Result<(Vec<Contender<'a>>, Vec<Trial>), Failure> {
    let mut contenders: Vec<Contender<'a>> = Vec::new();
    let mut trials = Vec::new();
    for (table, candidates) in in_turn(tables) {
        let is_known = |known: &Contender<'_>| {
            let statements = |of: &[&Candidate]| -> Vec<String> {
                of.iter().map(|one| one.statement(None)).collect()
            };
            statements(&known.candidates) == statements(&candidates)
        };
        // The same table under two names.
        if contenders.iter().any(is_known) {
            continue;
        }
        if !bench.may() {
            break;
        }
        let Some(tried) = bench.try_with(&candidates).await? else {
            continue;
        };
        if !tried.uses_all() {
            continue;
        }
        trials.push(trial(baseline, &tried, &candidates, &table.facts));
        contenders.push(Contender {
            candidates,
            table,
            tried,
            effects: Vec::new(),
        });
    }
    Ok((contenders, trials))
}

/// What will be tried, by turns, so that no table is left out where time runs short; the sets come
/// behind the first few of each table.
fn in_turn(tables: &[Table]) -> Vec<(&Table, Vec<&Candidate>)> {
    /// So many come before what only helps together.
    const FIRST: usize = 4;
    let longest = tables.iter().map(|table| table.candidates.len()).max();
    let mut turns = Vec::new();
    let sets = |turns: &mut Vec<(_, _)>| {
        for table in tables {
            turns.extend(table.unions.iter().map(|set| (table, set.iter().collect())));
        }
    };
    for place in 0..longest.unwrap_or(0).max(FIRST) {
        if place == FIRST {
            sets(&mut turns);
        }
        for table in tables {
            let candidate = table.candidates.get(place);
            turns.extend(candidate.map(|candidate| (table, vec![candidate])));
        }
    }
    if longest.unwrap_or(0) <= FIRST {
        sets(&mut turns);
    }
    turns
}

/// A trial as it is ranked.
fn trial(before: &Planned, tried: &Tried, candidates: &[&Candidate], facts: &TableFacts) -> Trial {
    Trial {
        candidates: candidates.iter().map(|&one| one.clone()).collect(),
        cost_after: tried.planned.cost,
        size_bytes: Some(tried.size_bytes()),
        pages: pages(&before.plan, tried, candidates, facts),
    }
}

/// Rows an index of a size holds, roughly: entries of its columns with what surrounds them.
fn rows_held(candidate: &Candidate, facts: &TableFacts, bytes: u64) -> f64 {
    let entry: f64 = candidate
        .keys
        .iter()
        .filter_map(|key| facts.column(key.column.as_deref()?)?.bytes)
        .sum::<f64>()
        + 20.0;
    let bytes = f64::from(u32::try_from(bytes / 1_024).unwrap_or(u32::MAX)) * 1_024.0;
    (bytes * 0.9 / entry).min(facts.rows.unwrap_or(f64::MAX))
}

/// What indexes that were tried do for the pages that are read.
fn pages(
    before: &Plan,
    tried: &Tried,
    candidates: &[&Candidate],
    facts: &TableFacts,
) -> Option<(f64, f64)> {
    let new: Vec<NewIndex<'_>> = tried
        .made
        .iter()
        .zip(candidates)
        .map(|(Made { name, bytes }, candidate)| NewIndex {
            name,
            bytes: f64::from(u32::try_from(bytes / 1_024).unwrap_or(u32::MAX)) * 1_024.0,
            rows: rows_held(candidate, facts, *bytes),
        })
        .collect();
    Some((
        advice::pages_read(before, facts, &[])?,
        advice::pages_read(&tried.planned.plan, facts, &new)?,
    ))
}
