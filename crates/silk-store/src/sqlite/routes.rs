//! Figures of routes, read from their buckets alone.

use std::collections::HashMap;

use silk_core::{
    HistogramSum,
    store::{RouteSummary, StatsWindow},
};
use sqlx::{Row, SqliteConnection, query};

use super::{error::Fault, intern::json_numbers, requests::kind, stats::route_figures};
use crate::stats::{OverTime, RouteFigures, WIDTHS};

/// Routes within a window, by total time.
pub(super) async fn routes(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
) -> Result<Vec<RouteSummary>, Fault> {
    // Without the routes' names: joined here, each would be copied for each of thousands of rows.
    let rows = query(
        "SELECT s.route_id, s.bucket_us, s.requests, s.errors, s.total_us, s.sql_us, s.queries,
                s.max_queries, s.durations
         FROM json_each(?) w CROSS JOIN route_stats s
           ON s.width_s = w.value AND s.bucket_us > ? - w.value * 1000000 AND s.bucket_us < ?",
    )
    .bind(WIDTHS)
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .fetch_all(&mut *connection)
    .await?;
    let mut sums: HashMap<i64, (RouteFigures, OverTime)> = HashMap::new();
    for row in rows {
        let mut figures = route_figures(&row, 2)?;
        let durations = std::mem::take(&mut figures.durations);
        let (sum, over_time) = sums
            .entry(row.try_get(0)?)
            .or_insert_with(|| (RouteFigures::default(), OverTime::new(window)));
        sum.merge(&figures);
        over_time.add(
            row.try_get(1)?,
            figures.requests,
            figures.total_us,
            durations,
        );
    }
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
        let Some((sum, over_time)) = sums.remove(&row.try_get(0)?) else {
            continue;
        };
        let (over_time, durations) = over_time.finish(&mut scratch);
        routes.push(RouteSummary {
            kind: kind(row.try_get(1)?)?,
            method: row.try_get(2)?,
            route: row.try_get(3)?,
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
