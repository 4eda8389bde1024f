//! One statement with who runs it.

use std::{cmp::Reverse, collections::HashMap};

use chrono::DateTime;
use silk_core::{
    Fingerprint, Histogram, HistogramSum, RequestId,
    store::{CallSiteUse, RouteUse, SlowQuery, StatementDetail, StatsWindow},
};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, query};

use super::super::{
    error::Fault,
    figures,
    json::json_numbers,
    names::{STATEMENT_COLUMNS, call_sites},
    numbers::{kind, to_u64},
};
use super::row::{FIGURES, summary};
use crate::stats::{OverTime, StatementFigures};

/// At most so many of the slowest are shown.
const MAX_SLOWEST: usize = 20;

/// Newest requests of a statement that are looked at for the slowest. Beyond them the slowest of
/// each bucket stand in.
const LOOKED_AT: i64 = 5000;

/// The statement, if it is known.
pub(in super::super) async fn statement(
    connection: &mut SqliteConnection,
    fingerprint: Fingerprint,
    window: &StatsWindow,
) -> Result<Option<StatementDetail>, Fault> {
    let mut transaction = connection.begin().await?;
    let detail = read(&mut transaction, fingerprint, window).await;
    transaction.rollback().await?;
    detail
}

async fn read(
    connection: &mut SqliteConnection,
    fingerprint: Fingerprint,
    window: &StatsWindow,
) -> Result<Option<StatementDetail>, Fault> {
    let row = query(AssertSqlSafe(format!(
        "SELECT {STATEMENT_COLUMNS}, {FIGURES} FROM statements s
         WHERE s.fingerprint = ? AND s.calls > 0"
    )))
    .bind(fingerprint.0.cast_signed())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let summary = summary(&row)?;
    let id: i64 = row.try_get("statement_id")?;

    let mut over_time = OverTime::new(window);
    // Requests, calls, total.
    let mut by_route: HashMap<i64, (u64, u64, u64)> = HashMap::new();
    let mut by_site: HashMap<i64, (u64, u64)> = HashMap::new();
    let mut slowest = Vec::new();
    let mut add = |bucket_us, route, call_site, figures: StatementFigures| {
        let route = by_route.entry(route).or_default();
        route.0 = route.0.saturating_add(figures.requests);
        route.1 = route.1.saturating_add(figures.calls);
        route.2 = route.2.saturating_add(figures.total_us);
        let site = by_site.entry(call_site).or_default();
        site.0 = site.0.saturating_add(figures.calls);
        site.1 = site.1.saturating_add(figures.total_us);
        slowest.push((figures.max_us, figures.slowest));
        over_time.add(
            bucket_us,
            figures.calls,
            figures.total_us,
            figures.durations,
        );
    };
    figures::within(connection, figures::of_calls(id), window, &mut add).await?;
    figures::within(
        connection,
        id,
        window,
        |bucket_us, route, call_site, figures| {
            let means = StatementFigures {
                durations: Histogram::default(),
                ..figures
            };
            add(bucket_us, route, call_site, means);
        },
    )
    .await?;
    slowest.sort_unstable_by_key(|slow| Reverse(*slow));
    slowest.truncate(MAX_SLOWEST);
    let (over_time, durations) = over_time.finish(&mut HistogramSum::default());
    Ok(Some(StatementDetail {
        summary,
        durations,
        routes: routes(connection, &by_route).await?,
        call_sites: sites(connection, &by_site).await?,
        slowest: slow_queries(
            connection,
            id,
            slowest.iter().map(|(_, sequence)| *sequence),
        )
        .await?,
        over_time,
    }))
}

async fn routes(
    connection: &mut SqliteConnection,
    figures: &HashMap<i64, (u64, u64, u64)>,
) -> Result<Vec<RouteUse>, Fault> {
    let rows = query(
        "SELECT route_id, kind, method, route FROM routes
         WHERE route_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_numbers(figures.keys().copied()))
    .fetch_all(connection)
    .await?;
    let mut routes = Vec::with_capacity(rows.len());
    for row in rows {
        let &(requests, calls, total_us) = figures
            .get(&row.try_get("route_id")?)
            .ok_or(Fault::Nonsense("a route"))?;
        routes.push(RouteUse {
            kind: kind(row.try_get("kind")?)?,
            method: row.try_get("method")?,
            route: row.try_get("route")?,
            requests,
            calls,
            total_us,
        });
    }
    routes.sort_unstable_by(|a, b| {
        (b.total_us, &a.route, &a.method).cmp(&(a.total_us, &b.route, &b.method))
    });
    Ok(routes)
}

async fn sites(
    connection: &mut SqliteConnection,
    figures: &HashMap<i64, (u64, u64)>,
) -> Result<Vec<CallSiteUse>, Fault> {
    let mut known = call_sites(connection, json_numbers(figures.keys().copied())).await?;
    let mut sites: Vec<CallSiteUse> = figures
        .iter()
        .map(|(id, &(calls, total_us))| CallSiteUse {
            call_site: known.remove(id),
            calls,
            total_us,
        })
        .collect();
    sites.sort_unstable_by(|a, b| (b.total_us, &a.call_site).cmp(&(a.total_us, &b.call_site)));
    Ok(sites)
}

async fn slow_queries(
    connection: &mut SqliteConnection,
    statement: i64,
    also: impl Iterator<Item = i64>,
) -> Result<Vec<SlowQuery>, Fault> {
    let rows = query(
        "WITH looked_at AS MATERIALIZED (
             SELECT sequence FROM (SELECT sequence FROM request_statements
                 WHERE statement_id = ?1 ORDER BY sequence DESC LIMIT ?2)
             UNION SELECT value FROM json_each(?3)),
         slowest AS MATERIALIZED (
             SELECT u.sequence, sum(u.calls) AS calls, max(u.max_us) AS max_us,
                    sum(u.total_us) AS total_us
             FROM looked_at l CROSS JOIN request_statements u ON u.sequence = l.sequence
             WHERE +u.statement_id = ?1
             GROUP BY u.sequence ORDER BY max_us DESC LIMIT ?4)
         SELECT q.id, q.started_us, r.method, r.route, s.calls, s.max_us, s.total_us
         FROM slowest s CROSS JOIN requests q ON q.sequence = s.sequence
         JOIN routes r ON r.route_id = q.route_id",
    )
    .bind(statement)
    .bind(LOOKED_AT)
    .bind(json_numbers(also))
    .bind(i64::try_from(MAX_SLOWEST).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    let mut slow = rows
        .iter()
        .map(|row| {
            Ok(SlowQuery {
                request_id: RequestId(row.try_get("id")?),
                started_at: DateTime::from_timestamp_micros(row.try_get("started_us")?)
                    .ok_or(Fault::Nonsense("a time"))?,
                method: row.try_get("method")?,
                route: row.try_get("route")?,
                calls: to_u64(row.try_get("calls")?),
                max_us: to_u64(row.try_get("max_us")?),
                total_us: to_u64(row.try_get("total_us")?),
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    slow.sort_unstable_by_key(|slow| Reverse((slow.max_us, slow.request_id)));
    Ok(slow)
}
