use silk_core::{
    DatabaseKind, PlanFormat,
    sql::{FunctionCall, reading_calls},
};
use sqlx_core::{
    executor::Executor as _, query::query_with, raw_sql::raw_sql, row::Row as _,
    sql_str::AssertSqlSafe,
};
use sqlx_mysql::{MySql, MySqlConnection};

use crate::{
    explain::{
        mysql::{is_mariadb, limit},
        refusal,
        target::{Failure, Question},
    },
    sql::values::mysql::rebind,
};

/// The plan of a run, on a connection that is closed afterwards. MySQL's is written after its
/// documentation: none was at hand.
pub(in crate::explain) async fn ask(
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

/// Of the functions called those that are stored ones and not declared to only read.
pub(in crate::explain) async fn may_write(
    connection: &mut MySqlConnection,
    calls: &[FunctionCall],
) -> Result<Vec<String>, Failure> {
    of_routines(
        connection,
        calls,
        "AND sql_data_access NOT IN ('NO SQL', 'READS SQL DATA')",
    )
    .await
}

async fn stored(
    connection: &mut MySqlConnection,
    calls: &[FunctionCall],
) -> Result<Vec<String>, Failure> {
    of_routines(connection, calls, "").await
}

async fn of_routines(
    connection: &mut MySqlConnection,
    calls: &[FunctionCall],
    condition: &str,
) -> Result<Vec<String>, Failure> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = "SELECT DISTINCT CAST(routine_name AS CHAR) FROM information_schema.routines \
         WHERE routine_type = 'FUNCTION' AND LOWER(routine_name) IN ("
        .to_owned();
    let mut arguments = sqlx_mysql::MySqlArguments::default();
    for (position, call) in calls.iter().enumerate() {
        sql.push_str(if position == 0 { "?" } else { ", ?" });
        sqlx_core::arguments::Arguments::add(&mut arguments, call.name.to_lowercase())
            .map_err(sqlx_core::error::Error::Encode)?;
    }
    sql.push_str(") ");
    sql.push_str(condition);
    let rows = connection
        .fetch_all(query_with::<MySql, _>(AssertSqlSafe(sql), arguments).persistent(false))
        .await?;
    let mut names = Vec::new();
    for row in rows {
        names.push(row.try_get_unchecked(0)?);
    }
    Ok(names)
}
