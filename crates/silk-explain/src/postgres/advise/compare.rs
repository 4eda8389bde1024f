//! Tries the candidates, and chooses over the query and what else runs on its tables.

use silk_core::explain::{AdviceChoice, AdvisedIndex, Verification, WorkloadEffect};
use silk_plan::advice::{self, Candidate, Trial};

use super::{
    bench::{Bench, Planned, Tried, fraction_held, trial},
    table::{Table, Worth},
};
use crate::target::{AdviceQuestion, Failure};

/// A change of cost below this fraction is none.
const NOTHING: f64 = 0.01;
/// Indexes that help together at most.
const MAX_TOGETHER: usize = 3;
/// Indexes with which the other statements are planned.
const MAX_CONTEST: usize = 4;

/// What came of it.
#[derive(Default)]
pub(super) struct Found {
    pub(super) indexes: Vec<AdvisedIndex>,
    pub(super) notes: Vec<String>,
}

/// A candidate whose plan uses it.
struct Contender<'a> {
    candidate: &'a Candidate,
    table: &'a Table,
    tried: Tried,
    effects: Vec<WorkloadEffect>,
}

pub(super) async fn compare(
    bench: &mut Bench<'_>,
    asked: &AdviceQuestion,
    baseline: &Planned,
    tables: &[Table],
) -> Result<Found, Failure> {
    let (mut contenders, trials) = try_each(bench, baseline, tables).await?;
    let Some(choice) = advice::choose(baseline.cost, &trials) else {
        return Ok(Found::default());
    };
    // Others of the same table can be had instead; those of other tables come on top.
    let first_table = &trials[choice.first].candidate.table;
    let same: Vec<usize> = (0..trials.len())
        .filter(|at| trials[*at].candidate.table == *first_table)
        .collect();
    let same_trials: Vec<Trial> = same.iter().map(|at| trials[*at].clone()).collect();
    let among = advice::choose(baseline.cost, &same_trials);
    let mut order = vec![choice.first];
    let mut contest = vec![choice.first];
    if let Some(among) = among {
        let instead = std::iter::once(among.first).chain(among.instead);
        order.extend(instead.map(|at| same[at]).filter(|at| *at != choice.first));
        order.truncate(3);
        contest.clone_from(&order);
        let worth = among.worth.into_iter().map(|at| same[at]);
        contest.extend(worth.filter(|at| !order.contains(at)));
        contest.truncate(MAX_CONTEST);
    }
    let looked_at = workload(bench, asked, &mut contenders, &contest).await?;
    let figures: Vec<(f64, &[WorkloadEffect])> = contest
        .iter()
        .map(|at| (trials[*at].cost_after, contenders[*at].effects.as_slice()))
        .collect();
    let favourite = contest[advice::favoured(baseline.cost, &figures)];
    order.retain(|at| *at != favourite);
    order.insert(0, favourite);
    order.truncate(3);
    let mut notes = Vec::new();
    if looked_at > 0 {
        let effects = &contenders[favourite].effects;
        let helped = effects
            .iter()
            .filter(|effect| effect.cost_after < effect.cost_before)
            .count();
        notes.push(format!(
            "{looked_at} other recorded statements were planned with the first one: it helps \
             {helped} of them"
        ));
    }

    let mut together = vec![order[0]];
    let mut steps: Vec<(usize, Tried, f64)> = Vec::new();
    add_others(bench, &contenders, &trials, &mut together, &mut steps).await?;

    let mut indexes = Vec::new();
    let mut taken: Vec<Option<Contender<'_>>> = contenders.into_iter().map(Some).collect();
    for (place, at) in order.iter().enumerate() {
        let Some(contender) = taken[*at].take() else {
            continue;
        };
        let choice = if place == 0 {
            AdviceChoice::First
        } else {
            AdviceChoice::Instead
        };
        let strength = advice::strength(baseline.cost, trials[*at].cost_after, trials[*at].pages);
        let Some(strength) = strength else { continue };
        let worth = Worth {
            candidate: contender.candidate,
            table: contender.table,
            choice,
            strength,
            fraction: fraction_held(
                bench.connection,
                contender.candidate,
                &contender.table.facts,
            )
            .await?,
        };
        indexes.push(proved(&worth, contender.tried, contender.effects));
        if place > 0 {
            continue;
        }
        for (at, tried, before) in steps.drain(..) {
            let Some(contender) = &taken[at] else {
                continue;
            };
            let pages = trials[at].pages;
            let Some(strength) = advice::strength(before, tried.planned.cost, pages) else {
                continue;
            };
            let worth = Worth {
                candidate: contender.candidate,
                table: contender.table,
                choice: AdviceChoice::Together,
                strength,
                fraction: fraction_held(
                    bench.connection,
                    contender.candidate,
                    &contender.table.facts,
                )
                .await?,
            };
            let mut index = proved(&worth, tried, Vec::new());
            index.reason = format!("on top of the one before: {}", index.reason);
            indexes.push(index);
        }
    }
    Ok(Found { indexes, notes })
}

/// Plans with each candidate by itself.
async fn try_each<'a>(
    bench: &mut Bench<'_>,
    baseline: &Planned,
    tables: &'a [Table],
) -> Result<(Vec<Contender<'a>>, Vec<Trial>), Failure> {
    let mut contenders = Vec::new();
    let mut trials = Vec::new();
    // By turns, so that no table is left out where time runs short.
    let longest = tables.iter().map(|table| table.candidates.len()).max();
    for place in 0..longest.unwrap_or(0) {
        for table in tables {
            let Some(candidate) = table.candidates.get(place) else {
                continue;
            };
            if !bench.may() {
                return Ok((contenders, trials));
            }
            let Some(tried) = bench.try_with(&[candidate]).await? else {
                continue;
            };
            if !tried.is_used {
                continue;
            }
            trials.push(trial(baseline, &tried, candidate, &table.facts));
            contenders.push(Contender {
                candidate,
                table,
                tried,
                effects: Vec::new(),
            });
        }
    }
    Ok((contenders, trials))
}

/// What those that may be chosen do for the other statements; how many of them were looked at.
async fn workload(
    bench: &mut Bench<'_>,
    asked: &AdviceQuestion,
    contenders: &mut [Contender<'_>],
    contest: &[usize],
) -> Result<usize, Failure> {
    if asked.workload.is_empty() {
        return Ok(0);
    }
    bench.refill(asked.budget);
    let mut looked_at = 0;
    for other in &asked.workload {
        if !bench.may() {
            break;
        }
        let Some(before) = bench.plan_with(&[], &other.question).await? else {
            continue;
        };
        looked_at += 1;
        let before = before.planned.cost;
        for at in contest {
            if !bench.may() {
                break;
            }
            let contender = &mut contenders[*at];
            let Some(after) = bench
                .plan_with(&[contender.candidate], &other.question)
                .await?
            else {
                continue;
            };
            let after = after.planned.cost;
            if (before - after).abs() <= NOTHING * before {
                continue;
            }
            contender.effects.push(WorkloadEffect {
                fingerprint: other.fingerprint,
                cost_before: before,
                cost_after: after,
                calls: other.calls,
                total_us: other.total_us,
            });
        }
    }
    Ok(looked_at)
}

/// Adds indexes of other tables, the best first, as long as each helps on top of those before.
async fn add_others(
    bench: &mut Bench<'_>,
    contenders: &[Contender<'_>],
    trials: &[Trial],
    together: &mut Vec<usize>,
    steps: &mut Vec<(usize, Tried, f64)>,
) -> Result<(), Failure> {
    let mut cost = trials[together[0]].cost_after;
    while together.len() < MAX_TOGETHER {
        let is_new = |at: &usize| {
            !together
                .iter()
                .any(|known| trials[*known].candidate.table == trials[*at].candidate.table)
        };
        let mut left: Vec<usize> = (0..trials.len()).filter(is_new).collect();
        left.sort_by(|a, b| trials[*a].cost_after.total_cmp(&trials[*b].cost_after));
        left.truncate(4);
        let mut best: Option<(usize, Tried)> = None;
        for at in left {
            if !bench.may() {
                return Ok(());
            }
            let mut all: Vec<&Candidate> = together
                .iter()
                .map(|known| contenders[*known].candidate)
                .collect();
            all.push(contenders[at].candidate);
            let Some(tried) = bench.try_with(&all).await? else {
                continue;
            };
            let is_better = best
                .as_ref()
                .is_none_or(|(_, best)| tried.planned.cost < best.planned.cost);
            if tried.is_used
                && is_better
                && advice::strength(cost, tried.planned.cost, None).is_some()
            {
                best = Some((at, tried));
            }
        }
        let Some((at, tried)) = best else {
            return Ok(());
        };
        let after = tried.planned.cost;
        together.push(at);
        steps.push((at, tried, cost));
        cost = after;
    }
    Ok(())
}

fn proved(worth: &Worth<'_>, tried: Tried, effects: Vec<WorkloadEffect>) -> AdvisedIndex {
    let mut index = worth.advised(Verification::Hypothetical);
    index.cost_after = Some(tried.planned.cost);
    index.size_bytes = Some(tried.size_bytes);
    let hurt = effects
        .iter()
        .filter(|effect| effect.cost_after > effect.cost_before)
        .count();
    if hurt > 0 {
        index.caveats.push(format!(
            "{hurt} other recorded statements would cost more with it"
        ));
    }
    index.effects = effects;
    index.plan_after = Some(tried.planned.output());
    index
}
