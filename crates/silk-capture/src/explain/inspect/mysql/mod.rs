//! What MariaDB's and MySQL's own tables tell.

mod indexes;
mod server;
mod tables;

use silk_core::explain::DatabaseCheck;
use sqlx_core::{error::Error, executor::Executor as _, raw_sql::raw_sql, row::Row as _};
use sqlx_mysql::{MySqlConnection, MySqlRow};

use super::check::unavailable;
use crate::explain::target::{Failure, Inspection};

/// Makes all checks on a connection of Silk's own, which has its limits set.
pub(in crate::explain) async fn inspect(
    connection: &mut MySqlConnection,
) -> Result<Inspection, Failure> {
    let version = connection.fetch_one(raw_sql("SELECT VERSION()")).await?;
    let version: String = version.try_get_unchecked(0)?;
    let number = version.split('-').next().unwrap_or_default();
    let server = if version.contains("MariaDB") {
        format!("MariaDB {number}")
    } else {
        format!("MySQL {number}")
    };
    let mut reader = Reader { connection };
    let mut checks = Vec::new();
    indexes::check(&mut reader, &mut checks).await;
    tables::check(&mut reader, &mut checks).await;
    server::check(&mut reader, &mut checks).await;
    Ok(Inspection { server, checks })
}

struct Reader<'a> {
    connection: &'a mut MySqlConnection,
}

impl Reader<'_> {
    async fn rows(&mut self, sql: &'static str) -> Result<Vec<MySqlRow>, Error> {
        self.connection.fetch_all(raw_sql(sql)).await
    }
}

fn not_told(code: &'static str, title: &'static str, error: &Error) -> DatabaseCheck {
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
