//! Figures of routes, read from their buckets alone.

use std::collections::HashMap;

use silk_core::{
    HistogramSum,
    store::{RouteSummary, StatsWindow},
};
use sqlx::{Row, SqliteConnection, query};

use super::{error::Fault, figures, json::json_numbers, numbers::kind};
use crate::stats::{OverTime, RouteFigures};

/// Routes within a window, by total time.
pub(super) async fn routes(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
) -> Result<Vec<RouteSummary>, Fault> {
    let mut sums: HashMap<i64, (RouteFigures, OverTime)> = HashMap::new();
    figures::within::<RouteFigures>(
        connection,
        figures::NONE,
        window,
        |bucket_us, route, _, mut figures| {
            let durations = std::mem::take(&mut figures.durations);
            let (sum, over_time) = sums
                .entry(route)
                .or_insert_with(|| (RouteFigures::default(), OverTime::new(window)));
            sum.merge(&figures);
            over_time.add(bucket_us, figures.requests, figures.total_us, durations);
        },
    )
    .await?;
    let rows = query(
        "SELECT route_id, kind, method, route FROM routes
         WHERE route_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_numbers(sums.keys().copied()))
    .fetch_all(connection)
    .await?;
    let mut routes = Vec::with_capacity(rows.len());
    let mut scratch = HistogramSum::default();
    for row in rows {
        let Some((sum, over_time)) = sums.remove(&row.try_get("route_id")?) else {
            continue;
        };
        let (over_time, durations) = over_time.finish(&mut scratch);
        routes.push(RouteSummary {
            kind: kind(row.try_get("kind")?)?,
            method: row.try_get("method")?,
            route: row.try_get("route")?,
            requests: sum.requests,
            errors: sum.errors,
            total_us: sum.total_us,
            sql_us: sum.sql_us,
            queries: sum.queries,
            max_queries: sum.max_queries,
            durations,
            over_time,
        });
    }
    routes.sort_unstable_by(|a, b| {
        (b.total_us, &a.route, &a.method, a.kind).cmp(&(a.total_us, &b.route, &b.method, b.kind))
    });
    Ok(routes)
}
