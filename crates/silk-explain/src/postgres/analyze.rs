//! Runs a statement again for its plan, because a person asked for that.
//!
//! Only what a tokenizer shows to be one statement that reads gets here. What its functions do is
//! looked up in the database; the transaction is read-only, limited in time and rolled back; and
//! the connection is closed afterwards, for what a rollback does not undo.

use silk_core::{DatabaseKind, sql::reading_calls};
use sqlx_core::{
    error::Error, executor::Executor as _, query::query, query_scalar::query_scalar,
    raw_sql::raw_sql, row::Row as _,
};
use sqlx_postgres::{PgConnection, Postgres};

use super::{connection::begin, estimate::explain};
use crate::{
    refusal,
    target::{Failure, Question},
};

/// Functions of PostgreSQL's own that are volatile and change nothing.
const HARMLESS: &[&str] = &[
    "clock_timestamp",
    "currval",
    "gen_random_uuid",
    "lastval",
    "pg_database_size",
    "pg_indexes_size",
    "pg_relation_size",
    "pg_table_size",
    "pg_tablespace_size",
    "pg_total_relation_size",
    "random",
    "random_normal",
    "timeofday",
    "uuidv4",
    "uuidv7",
];

/// Of the functions with one of the names, those that may do more than read.
const VOLATILE: &str = "SELECT DISTINCT CASE WHEN n.nspname = 'pg_catalog' THEN p.proname::text \
     ELSE n.nspname || '.' || p.proname END \
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
     WHERE lower(p.proname) = ANY($1) AND p.provolatile = 'v' \
     AND NOT (n.nspname = 'pg_catalog' AND p.proname = ANY($2)) ORDER BY 1";

/// The plan of a run, on a connection that is closed afterwards.
pub(super) async fn ask(
    connection: &mut PgConnection,
    question: &Question,
    confirmed: bool,
) -> Result<String, Failure> {
    begin(connection, question).await?;
    if !confirmed {
        let functions = may_write(connection, question).await?;
        let is_superuser = is_superuser(connection).await?;
        if is_superuser || !functions.is_empty() {
            return Err(Failure::Refused(refusal::needs_confirmation(
                &functions,
                is_superuser,
            )));
        }
    }
    let raw = explain(connection, question, ", ANALYZE, BUFFERS").await?;
    release(connection).await?;
    Ok(raw)
}

/// Rolls back, and lets go what a rollback does not; the rest ends with the connection.
pub(super) async fn release(connection: &mut PgConnection) -> Result<(), Failure> {
    connection.execute(raw_sql("ROLLBACK")).await?;
    query::<Postgres>("SELECT pg_advisory_unlock_all()")
        .persistent(false)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether the transaction's role is one that read-only mode does not stop.
pub(super) async fn is_superuser(connection: &mut PgConnection) -> Result<bool, Failure> {
    let row = connection
        .fetch_one(raw_sql("SELECT current_setting('is_superuser')"))
        .await?;
    Ok(row.try_get_unchecked::<String, _>(0)? == "on")
}

/// The functions that a statement calls, in its text or within views and policies, and that are
/// not known to only read.
pub(super) async fn may_write(
    connection: &mut PgConnection,
    question: &Question,
) -> Result<Vec<String>, Failure> {
    let calls = reading_calls(&question.sql, DatabaseKind::Postgres).unwrap_or_default();
    let mut names: Vec<String> = calls
        .into_iter()
        .map(|call| call.name.to_lowercase())
        .collect();
    // The plan shows what stands behind a view, and the conditions of policies.
    let plan = explain(connection, question, "").await?;
    called_in(&plan, &mut names);
    names.sort_unstable();
    names.dedup();
    let harmless: Vec<String> = HARMLESS.iter().map(|name| (*name).to_owned()).collect();
    let found: Result<Vec<String>, Error> = query_scalar::<Postgres, String>(VOLATILE)
        .bind(names)
        .bind(harmless)
        .persistent(false)
        .fetch_all(connection)
        .await;
    Ok(found?)
}

/// Names that stand before parentheses in a plan.
fn called_in(plan: &str, names: &mut Vec<String>) {
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
    for (at, _) in plan.match_indices('(') {
        // Quoted names are escaped within JSON: `\"Name\"(`.
        let before = plan[..at].trim_end_matches("\\\"");
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, character)| is_name(*character))
            .last()
            .map_or(at, |(start, _)| start);
        if let Some(name) = before.get(start..).filter(|name| !name.is_empty()) {
            names.push(name.to_lowercase());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_in_plans() {
        let mut names = Vec::new();
        called_in(
            r#""Output": ["count(*)", "app.\"Odd\"(x)"], "Filter": "((a > 1) AND (lower(b) = 'é('::text))""#,
            &mut names,
        );
        for name in ["count", "odd", "lower"] {
            assert!(
                names.iter().any(|known| known == name),
                "{name} in {names:?}"
            );
        }
        called_in("(", &mut names);
        called_in("é(", &mut names);
    }
}
