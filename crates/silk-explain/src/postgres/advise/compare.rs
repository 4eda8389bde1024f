//! Tries the candidates, and chooses over the query and what else runs on its tables.

use silk_core::explain::{AdviceChoice, AdvisedIndex, Verification, WorkloadEffect};
use silk_plan::advice::{self, Candidate, Trial};

use super::{
    bench::{Bench, Planned, Tried},
    table::Table,
    trials::{Contender, try_each},
    workload::workload,
    worth::{Worth, fraction_held},
};
use crate::target::{AdviceQuestion, Failure};

/// Indexes with which the other statements are planned.
const MAX_CONTEST: usize = 4;
/// Indexes that help together at most.
const MAX_TOGETHER: usize = 3;

/// What came of it.
#[derive(Default)]
pub(super) struct Found {
    pub(super) indexes: Vec<AdvisedIndex>,
    pub(super) notes: Vec<String>,
}

/// An index of another table, on top of those before.
struct Step {
    at: usize,
    tried: Tried,
    cost_before: f64,
}

pub(super) async fn compare(
    bench: &mut Bench<'_>,
    asked: &AdviceQuestion,
    baseline: &Planned,
    tables: &[Table],
) -> Result<Found, Failure> {
    let (mut contenders, trials) = try_each(bench, baseline, tables).await?;
    let Some((mut order, contest)) = shortlist(baseline, &contenders, &trials) else {
        return Ok(Found::default());
    };
    let looked_at = workload(bench, asked, &mut contenders, &contest).await?;
    let figures: Vec<(f64, &[WorkloadEffect])> = contest
        .iter()
        .map(|at| (trials[*at].cost_after, contenders[*at].effects.as_slice()))
        .collect();
    let favourite = contest[advice::favoured(baseline.cost, &figures)];
    // Instead of one index there can be another, but a set is a choice of its own.
    order.retain(|at| *at != favourite && contenders[*at].candidates.len() == 1);
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
    let steps = add_others(bench, &contenders, &trials, favourite).await?;

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
        let mut set = Vec::new();
        for candidate in &contender.candidates {
            set.push(Worth {
                candidate,
                table: contender.table,
                choice,
                strength,
                fraction: fraction_held(bench.connection, candidate, &contender.table.facts)
                    .await?,
            });
        }
        indexes.extend(proved(&set, &contender.tried, contender.effects));
        if place == 0 {
            for step in &steps {
                let Some(contender) = &taken[step.at] else {
                    continue;
                };
                indexes.extend(on_top(bench, contender, step, trials[step.at].pages).await?);
            }
        }
    }
    Ok(Found { indexes, notes })
}

/// Those to show, the best first, and those that the other statements decide among; by place among
/// the trials.
fn shortlist(
    baseline: &Planned,
    contenders: &[Contender<'_>],
    trials: &[Trial],
) -> Option<(Vec<usize>, Vec<usize>)> {
    let choice = advice::choose(baseline.cost, trials)?;
    // Others of the same table can be had instead; those of other tables come on top.
    let table = trials[choice.first].table();
    let same: Vec<usize> = (0..trials.len())
        .filter(|at| trials[*at].table() == table)
        .collect();
    let same_trials: Vec<Trial> = same.iter().map(|at| trials[*at].clone()).collect();
    let mut order = vec![choice.first];
    let mut contest = vec![choice.first];
    if let Some(among) = advice::choose(baseline.cost, &same_trials) {
        let instead = std::iter::once(among.first).chain(among.instead);
        order.extend(instead.map(|at| same[at]).filter(|at| *at != choice.first));
        order.retain(|at| *at == choice.first || contenders[*at].candidates.len() == 1);
        order.truncate(3);
        contest.clone_from(&order);
        let worth = among.worth.into_iter().map(|at| same[at]);
        contest.extend(worth.filter(|at| !order.contains(at)));
        contest.truncate(MAX_CONTEST);
    }
    Some((order, contest))
}

/// Adds indexes of other tables, the best first, as long as each helps on top of those before.
async fn add_others(
    bench: &mut Bench<'_>,
    contenders: &[Contender<'_>],
    trials: &[Trial],
    first: usize,
) -> Result<Vec<Step>, Failure> {
    let mut steps: Vec<Step> = Vec::new();
    let mut together = vec![first];
    let mut cost = trials[first].cost_after;
    while together.len() < MAX_TOGETHER {
        let is_new = |at: &usize| {
            contenders[*at].candidates.len() == 1
                && !together.iter().any(|known| {
                    contenders[*known].table.wants.alias == contenders[*at].table.wants.alias
                })
        };
        let mut left: Vec<usize> = (0..trials.len()).filter(is_new).collect();
        left.sort_by(|a, b| trials[*a].cost_after.total_cmp(&trials[*b].cost_after));
        left.truncate(4);
        let mut best: Option<(usize, Tried)> = None;
        for at in left {
            if !bench.may() {
                return Ok(steps);
            }
            let all: Vec<&Candidate> = together
                .iter()
                .chain([&at])
                .flat_map(|known| contenders[*known].candidates.iter().copied())
                .collect();
            let Some(tried) = bench.try_with(&all).await? else {
                continue;
            };
            let is_better = best
                .as_ref()
                .is_none_or(|(_, best)| tried.planned.cost < best.planned.cost);
            if tried.uses_last()
                && is_better
                && advice::strength(cost, tried.planned.cost, None).is_some()
            {
                best = Some((at, tried));
            }
        }
        let Some((at, tried)) = best else {
            return Ok(steps);
        };
        let cost_before = cost;
        cost = tried.planned.cost;
        together.push(at);
        steps.push(Step {
            at,
            tried,
            cost_before,
        });
    }
    Ok(steps)
}

/// An index of another table, with what it saves on top of those before.
async fn on_top(
    bench: &mut Bench<'_>,
    contender: &Contender<'_>,
    step: &Step,
    pages: Option<(f64, f64)>,
) -> Result<Option<AdvisedIndex>, Failure> {
    let strength = advice::strength(step.cost_before, step.tried.planned.cost, pages);
    let (Some(strength), Some(candidate)) = (strength, contender.candidates.first()) else {
        return Ok(None);
    };
    let worth = Worth {
        candidate,
        table: contender.table,
        choice: AdviceChoice::Together,
        strength,
        fraction: fraction_held(bench.connection, candidate, &contender.table.facts).await?,
    };
    let mut index = worth.advised(Verification::Hypothetical);
    index.reason = format!("on top of the one before: {}", index.reason);
    index.cost_before = Some(step.cost_before);
    index.cost_after = Some(step.tried.planned.cost);
    index.size_bytes = step.tried.made.last().map(|made| made.bytes);
    index.plan_after = Some(step.tried.planned.output());
    Ok(Some(index))
}

/// What was tried and is worth having: one index, or those of a set one after the other.
fn proved(set: &[Worth<'_>], tried: &Tried, effects: Vec<WorkloadEffect>) -> Vec<AdvisedIndex> {
    let hurt = effects
        .iter()
        .filter(|effect| effect.cost_after > effect.cost_before)
        .count();
    let mut indexes: Vec<AdvisedIndex> = set
        .iter()
        .zip(&tried.made)
        .map(|(worth, made)| {
            let mut index = worth.advised(Verification::Hypothetical);
            index.cost_after = Some(tried.planned.cost);
            index.size_bytes = Some(made.bytes);
            index.plan_after = Some(tried.planned.output());
            index
        })
        .collect();
    if let [first, more @ ..] = &mut indexes[..]
        && !more.is_empty()
    {
        let alone = "only with the other one: the condition is an OR, and the planner needs an index for \
             each of its sides; the cost is with both";
        first.caveats.insert(0, alone.to_owned());
        for index in more {
            index.choice = AdviceChoice::Together;
            index.caveats.insert(0, alone.to_owned());
        }
    }
    if let Some(first) = indexes.first_mut() {
        if hurt > 0 {
            first.caveats.push(format!(
                "{hurt} other recorded statements would cost more with it"
            ));
        }
        first.effects = effects;
    }
    indexes
}
