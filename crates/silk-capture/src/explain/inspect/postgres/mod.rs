//! What PostgreSQL's catalogue and statistics tell.
//!
//! Thresholds are PgHero's where it has one; where not, the reason stands beside them.

mod indexes;
mod server;
mod tables;

use std::time::Duration;

use silk_core::explain::DatabaseCheck;
use sqlx_core::{
    error::Error, executor::Executor as _, query::query, raw_sql::raw_sql, row::Row as _,
    sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnection, PgRow, Postgres};

use super::check::unavailable;
use crate::explain::target::{Failure, Inspection};

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
use app_schemas;

/// Makes all checks on a connection of Silk's own.
pub(in crate::explain) async fn inspect(
    connection: &mut PgConnection,
    timeout: Duration,
) -> Result<Inspection, Failure> {
    let mut reader = Reader {
        connection,
        timeout,
    };
    let version = reader
        .rows("SELECT current_setting('server_version')")
        .await?;
    let version: String = version
        .first()
        .map_or(Ok(String::new()), |row| row.try_get(0))?;
    let mut checks = Vec::new();
    indexes::check(&mut reader, &mut checks).await;
    tables::check(&mut reader, &mut checks).await;
    server::check(&mut reader, &mut checks).await;
    Ok(Inspection {
        server: format!(
            "PostgreSQL {}",
            version.split_whitespace().next().unwrap_or_default()
        ),
        checks,
    })
}

/// Reads, each time in a transaction of its own that is rolled back.
struct Reader<'a> {
    connection: &'a mut PgConnection,
    timeout: Duration,
}

impl Reader<'_> {
    async fn rows(&mut self, sql: &'static str) -> Result<Vec<PgRow>, Error> {
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
fn not_told(code: &'static str, title: &'static str, error: &Error) -> DatabaseCheck {
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
