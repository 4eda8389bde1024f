//! Findings across requests as rows: what became of each, and how to accept it.

use silk_core::{
    CallSite,
    finding::rules,
    store::{FindingLife, LifeState},
};

use super::route_link::{requests_href, route_href};
use crate::{
    context::Here,
    draw::{
        call_site::short_site,
        counted,
        format::{self, Markup, count, duration_cell, one_line, percent},
        names::{request_name, rule_name, severity_class},
        svg,
    },
    findings::lives::{is_open, lost_per_day_us, state_sentence},
    params::Window,
};

/// A finding of many requests.
pub(crate) struct LifeRow {
    /// What the form that accepts it carries; none where it needs no answer.
    pub(crate) accept: Option<AcceptFields>,
    /// Number of the acceptance that covers it, if it can be taken back on the page.
    pub(crate) withdraw: Option<i64>,
    pub(crate) title: String,
    pub(crate) class: &'static str,
    pub(crate) rule: String,
    /// The request that lost most.
    pub(crate) href: Option<String>,
    pub(crate) state: StateView,
    pub(crate) route: String,
    pub(crate) route_href: String,
    pub(crate) place: Option<String>,
    /// Opens the place in an editor.
    pub(crate) editor_href: Option<String>,
    pub(crate) statement_href: Option<String>,
    /// `12 of 340 requests`
    pub(crate) seen: String,
    pub(crate) list_href: String,
    pub(crate) share: String,
    pub(crate) lost: Markup,
    /// Lost in a day at the pace of the window; none for windows below a day.
    pub(crate) per_day: Option<Markup>,
    pub(crate) bar: Markup,
    pub(crate) first: Markup,
    pub(crate) last: Markup,
}

/// What the form that accepts a finding carries.
pub(crate) struct AcceptFields {
    pub(crate) rule: String,
    pub(crate) kind: &'static str,
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) fingerprint: Option<String>,
    pub(crate) call_site: Option<CallSite>,
}

/// What became of a finding, in a word and a sentence.
pub(crate) struct StateView {
    pub(crate) word: &'static str,
    pub(crate) class: &'static str,
    pub(crate) sentence: String,
}

/// What became of a finding, to be drawn.
fn state(life: &FindingLife) -> StateView {
    let (word, class) = match &life.state {
        LifeState::New { .. } => ("new", "warn"),
        LifeState::Open { .. } => ("open", ""),
        LifeState::CameBack { .. } => ("came back", "bad"),
        LifeState::Fixed { .. } => ("fixed", "good"),
        LifeState::Accepted { .. } => ("accepted", ""),
    };
    StateView {
        word,
        class,
        sentence: state_sentence(life),
    }
}

/// Findings as rows, their bars on one scale.
pub(crate) async fn rows(here: &Here, window: Window, lives: &[FindingLife]) -> Vec<LifeRow> {
    let links = here.app.editor_links().await;
    let most = lives.iter().map(|life| life.lost_us).max().unwrap_or(0);
    lives
        .iter()
        .map(|life| {
            let mut row = row(here, window, life, most);
            let site = links.as_ref().zip(life.call_site.as_ref());
            row.editor_href = site.and_then(|(links, site)| links.to(site));
            row
        })
        .collect()
}

fn row(here: &Here, window: Window, life: &FindingLife, most: u64) -> LifeRow {
    let fingerprint = life.fingerprint.map(|fingerprint| fingerprint.to_string());
    let range = window.range(here.now);
    let withdraw = match &life.state {
        LifeState::Accepted { acceptance, .. } => *acceptance,
        _ => None,
    };
    let accept =
        (is_open(&life.state) && rules::rule(&life.rule).is_some()).then(|| AcceptFields {
            rule: life.rule.clone(),
            kind: life.route.kind.as_str(),
            method: life.route.method.clone(),
            route: life.route.route.clone(),
            fingerprint: fingerprint.clone(),
            call_site: life.call_site.clone(),
        });
    LifeRow {
        accept,
        withdraw,
        title: one_line(&life.title, 240),
        class: if is_open(&life.state) {
            severity_class(life.severity)
        } else {
            ""
        },
        rule: rule_name(&life.rule),
        href: life.worst.map(|id| format!("{}/requests/{id}", here.base)),
        state: state(life),
        route: request_name(life.route.kind, &life.route.method, &life.route.route),
        route_href: route_href(&here.base, &life.route, window),
        place: life.call_site.as_ref().map(short_site),
        editor_href: None,
        statement_href: fingerprint
            .as_ref()
            .map(|fingerprint| format!("{}/statements/{fingerprint}", here.base)),
        seen: seen(life),
        list_href: requests_href(
            &here.base,
            &life.route,
            window,
            &[
                ("finding", Some(&life.rule)),
                ("fingerprint", fingerprint.as_deref()),
            ],
        ),
        share: percent(life.requests.min(life.of_requests), life.of_requests),
        lost: if life.lost_us == 0 {
            format::dash()
        } else {
            duration_cell(life.lost_us)
        },
        per_day: lost_per_day_us(life.lost_us, range)
            .filter(|us| *us > 0)
            .map(duration_cell),
        bar: svg::bar(life.lost_us, most, "k-total"),
        first: format::ago(life.first_at),
        last: format::ago(life.last_at),
    }
}

/// `12 of 340 requests`; of one that is fixed, that it was not seen.
fn seen(life: &FindingLife) -> String {
    match (life.requests, life.of_requests) {
        (0, 0) => "no request".to_owned(),
        (0, of) => format!("none of {}", counted(of, "request")),
        (requests, of) if of >= requests => {
            format!("{} of {}", count(requests), counted(of, "request"))
        }
        (requests, _) => counted(requests, "request"),
    }
}
