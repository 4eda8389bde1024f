//! Chooses among the indexes that were tried, over the query and what else runs on its tables.

use silk_core::{
    DatabaseKind, ExplainOutput, PlanFormat,
    explain::{AdviceChoice, AdviceStrength, AdvisedIndex, Verification, WorkloadEffect},
};
use silk_plan::advice::{self, Trial, quote_name};
use sqlx_sqlite::SqliteConnection;

use super::{
    model::Model,
    shadow::{Planned, on_trial},
    table::{Table, Tested},
    trials::{Bench, Contender, effects, try_each},
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
    planned: Planned,
    reads_before: f64,
    reads_after: f64,
}

pub(super) async fn compare(
    bench: &mut Bench<'_>,
    app: &mut SqliteConnection,
    asked: &AdviceQuestion,
    reads: f64,
    tables: &[Table],
) -> Result<Found, Failure> {
    let (mut contenders, trials) = try_each(bench, tables).await?;
    let Some(choice) = advice::choose(reads, &trials) else {
        return Ok(Found::default());
    };
    let is_same = |at: &usize| trials[*at].table() == trials[choice.first].table();
    let is_single = |at: &usize| trials[*at].candidates.len() == 1;
    let mut order = vec![choice.first];
    let instead = choice.instead.iter().copied();
    order.extend(instead.filter(is_same).filter(is_single));
    let mut contest = order.clone();
    let worth = choice.worth.iter().copied().filter(is_same);
    contest.extend(worth.filter(|at| !order.contains(at)));
    contest.truncate(MAX_CONTEST);
    let mut looked_at = 0;
    for at in &contest {
        let set = contenders[*at].set.clone();
        (contenders[*at].effects, looked_at) = effects(bench.shadow, app, asked, &set).await?;
    }
    let figures: Vec<(f64, &[WorkloadEffect])> = contest
        .iter()
        .map(|at| (trials[*at].cost_after, contenders[*at].effects.as_slice()))
        .collect();
    let favourite = contest[advice::favoured(reads, &figures)];
    order.retain(|at| *at != favourite && is_single(at));
    order.insert(0, favourite);
    order.truncate(3);
    let steps = add_others(bench, tables, &contenders, &trials, favourite).await?;
    let mut found = Found::default();
    found
        .notes
        .extend(note_of_others(&contenders[favourite], looked_at));
    let taken = bench.shadow.names.clone();
    for (place, at) in order.into_iter().enumerate() {
        let contender = &contenders[at];
        let after = trials[at].cost_after;
        let Some(strength) = advice::strength(reads, after, None) else {
            continue;
        };
        let names = names(&contender.set, contender.table, &taken);
        found
            .indexes
            .extend(contender.advised(&names, place == 0, strength, (reads, after)));
        if place > 0 {
            continue;
        }
        let mut names = names;
        for step in &steps {
            let contender = &contenders[step.at];
            names.extend(self::names(&contender.set, contender.table, &taken));
            found.indexes.extend(step.advised(contender, &names));
        }
    }
    Ok(found)
}

/// How many of the other statements that were `looked_at` the first index helps.
fn note_of_others(favourite: &Contender<'_>, looked_at: usize) -> Option<String> {
    let effects = favourite.effects.iter();
    let helped = effects.filter(|effect| effect.cost_after < effect.cost_before);
    let helped = helped.count();
    (looked_at > 0).then(|| {
        format!(
            "{looked_at} other recorded statements were planned with the first one: it helps \
             {helped} of them"
        )
    })
}

impl Contender<'_> {
    /// Its indexes, which go by `names`; `reads` are rows and entries read without them, and with.
    fn advised(
        &self,
        names: &[String],
        is_first: bool,
        strength: AdviceStrength,
        reads: (f64, f64),
    ) -> Vec<AdvisedIndex> {
        let mut indexes = Vec::with_capacity(self.set.len());
        for (one, (tested, name)) in self.set.iter().zip(names).enumerate() {
            let choice = match (is_first, one) {
                (true, 0) => AdviceChoice::First,
                (true, _) => AdviceChoice::Together,
                (false, _) => AdviceChoice::Instead,
            };
            let told = Told {
                table: self.table,
                tested,
                name,
                choice,
                strength,
                reads,
            };
            let mut index = told.advised(&self.planned, names);
            if names.len() > 1 {
                index.caveats.insert(
                    0,
                    "only with the other one: the condition is an OR, and SQLite needs an index \
                     for each of its sides"
                        .to_owned(),
                );
            }
            if one == 0 {
                index.effects.clone_from(&self.effects);
            }
            indexes.push(index);
        }
        indexes
    }
}

fn names(set: &[&Tested], table: &Table, taken: &[String]) -> Vec<String> {
    set.iter()
        .map(|tested| tested.candidate.name(&table.facts, taken))
        .collect()
}

/// Adds indexes of other tables, the best first, as long as each helps on top of those before.
async fn add_others(
    bench: &mut Bench<'_>,
    tables: &[Table],
    contenders: &[Contender<'_>],
    trials: &[Trial],
    first: usize,
) -> Result<Vec<Step>, Failure> {
    let mut steps: Vec<Step> = Vec::new();
    let mut together = vec![first];
    let mut reads = trials[first].cost_after;
    while together.len() < MAX_TOGETHER {
        let is_new = |at: &usize| {
            let alias = |at: usize| &contenders[at].table.wants.alias;
            contenders[*at].set.len() == 1
                && !together.iter().any(|known| alias(*known) == alias(*at))
        };
        let mut left: Vec<usize> = (0..trials.len()).filter(is_new).collect();
        left.sort_by(|a, b| trials[*a].cost_after.total_cmp(&trials[*b].cost_after));
        left.truncate(4);
        let mut best: Option<Step> = None;
        for at in left {
            let all: Vec<&Tested> = together
                .iter()
                .chain([&at])
                .flat_map(|known| contenders[*known].set.iter().copied())
                .collect();
            let Some(planned) = bench.try_with(&all).await? else {
                continue;
            };
            let after = Model::new(tables, &all).rows_read(&planned.plan);
            let is_better = best.as_ref().is_none_or(|best| after < best.reads_after);
            if is_better && advice::strength(reads, after, None).is_some() {
                best = Some(Step {
                    at,
                    planned,
                    reads_before: reads,
                    reads_after: after,
                });
            }
        }
        let Some(step) = best else { break };
        reads = step.reads_after;
        together.push(step.at);
        steps.push(step);
    }
    Ok(steps)
}

impl Step {
    fn advised(&self, contender: &Contender<'_>, names: &[String]) -> Option<AdvisedIndex> {
        let told = Told {
            table: contender.table,
            tested: contender.set.first()?,
            name: names.last()?,
            choice: AdviceChoice::Together,
            strength: advice::strength(self.reads_before, self.reads_after, None)?,
            reads: (self.reads_before, self.reads_after),
        };
        let mut index = told.advised(&self.planned, names);
        index.reason = format!("on top of the one before: {}", index.reason);
        Some(index)
    }
}

/// An index that was tried and is worth having.
struct Told<'a> {
    table: &'a Table,
    tested: &'a Tested,
    name: &'a str,
    choice: AdviceChoice,
    strength: AdviceStrength,
    /// Rows and entries read without it, and with it.
    reads: (f64, f64),
}

impl Told<'_> {
    /// What is said of it; `names` are those of all that were on trial in the plan.
    fn advised(&self, planned: &Planned, names: &[String]) -> AdvisedIndex {
        let (wants, facts) = (&self.table.wants, &self.table.facts);
        let candidate = &self.tested.candidate;
        let mut caveats = advice::caveats(candidate, wants, facts);
        caveats.insert(
            0,
            format!(
                "SQLite tells no costs; by what a sample of its rows tells it reads about {} \
                 rows and entries instead of {}",
                advice::count(self.reads.1),
                advice::count(self.reads.0)
            ),
        );
        let mut raw = planned.raw.clone();
        for (at, name) in names.iter().enumerate() {
            raw = raw.replace(&on_trial(at), name);
        }
        AdvisedIndex {
            statement: candidate.statement(Some(self.name)),
            relation: quote_name(&candidate.table, DatabaseKind::Sqlite),
            reason: advice::reason(candidate, wants),
            choice: self.choice,
            strength: self.strength,
            verification: Verification::Shadow,
            cost_before: None,
            cost_after: None,
            plan_after: Some(ExplainOutput {
                format: PlanFormat::SqliteRows,
                raw,
                analyzed: false,
            }),
            size_bytes: self.tested.size(facts),
            write_cost: advice::write_cost(candidate, facts, Some(self.tested.held)),
            replaces: candidate.replaces.clone(),
            effects: Vec::new(),
            caveats,
        }
    }
}
