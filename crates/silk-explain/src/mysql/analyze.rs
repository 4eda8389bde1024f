//! Runs a statement again for its plan, because a person asked for that.
//!
//! Only what a tokenizer shows to be one statement that reads gets here. What its functions do is
//! looked up in the database; the transaction is read-only, limited in time and rolled back; and
//! the connection is closed afterwards, for what a rollback does not undo.

use silk_capture::sql::values::mysql::rebind;
use silk_core::{
    DatabaseKind, PlanFormat,
    sql::{FunctionCall, reading_calls},
};
use sqlx_core::{
    executor::Executor as _, query::query_with, raw_sql::raw_sql, row::Row as _,
    sql_str::AssertSqlSafe,
};
use sqlx_mysql::{MySql, MySqlConnection};

use super::{
    connection::{is_mariadb, limit},
    routines::{may_write, stored},
};
use crate::{
    refusal,
    target::{Failure, Question},
};

/// The plan of a run, on a connection that is closed afterwards. MySQL's is written after its
/// documentation: none was at hand.
pub(super) async fn ask(
    connection: &mut MySqlConnection,
    question: &Question,
    confirmed: bool,
) -> Result<(PlanFormat, String), Failure> {
    limit(connection, question.timeout).await?;
    if !confirmed {
        let calls = reading_calls(&question.sql, DatabaseKind::MySql).unwrap_or_default();
        let functions = doubtful(connection, &calls).await?;
        if !functions.is_empty() {
            return Err(Failure::Refused(refusal::needs_confirmation(
                &functions, false,
            )));
        }
    }
    connection
        .execute(raw_sql("START TRANSACTION READ ONLY"))
        .await?;
    let answer = run_for_plan(connection, question).await?;
    connection
        .execute(raw_sql("ROLLBACK; DO RELEASE_ALL_LOCKS()"))
        .await?;
    Ok(answer)
}

/// Of the functions called, those that are not known to only read.
pub(super) async fn doubtful(
    connection: &mut MySqlConnection,
    calls: &[FunctionCall],
) -> Result<Vec<String>, Failure> {
    let mut functions = may_write(connection, calls).await?;
    let stored = stored(connection, calls).await?;
    // Of the database's own, those that are not known to only read (`GET_LOCK`, `SLEEP`).
    functions.extend(
        calls
            .iter()
            .filter(|call| !call.is_harmless)
            .map(|call| call.name.clone())
            .filter(|name| !stored.iter().any(|known| known.eq_ignore_ascii_case(name))),
    );
    functions.sort_unstable();
    functions.dedup();
    Ok(functions)
}

/// Runs the statement for its plan, within the transaction that there is.
pub(super) async fn run_for_plan(
    connection: &mut MySqlConnection,
    question: &Question,
) -> Result<(PlanFormat, String), Failure> {
    let arguments = rebind(&question.values)?;
    let (format, analyze) = if is_mariadb(connection).await? {
        (PlanFormat::MySqlJson, "ANALYZE FORMAT=JSON")
    } else {
        (PlanFormat::MySqlTree, "EXPLAIN ANALYZE FORMAT=TREE")
    };
    let sql = format!("{analyze} {}", question.sql);
    let row = connection
        .fetch_one(query_with::<MySql, _>(AssertSqlSafe(sql), arguments).persistent(false))
        .await?;
    Ok((format, row.try_get_unchecked(0)?))
}
