//! PostgreSQL: planned again with indexes that only the planner sees (hypopg).

mod bench;
mod catalogue;
mod compare;
mod hypopg;
mod table;
mod unproved;

use silk_core::{
    DatabaseKind,
    explain::{AdvisedIndex, IndexAdvice},
};
use silk_plan::{Plan, PlanFormat, advice};
use sqlx_core::{executor::Executor as _, raw_sql::raw_sql};
use sqlx_postgres::PgConnection;

use super::{ask::explain, connection::begin, generic};
use crate::target::{AdviceQuestion, Failure, Question};
use bench::{Bench, MAX_EXPLAINS, Planned};
use hypopg::Hypopg;
use table::Table;

/// Tables looked at.
const MAX_TABLES: usize = 4;

/// Finds indexes for a query, and tries them.
pub(in crate::postgres) async fn advise(
    connection: &mut PgConnection,
    asked: &AdviceQuestion,
) -> Result<IndexAdvice, Failure> {
    let question = &asked.question;
    let generic = generic_plan(connection, question).await?;
    begin(connection, question.timeout).await?;
    let baseline = Planned::of(explain(connection, question, "").await?);
    let Some(baseline) = baseline else {
        connection.execute(raw_sql("ROLLBACK")).await?;
        return Ok(noted("the plan could not be read, so nothing can be told"));
    };
    let tables = tables(connection, asked, &baseline.plan, generic.as_ref()).await?;
    let hypopg = Hypopg::find(connection).await?;
    let mut advice = IndexAdvice {
        cost_before: Some(baseline.cost),
        ..IndexAdvice::default()
    };
    if baseline.cost < advice::MIN_COST {
        advice.notes.push(format!(
            "it costs {} units as it is: below {} no index is worth its keep",
            advice::count(baseline.cost),
            advice::count(advice::MIN_COST)
        ));
        explain_silence(&mut advice, &tables);
    } else {
        match hypopg {
            Ok(hypopg) => {
                let mut bench = Bench::new(connection, hypopg, question, asked.budget);
                let found = compare::compare(&mut bench, asked, &baseline, &tables).await?;
                if bench.is_cut_short {
                    advice.notes.push(format!(
                        "not all was tried: {} ms and {MAX_EXPLAINS} plans are the limit",
                        asked.budget.as_millis()
                    ));
                }
                bench.clear().await?;
                advice.indexes = found.indexes;
                advice.notes.extend(found.notes);
            }
            Err(remedy) => {
                advice.indexes = unproved::advise(&tables, &remedy);
                if advice.indexes.is_empty() {
                    advice
                        .notes
                        .push(format!("nothing could be tried: {remedy}"));
                }
            }
        }
        if advice.indexes.is_empty() {
            explain_silence(&mut advice, &tables);
        }
    }
    name_all(connection, &mut advice.indexes, &tables).await?;
    connection.execute(raw_sql("ROLLBACK")).await?;
    Ok(advice)
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

/// The tables worth a look, with what might help.
async fn tables(
    connection: &mut PgConnection,
    asked: &AdviceQuestion,
    plan: &Plan,
    generic: Option<&Plan>,
) -> Result<Vec<Table>, Failure> {
    let mut wants = advice::wants_of_plan(plan);
    if let Some(caught) = &asked.caught {
        advice::merge(&mut wants, advice::wants_of_plan(caught));
    }
    if !asked.question.values.is_empty() {
        match generic {
            Some(generic) => {
                let generic = advice::wants_of_any(generic);
                advice::keep_constants(&mut wants, &generic, DatabaseKind::Postgres);
            }
            None => advice::forget_constants(&mut wants),
        }
    }
    let mut tables: Vec<Table> = Vec::new();
    for wants in wants {
        if tables.len() >= MAX_TABLES {
            break;
        }
        let Some(facts) = catalogue::facts(connection, &wants).await? else {
            continue;
        };
        let candidates = advice::candidates(&wants, &facts);
        tables.push(Table {
            wants,
            facts,
            candidates,
        });
    }
    Ok(tables)
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
        // It may have got as far as being prepared, which a rollback leaves.
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
            for candidate in &table.candidates {
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
