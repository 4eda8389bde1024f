//! Which lines of code take most of the database's time?

use askama::Template;
use axum::response::Response;
use silk_core::store::{Hotspot, LOOKED_AT};

use crate::{
    context::Here,
    draw::{
        call_site::short_site,
        editor::EditorLinks,
        format::{self, Markup, count, duration_cell, one_line, percent},
        names::request_name,
        short_sql::brief,
        svg,
    },
    error::Failure,
    params::{WINDOW_PARAMS, Window},
    parts::{
        frame::{Frame, render},
        route_link::route_href,
        window_bar::{WindowBar, window_bar},
    },
};

/// Lines on the page, and in the API unless it is asked for others.
pub(crate) const MAX_LINES: u32 = 50;
/// Lines whose times are summed for the shares: as many as the store tells.
const MAX_SUMMED: u32 = 500;

/// From so many executions in one request on, a line is marked as a loop: the default of
/// [`Thresholds::min_calls`](silk_core::finding::Thresholds::min_calls), from which on a repeated
/// statement is a finding.
pub(crate) const LOOP_FROM: u64 = 10;

#[derive(Template)]
#[template(path = "pages/hotspots.html")]
struct HotspotsPage {
    frame: Frame,
    bar: WindowBar,
    window: String,
    rows: Vec<Row>,
    /// Most lines that are listed, where there may be more.
    cut_at: Option<u32>,
    has_requests: bool,
    looked_at: u32,
}

struct Row {
    place: String,
    title: String,
    is_known: bool,
    editor_href: Option<String>,
    total: Markup,
    bar: Markup,
    share: String,
    calls: String,
    in_loop: Option<String>,
    most_calls: String,
    sql: Markup,
    whole_sql: String,
    statement_href: String,
    more_statements: u64,
    /// Whether there are further ones that are not told apart.
    has_more_statements: bool,
    route: String,
    route_href: String,
    more_routes: u64,
}

/// `GET /hotspots`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(&WINDOW_PARAMS)?;
    let window = Window::read(&params, here.now)?;
    let range = window.range(here.now);
    let mut lines = here
        .app
        .ask(|store| store.hotspots(range, MAX_SUMMED))
        .await?;
    let all_us = lines.iter().map(|line| line.total_us).sum();
    let most = usize::try_from(MAX_LINES).unwrap_or(usize::MAX);
    let is_cut = lines.len() > most;
    lines.truncate(most);
    // Only an empty page must know.
    let has_requests =
        !lines.is_empty() || !here.app.ask(|store| store.routes(range)).await?.is_empty();
    let links = here.app.editor_links().await;
    let page = HotspotsPage {
        frame: Frame::new(&here, "hotspots", "Hotspots"),
        bar: window_bar(
            &format!("{}/hotspots", here.base),
            &params,
            window,
            here.now,
        ),
        window: window.phrase(),
        rows: rows(&here, window, &lines, all_us, links.as_ref()),
        cut_at: is_cut.then_some(MAX_LINES),
        has_requests,
        looked_at: LOOKED_AT,
    };
    render(&page)
}

fn rows(
    here: &Here,
    window: Window,
    lines: &[Hotspot],
    all_us: u64,
    links: Option<&EditorLinks>,
) -> Vec<Row> {
    let most = lines.iter().map(|line| line.total_us).max().unwrap_or(0);
    lines
        .iter()
        .map(|line| {
            let statement = &line.statement;
            let (place, title) = match &line.call_site {
                Some(site) => (
                    short_site(site),
                    format!("{} in {site}", one_line(&site.function, 160)),
                ),
                None => ("line not captured".to_owned(), String::new()),
            };
            Row {
                place,
                title,
                is_known: line.call_site.is_some(),
                editor_href: links
                    .zip(line.call_site.as_ref())
                    .and_then(|(links, site)| links.to(site)),
                total: duration_cell(line.total_us),
                bar: svg::bar(line.total_us, most, "k-sql"),
                share: percent(line.total_us, all_us),
                calls: count(line.calls),
                in_loop: in_loop(line),
                most_calls: match line.most_calls_in_request {
                    0 => "–".to_owned(),
                    most => count(most),
                },
                sql: brief(&statement.normalized, statement.database, 120),
                whole_sql: one_line(&statement.normalized, 1_000),
                statement_href: format!("{}/statements/{}", here.base, statement.fingerprint),
                more_statements: line.statements.saturating_sub(1),
                has_more_statements: line.has_more_statements,
                route: request_name(line.route.kind, &line.route.method, &line.route.route),
                route_href: route_href(&here.base, &line.route, window),
                more_routes: line.routes.saturating_sub(1),
            }
        })
        .collect()
}

/// Of a line that one request ran again and again: how often on average, and at most.
fn in_loop(line: &Hotspot) -> Option<String> {
    (line.call_site.is_some() && line.most_calls_in_request >= LOOP_FROM).then(|| {
        let mean = format::ratio(line.calls_seen, line.requests_seen);
        format!(
            "{mean} a request, at most {}",
            count(line.most_calls_in_request)
        )
    })
}
