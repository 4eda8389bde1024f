//! One statement across requests: who runs it, from where, and how it does over time.

use askama::Template;
use axum::{extract::Path, response::Response};
use silk_core::{
    Fingerprint, Histogram, PlanSource,
    explain::PlanBucket,
    store::{CallSiteUse, StatementDetail},
};

use crate::{
    context::{Here, read_id},
    draw::{
        call_site::short_site,
        code::{SqlView, sql_view},
        format::{self, Markup, count, duration, duration_cell, one_line, ratio},
        names::request_name,
        source::{self, SourceLine},
        svg::{self, charts, waterfall::short_name},
    },
    error::Failure,
    findings::across,
    params::{Params, WINDOW_PARAMS, Window},
    parts::{
        findings_now::{self, FindingRow},
        frame::{Frame, render},
        plan_changes::{self as plans, ChangeView, PlanRow, RibbonView},
        window_bar::{WindowBar, window_bar},
    },
};

/// Rows of each table.
const MAX_ROWS: usize = 50;
/// Slowest requests; the list of requests has the others.
const MAX_SLOWEST: usize = 10;
/// Plans that are listed.
const MAX_PLANS: u32 = 20;

#[derive(Template)]
#[template(path = "pages/statement.html")]
struct StatementPage {
    frame: Frame,
    name: String,
    fingerprint: String,
    database: &'static str,
    tables: String,
    sql: SqlView,
    figures: Vec<(&'static str, Markup)>,
    bar: WindowBar,
    window: String,
    calls_in_window: u64,
    is_quiet: bool,
    over_time: Markup,
    ribbon: Option<RibbonView>,
    changes: Vec<ChangeView>,
    findings: Vec<FindingRow>,
    spread: Option<Spread>,
    from: Markup,
    until: Markup,
    routes: Vec<RouteRow>,
    sites: Vec<SiteRow>,
    source: Option<Vec<SourceLine>>,
    slowest: Vec<SlowRow>,
    plans: Vec<PlanRow>,
    requests_href: String,
}

/// How long its calls took.
struct Spread {
    calls: u64,
    drawing: Markup,
    from: String,
    p50: String,
    p95: String,
    to: String,
}

struct RouteRow {
    name: String,
    href: String,
    requests: String,
    calls: String,
    per_request: String,
    total: Markup,
    bar: Markup,
}

struct SiteRow {
    place: String,
    title: String,
    calls: String,
    total: Markup,
    bar: Markup,
}

struct SlowRow {
    href: String,
    name: String,
    at: Markup,
    calls: String,
    max: Markup,
    total: Markup,
    bar: Markup,
}

/// `GET /statements/{fingerprint}`
pub(crate) async fn show(here: Here, Path(fingerprint): Path<String>) -> Result<Response, Failure> {
    let params = here.params(&WINDOW_PARAMS)?;
    let window = Window::read(&params, here.now)?;
    let fingerprint = read_id(&fingerprint, "statement")?;
    let range = window.range(here.now);
    let detail = here
        .app
        .ask(|store| store.statement(fingerprint, range))
        .await?
        .ok_or_else(|| Failure::not_found("No statement of this fingerprint is kept."))?;
    let kept = here
        .app
        .ask(|store| store.plans_of_statement(fingerprint, MAX_PLANS))
        .await
        .unwrap_or_default();
    let history = here
        .app
        .ask(|store| store.plan_history(fingerprint, range))
        .await
        .unwrap_or_default();
    let mut page = view(&here, window, &detail, &history);
    page.plans = plans::rows(&kept, &here.base);
    page.changes = plans::recent(&here, fingerprint, &history).await;
    page.source = source_of(&here, &detail).await;
    let found = across::of_statement(&here, range, &detail).await;
    page.findings = findings_now::rows(&here, window, &found);
    render(&page)
}

/// The page from what the store knows of the statement; [`show`] adds what needs more questions.
fn view(
    here: &Here,
    window: Window,
    detail: &StatementDetail,
    history: &[PlanBucket],
) -> StatementPage {
    let statement = &detail.summary.statement;
    let range = window.range(here.now);
    let in_window: u64 = detail.over_time.iter().map(|bucket| bucket.count).sum();
    StatementPage {
        frame: Frame::new(here, "statements", short_name(statement)),
        name: short_name(statement),
        fingerprint: statement.fingerprint.to_string(),
        database: statement.database.as_str(),
        tables: one_line(&statement.tables.join(", "), 200),
        sql: sql_view(&statement.normalized, statement.database),
        figures: figures(detail, history),
        bar: window_bar(
            &format!("{}/statements/{}", here.base, statement.fingerprint),
            &Params::default(),
            window,
            here.now,
        ),
        window: window.phrase(),
        calls_in_window: in_window,
        is_quiet: in_window == 0,
        over_time: charts::over_time(&detail.over_time, "calls"),
        ribbon: plans::ribbon(history, range, &here.base),
        changes: Vec::new(),
        findings: Vec::new(),
        spread: spread(&detail.durations),
        from: format::minute(range.since),
        until: format::minute(range.until),
        routes: route_rows(here, detail),
        sites: site_rows(&detail.call_sites),
        source: None,
        slowest: slow_rows(&here.base, detail),
        plans: Vec::new(),
        requests_href: requests_href(here, statement.fingerprint, None),
    }
}

fn figures(detail: &StatementDetail, history: &[PlanBucket]) -> Vec<(&'static str, Markup)> {
    let summary = &detail.summary;
    let number = |n: u64| askama::filters::Safe(count(n));
    let percentile = |percent| match detail.durations.count() {
        0 => format::dash(),
        _ => duration_cell(detail.durations.percentile(percent)),
    };
    let mean_us = summary.total_us / summary.calls.max(1);
    let mut figures = vec![
        ("calls", number(summary.calls)),
        ("requests", number(summary.requests)),
        (
            "per request",
            askama::filters::Safe(ratio(summary.calls, summary.requests)),
        ),
        ("total", duration_cell(summary.total_us)),
        ("mean", duration_cell(mean_us)),
        ("p50", percentile(50.0)),
        ("p95", percentile(95.0)),
        ("p99", percentile(99.0)),
    ];
    figures.extend(in_the_server(history).map(|us| ("p95 in the server", duration_cell(us))));
    figures.extend([
        ("max", duration_cell(summary.max_us)),
        ("rows", format::count_or_dash(summary.rows)),
        ("errors", format::count_or_dash(summary.errors)),
        ("last seen", format::ago(summary.last_seen_at)),
    ]);
    figures
}

fn spread(durations: &Histogram) -> Option<Spread> {
    let (drawing, from, to) = charts::distribution(durations)?;
    Some(Spread {
        calls: durations.count(),
        drawing,
        from,
        p50: duration(durations.percentile(50.0)),
        p95: duration(durations.percentile(95.0)),
        to,
    })
}

/// The list of requests that run a statement, all of them or those of one route.
fn requests_href(here: &Here, of: Fingerprint, route: Option<&str>) -> String {
    let of = of.to_string();
    let query = [("fingerprint", Some(&*of)), ("route", route)];
    format!("{}/requests{}", here.base, Params::default().with(&query))
}

fn route_rows(here: &Here, detail: &StatementDetail) -> Vec<RouteRow> {
    let routes = &detail.routes;
    let most = routes.iter().map(|route| route.total_us).max();
    let of = detail.summary.statement.fingerprint;
    routes
        .iter()
        .take(MAX_ROWS)
        .map(|route| RouteRow {
            name: request_name(route.kind, &route.method, &route.route),
            href: requests_href(here, of, Some(&route.route)),
            requests: count(route.requests),
            calls: count(route.calls),
            per_request: ratio(route.calls, route.requests),
            total: duration_cell(route.total_us),
            bar: svg::bar(route.total_us, most.unwrap_or(0), "k-sql"),
        })
        .collect()
}

fn slow_rows(base: &str, detail: &StatementDetail) -> Vec<SlowRow> {
    let slowest = &detail.slowest;
    let most = slowest.iter().map(|slow| slow.max_us).max();
    let of = detail.summary.statement.fingerprint;
    slowest
        .iter()
        .take(MAX_SLOWEST)
        .map(|slow| SlowRow {
            href: format!("{base}/requests/{}?statement={of}#s{of}", slow.request_id),
            name: format!("{} {}", slow.method, one_line(&slow.route, 160)),
            at: format::ago(slow.started_at),
            calls: count(slow.calls),
            max: duration_cell(slow.max_us),
            total: duration_cell(slow.total_us),
            bar: svg::bar(slow.max_us, most.unwrap_or(0), "k-sql"),
        })
        .collect()
}

/// The 95th percentile of the time in the server, in µs, if the database reports it. The rest of a
/// call is the network and the app reading rows.
fn in_the_server(history: &[PlanBucket]) -> Option<u64> {
    let mut runs = Histogram::default();
    for bucket in history {
        if bucket.source == PlanSource::AutoExplain {
            runs.merge(&bucket.durations);
        }
    }
    (runs.count() > 0).then(|| runs.percentile(95.0))
}

/// Call sites as people see them, most time first: a line is one place, whatever the functions
/// around it are called in each build and for each database.
fn site_rows(sites: &[CallSiteUse]) -> Vec<SiteRow> {
    struct Place {
        name: String,
        titles: Vec<String>,
        calls: u64,
        total_us: u64,
    }
    let mut places: Vec<Place> = Vec::new();
    for site in sites {
        let (name, title) = match &site.call_site {
            Some(site) => (
                short_site(site),
                format!("{} in {site}", one_line(&site.function, 160)),
            ),
            None => ("call site not captured".to_owned(), String::new()),
        };
        match places.iter_mut().find(|place| place.name == name) {
            Some(place) => {
                place.calls += site.calls;
                place.total_us += site.total_us;
                if place.titles.len() < 4 && !place.titles.contains(&title) {
                    place.titles.push(title);
                }
            }
            None => places.push(Place {
                name,
                titles: vec![title],
                calls: site.calls,
                total_us: site.total_us,
            }),
        }
    }
    places.sort_by_key(|place| std::cmp::Reverse(place.total_us));
    places.truncate(MAX_ROWS);
    let most = places.first().map_or(0, |place| place.total_us);
    places
        .into_iter()
        .map(|place| SiteRow {
            place: place.name,
            title: place.titles.join("; "),
            calls: count(place.calls),
            total: duration_cell(place.total_us),
            bar: svg::bar(place.total_us, most, "k-sql"),
        })
        .collect()
}

/// The lines around the call site with most time, where this run of the program was built from
/// them: a file may have been changed since an older one.
async fn source_of(here: &Here, detail: &StatementDetail) -> Option<Vec<SourceLine>> {
    let root = here.app.source_root.as_ref()?;
    let started_at = here.app.vitals.snapshot().run.started_at;
    if detail.summary.last_seen_at < started_at {
        return None;
    }
    let site = detail.call_sites.first()?.call_site.as_ref()?;
    source::lines(root, site).await
}
