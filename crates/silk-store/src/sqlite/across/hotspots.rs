//! Lines of code by the time of their queries.

use std::{collections::HashMap, sync::Arc};

use silk_core::store::{Hotspot, LOOKED_AT, StatsWindow};
use sqlx::{Connection, Row, SqliteConnection, query};

use super::{
    super::{
        error::Fault,
        figures,
        json::json_numbers,
        names::{call_sites, statements, unknown_call_site},
        numbers::to_u64,
    },
    routes,
};
use crate::across::{Seen, Sites, as_hotspot};

/// Lines by the time of their queries within a window.
pub(in super::super) async fn hotspots(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
    limit: u32,
) -> Result<Vec<Hotspot>, Fault> {
    let mut transaction = connection.begin().await?;
    let hotspots = read(&mut transaction, window, limit).await;
    transaction.rollback().await?;
    hotspots
}

async fn read(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
    limit: u32,
) -> Result<Vec<Hotspot>, Fault> {
    let mut sites: Sites<i64, i64, i64> = Sites::default();
    figures::lines(connection, None, window, |line, uses| {
        sites.add(line.call_site, line.route, uses);
    })
    .await?;
    let names = call_sites(connection, json_numbers(sites.names().copied())).await?;
    let top = sites.top(limit, |site| names.get(site));
    let seen = seen(connection, window, top.iter().map(|hot| hot.site)).await?;
    let dearest = top.iter().flat_map(|hot| hot.dearest_statements.clone());
    let statements = statements(connection, dearest.collect()).await?;
    let dearest = top.iter().flat_map(|hot| hot.dearest_routes.clone());
    let routes = routes(connection, dearest).await?;
    let hotspots = top.iter().filter_map(|hot| {
        let call_site = (hot.site != 0).then(|| {
            let name = names.get(&hot.site).cloned();
            name.unwrap_or_else(unknown_call_site)
        });
        as_hotspot(
            hot,
            call_site,
            seen.get(&hot.site).copied().unwrap_or_default(),
            |statement| statements.get(statement).map(Arc::clone),
            |route| routes.get(route).cloned(),
        )
    });
    Ok(hotspots.collect())
}

/// What the newest requests tell of lines.
async fn seen(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
    sites: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Seen>, Fault> {
    let rows = query(
        "WITH newest AS MATERIALIZED (
             SELECT sequence FROM requests INDEXED BY requests_by_start
             WHERE started_us >= ?1 AND started_us < ?2 ORDER BY started_us DESC LIMIT ?3)
         SELECT site, count(*), CAST(total(calls) AS INTEGER), CAST(max(calls) AS INTEGER)
         FROM (SELECT u.call_site_id AS site, total(u.calls) AS calls
               FROM newest n CROSS JOIN request_statements u ON u.sequence = n.sequence
               WHERE u.call_site_id IN (SELECT value FROM json_each(?4))
               GROUP BY u.sequence, u.call_site_id)
         GROUP BY site",
    )
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .bind(LOOKED_AT)
    .bind(json_numbers(sites))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let seen = Seen {
                requests: to_u64(row.try_get(1)?),
                calls: to_u64(row.try_get(2)?),
                most_calls: to_u64(row.try_get(3)?),
            };
            Ok((row.try_get(0)?, seen))
        })
        .collect()
}
