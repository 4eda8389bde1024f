//! Findings about many requests as rows.

use super::route_link::route_href;
use crate::{
    context::Here,
    draw::{
        call_site::short_site,
        counted,
        format::{cut, duration, one_line},
        names::{request_name, severity_class},
    },
    findings::many::Many,
    params::Window,
};

/// Rows of the rules about many requests.
pub(crate) struct ManyView {
    pub(crate) rows: Vec<ManyRow>,
    /// Requests that were read.
    pub(crate) read: usize,
}

/// One of them.
pub(crate) struct ManyRow {
    pub(crate) class: &'static str,
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) remedy: String,
    pub(crate) rule: String,
    pub(crate) lost: Option<String>,
    pub(crate) seen: String,
    pub(crate) href: Option<String>,
    pub(crate) route: Option<(String, String)>,
    pub(crate) statement_href: Option<String>,
    pub(crate) place: Option<String>,
}

/// What was found, to be drawn.
pub(crate) fn view(here: &Here, window: Window, many: &Many) -> ManyView {
    let base = &*here.base;
    let rows = many.items.iter().map(|one| ManyRow {
        class: severity_class(one.severity),
        title: one_line(&one.title, 240),
        detail: cut(&one.detail, 600),
        remedy: cut(&one.remedy, 600),
        rule: silk_core::across::RULES
            .iter()
            .find(|rule| rule.name == one.rule)
            .map_or_else(|| one.rule.to_owned(), |rule| rule.label.to_owned()),
        lost: one.lost_us.filter(|us| *us > 0).map(duration),
        seen: format!(
            "{} of {}",
            silk_core::words::count(one.requests),
            counted(one.of_requests, "request")
        ),
        href: one.example.map(|id| format!("{base}/requests/{id}")),
        route: one.route.as_ref().map(|route| {
            (
                request_name(route.kind, &route.method, &route.route),
                route_href(base, route, window),
            )
        }),
        statement_href: one
            .fingerprint
            .map(|fingerprint| format!("{base}/statements/{fingerprint}")),
        place: one.call_site.as_ref().map(short_site),
    });
    ManyView {
        rows: rows.collect(),
        read: many.read,
    }
}
