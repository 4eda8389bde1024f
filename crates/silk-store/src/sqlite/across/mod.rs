//! What is told about many requests at once.

mod acceptances;
mod hotspots;
mod lives;
mod route;

pub(super) use acceptances::{accept, acceptances, withdraw};
pub(super) use hotspots::hotspots;
pub(super) use lives::lives;
pub(super) use route::route;

use std::collections::HashMap;

use silk_core::store::RouteName;
use sqlx::{Row, SqliteConnection, query};

use super::{error::Fault, json::json_numbers, numbers::kind};
use crate::across::RunOf;

/// Routes by number.
async fn routes(
    connection: &mut SqliteConnection,
    ids: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, RouteName>, Fault> {
    let rows = query(
        "SELECT route_id, kind, method, route FROM routes
         WHERE route_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_numbers(ids))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let name = RouteName {
                kind: kind(row.try_get("kind")?)?,
                method: row.try_get("method")?,
                route: row.try_get("route")?,
            };
            Ok((row.try_get("route_id")?, name))
        })
        .collect()
}

/// All runs by number.
async fn runs(connection: &mut SqliteConnection) -> Result<HashMap<i64, RunOf>, Fault> {
    let rows = query("SELECT run_id, started_us, build FROM runs")
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let run = RunOf {
                started_us: row.try_get("started_us")?,
                build: row.try_get::<Option<String>, _>("build")?.map(Into::into),
            };
            Ok((row.try_get("run_id")?, run))
        })
        .collect()
}
