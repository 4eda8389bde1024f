//! Reads the rows that the checks of PostgreSQL judge, and says which could not be read.

use std::time::Duration;

use silk_core::explain::DatabaseCheck;
use sqlx_core::{
    error::Error, executor::Executor as _, query::query, raw_sql::raw_sql, sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnection, PgRow, Postgres};

use crate::checks::unavailable;

/// Schemas of the app, not of the server.
macro_rules! app_schemas {
    ($schema:literal) => {
        concat!(
            $schema,
            " <> 'information_schema' AND left(",
            $schema,
            "::text, 3) <> 'pg_'"
        )
    };
}
pub(super) use app_schemas;

/// Reads, each time in a transaction of its own that is rolled back.
pub(super) struct Reader<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) timeout: Duration,
}

impl Reader<'_> {
    pub(super) async fn rows(&mut self, sql: &'static str) -> Result<Vec<PgRow>, Error> {
        let begin = format!(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = {limit}; SET LOCAL lock_timeout = 200",
            limit = self.timeout.as_millis().max(1),
        );
        self.connection
            .execute(raw_sql(AssertSqlSafe(begin)))
            .await?;
        let rows = self
            .connection
            .fetch_all(query::<Postgres>(sql).persistent(false))
            .await;
        self.connection.execute(raw_sql("ROLLBACK")).await?;
        rows
    }
}

/// A check whose question the server did not answer. Its words are not repeated where they could
/// hold something of the app's: the code says enough.
pub(super) fn not_told(code: &'static str, title: &'static str, error: &Error) -> DatabaseCheck {
    let sqlstate = match error {
        Error::Database(error) => error.code().map(std::borrow::Cow::into_owned),
        _ => None,
    };
    match sqlstate.as_deref() {
        Some("42501") => unavailable(
            code,
            title,
            "The role may not look at this.",
            Some("GRANT pg_monitor TO CURRENT_USER;"),
        ),
        Some("55P03") => unavailable(
            code,
            title,
            "A table is locked at this moment; the transactions below say by whom.",
            None,
        ),
        Some("57014") => unavailable(code, title, "Looking took too long and was given up.", None),
        Some(state) => unavailable(
            code,
            title,
            format!("The server does not tell (SQLSTATE {state})."),
            None,
        ),
        None => unavailable(code, title, "The server did not answer.", None),
    }
}
