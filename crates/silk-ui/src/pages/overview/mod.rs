//! Which routes hurt?

mod routes;
mod worst;

use std::cmp::Reverse;

use askama::Template;
use axum::response::Response;
use silk_core::store::{RequestFilter, RequestSort, RouteSummary};

use self::{
    routes::{MAX_ROUTES, RouteRow, WholeRow, headings, route_rows, whole},
    worst::{WorstRow, varied, worst_rows},
};
use crate::{
    ahead::{self, AheadView},
    context::Here,
    error::Failure,
    findings::{across, of_statements},
    params::{Params, Window},
    parts::{
        findings_now::{self, FindingRow},
        frame::{Frame, render},
        lists::{Choice, Heading},
        plan_changes::{self, ChangeView},
        window_bar::{WindowBar, window_bar},
    },
};

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct OverviewPage {
    frame: Frame,
    bar: WindowBar,
    window: String,
    heading: String,
    ahead: Option<AheadView>,
    requests: u64,
    errors: u64,
    lost: u64,
    instance: String,
    headings: Vec<Heading>,
    routes: Vec<RouteRow>,
    /// All routes together, where there are several.
    whole: Option<WholeRow>,
    more_routes: usize,
    worst_by: Vec<Choice>,
    worst: Vec<WorstRow>,
    findings: Vec<FindingRow>,
    /// Findings with less time that are left out, and their address.
    more_findings: usize,
    more_findings_href: String,
    /// Requests with findings that are counted, where the window holds more.
    of_last: Option<u64>,
    changes: Vec<ChangeView>,
    has_any: bool,
}

/// The worst requests that are looked at for those that are shown.
const WORST_LOOKED_AT: u32 = 100;

/// `GET /`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(&["window", "since", "until", "sort", "worst"])?;
    let window = Window::read(&params, here.now)?;
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
    let mut worst = RequestFilter {
        since: Some(range.since),
        // Of a window that ends now, what lies ahead is shown separately.
        until: window.of_list().is_none().then_some(range.until),
        sort: worst_sort.2,
        limit: WORST_LOOKED_AT,
        ..RequestFilter::default()
    };
    let ahead = ahead::end_at_now(&here, &mut worst).await?;
    let worst = app.ask(|store| store.requests(&worst)).await?.items;
    let worst = varied(worst);
    let sums = app.ask(|store| store.findings(range)).await?;
    let total_us = routes.iter().map(|route| route.total_us).sum();
    let plans = of_statements::worst(&here, range).await;
    let found = across::of_window(&here, sums, plans, total_us).await;
    let changes = plan_changes::of_all(&here, range).await;
    let vitals = app.vitals.snapshot();
    let base = &*here.base;
    let mut frame = Frame::new(&here, "overview", "Overview");
    frame.title = format!("Overview of {}", window.phrase());
    let home = format!("{base}/");
    let page = OverviewPage {
        frame,
        bar: window_bar(&home, &params, window, here.now),
        window: window.phrase(),
        heading: window.heading(),
        ahead: ahead.map(|ahead| ahead.view(base, &Params::default())),
        requests: routes.iter().map(|route| route.requests).sum(),
        errors: routes.iter().map(|route| route.errors).sum(),
        lost: vitals.lost.iter().map(|(_, n)| n).sum(),
        instance: vitals.run.instance,
        headings: headings(&home, &params, sort.0, app.targets),
        has_any: !routes.is_empty() || !worst.is_empty(),
        more_routes: routes.len().saturating_sub(MAX_ROUTES),
        routes: route_rows(&routes, app.targets, base, window),
        whole: whole(&routes),
        worst_by: choices(&WORST, &home, &params, "worst", |w| (w.0, w.1), worst_sort),
        worst: worst_rows(&worst, base, worst_sort.2),
        findings: findings_now::rows(&here, window, &found.items),
        more_findings: found.more,
        more_findings_href: format!("{base}/findings{}", window.on(&Params::default(), &[])),
        of_last: found.of_last,
        changes,
    };
    render(&page)
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
