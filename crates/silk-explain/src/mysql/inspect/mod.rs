//! What MariaDB's and MySQL's own tables tell.

mod indexes;
mod reader;
mod server;
mod tables;

use sqlx_core::{executor::Executor as _, raw_sql::raw_sql, row::Row as _};
use sqlx_mysql::MySqlConnection;

use crate::target::{Failure, Inspection};
use reader::Reader;

/// Makes all checks on a connection of Silk's own, which has its limits set.
pub(super) async fn inspect(connection: &mut MySqlConnection) -> Result<Inspection, Failure> {
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
