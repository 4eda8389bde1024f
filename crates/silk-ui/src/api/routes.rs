//! `api/routes`, `api/route` and `api/hotspots`: who takes the time.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use silk_core::{
    CallSite, Fingerprint,
    store::{
        BuildFigures, Hotspot, OtherStatements, RouteDetail, RouteStatement, RouteSummary,
        TimeBucket,
    },
};

use super::lives::{RouteJson, route_json};
use crate::{
    context::Here,
    error::Failure,
    params::{ROUTE_PARAMS, WINDOW_PARAMS, Window, route_name},
};

/// Routes, and lines, of an answer, unless it is asked for others.
const LIMIT: u32 = 100;

#[derive(Debug, Serialize)]
struct ListJson<T> {
    items: Vec<T>,
    /// Items that are left out; null where that is not known.
    more: Option<usize>,
}

#[derive(Debug, Serialize)]
struct FiguresJson<'a> {
    kind: &'static str,
    method: &'a str,
    route: &'a str,
    requests: u64,
    errors: u64,
    total_us: u64,
    sql_us: u64,
    queries: u64,
    max_queries: u64,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    p99_us: Option<u64>,
    max_us: Option<u64>,
}

fn figures(of: &RouteSummary) -> FiguresJson<'_> {
    let durations = &of.durations;
    FiguresJson {
        kind: of.kind.as_str(),
        method: &of.method,
        route: &of.route,
        requests: of.requests,
        errors: of.errors,
        total_us: of.total_us,
        sql_us: of.sql_us,
        queries: of.queries,
        max_queries: of.max_queries,
        p50_us: durations.known_percentile(50.0),
        p95_us: durations.known_percentile(95.0),
        p99_us: durations.known_percentile(99.0),
        max_us: (durations.count() > 0).then(|| durations.max()),
    }
}

fn known(more: &[&'static str]) -> Vec<&'static str> {
    WINDOW_PARAMS.iter().chain(more).copied().collect()
}

/// `GET api/routes`
pub(crate) async fn list(here: Here) -> Result<Response, Failure> {
    let params = here.params(&known(&["limit"]))?;
    let range = Window::read(&params, here.now)?.range(here.now);
    let limit = usize::try_from(params.limit(LIMIT)?).unwrap_or(usize::MAX);
    let routes = here.app.ask(|store| store.routes(range)).await?;
    let json = ListJson {
        items: routes.iter().take(limit).map(figures).collect(),
        more: Some(routes.len().saturating_sub(limit)),
    };
    Ok(Json(json).into_response())
}

#[derive(Debug, Serialize)]
struct RouteDetailJson<'a> {
    route: FiguresJson<'a>,
    statements: Vec<StatementJson<'a>>,
    /// What further statements took that have no figures of their own; null if there are none.
    other_statements: Option<OtherStatementsJson>,
    builds: Vec<BuildJson<'a>>,
    over_time: Vec<BucketJson>,
    newest: NewestJson,
}

#[derive(Debug, Serialize)]
struct StatementJson<'a> {
    fingerprint: Fingerprint,
    database: &'static str,
    normalized: &'a str,
    calls: u64,
    requests: u64,
    errors: u64,
    rows: u64,
    total_us: u64,
    max_us: u64,
    p95_us: Option<u64>,
    /// Lines that ran it.
    call_sites: u64,
}

#[derive(Debug, Serialize)]
struct OtherStatementsJson {
    calls: u64,
    errors: u64,
    rows: u64,
    total_us: u64,
    max_us: u64,
}

#[derive(Debug, Serialize)]
struct BuildJson<'a> {
    build: Option<&'a str>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    requests: u64,
    errors: u64,
    total_us: u64,
    sql_us: u64,
    queries: u64,
    max_queries: u64,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
}

#[derive(Debug, Serialize)]
struct BucketJson {
    started_at: DateTime<Utc>,
    requests: u64,
    total_us: u64,
    p95_us: Option<u64>,
}

/// What only kept requests tell, of the newest of them.
#[derive(Debug, Serialize)]
struct NewestJson {
    requests: u64,
    /// Those that waited for a connection.
    waited: u64,
    wait_us: u64,
    total_us: u64,
}

fn statement(one: &RouteStatement) -> StatementJson<'_> {
    StatementJson {
        fingerprint: one.statement.fingerprint,
        database: one.statement.database.as_str(),
        normalized: &one.statement.normalized,
        calls: one.calls,
        requests: one.requests,
        errors: one.errors,
        rows: one.rows,
        total_us: one.total_us,
        max_us: one.max_us,
        p95_us: one.durations.known_percentile(95.0),
        call_sites: one.call_sites,
    }
}

fn others(of: &OtherStatements) -> OtherStatementsJson {
    OtherStatementsJson {
        calls: of.calls,
        errors: of.errors,
        rows: of.rows,
        total_us: of.total_us,
        max_us: of.max_us,
    }
}

fn build(one: &BuildFigures) -> BuildJson<'_> {
    BuildJson {
        build: one.build.as_deref(),
        first_at: one.first_at,
        last_at: one.last_at,
        requests: one.requests,
        errors: one.errors,
        total_us: one.total_us,
        sql_us: one.sql_us,
        queries: one.queries,
        max_queries: one.max_queries,
        p50_us: one.durations.known_percentile(50.0),
        p95_us: one.durations.known_percentile(95.0),
    }
}

fn bucket(one: &TimeBucket) -> BucketJson {
    BucketJson {
        started_at: one.started_at,
        requests: one.count,
        total_us: one.total_us,
        p95_us: (one.p95_us > 0).then_some(one.p95_us),
    }
}

fn detail(of: &RouteDetail) -> RouteDetailJson<'_> {
    RouteDetailJson {
        route: figures(&of.summary),
        statements: of.statements.iter().map(statement).collect(),
        other_statements: of.other_statements.as_ref().map(others),
        builds: of.builds.iter().map(build).collect(),
        over_time: of.summary.over_time.iter().map(bucket).collect(),
        newest: NewestJson {
            requests: of.newest.requests,
            waited: of.newest.waited,
            wait_us: of.newest.wait_us,
            total_us: of.newest.total_us,
        },
    }
}

/// `GET api/route`
pub(crate) async fn one(here: Here) -> Result<Response, Failure> {
    let params = here.params(&known(&ROUTE_PARAMS))?;
    let range = Window::read(&params, here.now)?.range(here.now);
    let name = route_name(&params)?;
    let found = here.app.ask(|store| store.route(&name, range)).await?;
    let found = found
        .ok_or_else(|| Failure::not_found("No request of this route was counted in that time."))?;
    Ok(Json(detail(&found)).into_response())
}

#[derive(Debug, Serialize)]
struct HotspotJson<'a> {
    /// Null for all queries whose line was not captured.
    call_site: Option<&'a CallSite>,
    total_us: u64,
    calls: u64,
    errors: u64,
    rows: u64,
    /// Statements that the line ran.
    statements: u64,
    /// Whether it ran further ones, that have no figures of their own.
    has_more_statements: bool,
    /// The one that took most time.
    fingerprint: Fingerprint,
    database: &'static str,
    normalized: &'a str,
    statement_us: u64,
    /// Routes that came by the line.
    routes: u64,
    /// The one in which it took most time.
    route: RouteJson<'a>,
    route_us: u64,
    /// Of the newest kept requests, most executions in one of them; 0 where none came by.
    most_calls_in_request: u64,
    requests_seen: u64,
    calls_seen: u64,
}

fn hotspot(line: &Hotspot) -> HotspotJson<'_> {
    HotspotJson {
        call_site: line.call_site.as_ref(),
        total_us: line.total_us,
        calls: line.calls,
        errors: line.errors,
        rows: line.rows,
        statements: line.statements,
        has_more_statements: line.has_more_statements,
        fingerprint: line.statement.fingerprint,
        database: line.statement.database.as_str(),
        normalized: &line.statement.normalized,
        statement_us: line.statement_us,
        routes: line.routes,
        route: route_json(&line.route),
        route_us: line.route_us,
        most_calls_in_request: line.most_calls_in_request,
        requests_seen: line.requests_seen,
        calls_seen: line.calls_seen,
    }
}

/// `GET api/hotspots`
pub(crate) async fn hotspots(here: Here) -> Result<Response, Failure> {
    let params = here.params(&known(&["limit"]))?;
    let range = Window::read(&params, here.now)?.range(here.now);
    let limit = params.limit(LIMIT)?;
    let lines = here.app.ask(|store| store.hotspots(range, limit)).await?;
    let json = ListJson {
        items: lines.iter().map(hotspot).collect(),
        more: None,
    };
    Ok(Json(json).into_response())
}
