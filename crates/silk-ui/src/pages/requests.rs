//! What happened?

use std::iter;

use askama::Template;
use axum::response::Response;
use silk_core::{
    RequestId, RequestKind, RequestSummary, finding::rules::RULES, store::RequestSort,
};

use crate::{
    ahead::{self, AheadView},
    context::Here,
    draw::{
        counted,
        format::{self, Markup, count, duration_cell, duration_or_dash},
        names::{request_name, rule_name, status_of},
        svg,
    },
    error::Failure,
    params::{Params, REQUEST_PARAMS, Window, request_filter},
    parts::lists::row_count,
    parts::{
        frame::{Frame, render},
        lists::{Chip, Heading, chips},
    },
};

#[derive(Template)]
#[template(path = "pages/requests.html")]
struct RequestsPage {
    frame: Frame,
    form: Form,
    chips: Vec<Chip>,
    headings: Vec<Heading>,
    rows: Vec<RequestRow>,
    ahead: Option<AheadView>,
    count: String,
    is_partial: bool,
    /// How far a search came that was cut short.
    searched: Option<String>,
    first_href: Option<String>,
    next_href: Option<String>,
    clear_href: String,
    is_live: bool,
    /// The events of the list, as they come.
    live_href: String,
    /// What rows are compared with.
    compare: Option<CompareView>,
}

/// The request that the rows of the list can be compared with.
struct CompareView {
    id: String,
    /// The list without it.
    cancel_href: String,
}

impl CompareView {
    fn read(here: &Here, params: &Params) -> Result<Option<Self>, Failure> {
        let id = params.parse(COMPARE, "the id of a request", |v| {
            v.parse::<RequestId>().ok()
        })?;
        Ok(id.map(|id| Self {
            id: id.to_string(),
            cancel_href: format!("{}/requests{}", here.base, params.with(&[(COMPARE, None)])),
        }))
    }
}

/// The filter form as it was sent.
struct Form {
    kind: String,
    method: String,
    route: String,
    path: String,
    status: String,
    min_duration_ms: String,
    min_queries: String,
    text: String,
    finding: String,
    since: String,
    /// What the form does not show but keeps.
    hidden: Vec<(String, String)>,
}

impl Form {
    const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
    const STATUSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

    /// Kinds of requests.
    const fn kinds() -> &'static [RequestKind] {
        RequestKind::ALL
    }

    /// Words and labels of what can be asked of findings: any, or one of a rule.
    fn findings() -> impl Iterator<Item = (&'static str, &'static str)> {
        let rules = RULES.iter().map(|rule| (rule.name, rule.label));
        iter::once(("any", "any finding")).chain(rules)
    }

    /// Words and labels of the windows to look back.
    fn windows() -> impl Iterator<Item = (&'static str, &'static str)> {
        let windows = Window::ALL.into_iter();
        windows.filter_map(Window::of_list)
    }

    /// A status that the form does not offer: it was written into the address.
    fn other_status(&self) -> Option<&str> {
        other(&self.status, Self::STATUSES.into_iter())
    }

    fn other_finding(&self) -> Option<&str> {
        other(&self.finding, Self::findings().map(|(word, _)| word))
    }

    fn other_since(&self) -> Option<&str> {
        other(&self.since, Self::windows().map(|(word, _)| word))
    }
}

/// A value that is none of those offered.
fn other(value: &str, mut offered: impl Iterator<Item = &'static str>) -> Option<&str> {
    (!value.is_empty() && !offered.any(|word| word == value)).then_some(value)
}

/// One row, here and wherever else requests are listed.
pub(crate) struct RequestRow {
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) at: Markup,
    pub(crate) name: String,
    pub(crate) path: Option<String>,
    pub(crate) status: String,
    pub(crate) status_class: &'static str,
    pub(crate) total: Markup,
    pub(crate) sql: Markup,
    pub(crate) bar: Markup,
    pub(crate) queries: String,
    pub(crate) is_over: bool,
    pub(crate) findings: Vec<String>,
}

/// Rows of a list, their bars on one scale.
pub(crate) fn rows(requests: &[RequestSummary], here: &Here) -> Vec<RequestRow> {
    let scale = svg::scale_of(requests.iter().map(|request| request.times.total_us));
    requests
        .iter()
        .map(|request| {
            let (status, status_class) = status_of(request);
            RequestRow {
                id: request.id.to_string(),
                href: format!("{}/requests/{}", here.base, request.id),
                at: format::clock(request.started_at),
                name: request_name(request.kind, &request.method, &request.route),
                path: (request.path != request.route).then(|| format::one_line(&request.path, 160)),
                status,
                status_class,
                total: duration_cell(request.times.total_us),
                sql: duration_or_dash(request.times.sql_us),
                bar: svg::breakdown(&request.times, scale, "mini"),
                queries: count(request.query_count),
                is_over: request.query_count > here.app.targets.queries,
                findings: finding_names(request),
            }
        })
        .collect()
}

/// What was found, each with how many queries it is about: `repeated statement ×100`.
fn finding_names(request: &RequestSummary) -> Vec<String> {
    request
        .findings
        .iter()
        .enumerate()
        .map(|(at, rule)| match request.finding_calls.get(at) {
            Some(calls) if *calls > 1 => format!("{} ×{}", rule_name(rule), count(*calls)),
            _ => rule_name(rule),
        })
        .collect()
}

/// The parameter that names a request to compare the rows with.
const COMPARE: &str = "compare";

/// `GET /requests`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(&[REQUEST_PARAMS, &[COMPARE]].concat())?;
    let mut filter = request_filter(&params, here.now)?;
    let compare = CompareView::read(&here, &params)?;
    let ahead = ahead::end_at_now(&here, &mut filter).await?;
    let page = here.app.ask(|store| store.requests(&filter)).await?;
    let path = format!("{}/requests", here.base);
    let sort = filter.sort.as_str();
    let by = |label, class, word: RequestSort| {
        Heading::sorted_by(label, class, &path, &params, word.as_str(), sort)
    };
    let field = |name: &str| params.get(name).unwrap_or_default().to_owned();
    let list = RequestsPage {
        frame: Frame::new(&here, "requests", "Requests"),
        form: Form {
            kind: field("kind"),
            method: field("method").to_ascii_uppercase(),
            route: field("route"),
            path: field("path"),
            status: field("status"),
            min_duration_ms: field("min_duration_ms"),
            min_queries: field("min_queries"),
            text: field("text"),
            finding: field("finding"),
            since: field("since"),
            hidden: params
                .iter()
                .filter(|(name, _)| {
                    matches!(*name, "sort" | "limit" | "fingerprint" | "until" | COMPARE)
                })
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        },
        chips: chips(&path, &params),
        headings: vec![
            by("When", "", RequestSort::StartedAt),
            Heading::plain("Request", "main"),
            Heading::plain("Status", ""),
            by("Total", "num", RequestSort::Duration),
            Heading::plain("Where it went", "lo"),
            by("In SQL", "num", RequestSort::QueryTime),
            by("Queries", "num", RequestSort::QueryCount),
            Heading::plain("Findings", "lo"),
        ],
        rows: rows(&page.items, &here),
        ahead: ahead.map(|ahead| ahead.view(&here.base, &params)),
        count: row_count(&page, "request"),
        is_partial: page.is_partial,
        searched: page.searched.map(|searched| {
            format!(
                "looked at {} of {} so far",
                count(searched.looked_at),
                counted(searched.of, "request")
            )
        }),
        first_href: filter
            .cursor
            .map(|_| format!("{path}{}", params.with(&[("cursor", None)]))),
        next_href: page.next.map(|next| {
            format!(
                "{path}{}",
                params.with(&[("cursor", Some(&next.to_string()))])
            )
        }),
        clear_href: path.clone(),
        // Live rows come in at the top, so they are for the newest-first list only.
        is_live: filter.cursor.is_none() && filter.sort == RequestSort::StartedAt,
        live_href: format!(
            "{}/api/live{}",
            here.base,
            params.with(&[("sort", None), ("limit", None), (COMPARE, None)])
        ),
        compare,
    };
    render(&list)
}
