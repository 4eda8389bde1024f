//! Findings of a window as rows: on the overview, and on the page of a statement.

use super::{
    finding::at_most,
    offer::{OfferView, offer_view},
};
use crate::{
    context::Here,
    draw::{
        counted,
        format::{self, duration},
        names::{request_name, rule_name, severity_class},
        svg::waterfall::short_name,
    },
    findings::{
        Offer,
        across::{WindowFinding, WindowSource},
    },
    params::{Params, Window},
};

/// A finding of a window.
pub(crate) struct FindingRow {
    pub(crate) title: String,
    pub(crate) class: &'static str,
    pub(crate) rule: String,
    /// The route, or the statement.
    pub(crate) about: String,
    /// `3 requests`, `150 calls`; and the address of them.
    pub(crate) seen: String,
    pub(crate) list_href: String,
    /// `1.70 s`
    pub(crate) lost: Option<String>,
    pub(crate) href: String,
    /// What to do, if there is nothing to copy.
    pub(crate) remedy: Option<String>,
    pub(crate) offer: Option<OfferView>,
}

/// Findings as rows; one index may serve several statements, and is shown once.
pub(crate) fn rows(here: &Here, window: Window, findings: &[WindowFinding]) -> Vec<FindingRow> {
    let mut indexes: Vec<String> = Vec::new();
    findings
        .iter()
        .map(|finding| {
            let mut row = row(here, window, finding);
            let made = row.offer.as_ref().and_then(|offer| offer.makes.clone());
            if let Some(index) = made {
                if indexes.contains(&index) {
                    row.offer = None;
                    row.remedy = Some("The same index as above.".to_owned());
                } else {
                    indexes.push(index);
                }
            }
            row
        })
        .collect()
}

fn row(here: &Here, window: Window, finding: &WindowFinding) -> FindingRow {
    let (title, lost, remedy) = (&finding.title, finding.lost_us, finding.remedy.as_deref());
    let lost = lost.filter(|us| *us > 0);
    let class = severity_class(finding.severity);
    let rule = rule_name(&finding.rule);
    let offer = |offer: &Offer| offer_view(offer, finding.database);
    match &finding.source {
        WindowSource::Plan {
            statement,
            calls,
            are_calls_at_most,
            ..
        } => FindingRow {
            title: format::one_line(title, 160),
            class,
            rule,
            about: short_name(statement),
            seen: if *are_calls_at_most {
                format!("up to {}", counted(*calls, "call"))
            } else {
                counted(*calls, "call")
            },
            lost: lost.map(|us| at_most(us, finding.is_at_most)),
            href: plan_href(here, finding),
            list_href: format!("{}/statements/{}", here.base, statement.fingerprint),
            remedy: remedy
                .filter(|_| !matches!(finding.offer, Some(Offer::Index { .. })))
                .map(|remedy| format::cut(remedy, 300)),
            offer: finding.offer.as_ref().map(offer),
        },
        WindowSource::Requests {
            kind,
            method,
            route,
            requests,
            worst,
        } => FindingRow {
            title: match &finding.held_by {
                Some(held_by) => format!("{} Held by {held_by}.", format::one_line(title, 200)),
                None => format::one_line(title, 200),
            },
            class,
            about: request_name(*kind, method, route),
            seen: counted(*requests, "request"),
            lost: lost.map(duration),
            href: format!("{}/requests/{worst}", here.base),
            list_href: list_href(here, window, finding, route),
            remedy: remedy.map(ToOwned::to_owned),
            // A query to run instead takes more lines than the list has for each.
            offer: finding
                .offer
                .as_ref()
                .filter(|offer| !matches!(offer, Offer::Query { .. }))
                .map(offer),
            rule,
        },
    }
}

/// Where a finding of a statement's plan leads: to its node.
fn plan_href(here: &Here, finding: &WindowFinding) -> String {
    let WindowSource::Plan { id, node, .. } = &finding.source else {
        return String::new();
    };
    let of = finding
        .fingerprint
        .map_or_else(String::new, |of| format!("?of={of}"));
    let node = node.map_or_else(String::new, |node| format!("#n{node}"));
    format!("{}/plans/{id}{of}{node}", here.base)
}

/// The requests of the window in which a rule found the same.
fn list_href(here: &Here, window: Window, finding: &WindowFinding, route: &str) -> String {
    let statement = finding
        .fingerprint
        .map(|fingerprint| fingerprint.to_string());
    let (since, until) = window.bounds();
    let query = Params::default().with(&[
        ("finding", Some(&*finding.rule)),
        ("route", Some(route)),
        ("fingerprint", statement.as_deref()),
        ("since", Some(&since)),
        ("until", until.as_deref()),
    ]);
    format!("{}/requests{query}", here.base)
}
