//! Reads the rows that the checks of MySQL judge.

use silk_core::explain::DatabaseCheck;
use sqlx_core::{error::Error, executor::Executor as _, raw_sql::raw_sql};
use sqlx_mysql::{MySqlConnection, MySqlRow};

use crate::checks::unavailable;

/// Reads, on a connection that has its limits set.
pub(super) struct Reader<'a> {
    pub(super) connection: &'a mut MySqlConnection,
}

impl Reader<'_> {
    pub(super) async fn rows(&mut self, sql: &'static str) -> Result<Vec<MySqlRow>, Error> {
        self.connection.fetch_all(raw_sql(sql)).await
    }
}

/// A check whose question the server did not answer.
pub(super) fn not_told(code: &'static str, title: &'static str, error: &Error) -> DatabaseCheck {
    match error {
        Error::Database(error) => {
            let number = error.code().unwrap_or_default().into_owned();
            unavailable(
                code,
                title,
                format!("The server does not tell this role (error {number})."),
                (code == "long_transactions").then_some("GRANT PROCESS ON *.* TO CURRENT_USER();"),
            )
        }
        _ => unavailable(code, title, "The server did not answer.", None),
    }
}
