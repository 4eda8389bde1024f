//! The plan of SQLite: EXPLAIN QUERY PLAN with the recorded values, nothing run.

use std::fmt::Write as _;

use silk_capture::sql::values::sqlite::rebind;
use sqlx_core::{
    executor::Executor as _, query::query_with, raw_sql::raw_sql, row::Row as _,
    sql_str::AssertSqlSafe,
};
use sqlx_sqlite::{Sqlite, SqliteConnection};

use crate::target::{Failure, Question};

/// The plan for the values, which is not run.
pub(super) async fn ask(
    connection: &mut SqliteConnection,
    question: &Question,
) -> Result<String, Failure> {
    let arguments = rebind(&question.values)?;
    // EXPLAIN runs nothing, so SQLite does not see that another connection changed the schema: this
    // reads it, and what is remembered of the old one is forgotten.
    connection
        .execute(raw_sql("SELECT 1 FROM sqlite_schema LIMIT 1"))
        .await?;
    // Without a transaction: nothing is run, and none would be held open.
    let explain = format!("EXPLAIN QUERY PLAN {}", question.sql);
    let query = query_with::<Sqlite, _>(AssertSqlSafe(explain), arguments).persistent(false);
    let mut raw = String::new();
    for row in connection.fetch_all(query).await? {
        let (id, parent): (i64, i64) = (row.try_get("id")?, row.try_get("parent")?);
        let detail: String = row.try_get("detail")?;
        let detail = detail.replace(['\n', '\r'], " ");
        if !raw.is_empty() {
            raw.push('\n');
        }
        // Writing to a string does not fail.
        let _ = write!(raw, "{id}|{parent}|{detail}");
    }
    Ok(raw)
}
