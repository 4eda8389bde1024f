//! One file per page: what it asks the store, and how its figures are put into words. The markup
//! stands in the template of the same name.

pub(crate) mod advice;
pub(crate) mod compare_plans;
pub(crate) mod database;
pub(crate) mod error;
pub(crate) mod findings;
pub(crate) mod groups;
pub(crate) mod health;
pub(crate) mod now;
pub(crate) mod overview;
pub(crate) mod paste;
pub(crate) mod plan;
pub(crate) mod query;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod statement;
pub(crate) mod statements;

use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{StatusCode, header};
use silk_core::{Outcome, RequestSummary, Severity};

use crate::{assets, context::Here, error::Failure, query_string::Params};

/// What stands around every page.
pub(crate) struct Frame {
    pub(crate) title: String,
    /// Path of the mount; every link starts with it.
    pub(crate) base: String,
    /// Path of the assets.
    pub(crate) assets: String,
    /// Which page of the menu this belongs to.
    pub(crate) nav: &'static str,
    pub(crate) service: String,
    pub(crate) is_recording: bool,
}

impl Frame {
    pub(crate) fn new(here: &Here, nav: &'static str, title: impl Into<String>) -> Self {
        let vitals = here.app.vitals.snapshot();
        Self {
            title: title.into(),
            base: here.base.to_string(),
            assets: assets::folder(&here.base),
            nav,
            service: vitals.run.service,
            is_recording: vitals.is_recording,
        }
    }
}

/// Draws a page.
///
/// # Errors
/// 500 where the template fails, which only a fault of ours can make it.
pub(crate) fn draw(page: &impl Template) -> Result<Response, Failure> {
    match page.render() {
        Ok(html) => Ok(Html(html).into_response()),
        Err(error) => Err(Failure::internal(format!(
            "The page could not be drawn: {error}."
        ))),
    }
}

/// Text as it is, for programs and for whom a cut is too short.
pub(crate) fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// Sends the browser on after a form, so that a reload sends nothing again.
pub(crate) fn see_other(to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}

/// The heading of a column: a link where the column can be sorted by.
pub(crate) struct Heading {
    pub(crate) label: &'static str,
    /// What the figures are measured against, below the label.
    pub(crate) note: String,
    pub(crate) class: &'static str,
    pub(crate) href: Option<String>,
    pub(crate) is_sorted: bool,
}

impl Heading {
    pub(crate) fn plain(label: &'static str, class: &'static str) -> Self {
        Self {
            label,
            note: String::new(),
            class,
            href: None,
            is_sorted: false,
        }
    }

    /// A sortable one: `path` with `params`, sorted by `word` and from the start.
    pub(crate) fn sorted_by(
        label: &'static str,
        class: &'static str,
        path: &str,
        params: &Params,
        word: &str,
        current: &str,
    ) -> Self {
        let query = params.with(&[("sort", Some(word)), ("cursor", None)]);
        Self {
            label,
            note: String::new(),
            class,
            href: Some(format!("{path}{query}")),
            is_sorted: word == current,
        }
    }

    pub(crate) fn noted(mut self, note: String) -> Self {
        self.note = note;
        self
    }
}

/// One of several views, as a link.
pub(crate) struct Choice {
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) is_current: bool,
}

/// A condition that holds, with the link that takes it away.
pub(crate) struct Chip {
    pub(crate) label: String,
    pub(crate) href: String,
}

/// The chips of all parameters that narrow a list.
pub(crate) fn chips(path: &str, params: &Params) -> Vec<Chip> {
    params
        .iter()
        .filter(|(name, _)| !matches!(*name, "sort" | "limit" | "cursor" | "window"))
        .map(|(name, value)| Chip {
            label: format!(
                "{} {}",
                chip_name(name),
                crate::filters::one_line(value, 60)
            ),
            href: format!("{path}{}", params.with(&[(name, None), ("cursor", None)])),
        })
        .collect()
}

fn chip_name(name: &str) -> String {
    match name {
        "min_duration_ms" => "≥ ms".to_owned(),
        "min_queries" => "≥ queries".to_owned(),
        "fingerprint" => "statement".to_owned(),
        name => name.to_owned(),
    }
}

/// A status as people read it, and the class that marks the bad ones.
pub(crate) fn status_of(summary: &RequestSummary) -> (String, &'static str) {
    let class = match (summary.is_failed(), summary.status) {
        (true, _) => "bad",
        (false, Some(400..)) => "warn",
        _ if summary.outcome != Outcome::Completed => "warn",
        _ => "",
    };
    let text = match (summary.status, summary.outcome) {
        (Some(status), Outcome::Completed) => status.to_string(),
        (Some(status), outcome) => format!("{status} {outcome}"),
        (None, Outcome::Completed) => "ok".to_owned(),
        (None, outcome) => outcome.to_string(),
    };
    (text, class)
}

/// A request in a few words: `GET /api/threads`, `job nightly report`.
pub(crate) fn request_name(kind: silk_core::RequestKind, method: &str, route: &str) -> String {
    let first = if method.is_empty() {
        kind.as_str()
    } else {
        method
    };
    format!("{first} {}", crate::filters::one_line(route, 200))
}

/// The name of a rule in words: `repeated_statement` is "N+1 query". Rules about plans, and those
/// of other versions, are called by their names: `seq_scan` is "seq scan".
pub(crate) fn rule_name(rule: &str) -> String {
    if let Some(known) = silk_core::finding::rules::rule(rule) {
        return known.label.to_owned();
    }
    crate::filters::one_line(rule, 60).replace('_', " ")
}

/// The class that a severity is marked with.
pub(crate) const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "",
        Severity::Warning => "warn",
        Severity::Critical => "bad",
    }
}
