//! Runs a statement again for its plan, because a person asked for that.
//!
//! Only what a tokenizer shows to be one statement that reads gets here. What its functions do is
//! looked up in the database; the transaction is read-only, limited in time and rolled back; and
//! the connection is closed afterwards, for what a rollback does not undo.

use silk_capture::sql::values::mysql::rebind;
use silk_core::{DatabaseKind, PlanFormat, sql::reading_calls};
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
    let arguments = rebind(&question.values)?;
    limit(connection, question.timeout).await?;
    if !confirmed {
        let calls = reading_calls(&question.sql, DatabaseKind::MySql).unwrap_or_default();
        let mut functions = may_write(connection, &calls).await?;
        let stored = stored(connection, &calls).await?;
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
        if !functions.is_empty() {
            return Err(Failure::Refused(refusal::needs_confirmation(
                &functions, false,
            )));
        }
    }
    let (format, analyze) = if is_mariadb(connection).await? {
        (PlanFormat::MySqlJson, "ANALYZE FORMAT=JSON")
    } else {
        (PlanFormat::MySqlTree, "EXPLAIN ANALYZE FORMAT=TREE")
    };
    connection
        .execute(raw_sql("START TRANSACTION READ ONLY"))
        .await?;
    let sql = format!("{analyze} {}", question.sql);
    let row = connection
        .fetch_one(query_with::<MySql, _>(AssertSqlSafe(sql), arguments).persistent(false))
        .await?;
    let raw: String = row.try_get_unchecked(0)?;
    connection
        .execute(raw_sql("ROLLBACK; DO RELEASE_ALL_LOCKS()"))
        .await?;
    Ok((format, raw))
}
