//! What the server knows of stored functions.

use silk_core::sql::FunctionCall;
use sqlx_core::{
    executor::Executor as _, query::query_with, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_mysql::{MySql, MySqlConnection};

use crate::target::Failure;

/// Of the functions called those that are stored ones and not declared to only read.
pub(super) async fn may_write(
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

/// Of the functions called those that are stored ones.
pub(super) async fn stored(
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
