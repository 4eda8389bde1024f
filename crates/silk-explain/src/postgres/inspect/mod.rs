//! What PostgreSQL's catalogue and statistics tell.
//!
//! Thresholds are PgHero's where it has one; where not, the reason stands beside them.

mod foreign_keys;
mod indexes;
mod reader;
mod server;
mod tables;

use std::time::Duration;

use sqlx_core::row::Row as _;
use sqlx_postgres::PgConnection;

use crate::target::{Failure, Inspection};
use reader::Reader;

/// Makes all checks on a connection of Silk's own.
pub(super) async fn inspect(
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
    foreign_keys::check(&mut reader, &mut checks).await;
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
