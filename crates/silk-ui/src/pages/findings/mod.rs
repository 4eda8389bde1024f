//! What is to be fixed first, and what became of what was found?

mod accept;

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Response;
use silk_core::finding::rules;

pub(crate) use self::accept::{accept, withdraw};
use crate::{
    context::Here,
    draw::names::rule_name,
    error::Failure,
    findings::{
        across,
        listed::read_all,
        lives::{self, LIFE_PARAMS, LifeFilter, STATES},
        many::look,
        of_statements::StatementFinding,
    },
    params::{Params, WINDOW_PARAMS, Window},
    parts::{
        findings_now::{self, FindingRow},
        frame::{Frame, render},
        lists::{Chip, Choice, chips},
        lives::{LifeRow, rows},
        many::{self, ManyView},
        window_bar::{WindowBar, window_bar},
    },
};

/// Rows of the table; the filters lead to the others.
const MAX_ROWS: usize = 200;

#[derive(Template)]
#[template(path = "pages/findings.html")]
struct FindingsPage {
    frame: Frame,
    bar: WindowBar,
    window: String,
    /// Whether times are of a day or more, so that a day's pace can be said.
    has_pace: bool,
    states: Vec<Choice>,
    rule: String,
    /// Names and labels of rules about plans, to filter by.
    plan_rules: BTreeMap<String, String>,
    route: String,
    hidden: Vec<(String, String)>,
    chips: Vec<Chip>,
    clear_href: String,
    first: Vec<FindingRow>,
    rows: Vec<LifeRow>,
    more: usize,
    notes: Vec<&'static str>,
    many: Option<ManyView>,
    look_href: String,
    notice: Option<String>,
    has_requests: bool,
    has_any: bool,
    csrf: String,
    /// The query of the page, to come back to after a form.
    back: String,
}

impl FindingsPage {
    /// Words and labels of the rules about requests, and of those about plans that are listed.
    fn rules(&self) -> impl Iterator<Item = (&str, &str)> {
        let of_requests = rules::RULES.iter().map(|rule| (rule.name, rule.label));
        let of_plans = self.plan_rules.iter();
        of_requests.chain(of_plans.map(|(name, label)| (&**name, &**label)))
    }
}

/// Parameters of the page.
fn known() -> Vec<&'static str> {
    let all = WINDOW_PARAMS.iter().chain(&LIFE_PARAMS);
    all.copied().chain(["look", "notice"]).collect()
}

/// `GET /findings`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(&known())?;
    // A day has seen most of what an app does.
    let window = Window::read_or(&params, here.now, Window::Day)?;
    let filter = LifeFilter::read(&params)?;
    let range = window.range(here.now);
    let found = read_all(&here, range, &filter).await?;
    let routes = here.app.ask(|store| store.routes(range)).await?;
    let total_us = routes.iter().map(|route| route.total_us).sum();
    let is_narrowed = params.iter().any(|(name, _)| LIFE_PARAMS.contains(&name));
    let first = if is_narrowed {
        Vec::new()
    } else {
        let sums = lives::sums_to_do(&found.items);
        let first = across::of_window(&here, sums, found.plans.clone(), total_us).await;
        findings_now::rows(&here, window, &first.items)
    };
    let many = match params.get("look") {
        Some(_) => {
            let found = look(&here, range, &routes, None).await?;
            Some(many::view(&here, window, &found))
        }
        None => None,
    };
    let listed = found.in_order();
    let path = format!("{}/findings", here.base);
    let kept = params.with(&[("look", None), ("notice", None)]);
    let kept = Params::read(Some(kept.trim_start_matches('?')), &known())?;
    let field = |name: &str| params.get(name).unwrap_or_default().to_owned();
    let page = FindingsPage {
        frame: Frame::new(&here, "findings", "Findings"),
        bar: window_bar(&path, &kept, window, here.now),
        window: window.phrase(),
        has_pace: range.until - range.since >= chrono::TimeDelta::days(1),
        states: states(&path, &kept, filter.state, found.counts),
        plan_rules: plan_rules(&found.plans, filter.rule.as_deref()),
        rule: field("rule"),
        route: field("route"),
        hidden: kept
            .iter()
            .filter(|(name, _)| !matches!(*name, "rule" | "route"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        chips: chips(&path, &kept)
            .into_iter()
            .filter(|chip| !chip.label.starts_with("state "))
            .collect(),
        clear_href: path.clone(),
        first,
        rows: rows(&here, window, &listed[..listed.len().min(MAX_ROWS)]).await,
        more: listed.len().saturating_sub(MAX_ROWS),
        notes: found.notes,
        many,
        look_href: format!("{path}{}", kept.with(&[("look", Some("1"))])),
        notice: here.app.notice(params.get("notice")),
        has_requests: !routes.is_empty(),
        has_any: found.counts.iter().any(|count| *count > 0),
        csrf: here.app.csrf.token().to_owned(),
        back: kept.with(&[]),
    };
    render(&page)
}

/// The rules of the plan findings that are listed, and the one that is filtered by.
fn plan_rules(plans: &[StatementFinding], filtered: Option<&str>) -> BTreeMap<String, String> {
    let listed = plans.iter().map(|plan| plan.finding.rule);
    let filtered = filtered.filter(|rule| rules::rule(rule).is_none());
    let all = listed.chain(filtered);
    all.map(|rule| (rule.to_owned(), rule_name(rule))).collect()
}

/// The switch between states, each with how many there are.
fn states(
    path: &str,
    params: &Params,
    current: &str,
    counts: [usize; STATES.len()],
) -> Vec<Choice> {
    STATES
        .iter()
        .zip(counts)
        .map(|((word, label), count)| Choice {
            label: format!("{label} {count}"),
            href: format!("{path}{}", params.with(&[("state", Some(word))])),
            is_current: *word == current,
        })
        .collect()
}
