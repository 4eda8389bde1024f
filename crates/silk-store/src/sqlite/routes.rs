//! Figures of routes, read from their buckets alone.

use std::collections::HashMap;

use silk_core::store::{RouteSummary, StatsWindow};
use sqlx::{Row, SqliteConnection, query};

use super::{error::Fault, requests::kind, stats::route_figures};
use crate::stats::{OverTime, RouteFigures, RouteKey, WIDTHS};

/// Routes within a window, by total time.
pub(super) async fn routes(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
) -> Result<Vec<RouteSummary>, Fault> {
    let rows = query(
        "SELECT r.route_id, r.kind, r.method, r.route, s.bucket_us, s.requests, s.errors,
                s.total_us, s.sql_us, s.queries, s.max_queries, s.durations
         FROM json_each(?) w CROSS JOIN route_stats s
           ON s.width_s = w.value AND s.bucket_us > ? - w.value * 1000000 AND s.bucket_us < ?
         JOIN routes r ON r.route_id = s.route_id",
    )
    .bind(WIDTHS)
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .fetch_all(connection)
    .await?;
    let mut routes: HashMap<i64, (RouteKey, RouteFigures, OverTime)> = HashMap::new();
    for row in rows {
        let figures = route_figures(&row, 5)?;
        let (_, sum, over_time) = match routes.entry(row.try_get(0)?) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let key = RouteKey {
                    kind: kind(row.try_get(1)?)?,
                    method: row.try_get(2)?,
                    route: row.try_get(3)?,
                };
                entry.insert((key, RouteFigures::default(), OverTime::new(window)))
            }
        };
        sum.merge(&figures);
        over_time.add(
            row.try_get(4)?,
            figures.requests,
            figures.total_us,
            &figures.durations,
        );
    }
    let mut routes: Vec<_> = routes
        .into_values()
        .map(|(key, sum, over_time)| RouteSummary {
            kind: key.kind,
            method: key.method,
            route: key.route,
            requests: sum.requests,
            errors: sum.errors,
            total_us: sum.total_us,
            sql_us: sum.sql_us,
            queries: sum.queries,
            max_queries: sum.max_queries,
            durations: sum.durations,
            over_time: over_time.finish(),
        })
        .collect();
    routes.sort_unstable_by(|a, b| {
        (b.total_us, &a.route, &a.method, a.kind).cmp(&(a.total_us, &b.route, &b.method, b.kind))
    });
    Ok(routes)
}
