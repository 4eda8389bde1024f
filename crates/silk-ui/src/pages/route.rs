//! How does one route (or job) fare: over time, from build to build, by its statements?

use askama::Template;
use axum::response::Response;
use silk_core::{
    RequestKind,
    store::{BuildFigures, NewestRequests, RouteDetail, RouteName, RouteStatement, StatsWindow},
};

use crate::{
    config::Targets,
    context::Here,
    draw::{
        counted,
        format::{self, Markup, count, count_or_dash, duration, duration_cell, one_line, percent},
        names::request_name,
        short_sql::brief,
        svg::{self, charts},
    },
    error::Failure,
    findings::{
        lives::{self, Lives},
        many::look,
    },
    params::{Params, ROUTE_PARAMS, WINDOW_PARAMS, Window, route_name},
    parts::{
        frame::{Frame, render},
        lives::{LifeRow, rows},
        many::{self, ManyView},
        route_link::requests_href,
        window_bar::{WindowBar, window_bar},
    },
};

/// Statements of the table.
const MAX_STATEMENTS: usize = 50;
/// Builds of the table, the newest of them.
const MAX_BUILDS: usize = 20;

#[derive(Template)]
#[template(path = "pages/route.html")]
struct RoutePage {
    frame: Frame,
    name: String,
    bar: WindowBar,
    window: String,
    has_pace: bool,
    is_quiet: bool,
    requests: u64,
    requests_href: String,
    slowest_href: String,
    figures: Vec<(&'static str, Markup)>,
    /// What is above its target, in words.
    over: Vec<String>,
    over_time: Markup,
    from: Markup,
    until: Markup,
    deploys: Vec<(String, Markup)>,
    rows: Vec<LifeRow>,
    many: Option<ManyView>,
    look_href: String,
    csrf: String,
    back: String,
    statements: Vec<StatementRow>,
    more_statements: usize,
    /// What further ones took that have no figures of their own.
    other_statements: Option<String>,
    builds: Vec<BuildRow>,
    more_builds: usize,
    has_named_build: bool,
}

struct StatementRow {
    href: String,
    sql: Markup,
    whole_sql: String,
    calls: String,
    per_request: String,
    total: Markup,
    bar: Markup,
    share: String,
    p95: Markup,
    rows: Markup,
    errors: Markup,
    lines: String,
}

struct BuildRow {
    name: String,
    first: Markup,
    requests: String,
    p50: Markup,
    p95: Markup,
    queries: String,
    in_sql: String,
    errors: Markup,
    compare_href: Option<String>,
}

/// `GET /route`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let known = WINDOW_PARAMS.iter().chain(&ROUTE_PARAMS).copied();
    let known: Vec<&str> = known.chain(["look"]).collect();
    let params = here.params(&known)?;
    let window = Window::read(&params, here.now)?;
    let name = route_name(&params)?;
    let range = window.range(here.now);
    let detail = here.app.ask(|store| store.route(&name, range)).await?;
    let found = match &detail {
        Some(_) => Some(lives::of_route(&here, range, &name).await?),
        None => None,
    };
    let listed = found.as_ref().map(Lives::in_order).unwrap_or_default();
    let many = match (&detail, params.get("look")) {
        (Some(detail), Some(_)) => {
            let routes = std::slice::from_ref(&detail.summary);
            let found = look(&here, range, routes, Some(&name)).await?;
            Some(many::view(&here, window, &found))
        }
        _ => None,
    };
    let path = format!("{}/route", here.base);
    let title = request_name(name.kind, &name.method, &name.route);
    let mut page = RoutePage {
        frame: Frame::new(&here, "overview", title.clone()),
        name: title,
        bar: window_bar(&path, &params, window, here.now),
        window: window.phrase(),
        has_pace: range.until - range.since >= chrono::TimeDelta::days(1),
        is_quiet: true,
        requests: 0,
        requests_href: requests_href(&here.base, &name, window, &[]),
        slowest_href: requests_href(&here.base, &name, window, &[("sort", Some("-duration_us"))]),
        figures: Vec::new(),
        over: Vec::new(),
        over_time: format::dash(),
        from: format::minute(range.since),
        until: format::minute(range.until),
        deploys: Vec::new(),
        rows: rows(&here, window, &listed).await,
        many,
        look_href: format!("{path}{}", params.with(&[("look", Some("1"))])),
        csrf: here.app.csrf.token().to_owned(),
        back: window.on(
            &Params::default(),
            &[("route", Some(&name.route)), ("state", Some("all"))],
        ),
        statements: Vec::new(),
        more_statements: 0,
        other_statements: None,
        builds: Vec::new(),
        more_builds: 0,
        has_named_build: false,
    };
    if let Some(detail) = detail {
        fill(&mut page, &here, &name, range, &detail);
    }
    render(&page)
}

/// What the store knows of the route.
fn fill(page: &mut RoutePage, here: &Here, name: &RouteName, range: StatsWindow, of: &RouteDetail) {
    let summary = &of.summary;
    page.is_quiet = summary.requests == 0;
    page.requests = summary.requests;
    page.figures = figures(of);
    page.over = over(of, here.app.targets);
    page.over_time = charts::over_time(&summary.over_time, "requests");
    page.deploys = deploys(&of.builds, range);
    page.statements = statement_rows(&here.base, of);
    page.other_statements = of.other_statements.as_ref().map(|other| {
        let calls = counted(other.calls, "call");
        format!("{calls}, {} in total", duration(other.total_us))
    });
    page.more_statements = of.statements.len().saturating_sub(MAX_STATEMENTS);
    page.builds = build_rows(&here.base, name, &of.builds, range);
    page.more_builds = of.builds.len().saturating_sub(MAX_BUILDS);
    page.has_named_build = of.builds.iter().any(|build| build.build.is_some());
}

fn figures(of: &RouteDetail) -> Vec<(&'static str, Markup)> {
    let summary = &of.summary;
    let durations = &summary.durations;
    let percentile = |percent| match durations.count() {
        0 => format::dash(),
        _ => duration_cell(durations.percentile(percent)),
    };
    vec![
        ("requests", askama::filters::Safe(count(summary.requests))),
        ("failed", count_or_dash(summary.errors)),
        ("p50", percentile(50.0)),
        ("p95", percentile(95.0)),
        ("p99", percentile(99.0)),
        ("max", duration_cell(durations.max())),
        (
            "in SQL",
            askama::filters::Safe(percent(summary.sql_us, summary.total_us)),
        ),
        (
            "queries a request",
            askama::filters::Safe(format::ratio(summary.queries, summary.requests)),
        ),
        (
            "most queries",
            askama::filters::Safe(count(summary.max_queries)),
        ),
        ("waited for a connection", waited(of.newest)),
        ("total", duration_cell(summary.total_us)),
    ]
}

/// Of the newest requests, how many waited for a connection, and what share of their time that was.
fn waited(newest: NewestRequests) -> Markup {
    if newest.requests == 0 {
        return format::dash();
    }
    if newest.waited == 0 {
        return askama::filters::Safe(format!(
            "<span title=\"of the newest {}\">none</span>",
            count(newest.requests)
        ));
    }
    askama::filters::Safe(format!(
        "<span title=\"{} of the newest {} requests waited, {} in all\">{} of time</span>",
        count(newest.waited),
        count(newest.requests),
        duration(newest.wait_us),
        percent(newest.wait_us, newest.total_us)
    ))
}

/// What is above its target, in words.
fn over(of: &RouteDetail, targets: Targets) -> Vec<String> {
    let summary = &of.summary;
    let mut over = Vec::new();
    if summary.durations.count() > 0 {
        for (name, percent, target) in
            [("p50", 50.0, targets.p50_us), ("p95", 95.0, targets.p95_us)]
        {
            let us = summary.durations.percentile(percent);
            if us > target {
                over.push(format!(
                    "{name} is {}; the target is {}.",
                    duration(us),
                    duration(target)
                ));
            }
        }
    }
    if summary.queries > summary.requests.saturating_mul(targets.queries) {
        over.push(format!(
            "A request runs {} queries on average; the target is {}.",
            format::ratio(summary.queries, summary.requests),
            count(targets.queries)
        ));
    }
    over
}

/// Builds that came within the window, with the time of their first request.
fn deploys(builds: &[BuildFigures], range: StatsWindow) -> Vec<(String, Markup)> {
    builds
        .iter()
        .skip(1)
        .filter(|build| (range.since..range.until).contains(&build.first_at))
        .filter_map(|build| {
            let name = one_line(build.build.as_deref()?, 40);
            Some((name, format::minute(build.first_at)))
        })
        .rev()
        .take(5)
        .collect()
}

fn statement_rows(base: &str, of: &RouteDetail) -> Vec<StatementRow> {
    let most = of.statements.iter().map(|one| one.total_us).max();
    let row = |one: &RouteStatement| StatementRow {
        href: format!("{base}/statements/{}", one.statement.fingerprint),
        sql: brief(&one.statement.normalized, one.statement.database, 160),
        whole_sql: one_line(&one.statement.normalized, 1_000),
        calls: count(one.calls),
        per_request: format::ratio(one.calls, of.summary.requests),
        total: duration_cell(one.total_us),
        bar: svg::bar(one.total_us, most.unwrap_or(0), "k-sql"),
        share: percent(one.total_us.min(of.summary.total_us), of.summary.total_us),
        p95: match one.durations.count() {
            0 => format::dash(),
            _ => duration_cell(one.durations.percentile(95.0)),
        },
        rows: count_or_dash(one.rows),
        errors: count_or_dash(one.errors),
        lines: count(one.call_sites),
    };
    of.statements.iter().take(MAX_STATEMENTS).map(row).collect()
}

/// Builds, the newest first, each with a comparison to the one before.
fn build_rows(
    base: &str,
    name: &RouteName,
    builds: &[BuildFigures],
    range: StatsWindow,
) -> Vec<BuildRow> {
    let row = |at: usize, build: &BuildFigures| BuildRow {
        name: build
            .build
            .as_ref()
            .map_or_else(|| "unnamed".to_owned(), |name| one_line(name, 60)),
        first: format::ago(build.first_at),
        requests: count(build.requests),
        p50: duration_cell(build.durations.percentile(50.0)),
        p95: duration_cell(build.durations.percentile(95.0)),
        queries: format::ratio(build.queries, build.requests),
        in_sql: percent(build.sql_us, build.total_us),
        errors: count_or_dash(build.errors),
        compare_href: at
            .checked_sub(1)
            .and_then(|before| compare_href(base, name, builds.get(before)?, build, range)),
    };
    let rows = builds.iter().enumerate().map(|(at, build)| row(at, build));
    rows.rev().take(MAX_BUILDS).collect()
}

/// The comparison of a build with the one before: what ran before its first request, and since.
/// None where both ran at the same time: no time tells them apart.
fn compare_href(
    base: &str,
    name: &RouteName,
    before: &BuildFigures,
    build: &BuildFigures,
    range: StatsWindow,
) -> Option<String> {
    if before.last_at > build.first_at || before.first_at >= build.first_at {
        return None;
    }
    let time =
        |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let side = |since, until| match name.kind {
        RequestKind::Request => format!(
            "route:{} {}@{}..{}",
            name.method,
            name.route,
            time(since),
            time(until)
        ),
        kind => format!("{kind}:{}@{}..{}", name.route, time(since), time(until)),
    };
    let a = side(before.first_at.max(range.since), build.first_at);
    let b = side(build.first_at, range.until);
    let query = Params::default().with(&[("a", Some(&a)), ("b", Some(&b))]);
    Some(format!("{base}/compare{query}"))
}
