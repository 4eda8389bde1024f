//! What is found across the requests of a window, for the overview and the pages of statements.

use std::{cmp::Reverse, time::Duration};

use silk_core::{
    Fingerprint, Severity,
    store::{FindingSum, FindingSums, StatementDetail, StatsWindow},
};
use tokio::time::Instant;

use super::finding::{OfferView, at_most, offer_view};
use crate::{
    context::Here,
    draw::{
        format::{self, count, duration},
        names::{request_name, rule_name, severity_class},
        svg::waterfall::short_name,
    },
    findings::{
        self, FAILURES, INDEX_WOULD_DO, Offer, SLOW_QUERY, given,
        of_statements::{self, Remark, WORTH_OWN_US},
    },
    params::{Params, Window},
    plans::{advise::sample_on, indexes, tables::Tables},
};

/// Findings that are shown.
const MOST_FINDINGS: usize = 6;
/// How long the page waits in sum for what databases say of indexes.
const TIMEOUT: Duration = Duration::from_millis(300);

/// From this share of all time of the window on, in percent, a finding is marked.
const CRITICAL: u64 = 20;
const WARNING: u64 = 2;

/// What is found, and of how many requests.
pub(crate) struct FindingsNow {
    pub(crate) rows: Vec<FindingRow>,
    /// Findings with less time that are left out.
    pub(crate) more: usize,
    pub(crate) more_href: String,
    /// Requests that are counted, where the window holds more.
    pub(crate) of_last: Option<String>,
}

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
    /// What to do, where nothing is to be copied.
    pub(crate) remedy: Option<String>,
    pub(crate) offer: Option<OfferView>,
}

/// A finding before it is drawn.
enum Now {
    Request(FindingSum),
    Plan(Box<Remark>),
}

impl Now {
    const fn lost_us(&self) -> u64 {
        match self {
            Self::Request(sum) => sum.lost_us,
            Self::Plan(remark) => match remark.lost_us {
                Some(us) => us,
                None => 0,
            },
        }
    }

    fn is_failure(&self) -> bool {
        matches!(self, Self::Request(sum) if FAILURES.contains(&&*sum.rule))
    }
}

/// What was found within a window; `total_us` is what all of its requests took.
pub(crate) async fn findings(
    here: &Here,
    window: Window,
    range: StatsWindow,
    sums: FindingSums,
    total_us: u64,
) -> FindingsNow {
    let mut all: Vec<Now> = sums.items.into_iter().map(Now::Request).collect();
    let plans = of_statements::worst(here, range).await;
    all.extend(plans.into_iter().map(|remark| Now::Plan(Box::new(remark))));
    drop_explained(&mut all);
    let more = all.len().saturating_sub(MOST_FINDINGS);
    let since = Params::default().with(&[("finding", Some("any")), ("since", Some(window.word()))]);
    FindingsNow {
        rows: rows(here, window, all, total_us).await,
        more,
        more_href: format!("{}/requests{since}", here.base),
        of_last: sums.is_partial.then(|| count(sums.requests)),
    }
}

/// What was found about one statement within the window that `detail` was asked for with.
pub(crate) async fn of_statement(
    here: &Here,
    window: Window,
    range: StatsWindow,
    detail: &StatementDetail,
) -> Vec<FindingRow> {
    let fingerprint = detail.summary.statement.fingerprint;
    let sums = here.app.ask(|store| store.findings(range)).await;
    let mut all: Vec<Now> = sums
        .map(|sums| sums.items)
        .unwrap_or_default()
        .into_iter()
        .filter(|sum| sum.fingerprint == Some(fingerprint))
        .map(Now::Request)
        .collect();
    let tables = Tables::new(&here.app);
    let plans = of_statements::of_statement(here, &tables, detail, WORTH_OWN_US).await;
    all.extend(plans.into_iter().map(|remark| Now::Plan(Box::new(remark))));
    let total_us = detail.over_time.iter().map(|bucket| bucket.total_us).sum();
    rows(here, window, all, total_us).await
}

/// Takes away that a statement is slow where its plan says why.
fn drop_explained(all: &mut Vec<Now>) {
    let explained: Vec<Fingerprint> = all
        .iter()
        .filter_map(|now| match now {
            Now::Plan(remark) => Some(remark.statement.statement.fingerprint),
            Now::Request(_) => None,
        })
        .collect();
    all.retain(|now| match now {
        Now::Request(sum) if sum.rule == SLOW_QUERY => sum
            .fingerprint
            .is_none_or(|slow| !explained.contains(&slow)),
        _ => true,
    });
}

/// The first findings as rows: failures, then what costs most.
async fn rows(here: &Here, window: Window, mut all: Vec<Now>, total_us: u64) -> Vec<FindingRow> {
    drop_explained(&mut all);
    all.sort_by_key(|now| (Reverse(now.is_failure()), Reverse(now.lost_us())));
    let until = Instant::now() + TIMEOUT;
    let mut rows = Vec::with_capacity(MOST_FINDINGS);
    let mut indexes: Vec<String> = Vec::new();
    for now in all.into_iter().take(MOST_FINDINGS) {
        let severity = match now.lost_us().saturating_mul(100) / total_us.max(1) {
            _ if now.is_failure() => Severity::Critical,
            CRITICAL.. => Severity::Critical,
            WARNING.. => Severity::Warning,
            _ => Severity::Info,
        };
        let mut row = match now {
            Now::Request(sum) => request_row(here, window, &sum).await,
            Now::Plan(remark) => plan_row(here, &remark, until).await,
        };
        row.class = severity_class(severity);
        // One index may serve several statements.
        let made = row.offer.as_ref().and_then(|offer| offer.makes.clone());
        if let Some(index) = made {
            if indexes.contains(&index) {
                row.offer = None;
                row.remedy = Some("The same index as above.".to_owned());
            } else {
                indexes.push(index);
            }
        }
        rows.push(row);
    }
    rows
}

/// The worst that the plan of a statement tells.
async fn plan_row(here: &Here, remark: &Remark, until: Instant) -> FindingRow {
    let statement = &remark.statement.statement;
    let finding = &remark.finding;
    let suggested = Offer::suggested(finding);
    let sample = if INDEX_WOULD_DO.contains(&finding.rule) {
        sample_on(here, statement.fingerprint, None).await
    } else {
        None
    };
    let offer = match sample {
        Some((query, text)) => given(indexes::of(here, &query, &text, until).await, suggested),
        None => suggested,
    };
    let is_said = matches!(offer, Some(Offer::Index { .. }));
    FindingRow {
        title: format::one_line(&finding.title, 160),
        class: "",
        rule: rule_name(finding.rule),
        about: short_name(statement),
        seen: match remark.calls {
            1 => "1 call".to_owned(),
            calls => format!("{} calls", count(calls)),
        },
        lost: remark
            .lost_us
            .filter(|us| *us > 0)
            .map(|us| at_most(us, remark.is_at_most)),
        href: remark.plan_href.clone(),
        list_href: format!("{}/statements/{}", here.base, statement.fingerprint),
        remedy: (!is_said).then(|| format::sentence(&format::cut(&finding.action, 300))),
        offer: offer.map(|offer| offer_view(&offer, statement.database)),
    }
}

/// Requests of a route in which a rule found the same; the worst of them tells it.
async fn request_row(here: &Here, window: Window, sum: &FindingSum) -> FindingRow {
    let record = here
        .app
        .ask(|store| store.request(sum.worst))
        .await
        .ok()
        .flatten();
    let told = match &record {
        Some(record) => {
            let mut found = record.findings.iter();
            let found =
                found.find(|found| found.rule == sum.rule && found.fingerprint == sum.fingerprint);
            match found {
                Some(finding) => Some(findings::one(here, record, finding).await),
                None => None,
            }
        }
        None => None,
    };
    let statement = sum.fingerprint.map(|fingerprint| fingerprint.to_string());
    let query = Params::default().with(&[
        ("finding", Some(&*sum.rule)),
        ("route", Some(&*sum.route)),
        ("fingerprint", statement.as_deref()),
        ("since", Some(window.word())),
    ]);
    let database = sum.fingerprint.and_then(|fingerprint| {
        let mut parts = record.as_ref()?.statements.iter();
        let part = parts.find(|part| part.statement.fingerprint == fingerprint)?;
        Some(part.statement.database)
    });
    FindingRow {
        title: told.as_ref().map_or_else(
            || rule_name(&sum.rule),
            |told| format::one_line(&told.title, 200),
        ),
        class: "",
        rule: rule_name(&sum.rule),
        about: request_name(sum.kind, &sum.method, &sum.route),
        seen: match sum.requests {
            1 => "1 request".to_owned(),
            n => format!("{} requests", count(n)),
        },
        lost: (sum.lost_us > 0).then(|| duration(sum.lost_us)),
        href: format!("{}/requests/{}", here.base, sum.worst),
        list_href: format!("{}/requests{query}", here.base),
        remedy: told.as_ref().and_then(|told| told.remedy.clone()),
        // A query to run instead takes more lines than the list has for each.
        offer: told
            .and_then(|told| told.offer)
            .filter(|offer| !matches!(offer, Offer::Query { .. }))
            .map(|offer| offer_view(&offer, database.unwrap_or(silk_core::DatabaseKind::Unknown))),
    }
}
