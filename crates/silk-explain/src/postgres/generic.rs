//! The generic plan of PostgreSQL, which does not know the values.

use silk_capture::sql::values::postgres::built_in_oid;
use sqlx_core::{
    executor::Executor as _, query::query, query_scalar::query_scalar, raw_sql::raw_sql,
    sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnection, Postgres};

use super::connection::begin;
use crate::{
    refusal,
    target::{Failure, Question},
};

/// The plan that does not know the values: what a prepared statement runs from its sixth execution
/// on, where PostgreSQL finds that no dearer.
///
/// Both statements go through the extended protocol, where the `$n` of the inner one are no
/// parameters and a second statement is refused, whatever the text holds.
pub(super) async fn ask(
    connection: &mut PgConnection,
    question: &Question,
) -> Result<String, Failure> {
    const FORCE: &str = "SET LOCAL plan_cache_mode = force_generic_plan";
    if connection
        .server_version_num()
        .is_some_and(|version| version < 120_000)
    {
        return Err(Failure::Refused(refusal::generic_unsupported()));
    }
    begin(connection, question).await?;
    connection.execute(raw_sql(FORCE)).await?;
    let prepare = format!(
        "PREPARE silk_generic{} AS {}",
        types(question),
        question.sql
    );
    query::<Postgres>(AssertSqlSafe(prepare))
        .persistent(false)
        .execute(&mut *connection)
        .await?;
    let count: i64 = query_scalar::<Postgres, i64>(
        "SELECT cardinality(parameter_types)::int8 FROM pg_catalog.pg_prepared_statements \
         WHERE name = 'silk_generic'",
    )
    .persistent(false)
    .fetch_one(&mut *connection)
    .await?;
    let nulls = vec!["NULL"; usize::try_from(count).unwrap_or(0)].join(", ");
    let execute = if nulls.is_empty() {
        "EXECUTE silk_generic".to_owned()
    } else {
        format!("EXECUTE silk_generic({nulls})")
    };
    let explain = format!("EXPLAIN (FORMAT JSON, VERBOSE, SETTINGS) {execute}");
    let row = connection
        .fetch_one(query::<Postgres>(AssertSqlSafe(explain)).persistent(false))
        .await?;
    let raw: String = sqlx_core::row::Row::try_get_unchecked(&row, 0)?;
    connection.execute(raw_sql("ROLLBACK")).await?;
    // A rollback leaves it.
    connection
        .execute(raw_sql("DEALLOCATE silk_generic"))
        .await?;
    Ok(raw)
}

/// The types as the app declared them, where all are built in: what is guessed from the text may
/// be others (`now() - $1`).
fn types(question: &Question) -> String {
    let mut names = Vec::new();
    for value in &question.values {
        let name = value.type_name.as_str();
        // `OID 123` is a type without a name, and some of sqlx's names mean something else in SQL.
        let is_sql = built_in_oid(name).is_some()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'[' | b']'))
            && !matches!(
                name,
                "CHAR" | "CHAR[]" | "UNKNOWN" | "VOID" | "RECORD" | "RECORD[]"
            );
        if !is_sql {
            return String::new();
        }
        names.push(name);
    }
    if names.is_empty() {
        return String::new();
    }
    format!("({})", names.join(", "))
}
