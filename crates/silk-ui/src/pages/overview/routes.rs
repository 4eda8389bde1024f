//! The table of routes, and all of them together.

use silk_core::{
    Histogram,
    store::{RouteName, RouteSummary},
};

use crate::{
    config::Targets,
    draw::{
        format::{self, Markup, count, count_or_dash, duration, duration_cell, percent},
        names::request_name,
        svg,
    },
    params::{Params, Window},
    parts::{
        lists::Heading,
        route_link::{requests_href, route_href},
    },
};

/// Routes on the page; the table should fit a screen.
pub(super) const MAX_ROUTES: usize = 100;

/// A figure and whether it passes its target.
pub(super) struct Measured {
    pub(super) text: Markup,
    pub(super) is_over: bool,
}

pub(super) struct RouteRow {
    pub(super) name: String,
    pub(super) href: String,
    /// The list of its requests.
    pub(super) requests_href: String,
    pub(super) requests: String,
    pub(super) p50: Measured,
    pub(super) p95: Measured,
    pub(super) p99: Markup,
    pub(super) max: Markup,
    pub(super) in_sql: Markup,
    pub(super) sql_bar: Markup,
    pub(super) queries: Measured,
    pub(super) errors: Markup,
    pub(super) total: Markup,
    pub(super) total_bar: Markup,
    pub(super) over_time: Markup,
}

pub(super) struct WholeRow {
    pub(super) requests: String,
    pub(super) p50: Markup,
    pub(super) p95: Markup,
    pub(super) p99: Markup,
    pub(super) max: Markup,
    pub(super) in_sql: Markup,
    pub(super) queries: String,
    pub(super) errors: Markup,
    pub(super) total: Markup,
}

pub(super) fn headings(path: &str, params: &Params, sort: &str, targets: Targets) -> Vec<Heading> {
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

pub(super) fn route_rows(
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
        .take(MAX_ROUTES)
        .map(|route| {
            let name = RouteName {
                kind: route.kind,
                method: route.method.clone(),
                route: route.route.clone(),
            };
            RouteRow {
                name: request_name(route.kind, &route.method, &route.route),
                href: route_href(base, &name, window),
                requests_href: requests_href(base, &name, window, &[]),
                requests: count(route.requests),
                p50: measured(route.durations.percentile(50.0), targets.p50_us),
                p95: measured(route.durations.percentile(95.0), targets.p95_us),
                p99: duration_cell(route.durations.percentile(99.0)),
                max: duration_cell(route.durations.max()),
                in_sql: in_sql(route.sql_us, route.total_us, route.queries),
                sql_bar: svg::bar(route.sql_us, route.total_us, "k-sql"),
                queries: Measured {
                    text: askama::filters::Safe(format!(
                        "<span title=\"per request on average; at most {}\">{}</span>",
                        count(route.max_queries),
                        format::ratio(route.queries, route.requests)
                    )),
                    is_over: route.queries > route.requests.saturating_mul(targets.queries),
                },
                errors: count_or_dash(route.errors),
                total: duration_cell(route.total_us),
                total_bar: svg::bar(route.total_us, most_total, "k-total"),
                over_time: svg::sparkline(&route.over_time, "request"),
            }
        })
        .collect()
}

/// The share of SQL; a dash if no SQL was run.
fn in_sql(sql_us: u64, total_us: u64, queries: u64) -> Markup {
    if sql_us == 0 && queries == 0 {
        format::dash()
    } else {
        askama::filters::Safe(percent(sql_us, total_us))
    }
}

pub(super) fn whole(routes: &[RouteSummary]) -> Option<WholeRow> {
    if routes.len() < 2 {
        return None;
    }
    let sum = |of: fn(&RouteSummary) -> u64| routes.iter().map(of).fold(0, u64::saturating_add);
    let (requests, queries) = (sum(|r| r.requests), sum(|r| r.queries));
    let (sql_us, total_us) = (sum(|r| r.sql_us), sum(|r| r.total_us));
    let mut durations = Histogram::default();
    for route in routes {
        durations.merge(&route.durations);
    }
    Some(WholeRow {
        requests: count(requests),
        p50: duration_cell(durations.percentile(50.0)),
        p95: duration_cell(durations.percentile(95.0)),
        p99: duration_cell(durations.percentile(99.0)),
        max: duration_cell(durations.max()),
        in_sql: in_sql(sql_us, total_us, queries),
        queries: format::ratio(queries, requests),
        errors: count_or_dash(sum(|r| r.errors)),
        total: duration_cell(total_us),
    })
}
