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
    findings::{
        listed::Listed,
        lives::{is_open, lost_per_day_us, state_sentence},
        of_statements::StatementFinding,
    },
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
    /// The request that lost most, or the plan; and what it is called.
    pub(crate) href: Option<(String, &'static str)>,
    pub(crate) state: StateView,
    /// The route, or how many run the statement.
    pub(crate) route: String,
    pub(crate) route_href: Option<String>,
    pub(crate) place: Option<String>,
    /// Opens the place in an editor.
    pub(crate) editor_href: Option<String>,
    pub(crate) statement_href: Option<String>,
    /// `12 of 340 requests`
    pub(crate) seen: String,
    pub(crate) list_href: String,
    /// What that number means.
    pub(crate) seen_title: String,
    pub(crate) lost: Markup,
    /// Whether that is the most that it can be.
    pub(crate) is_at_most: bool,
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
pub(crate) async fn rows(here: &Here, window: Window, listed: &[Listed<'_>]) -> Vec<LifeRow> {
    let links = here.app.editor_links().await;
    let most = listed.iter().map(Listed::lost_us).max().unwrap_or(0);
    listed
        .iter()
        .map(|one| {
            let (mut row, site) = match one {
                Listed::Requests(life) => (of_requests(here, window, life, most), &life.call_site),
                Listed::Plan(found) => (of_plan(here, window, found, most), &found.call_site),
            };
            let site = links.as_ref().zip(site.as_ref());
            row.editor_href = site.and_then(|(links, site)| links.to(site));
            row
        })
        .collect()
}

/// A finding of a plan: nobody follows what becomes of it, and nothing accepts it.
fn of_plan(here: &Here, window: Window, found: &StatementFinding, most: u64) -> LifeRow {
    let fingerprint = found.statement.statement.fingerprint.to_string();
    let statement_href = format!("{}/statements/{fingerprint}", here.base);
    let (route, route_href) = match &*found.routes {
        [route] => (
            request_name(route.kind, &route.method, &route.route),
            Some(route_href(&here.base, route, window)),
        ),
        routes => (counted(as_u64(routes.len()), "route"), None),
    };
    let lost_us = found.lost_us.unwrap_or(0);
    let lost = match lost_us {
        0 => format::dash(),
        us => duration_cell(us),
    };
    let of = found.finding.node;
    let node = of.map_or_else(String::new, |node| format!("#n{node}"));
    let plan = format!("{}/plans/{}?of={fingerprint}{node}", here.base, found.plan);
    LifeRow {
        accept: None,
        withdraw: None,
        title: one_line(&found.finding.title, 240),
        class: severity_class(found.finding.severity),
        rule: rule_name(found.finding.rule),
        href: Some((plan, "plan")),
        state: StateView {
            word: "unknown",
            class: "",
            sentence: String::new(),
        },
        route,
        route_href,
        place: found.call_site.as_ref().map(short_site),
        editor_href: None,
        list_href: statement_href.clone(),
        statement_href: Some(statement_href),
        seen: if found.are_calls_at_most {
            format!("up to {}", counted(found.calls, "call"))
        } else {
            counted(found.calls, "call")
        },
        seen_title: "executions by this plan".to_owned(),
        lost,
        is_at_most: found.is_at_most && lost_us > 0,
        per_day: lost_per_day_us(lost_us, window.range(here.now))
            .filter(|us| *us > 0)
            .map(duration_cell),
        bar: svg::bar(lost_us, most, "k-total"),
        first: format::dash(),
        last: format::ago(found.statement.last_seen_at),
    }
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn of_requests(here: &Here, window: Window, life: &FindingLife, most: u64) -> LifeRow {
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
        href: life
            .worst
            .map(|id| (format!("{}/requests/{id}", here.base), "worst request")),
        state: state(life),
        route: request_name(life.route.kind, &life.route.method, &life.route.route),
        route_href: Some(route_href(&here.base, &life.route, window)),
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
        seen_title: format!(
            "{} of its requests",
            percent(life.requests.min(life.of_requests), life.of_requests)
        ),
        lost: if life.lost_us == 0 {
            format::dash()
        } else {
            duration_cell(life.lost_us)
        },
        is_at_most: false,
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
