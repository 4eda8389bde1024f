//! One route with what it ran and how its builds fared.

use std::sync::Arc;

use silk_core::{
    HistogramSum,
    store::{
        LOOKED_AT, NewestRequests, OtherStatements, RouteDetail, RouteName, RouteStatement,
        RouteSummary, StatsWindow,
    },
};
use sqlx::{Connection, Row, SqliteConnection, query, query_scalar};

use super::{
    super::{error::Fault, figures, names, numbers::to_u64},
    runs,
};
use crate::{
    across::{BuildsOf, RanBy, RunOf},
    kind_number,
    stats::{OverTime, RouteFigures},
};

/// The route, if there is anything of it within the window.
pub(in super::super) async fn route(
    connection: &mut SqliteConnection,
    name: &RouteName,
    window: &StatsWindow,
) -> Result<Option<RouteDetail>, Fault> {
    let mut transaction = connection.begin().await?;
    let detail = read(&mut transaction, name, window).await;
    transaction.rollback().await?;
    detail
}

async fn read(
    connection: &mut SqliteConnection,
    name: &RouteName,
    window: &StatsWindow,
) -> Result<Option<RouteDetail>, Fault> {
    let id: Option<i64> =
        query_scalar("SELECT route_id FROM routes WHERE route = ? AND method = ? AND kind = ?")
            .bind(&name.route)
            .bind(&name.method)
            .bind(kind_number(name.kind))
            .fetch_optional(&mut *connection)
            .await?;
    let Some(id) = id else { return Ok(None) };
    let runs = runs(connection).await?;
    let unknown = RunOf::default();
    let mut builds = BuildsOf::default();
    let mut over_time = OverTime::new(window);
    let mut sum = RouteFigures::default();
    let mut is_any = false;
    let part = Some(figures::part_of(id));
    figures::each_of::<RouteFigures>(
        connection,
        figures::NONE,
        part,
        window,
        |at, mut figures| {
            if at.route != id {
                return;
            }
            is_any = true;
            builds.add(
                at.bucket_us,
                runs.get(&at.run).unwrap_or(&unknown),
                &figures,
            );
            sum.merge_numbers(&figures);
            let durations = std::mem::take(&mut figures.durations);
            over_time.add(at.bucket_us, figures.requests, figures.total_us, durations);
        },
    )
    .await?;
    if !is_any {
        return Ok(None);
    }
    let (over_time, durations) = over_time.finish(&mut HistogramSum::default());
    let (statements, other_statements) = statements(connection, id, window).await?;
    Ok(Some(RouteDetail {
        summary: RouteSummary {
            kind: name.kind,
            method: name.method.clone(),
            route: name.route.clone(),
            requests: sum.requests,
            errors: sum.errors,
            total_us: sum.total_us,
            sql_us: sum.sql_us,
            queries: sum.queries,
            max_queries: sum.max_queries,
            durations,
            over_time,
        },
        statements,
        other_statements,
        builds: builds.finish(),
        newest: newest(connection, id, window).await?,
    }))
}

async fn statements(
    connection: &mut SqliteConnection,
    route: i64,
    window: &StatsWindow,
) -> Result<(Vec<RouteStatement>, Option<OtherStatements>), Fault> {
    let mut ran: RanBy<i64, i64> = RanBy::default();
    let part = figures::part_of(route);
    figures::lines(connection, Some(part), window, |line, uses| {
        if line.route == route {
            ran.add(&line.call_site, uses);
        }
    })
    .await?;
    figures::ran(connection, part, window, |of, durations| {
        if of == route {
            ran.add_durations(durations);
        }
    })
    .await?;
    let known = names::statements(connection, ran.names().copied().collect()).await?;
    Ok(ran.finish(|id| known.get(id).map(Arc::clone)))
}

async fn newest(
    connection: &mut SqliteConnection,
    route: i64,
    window: &StatsWindow,
) -> Result<NewestRequests, Fault> {
    let row = query(
        "SELECT count(*) AS requests, coalesce(sum(wait_us > 0), 0) AS waited,
                CAST(total(wait_us) AS INTEGER) AS wait_us,
                CAST(total(total_us) AS INTEGER) AS total_us
         FROM (SELECT wait_us, total_us FROM requests INDEXED BY requests_by_route
               WHERE route_id = ? AND started_us >= ? AND started_us < ?
               ORDER BY started_us DESC LIMIT ?)",
    )
    .bind(route)
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .bind(LOOKED_AT)
    .fetch_one(connection)
    .await?;
    Ok(NewestRequests {
        requests: to_u64(row.try_get("requests")?),
        waited: to_u64(row.try_get("waited")?),
        wait_us: to_u64(row.try_get("wait_us")?),
        total_us: to_u64(row.try_get("total_us")?),
    })
}
