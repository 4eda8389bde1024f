//! Which routes hurt?

use std::cmp::Reverse;

use askama::Template;
use axum::response::Response;
use silk_core::{
    RequestSummary, Severity,
    store::{RequestFilter, RequestSort, RouteSummary},
};

use super::{
    Choice, Frame, Heading, draw,
    plan::{self, changes::ChangeView},
    request_name, rule_name, severity_class, status_of,
};
use crate::{
    context::Here,
    dashboard::Targets,
    error::Failure,
    filters::{self, Markup, count, count_or_dash, duration, duration_cell, percent},
    query_string::{Params, Window},
    svg,
    svg::waterfall::short_name,
};

/// Routes on the page; the table is to be read, not scrolled.
const MOST_ROUTES: usize = 100;

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct OverviewPage {
    frame: Frame,
    windows: Vec<Choice>,
    window: &'static str,
    requests: String,
    errors: u64,
    lost: u64,
    instance: String,
    headings: Vec<Heading>,
    routes: Vec<RouteRow>,
    more_routes: usize,
    worst_by: Vec<Choice>,
    worst: Vec<WorstRow>,
    findings: Vec<FindingRow>,
    changes: Vec<ChangeView>,
    has_any: bool,
}

/// The worst requests that are looked at for those that are shown.
const WORST_LOOKED_AT: u32 = 100;
/// The worst requests that are shown, and of one route at most.
const MOST_WORST: usize = 10;
const MOST_OF_ONE_ROUTE: usize = 3;

/// Findings that are shown.
const MOST_FINDINGS: usize = 6;

/// A figure and whether it passes its target.
struct Measured {
    text: Markup,
    is_over: bool,
}

struct RouteRow {
    name: String,
    href: String,
    requests: Markup,
    p50: Measured,
    p95: Measured,
    p99: Markup,
    max: Markup,
    in_sql: String,
    sql_bar: Markup,
    queries: Measured,
    errors: Markup,
    total: Markup,
    total_bar: Markup,
    over_time: Markup,
}

struct WorstRow {
    href: String,
    name: String,
    total: Markup,
    sql: Markup,
    queries: String,
    status: String,
    status_class: &'static str,
    bar: Markup,
    at: Markup,
}

struct FindingRow {
    title: String,
    class: &'static str,
    rule: String,
    /// The route, or the statement.
    about: String,
    /// `3 requests`, `150 calls`; and the address of them.
    seen: String,
    list_href: String,
    /// `1.70 s each`
    saves: Option<String>,
    href: String,
}

/// `GET /`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(&["window", "sort", "worst"])?;
    let window = Window::read(&params)?;
    let sort = params
        .parse("sort", "one of the columns", |v| {
            SORTS.iter().find(|(word, _)| *word == v).copied()
        })?
        .unwrap_or(SORTS[0]);
    let worst_sort = params
        .parse("worst", "total, sql or queries", |v| {
            WORST.iter().find(|(word, ..)| *word == v).copied()
        })?
        .unwrap_or(WORST[0]);
    let range = window.range(here.now);
    let app = &here.app;
    let mut routes = app.ask(|store| store.routes(range)).await?;
    routes.sort_by_key(|route| Reverse((sort.1)(route)));
    let since = Some(range.since);
    let worst = RequestFilter {
        since,
        sort: worst_sort.2,
        limit: WORST_LOOKED_AT,
        ..RequestFilter::default()
    };
    let worst = app.ask(|store| store.requests(&worst)).await?.items;
    let worst = varied(worst);
    let remarked = RequestFilter {
        since,
        finding: Some("any".to_owned()),
        limit: 100,
        ..RequestFilter::default()
    };
    let remarked = app.ask(|store| store.requests(&remarked)).await?.items;
    let findings = findings(&here, window, &remarked).await;
    let changes = plan::changes::of_all(&here, range).await;
    let vitals = app.vitals.snapshot();
    let base = &*here.base;
    let mut frame = Frame::new(&here, "overview", "Overview");
    frame.title = format!("Overview of the last {}", window.label());
    let home = format!("{base}/");
    let page = OverviewPage {
        frame,
        windows: choices(
            &Window::ALL,
            &home,
            &params,
            "window",
            |w| (w.word(), w.label()),
            window,
        ),
        window: window.label(),
        requests: count(routes.iter().map(|route| route.requests).sum()),
        errors: routes.iter().map(|route| route.errors).sum(),
        lost: vitals.lost.iter().map(|(_, n)| n).sum(),
        instance: vitals.run.instance,
        headings: headings(&home, &params, sort.0, app.targets),
        has_any: !routes.is_empty() || !worst.is_empty(),
        more_routes: routes.len().saturating_sub(MOST_ROUTES),
        routes: route_rows(&routes, app.targets, base, window),
        worst_by: choices(&WORST, &home, &params, "worst", |w| (w.0, w.1), worst_sort),
        worst: worst_rows(&worst, base, worst_sort.2),
        findings,
        changes,
    };
    draw(&page)
}

type SortKey = fn(&RouteSummary) -> u64;

const SORTS: [(&str, SortKey); 9] = [
    ("-total", |r| r.total_us),
    ("-requests", |r| r.requests),
    ("-p50", |r| r.durations.percentile(50.0)),
    ("-p95", |r| r.durations.percentile(95.0)),
    ("-p99", |r| r.durations.percentile(99.0)),
    ("-max", |r| r.durations.max()),
    ("-sql", |r| {
        (r.sql_us.saturating_mul(1_000))
            .checked_div(r.total_us)
            .unwrap_or(0)
    }),
    ("-queries", |r| {
        (r.queries.saturating_mul(1_000))
            .checked_div(r.requests)
            .unwrap_or(0)
    }),
    ("-errors", |r| r.errors),
];

const WORST: [(&str, &str, RequestSort); 3] = [
    ("total", "total", RequestSort::Duration),
    ("sql", "SQL", RequestSort::QueryTime),
    ("queries", "queries", RequestSort::QueryCount),
];

fn choices<T: Copy + PartialEq>(
    all: &[T],
    path: &str,
    params: &Params,
    name: &str,
    words: impl Fn(&T) -> (&'static str, &'static str),
    current: T,
) -> Vec<Choice> {
    all.iter()
        .map(|choice| {
            let (word, label) = words(choice);
            Choice {
                label: label.to_owned(),
                href: format!("{path}{}", params.with(&[(name, Some(word))])),
                is_current: *choice == current,
            }
        })
        .collect()
}

fn headings(path: &str, params: &Params, sort: &str, targets: Targets) -> Vec<Heading> {
    let by = |label, class, word| Heading::sorted_by(label, class, path, params, word, sort);
    vec![
        Heading::plain("Route", "main"),
        by("Requests", "num", "-requests"),
        by("p50", "num", "-p50").noted(format!("≤ {}", target(targets.p50_us))),
        by("p95", "num", "-p95").noted(format!("≤ {}", target(targets.p95_us))),
        by("p99", "num lo", "-p99"),
        by("Max", "num lo", "-max"),
        by("In SQL", "num", "-sql"),
        by("Queries", "num", "-queries").noted(format!("≤ {}", count(targets.queries))),
        by("Errors", "num lo", "-errors"),
        by("Total", "num lo", "-total"),
        Heading::plain("Over time", "lo"),
    ]
}

/// A target without digits that say nothing: `150 ms`.
fn target(us: u64) -> String {
    if us.is_multiple_of(1_000) && us < 1_000_000 {
        format!("{} ms", us / 1_000)
    } else {
        duration(us)
    }
}

fn route_rows(
    routes: &[RouteSummary],
    targets: Targets,
    base: &str,
    window: Window,
) -> Vec<RouteRow> {
    let most_total = routes.iter().map(|route| route.total_us).max().unwrap_or(0);
    let measured = |us: u64, target: u64| Measured {
        text: duration_cell(us),
        is_over: us > target,
    };
    routes
        .iter()
        .take(MOST_ROUTES)
        .map(|route| {
            let link = Params::default();
            let kind = route.kind.as_str();
            let method = Some(&*route.method).filter(|method| !method.is_empty());
            let exact = route.route.trim_end_matches('*');
            let query = link.with(&[
                ("kind", Some(kind)),
                ("method", method),
                ("route", Some(exact)),
                ("since", Some(window.word())),
            ]);
            RouteRow {
                name: request_name(route.kind, &route.method, &route.route),
                href: format!("{base}/requests{query}"),
                requests: askama::filters::Safe(count(route.requests)),
                p50: measured(route.durations.percentile(50.0), targets.p50_us),
                p95: measured(route.durations.percentile(95.0), targets.p95_us),
                p99: duration_cell(route.durations.percentile(99.0)),
                max: duration_cell(route.durations.max()),
                in_sql: percent(route.sql_us, route.total_us),
                sql_bar: svg::bar(route.sql_us, route.total_us, "k-sql"),
                queries: Measured {
                    text: askama::filters::Safe(format!(
                        "<span title=\"per request on average; at most {}\">{}</span>",
                        count(route.max_queries),
                        filters::ratio(route.queries, route.requests)
                    )),
                    is_over: route.queries > route.requests.saturating_mul(targets.queries),
                },
                errors: count_or_dash(route.errors),
                total: duration_cell(route.total_us),
                total_bar: svg::bar(route.total_us, most_total, "k-total"),
                over_time: svg::sparkline(&route.over_time, "requests"),
            }
        })
        .collect()
}

/// The worst, but no route more often than it takes to see that it is always it.
fn varied(worst: Vec<RequestSummary>) -> Vec<RequestSummary> {
    let mut shown: Vec<RequestSummary> = Vec::new();
    for request in worst {
        let alike = shown
            .iter()
            .filter(|other| other.route == request.route && other.method == request.method)
            .count();
        if alike < MOST_OF_ONE_ROUTE && shown.len() < MOST_WORST {
            shown.push(request);
        }
    }
    shown
}

fn worst_rows(worst: &[RequestSummary], base: &str, sort: RequestSort) -> Vec<WorstRow> {
    let key = |request: &RequestSummary| match sort {
        RequestSort::QueryTime => request.times.sql_us,
        RequestSort::QueryCount => request.query_count,
        _ => request.times.total_us,
    };
    let most = worst.iter().map(key).max().unwrap_or(0);
    worst
        .iter()
        .map(|request| {
            let (status, status_class) = status_of(request);
            WorstRow {
                href: format!("{base}/requests/{}", request.id),
                name: request_name(request.kind, &request.method, &request.path),
                total: duration_cell(request.times.total_us),
                sql: filters::duration_or_dash(request.times.sql_us),
                queries: count(request.query_count),
                status,
                status_class,
                bar: svg::bar(key(request), most, "k-total"),
                at: filters::ago(request.started_at),
            }
        })
        .collect()
}

/// The worst that the plan of a statement tells, weighed by what it would save over all its calls.
fn plan_row(here: &Here, remark: plan::of_statements::Remark) -> (u64, FindingRow) {
    let summary = &remark.statement;
    let finding = &remark.finding;
    let saves_us = super::findings::saves_us(finding, summary.calls);
    // Where the plan has no times, what it is about is the best that is known.
    let weight = saves_us.unwrap_or(match finding.severity {
        Severity::Critical => summary.total_us / 2,
        Severity::Warning | Severity::Info => summary.total_us / 10,
    });
    let row = FindingRow {
        title: filters::one_line(&finding.title, 160),
        class: severity_class(finding.severity),
        rule: rule_name(finding.rule),
        about: short_name(&summary.statement),
        seen: match summary.calls {
            1 => "1 call".to_owned(),
            calls => format!("{} calls", count(calls)),
        },
        saves: saves_us.map(|us| format!("{} in all", duration(us))),
        href: remark.plan_href,
        list_href: format!("{}/statements/{}", here.base, summary.statement.fingerprint),
    };
    (weight, row)
}

/// Requests with the same rule on the same route are one finding; the newest of them tells it.
async fn findings(here: &Here, window: Window, remarked: &[RequestSummary]) -> Vec<FindingRow> {
    let mut groups: Vec<(&str, &RequestSummary, usize)> = Vec::new();
    for request in remarked {
        for rule in &request.findings {
            let known = groups.iter_mut().find(|(other, first, _)| {
                other == rule && first.route == request.route && first.method == request.method
            });
            match known {
                Some((_, _, requests)) => *requests += 1,
                None => groups.push((rule, request, 1)),
            }
        }
    }
    let mut rows: Vec<(u64, FindingRow)> = Vec::new();
    for (rule, request, requests) in groups.into_iter().take(12) {
        let record = here
            .app
            .ask(|store| store.request(request.id))
            .await
            .ok()
            .flatten();
        let finding =
            record.and_then(|record| record.findings.into_iter().find(|f| f.rule == rule));
        let query = Params::default().with(&[
            ("finding", Some(rule)),
            ("route", Some(&*request.route)),
            ("since", Some(window.word())),
        ]);
        let saves_us = finding.as_ref().and_then(|finding| finding.saves_us);
        let times = u64::try_from(requests).unwrap_or(u64::MAX);
        let weight = saves_us.unwrap_or(0).saturating_mul(times);
        let row = FindingRow {
            title: finding.as_ref().map_or_else(
                || rule_name(rule),
                |finding| filters::one_line(&finding.title, 160),
            ),
            class: finding
                .as_ref()
                .map_or("", |finding| severity_class(finding.severity)),
            rule: rule_name(rule),
            about: request_name(request.kind, &request.method, &request.route),
            seen: match requests {
                1 => "1 request".to_owned(),
                n => format!("{n} requests"),
            },
            saves: saves_us.map(|us| format!("{} each", duration(us))),
            href: format!("{}/requests/{}", here.base, request.id),
            list_href: format!("{}/requests{query}", here.base),
        };
        rows.push((weight, row));
    }
    rows.extend(
        plan::of_statements::worst(here, window.range(here.now).since)
            .await
            .into_iter()
            .map(|remark| plan_row(here, remark)),
    );
    // What saves most over all first.
    rows.sort_by_key(|(weight, _)| Reverse(*weight));
    rows.into_iter()
        .take(MOST_FINDINGS)
        .map(|(_, row)| row)
        .collect()
}
