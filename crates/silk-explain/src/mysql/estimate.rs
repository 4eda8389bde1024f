//! The estimated plan of MySQL or MariaDB: EXPLAIN with the recorded values, nothing run.

use silk_capture::sql::values::mysql::rebind;
use silk_core::{
    DatabaseKind,
    sql::{explainable_calls, reading_calls},
};
use sqlx_core::{
    executor::Executor as _, query::query_with, raw_sql::raw_sql, row::Row as _,
    sql_str::AssertSqlSafe,
};
use sqlx_mysql::{MySql, MySqlConnection};

use super::{connection::limit, routines};
use crate::{
    refusal,
    target::{Failure, Question},
};

/// The plan for the values, which is not run.
pub(super) async fn ask(
    connection: &mut MySqlConnection,
    question: &Question,
) -> Result<String, Failure> {
    let arguments = rebind(&question.values)?;
    limit(connection, question.timeout).await?;
    let reads = reading_calls(&question.sql, DatabaseKind::MySql);
    if reads.is_none() {
        // Deterministic functions of constants are run while planning, and not every table's
        // engine rolls back.
        let calls = explainable_calls(&question.sql, DatabaseKind::MySql).unwrap_or_default();
        let writing = routines::may_write(connection, &calls).await?;
        if !writing.is_empty() {
            return Err(Failure::Refused(refusal::explaining_may_write(&writing)));
        }
    }
    // Both servers refuse to explain in a read-only transaction what would write; without ANALYZE
    // nothing is written in either case.
    let begin = if reads.is_some() {
        "START TRANSACTION READ ONLY"
    } else {
        "START TRANSACTION"
    };
    connection.execute(raw_sql(begin)).await?;
    let explain = format!("EXPLAIN FORMAT=JSON {}", question.sql);
    let row = connection
        .fetch_one(query_with::<MySql, _>(AssertSqlSafe(explain), arguments).persistent(false))
        .await?;
    let raw: String = row.try_get_unchecked(0)?;
    connection.execute(raw_sql("ROLLBACK")).await?;
    if reads.is_none_or(|calls| calls.iter().any(|call| !call.is_harmless)) {
        // `GET_LOCK` of constants may have been run for the plan.
        connection
            .execute(raw_sql("DO RELEASE_ALL_LOCKS()"))
            .await?;
    }
    Ok(raw)
}
