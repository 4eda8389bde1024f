//! Where did the time go?

mod accepted;
mod groups;
pub(crate) mod markdown;

use std::fmt::Write as _;

use askama::Template;
use axum::{extract::Path, response::Response};
use silk_core::{Body, Header, LogRecord, RequestDetail, RequestRecord};

use crate::{
    context::Here,
    draw::{
        counted,
        format::{
            self, Markup, bytes, count, cut, duration, duration_cell, escape, one_line, percent,
        },
        json, listed,
        names::{request_name, status_of},
        replay,
        svg::{
            self,
            waterfall::{Timeline, timeline, transaction},
        },
    },
    error::Failure,
    findings,
    params::Params,
    parts::{
        finding::{self, FindingView, VerdictView},
        frame::{Frame, plain, render},
    },
    plans::of_request,
};

/// More of a body is a click away, so that the page stays light.
const MAX_BODY: usize = 6_000;
/// The same for a replay.
const MAX_REPLAY: usize = 6_000;
/// Log events on the page.
const MAX_LOGS: usize = 50;
/// Headers on the page, of request and response each.
const MAX_HEADERS: usize = 60;

#[derive(Template)]
#[template(path = "pages/request.html")]
struct RequestPage {
    frame: Frame,
    here: String,
    name: String,
    query_string: String,
    status: String,
    status_class: &'static str,
    at: Markup,
    facts: Vec<(&'static str, String)>,
    id: String,
    /// The list of its route's requests, each with a link that compares.
    compare_href: String,
    /// The route, and the list of its requests.
    route: String,
    route_href: String,
    json_href: String,
    total: Markup,
    kinds: Vec<KindFigure>,
    breakdown: Markup,
    verdict: VerdictView,
    findings: Vec<FindingView>,
    /// What the app accepts: rule, what was seen, why it is accepted.
    accepted: Vec<(String, String, String)>,
    error: Option<String>,
    timeline: Timeline,
    has_timeline: bool,
    queries: String,
    query_errors: u64,
    not_kept: u64,
    groups: Vec<groups::Group>,
    more_groups: usize,
    request_headers: Vec<HeaderView>,
    response_headers: Vec<HeaderView>,
    bodies: Vec<BodyView>,
    logs: Vec<LogView>,
    more_logs: usize,
    logs_not_kept: u64,
    /// What was beyond what a request keeps, in the timeline: `112 waits and 3 spans`.
    caps: String,
    curl: Option<String>,
    test: Option<String>,
    is_http: bool,
}

struct KindFigure {
    class: &'static str,
    name: &'static str,
    /// What that time is.
    about: &'static str,
    time: Markup,
    share: String,
    note: String,
}

struct HeaderView {
    name: String,
    value: String,
    is_redacted: bool,
}

struct BodyView {
    title: &'static str,
    anchor: &'static str,
    about: String,
    text: Option<Markup>,
    is_json: bool,
    /// Address of all that was kept.
    whole_href: Option<String>,
    why_none: &'static str,
}

struct LogView {
    at: String,
    level: String,
    class: &'static str,
    target: String,
    message: String,
    fields: Vec<(String, String)>,
}

/// `GET /requests/{id}`, and `/requests/{id}.md`
pub(crate) async fn show(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    if let Some(id) = id.strip_suffix(".md") {
        return markdown::request(here, Path(id.to_owned())).await;
    }
    let params = here.params(&["statement", "page"])?;
    let statement = params.parse("statement", "16 hex digits", |v| v.parse().ok())?;
    let page = params.parse("page", "a whole number from 1", |v| {
        v.parse::<usize>().ok().filter(|page| *page > 0)
    })?;
    let (id, record) = here.app.request(&id).await?;
    let plans = of_request::of(&here, &record).await;
    let findings = findings::of_request(&here, &record, &plans).await;
    let verdict = findings::verdict(&record, &findings, &plans);
    let open = statement.map(|statement| (statement, page.unwrap_or(1)));
    let (groups, more_groups) = groups::groups(&record, &plans, &here.base, open);
    let address = format!("{}/requests/{id}", here.base);
    let (verdict, findings) = finding::views(&here, &record, verdict, &findings).await;
    let mut page = view(&here, &record, address, verdict);
    (page.groups, page.more_groups, page.findings) = (groups, more_groups, findings);
    render(&page)
}

fn view(here: &Here, record: &RequestRecord, address: String, verdict: VerdictView) -> RequestPage {
    let (summary, detail) = (&record.summary, &record.detail);
    let (status, status_class) = status_of(summary);
    let name = request_name(summary.kind, &summary.method, &summary.path);
    let is_http = !summary.method.is_empty();
    let fits = |text: String| (text.len() <= MAX_REPLAY).then_some(text);
    let bodies = [
        ("Request body", "request-body", &detail.request_body),
        ("Response body", "response-body", &detail.response_body),
    ]
    .into_iter()
    .filter_map(|(title, anchor, body)| Some(body_view(title, anchor, body.as_ref()?, &address)))
    .collect();
    let drawn = timeline(detail, &summary.times, &address);
    let siblings = Params::default().with(&[
        ("kind", Some(summary.kind.as_str())),
        ("method", Some(&*summary.method).filter(|m| !m.is_empty())),
        ("route", Some(&*summary.route)),
    ]);
    RequestPage {
        frame: Frame::new(here, "requests", one_line(&name, 80)),
        name: one_line(&name, 200),
        query_string: detail
            .query_string
            .as_deref()
            .map_or_else(String::new, |query| cut(query, 400)),
        status,
        status_class,
        at: format::moment(summary.started_at),
        facts: facts(record),
        id: summary.id.to_string(),
        compare_href: format!("{}/compare?a={}", here.base, summary.id),
        route: one_line(&summary.route, 200),
        route_href: format!("{}/requests{siblings}", here.base),
        json_href: format!("{}/api/requests/{}", here.base, summary.id),
        total: duration_cell(summary.times.total_us),
        kinds: kinds(record),
        breakdown: svg::breakdown(&summary.times, summary.times.total_us, "breakdown"),
        findings: Vec::new(),
        accepted: accepted::accepted(detail),
        // The verdict says it, unless it is long or had another reason to give.
        error: detail
            .error
            .as_deref()
            .filter(|error| !verdict.sentence.contains(error))
            .map(|error| cut(error, 2_000)),
        verdict,
        has_timeline: !drawn.rows.0.is_empty(),
        timeline: drawn,
        queries: count(summary.query_count),
        query_errors: summary.query_errors,
        not_kept: detail.queries_not_kept,
        groups: Vec::new(),
        more_groups: 0,
        request_headers: headers(&detail.request_headers),
        response_headers: headers(&detail.response_headers),
        bodies,
        logs: detail.logs.iter().take(MAX_LOGS).map(log_view).collect(),
        more_logs: detail.logs.len().saturating_sub(MAX_LOGS),
        logs_not_kept: detail.logs_not_kept,
        caps: caps(detail),
        curl: if is_http {
            fits(replay::curl(record))
        } else {
            None
        },
        test: if is_http {
            fits(replay::rust_test(record))
        } else {
            None
        },
        is_http,
        here: address,
    }
}

/// What the timeline lacks, since more of it came than a request keeps.
fn caps(detail: &RequestDetail) -> String {
    let caps = [
        (detail.waits_not_kept, "wait"),
        (detail.transactions_not_kept, "transaction"),
        (detail.spans_not_kept, "span"),
        (detail.queries_not_kept, "query"),
    ];
    let caps: Vec<_> = caps
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| counted(n, word))
        .collect();
    listed(&caps)
}

fn facts(record: &RequestRecord) -> Vec<(&'static str, String)> {
    let summary = &record.summary;
    let mut facts = vec![("id", summary.id.to_string())];
    if summary.times.head_us > 0 {
        facts.push(("response started after", duration(summary.times.head_us)));
        facts.push(("body took", duration(summary.times.body_us)));
    }
    if let Some(version) = &record.detail.http_version {
        facts.push(("protocol", one_line(version, 20)));
    }
    if let Some(trace) = &summary.trace_id {
        facts.push(("trace", one_line(trace, 64)));
    }
    if let Some(parent) = summary.parent_id {
        facts.push(("started by", parent.to_string()));
    }
    facts
}

fn kinds(record: &RequestRecord) -> Vec<KindFigure> {
    let (summary, detail) = (&record.summary, &record.detail);
    let times = &summary.times;
    svg::kinds(times)
        .into_iter()
        .map(|kind| KindFigure {
            class: kind.class,
            name: kind.name,
            about: kind.about,
            time: duration_cell(kind.us),
            share: percent(kind.us, times.total_us),
            note: match kind.class {
                "sql" => sql_note(record),
                "poll" => format!("longest stretch {}", duration(times.longest_poll_us)),
                "wait" if detail.waits_not_kept > 0 => format!(
                    "{} kept, {} more",
                    counted(detail.waits.len(), "wait"),
                    count(detail.waits_not_kept)
                ),
                "wait" if !detail.waits.is_empty() => counted(detail.waits.len(), "wait"),
                _ => String::new(),
            },
        })
        .collect()
}

/// How many queries, and what transactions took beside them: `3 queries · COMMIT 7.00 ms`.
fn sql_note(record: &RequestRecord) -> String {
    let mut note = match record.summary.query_count {
        0 => "no query".to_owned(),
        n => counted(n, "query"),
    };
    for (word, us) in transaction::times(&record.detail.transactions) {
        let _ = write!(note, " · {word} {}", duration(us));
    }
    note
}

fn headers(headers: &[Header]) -> Vec<HeaderView> {
    headers
        .iter()
        .take(MAX_HEADERS)
        .map(|header| HeaderView {
            name: cut(&header.name, 120),
            value: cut(&header.value, 400),
            is_redacted: header.is_redacted,
        })
        .collect()
}

fn body_view(title: &'static str, anchor: &'static str, body: &Body, address: &str) -> BodyView {
    let mut about = vec![bytes(body.total_bytes)];
    about.extend(
        body.content_type
            .as_deref()
            .map(|content_type| one_line(content_type, 80)),
    );
    if body.is_truncated {
        about.push("only the beginning was kept".to_owned());
    }
    if body.is_redacted {
        about.push("redacted in part".to_owned());
    }
    let text = body.text.as_deref().filter(|text| !text.is_empty());
    let read = text.and_then(|text| json::pretty(text, MAX_BODY));
    BodyView {
        title,
        anchor,
        about: about.join(" · "),
        is_json: read.is_some(),
        text: read.or_else(|| Some(askama::filters::Safe(escape(&cut(text?, MAX_BODY))))),
        whole_href: text.map(|_| format!("{address}/{anchor}")),
        why_none: if body.total_bytes == 0 {
            "It was empty."
        } else {
            "Not kept: it is no text, or bodies are not captured."
        },
    }
}

fn log_view(log: &LogRecord) -> LogView {
    LogView {
        at: duration(log.at_us),
        level: one_line(&log.level, 8),
        class: if log.level == "ERROR" { "bad" } else { "warn" },
        target: one_line(&log.target, 80),
        message: cut(&log.message, 600),
        fields: log
            .fields
            .iter()
            .take(12)
            .map(|(name, value)| (one_line(name, 40), cut(value, 200)))
            .collect(),
    }
}

/// `GET /requests/{id}/request-body`: all that was kept of it.
pub(crate) async fn request_body(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let (_, record) = here.app.request(&id).await?;
    body_text(record.detail.request_body)
}

/// `GET /requests/{id}/response-body`: all that was kept of it.
pub(crate) async fn response_body(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    let (_, record) = here.app.request(&id).await?;
    body_text(record.detail.response_body)
}

fn body_text(body: Option<Body>) -> Result<Response, Failure> {
    body.and_then(|body| body.text)
        .map(plain)
        .ok_or_else(|| Failure::not_found("Nothing of this body was kept."))
}

/// `GET /requests/{id}/replay.sh`: the `curl` command.
pub(crate) async fn replay_curl(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    replayed(&here, &id, replay::curl).await
}

/// `GET /requests/{id}/replay.rs`: the Rust test.
pub(crate) async fn replay_test(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    replayed(&here, &id, replay::rust_test).await
}

async fn replayed(
    here: &Here,
    id: &str,
    form: fn(&RequestRecord) -> String,
) -> Result<Response, Failure> {
    let (_, record) = here.app.request(id).await?;
    if record.summary.method.is_empty() {
        return Err(Failure::not_found(
            "Only an HTTP exchange can be replayed, and this is none.",
        ));
    }
    Ok(plain(form(&record)))
}
