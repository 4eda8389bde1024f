//! PostgreSQL: planned again with indexes that only the planner sees (hypopg).

mod bench;
mod catalogue;
mod compare;
mod hypopg;
mod references;
mod table;
mod trials;
mod unproved;
mod workload;
mod worth;

use std::time::Instant;

use silk_core::{
    PlanFormat,
    explain::{AdviceChoice, AdvisedIndex, IndexAdvice},
};
use silk_plan::{Plan, advice};
use sqlx_core::{executor::Executor as _, raw_sql::raw_sql};
use sqlx_postgres::PgConnection;

use super::{connection::begin, estimate::explain, generic};
use crate::target::{AdviceQuestion, Failure, Question};
use bench::{Bench, MAX_EXPLAINS, Planned};
use hypopg::Hypopg;
use table::{Table, tables};

/// Finds indexes for a query, and tries them.
pub(in crate::postgres) async fn advise(
    connection: &mut PgConnection,
    asked: &AdviceQuestion,
) -> Result<IndexAdvice, Failure> {
    let question = &asked.question;
    let generic = generic_plan(connection, question).await?;
    begin(connection, question).await?;
    let baseline = Planned::of(explain(connection, question, "").await?);
    let Some(baseline) = baseline else {
        connection.execute(raw_sql("ROLLBACK")).await?;
        return Ok(noted("the plan could not be read, so nothing can be told"));
    };
    let tables = tables(connection, asked, &baseline.plan, generic.as_ref()).await?;
    let references = references::tables(connection, asked).await?;
    let mut advice = IndexAdvice {
        cost_before: Some(baseline.cost),
        ..IndexAdvice::default()
    };
    let is_cheap = baseline.cost < advice::MIN_COST;
    match Hypopg::find(connection).await? {
        Ok(hypopg) => {
            let mut bench = Bench {
                connection,
                hypopg,
                question,
                until: Instant::now() + asked.budget,
                left: MAX_EXPLAINS,
                is_cut_short: false,
            };
            if !is_cheap {
                let found =
                    Box::pin(compare::compare(&mut bench, asked, &baseline, &tables)).await?;
                advice.indexes = found.indexes;
                advice.notes.extend(found.notes);
            }
            let referring = Box::pin(references::prove(&mut bench, asked, &references)).await?;
            add(&mut advice, referring);
            if bench.is_cut_short {
                advice.notes.push(format!(
                    "not all was tried: {} ms and {MAX_EXPLAINS} plans are the limit",
                    asked.budget.as_millis()
                ));
            }
            bench.clear().await?;
        }
        Err(remedy) => {
            if !is_cheap {
                advice.indexes = unproved::advise(&tables, &remedy);
            }
            add(
                &mut advice,
                unproved::referring(asked, &references, &remedy),
            );
            if advice.indexes.is_empty() && !is_cheap {
                advice
                    .notes
                    .push(format!("nothing could be tried: {remedy}"));
            }
        }
    }
    if advice.indexes.is_empty() {
        if is_cheap {
            advice.notes.push(format!(
                "it costs {} units as it is: below {} no index is worth its keep",
                advice::count(baseline.cost),
                advice::count(advice::MIN_COST)
            ));
        }
        explain_silence(&mut advice, &tables);
    }
    let all: Vec<Table> = tables.into_iter().chain(references).collect();
    name_all(connection, &mut advice.indexes, &all).await?;
    connection.execute(raw_sql("ROLLBACK")).await?;
    Ok(advice)
}

/// Adds what the checks of foreign keys want, which has nothing to do with what the query's own
/// plan wants: first where nothing else is, else on top. An index is not named twice.
fn add(advice: &mut IndexAdvice, referring: Vec<AdvisedIndex>) {
    for mut index in referring {
        let mut known = advice.indexes.iter();
        if known.any(|known| known.statement == index.statement) {
            continue;
        }
        if !advice.indexes.is_empty() {
            index.choice = AdviceChoice::Together;
        }
        advice.indexes.push(index);
    }
}

fn noted(note: &str) -> IndexAdvice {
    IndexAdvice {
        notes: vec![note.to_owned()],
        ..IndexAdvice::default()
    }
}

/// Why nothing is advised.
fn explain_silence(advice: &mut IndexAdvice, tables: &[Table]) {
    for table in tables {
        let notes =
            advice::notes_without_advice(&table.wants, &table.facts, table.candidates.len());
        for note in notes {
            if !advice.notes.contains(&note) {
                advice.notes.push(note);
            }
        }
    }
    if advice.notes.is_empty() {
        advice.notes.push(
            "no table of the plan takes a tenth of it and is searched or sorted in a way that an \
             index could serve"
                .to_owned(),
        );
    }
}

/// The plan that does not know the values, which tells them from what stands in the SQL.
async fn generic_plan(
    connection: &mut PgConnection,
    question: &Question,
) -> Result<Option<Plan>, Failure> {
    if question.values.is_empty() {
        return Ok(None);
    }
    let Ok(raw) = generic::ask(connection, question).await else {
        connection.execute(raw_sql("ROLLBACK")).await?;
        // It may be prepared by now, and a rollback leaves that.
        let _ = connection.execute(raw_sql("DEALLOCATE silk_generic")).await;
        return Ok(None);
    };
    Ok(Plan::parse(PlanFormat::PostgresJson, &raw).ok())
}

/// Sees to it that no statement names an index that is already there.
async fn name_all(
    connection: &mut PgConnection,
    indexes: &mut [AdvisedIndex],
    tables: &[Table],
) -> Result<(), Failure> {
    for index in indexes {
        for table in tables {
            for candidate in table.all() {
                let name = candidate.name(&table.facts, &[]);
                if candidate.statement(Some(&name)) != index.statement {
                    continue;
                }
                let mut taken = vec![name];
                while taken.len() < 5
                    && catalogue::exists(connection, candidate, &taken[taken.len() - 1]).await?
                {
                    taken.push(candidate.name(&table.facts, &taken));
                }
                if let Some(free) = taken.last() {
                    index.statement = candidate.statement(Some(free));
                }
            }
        }
    }
    Ok(())
}
