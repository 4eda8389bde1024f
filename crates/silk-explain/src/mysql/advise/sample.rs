//! What a few rows of a table tell: how many of them a condition keeps.

use silk_core::DatabaseKind;
use silk_plan::advice::{Candidate, KeyRole, TableFacts, TableWants, quote_name, quote_table};
use sqlx_core::{executor::Executor as _, query::query, row::Row as _, sql_str::AssertSqlSafe};
use sqlx_mysql::{MySql, MySqlConnection};

use super::catalogue::float;
use crate::target::Failure;

/// Rows looked at.
const SAMPLE: i64 = 500;
/// Fewer of them tell nothing.
const MIN_SAMPLE: f64 = 100.0;

/// What is known of how many rows are kept.
pub(super) struct Kept {
    /// The fraction of the table's rows.
    pub(super) fraction: f64,
    /// Where that is from.
    pub(super) source: &'static str,
}

/// Fills in how many different values the columns have that a query compares, where the
/// catalogue does not tell.
pub(super) async fn fill(
    connection: &mut MySqlConnection,
    wants: &TableWants,
    facts: &mut TableFacts,
) -> Result<(), Failure> {
    let compared = wants.compared();
    let asked: Vec<usize> = (0..facts.columns.len())
        .filter(|at| {
            let column = &facts.columns[*at];
            column.distinct.is_none() && column.is_indexable && compared.contains(&column.name)
        })
        .take(20)
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = asked
        .iter()
        .map(|at| quote_name(&facts.columns[*at].name, DatabaseKind::MySql))
        .collect();
    let list: Vec<String> = names
        .iter()
        .map(|name| format!("CAST(COUNT(DISTINCT {name}) AS SIGNED)"))
        .collect();
    let rows = rows(connection, facts, &names).await?;
    let sql = format!(
        "SELECT CAST(COUNT(*) AS SIGNED), {} FROM ({rows}) sampled",
        list.join(", ")
    );
    let row = connection
        .fetch_one(query::<MySql>(AssertSqlSafe(sql)).persistent(false))
        .await?;
    let seen = float(row.try_get(0)?);
    if seen < MIN_SAMPLE {
        return Ok(());
    }
    for (place, at) in asked.into_iter().enumerate() {
        let distinct = float(row.try_get(place + 1)?);
        // Where most of the sample differs, so does most of the table.
        facts.columns[at].distinct = Some(if distinct > seen / 4.0 {
            facts.rows.unwrap_or(seen) * distinct / seen
        } else {
            distinct.max(1.0)
        });
    }
    Ok(())
}

/// The fraction of the rows that a candidate's keys keep by what is known: of the conditions whose
/// values stand in the SQL a sample tells, of others the number of different values.
pub(super) async fn kept(
    connection: &mut MySqlConnection,
    candidate: &Candidate,
    wants: &TableWants,
    facts: &TableFacts,
) -> Result<Option<Kept>, Failure> {
    let keys: Vec<&str> = candidate
        .keys
        .iter()
        .filter(|key| !matches!(key.role, KeyRole::Order | KeyRole::Any))
        .filter_map(|key| key.column.as_deref())
        .collect();
    let constant = wants.constants_on(&keys, DatabaseKind::MySql);
    if !constant.is_empty() {
        let all: Vec<String> = constant.iter().map(|text| format!("({text})")).collect();
        let names: Vec<String> = keys
            .iter()
            .map(|name| quote_name(name, DatabaseKind::MySql))
            .collect();
        let rows = rows(connection, facts, &names).await?;
        let sql = format!(
            "SELECT CAST(COUNT(*) AS SIGNED), CAST(COALESCE(SUM({}), 0) AS SIGNED) \
             FROM ({rows}) sampled",
            all.join(" AND ")
        );
        let found = connection
            .fetch_one(query::<MySql>(AssertSqlSafe(sql)).persistent(false))
            .await;
        if let Ok(row) = found {
            let (seen, met) = (float(row.try_get(0)?), float(row.try_get(1)?));
            if seen >= MIN_SAMPLE {
                return Ok(Some(Kept {
                    fraction: met / seen,
                    source: "a sample of its rows",
                }));
            }
        }
    }
    let distinct = candidate
        .keys
        .iter()
        .filter(|key| matches!(key.role, KeyRole::Equal | KeyRole::Join))
        .filter_map(|key| facts.column(key.column.as_deref()?)?.distinct)
        .reduce(f64::max);
    Ok(distinct.map(|distinct| Kept {
        fraction: 1.0 / distinct.max(1.0),
        source: "how many different values there are",
    }))
}

/// A query for these columns of some rows, spread over the table where its key is a number.
async fn rows(
    connection: &mut MySqlConnection,
    facts: &TableFacts,
    columns: &[String],
) -> Result<String, Failure> {
    let columns = columns.join(", ");
    let table = quote_table(facts.schema.as_deref(), &facts.name, DatabaseKind::MySql);
    let first = format!("SELECT {columns} FROM {table} LIMIT {SAMPLE}");
    let [key] = facts.row_key.as_slice() else {
        return Ok(first);
    };
    let is_number = facts
        .column(key)
        .is_some_and(|column| column.type_name.ends_with("int"));
    if !is_number {
        return Ok(first);
    }
    let key = quote_name(key, DatabaseKind::MySql);
    let ends =
        format!("SELECT CAST(MIN({key}) AS SIGNED), CAST(MAX({key}) AS SIGNED) FROM {table}");
    let row = connection
        .fetch_one(query::<MySql>(AssertSqlSafe(ends)).persistent(false))
        .await?;
    let (low, high): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let (Some(low), Some(high)) = (low, high) else {
        return Ok(first);
    };
    let span = high.saturating_sub(low);
    // Where numbers are missing, too few would be found.
    if facts.rows.is_none_or(|rows| float(span) > 2.0 * rows) {
        return Ok(first);
    }
    let step = (span / SAMPLE).max(1);
    let places: Vec<String> = (0..SAMPLE)
        .filter_map(|at| low.checked_add(at.checked_mul(step)?))
        .take_while(|place| *place <= high)
        .map(|place| place.to_string())
        .collect();
    Ok(format!(
        "SELECT {columns} FROM {table} WHERE {key} IN ({})",
        places.join(", ")
    ))
}
