//! SQLite: planned again in a shadow of the schema, where indexes cost nothing.

mod catalogue;
mod compare;
mod model;
mod references;
mod shadow;
mod table;
mod trials;

use silk_core::{DatabaseKind, explain::IndexAdvice};
use silk_plan::advice;
use sqlx_sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::target::{AdviceQuestion, Failure};
use model::Model;
use shadow::Shadow;
use table::Table;
use trials::{Bench, MAX_EXPLAINS};

/// Tables looked at.
const MAX_TABLES: usize = 4;
/// Rows read, from which an index is worth its keep.
const MIN_ROWS: f64 = 500.0;

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
    let reads = Model::new(&tables, &[]).rows_read(&before.plan);
    if !shadow.has_statistics && !tables.is_empty() {
        advice.notes.push(
            "the database has no statistics: ANALYZE lets SQLite choose by what its tables hold"
                .to_owned(),
        );
    }
    if reads >= MIN_ROWS {
        let mut bench = Bench::new(shadow, &asked.question, asked.budget);
        let found = Box::pin(compare::compare(&mut bench, app, asked, reads, &tables)).await?;
        if bench.is_cut_short {
            advice.notes.push(format!(
                "not all was tried: {} ms and {MAX_EXPLAINS} plans are the limit",
                asked.budget.as_millis()
            ));
        }
        advice.indexes = found.indexes;
        advice.notes.extend(found.notes);
    }
    if advice.indexes.is_empty() {
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
    }
    Ok(advice)
}

/// The tables of the query, then those that refer to its own.
async fn tables(app: &mut SqliteConnection, asked: &AdviceQuestion) -> Result<Vec<Table>, Failure> {
    let sql = &asked.question.sql;
    let mut tables = Vec::new();
    let named = advice::wants_of_sql(sql, DatabaseKind::Sqlite);
    let referring = references::wants(app, sql).await?;
    for wants in named
        .into_iter()
        .take(MAX_TABLES)
        .chain(referring.into_iter().take(MAX_TABLES))
    {
        tables.extend(Table::of(app, wants).await?);
    }
    Ok(tables)
}
