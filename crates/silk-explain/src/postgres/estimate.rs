//! The estimated plan of PostgreSQL: EXPLAIN with the recorded values, nothing run.

use std::collections::HashMap;

use silk_capture::sql::values::postgres::{built_in_oid, lacks_element_type, rebind};
use silk_core::Value;
use sqlx_core::{
    error::Error, executor::Executor as _, query::query_with, query_scalar::query_scalar,
    raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnection, Postgres};

use super::connection::begin;
use crate::target::{Failure, Question};

/// The plan for the values, which is not run.
pub(super) async fn ask(
    connection: &mut PgConnection,
    question: &Question,
) -> Result<String, Failure> {
    begin(connection, question).await?;
    let raw = explain(connection, question, "").await?;
    connection.execute(raw_sql("ROLLBACK")).await?;
    Ok(raw)
}

/// Explains the statement with its values; `more` adds options.
pub(super) async fn explain(
    connection: &mut PgConnection,
    question: &Question,
    more: &str,
) -> Result<String, Failure> {
    let types = resolve(connection, &question.values).await?;
    let arguments = rebind(&question.values, |name| types.get(name).copied())?;
    let mut options = "FORMAT JSON, VERBOSE".to_owned();
    if connection
        .server_version_num()
        .is_some_and(|version| version >= 120_000)
    {
        options.push_str(", SETTINGS");
    }
    options.push_str(more);
    let explain = format!("EXPLAIN ({options}) {}", question.sql);
    // Not persistent: nothing is left with a connection pooler in between. Types of the app's own
    // need a name, though: sqlx looks them up between preparing and binding, and its look-up takes
    // the place of the statement that has none.
    let is_named = !types.is_empty();
    let row = connection
        .fetch_one(
            query_with::<Postgres, _>(AssertSqlSafe(explain), arguments).persistent(is_named),
        )
        .await?;
    // JSON is text on the wire, though sqlx would want it decoded as a type of its own.
    Ok(row.try_get_unchecked(0)?)
}

/// The numbers of those types of values that are not built in, by name.
pub(super) async fn resolve(
    connection: &mut PgConnection,
    values: &[Value],
) -> Result<HashMap<String, u32>, Error> {
    let mut resolved = HashMap::new();
    for value in values {
        let element = value.type_name.trim_end_matches("[]");
        let names = [
            Some(value.type_name.as_str()),
            lacks_element_type(value).then_some(element),
        ];
        for name in names.into_iter().flatten() {
            if built_in_oid(name).is_some() || resolved.contains_key(name) {
                continue;
            }
            let oid = query_scalar::<Postgres, Option<i64>>("SELECT to_regtype($1)::oid::int8")
                .bind(name)
                .persistent(false)
                .fetch_one(&mut *connection)
                .await?;
            if let Some(oid) = oid.and_then(|oid| u32::try_from(oid).ok()) {
                resolved.insert(name.to_owned(), oid);
            }
        }
    }
    Ok(resolved)
}
