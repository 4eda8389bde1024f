//! SQLite: planned again in a shadow of the schema, where indexes cost nothing.

mod catalogue;
mod model;
mod shadow;
mod table;

use std::time::Instant;

use silk_core::{
    DatabaseKind, ExplainOutput, PlanFormat,
    explain::{AdviceChoice, AdvisedIndex, IndexAdvice, Verification, WorkloadEffect},
};
use silk_plan::advice::{self, TableFacts, Trial, quote_name};
use sqlx_sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::target::{AdviceQuestion, Failure};
use model::Model;
use shadow::{Planned, Shadow};
use table::{ON_TRIAL, Table, Tested};

/// Tables looked at.
const MAX_TABLES: usize = 4;
/// Plans asked for at most.
const MAX_EXPLAINS: usize = 60;
/// Rows read, from which an index is worth its keep.
const MIN_ROWS: f64 = 500.0;
/// Indexes with which the other statements are planned.
const MAX_CONTEST: usize = 4;

/// Finds indexes for a query, and tries them in a shadow.
pub(in crate::sqlite) async fn advise(
    app: &mut SqliteConnection,
    options: &SqliteConnectOptions,
    asked: &AdviceQuestion,
) -> Result<IndexAdvice, Failure> {
    let mut shadow = Shadow::of(app, options).await?;
    let answer = advise_in(&mut shadow, app, asked).await;
    shadow.close().await;
    answer
}

async fn advise_in(
    shadow: &mut Shadow,
    app: &mut SqliteConnection,
    asked: &AdviceQuestion,
) -> Result<IndexAdvice, Failure> {
    let until = Instant::now() + asked.budget;
    let mut left = MAX_EXPLAINS;
    let mut advice = IndexAdvice::default();
    let Ok(Some(before)) = shadow.plan(&asked.question).await else {
        let what = if shadow.missing.is_empty() {
            "it cannot be planned in a copy of the schema".to_owned()
        } else {
            format!("a copy of the schema lacks {}", shadow.missing.join(", "))
        };
        advice
            .notes
            .push(format!("{what}, so nothing could be tried"));
        return Ok(advice);
    };
    let tables = tables(app, asked).await?;
    let model = Model::new(&tables, None);
    let reads = model.rows_read(&before.plan);
    if !shadow.has_statistics && !tables.is_empty() {
        advice.notes.push(
            "the database has no statistics: ANALYZE lets SQLite choose by what its tables hold"
                .to_owned(),
        );
    }
    let mut tried: Vec<(&Table, &Tested, Planned)> = Vec::new();
    let mut trials: Vec<Trial> = Vec::new();
    for table in &tables {
        for tested in &table.candidates {
            if left == 0 || Instant::now() >= until {
                advice.notes.push(format!(
                    "not all was tried: {} ms and {MAX_EXPLAINS} plans are the limit",
                    asked.budget.as_millis()
                ));
                left = 0;
                break;
            }
            left -= 1;
            if !shadow
                .create(&tested.candidate.statement(Some(ON_TRIAL)))
                .await
            {
                continue;
            }
            let planned = shadow.plan(&asked.question).await;
            shadow.drop(ON_TRIAL).await?;
            let Some(planned) = planned? else { continue };
            let is_used = planned
                .plan
                .nodes()
                .any(|node| node.index.as_deref() == Some(ON_TRIAL));
            if !is_used {
                continue;
            }
            let after = Model::new(&tables, Some(tested)).rows_read(&planned.plan);
            trials.push(Trial {
                candidates: vec![tested.candidate.clone()],
                cost_after: after,
                size_bytes: size(tested, &table.facts),
                pages: None,
            });
            tried.push((table, tested, planned));
        }
    }
    let choice = (reads >= MIN_ROWS)
        .then(|| advice::choose(reads, &trials))
        .flatten();
    let Some(choice) = choice else {
        for table in &tables {
            let tried = table.candidates.len();
            advice.notes.extend(advice::notes_without_advice(
                &table.wants,
                &table.facts,
                tried,
            ));
        }
        if advice.notes.is_empty() {
            advice.notes.push(
                "no table of the query is searched or sorted in a way that an index could serve"
                    .to_owned(),
            );
        }
        return Ok(advice);
    };
    let same_table = |at: &usize| trials[*at].table() == trials[choice.first].table();
    let mut order = vec![choice.first];
    order.extend(choice.instead.iter().copied().filter(same_table));
    let mut contest = order.clone();
    let worth = choice.worth.iter().copied().filter(same_table);
    contest.extend(worth.filter(|at| !order.contains(at)));
    contest.truncate(MAX_CONTEST);
    let mut all_effects = Vec::new();
    for at in &contest {
        all_effects.push(effects(shadow, app, asked, tried[*at].1).await?);
    }
    let figures: Vec<(f64, &[WorkloadEffect])> = contest
        .iter()
        .zip(&all_effects)
        .map(|(at, effects)| (trials[*at].cost_after, effects.as_slice()))
        .collect();
    let favourite = contest[advice::favoured(reads, &figures)];
    order.retain(|at| *at != favourite);
    order.insert(0, favourite);
    order.truncate(3);
    for (place, at) in order.into_iter().enumerate() {
        let choice = if place == 0 {
            AdviceChoice::First
        } else {
            AdviceChoice::Instead
        };
        let effects = contest
            .iter()
            .position(|known| *known == at)
            .and_then(|known| all_effects.get_mut(known))
            .map(std::mem::take)
            .unwrap_or_default();
        let (table, tested, planned) = &tried[at];
        let trial = &trials[at];
        let Some(strength) = advice::strength(reads, trial.cost_after, None) else {
            continue;
        };
        let candidate = &tested.candidate;
        let name = candidate.name(&table.facts, &shadow.names);
        let mut caveats = advice::caveats(candidate, &table.wants, &table.facts);
        caveats.insert(
            0,
            format!(
                "SQLite tells no costs; by what a sample of its rows tells it reads about {} \
                 rows and entries instead of {}",
                advice::count(trial.cost_after),
                advice::count(reads)
            ),
        );
        advice.indexes.push(AdvisedIndex {
            statement: candidate.statement(Some(&name)),
            relation: quote_name(&candidate.table, DatabaseKind::Sqlite),
            reason: advice::reason(candidate, &table.wants),
            choice,
            strength,
            verification: Verification::Shadow,
            cost_before: None,
            cost_after: None,
            plan_after: Some(ExplainOutput {
                format: PlanFormat::SqliteRows,
                raw: planned.raw.replace(ON_TRIAL, &name),
                analyzed: false,
            }),
            size_bytes: trial.size_bytes,
            write_cost: advice::write_cost(candidate, &table.facts, Some(tested.held)),
            replaces: candidate.replaces.clone(),
            effects,
            caveats,
        });
    }
    Ok(advice)
}

async fn tables(app: &mut SqliteConnection, asked: &AdviceQuestion) -> Result<Vec<Table>, Failure> {
    let mut tables = Vec::new();
    for wants in advice::wants_of_sql(&asked.question.sql, DatabaseKind::Sqlite) {
        if tables.len() >= MAX_TABLES {
            break;
        }
        let Some(facts) = catalogue::facts(app, &wants).await? else {
            continue;
        };
        let mut candidates = Vec::new();
        for candidate in advice::candidates(&wants, &facts) {
            let held = if candidate.is_partial() {
                catalogue::fraction(app, &facts.name, &candidate.predicates).await?
            } else {
                Some(1.0)
            };
            if let Some(held) = held {
                candidates.push(Tested { candidate, held });
            }
        }
        tables.push(Table {
            wants,
            facts,
            candidates,
        });
    }
    Ok(tables)
}

/// What an index does for the other statements, by rows read.
async fn effects(
    shadow: &mut Shadow,
    app: &mut SqliteConnection,
    asked: &AdviceQuestion,
    tested: &Tested,
) -> Result<Vec<WorkloadEffect>, Failure> {
    let candidate = &tested.candidate;
    let mut found = Vec::new();
    for other in &asked.workload {
        let Ok(Some(before)) = shadow.plan(&other.question).await else {
            continue;
        };
        let mut tables = Vec::new();
        for wants in advice::wants_of_sql(&other.question.sql, DatabaseKind::Sqlite) {
            if let Some(facts) = catalogue::facts(app, &wants).await? {
                tables.push(Table {
                    wants,
                    facts,
                    candidates: Vec::new(),
                });
            }
        }
        if !shadow.create(&candidate.statement(Some(ON_TRIAL))).await {
            continue;
        }
        let after = shadow.plan(&other.question).await;
        shadow.drop(ON_TRIAL).await?;
        let Ok(Some(after)) = after else { continue };
        let is_used = after
            .plan
            .nodes()
            .any(|node| node.index.as_deref() == Some(ON_TRIAL));
        if !is_used {
            continue;
        }
        found.push(WorkloadEffect {
            fingerprint: other.fingerprint,
            cost_before: Model::new(&tables, None).rows_read(&before.plan),
            cost_after: Model::new(&tables, Some(tested)).rows_read(&after.plan),
            calls: other.calls,
            total_us: other.total_us,
        });
    }
    Ok(found)
}

/// About what the index would take.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate in bytes, from numbers above zero"
)]
fn size(tested: &Tested, facts: &TableFacts) -> Option<u64> {
    // A header, the rowid and eight bytes a value.
    let entry = 8.0 + 8.0 * f64::from(u32::try_from(tested.candidate.width()).unwrap_or(8));
    facts.rows.map(|rows| (rows * tested.held * entry) as u64)
}
