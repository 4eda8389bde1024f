//! Findings across all requests of a window: for the overview, and for a statement (page and API).

use std::{cmp::Reverse, time::Duration};

use silk_core::{
    DatabaseKind, Fingerprint, PlanId, RequestId, RequestKind, RequestRecord, Severity, Statement,
    finding::rules::CONNECTION_WAIT,
    store::{FindingSum, FindingSums, StatementDetail, StatsWindow},
};
use tokio::time::Instant;

use super::{
    FAILURES, INDEX_WOULD_DO, Offer, SLOW_QUERY, causes, given,
    of_statements::{self, StatementFinding, WORTH_OWN_US},
    one,
};
use crate::{
    context::Here,
    draw::{format::sentence, names::rule_name, svg::waterfall::holder_name},
    plans::{advise::sample_on, indexes, tables::Tables},
};

/// Findings that are looked up in full.
pub(crate) const MAX_FINDINGS: usize = 6;
/// How long a page waits in total for what databases say of indexes.
const TIMEOUT: Duration = Duration::from_millis(300);

/// From this share of all time of the window on, in percent, a finding is marked.
const CRITICAL: u64 = 20;
const WARNING: u64 = 2;

/// What is found within a window, what costs most time first.
pub(crate) struct WindowFindings {
    pub(crate) items: Vec<WindowFinding>,
    /// Findings with less time that are left out.
    pub(crate) more: usize,
    /// Requests that are counted, where the window holds more.
    pub(crate) of_last: Option<u64>,
}

/// A finding about the requests of a window.
pub(crate) struct WindowFinding {
    /// Name of the rule.
    pub(crate) rule: String,
    pub(crate) source: WindowSource,
    /// By the share of the window's time that it is about.
    pub(crate) severity: Severity,
    /// One line: what was seen.
    pub(crate) title: String,
    /// The numbers that it rests on.
    pub(crate) evidence: String,
    /// What to do.
    pub(crate) remedy: Option<String>,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) database: DatabaseKind,
    /// Time that it is about, in µs.
    pub(crate) lost_us: Option<u64>,
    /// Whether `lost_us` is the most that it can be: the share of its statement's time is not known, or
    /// some of the calls may have run by another plan.
    pub(crate) is_at_most: bool,
    pub(crate) offer: Option<Offer>,
    /// Route and line that held the connections for most of the time, where it is about waits.
    pub(crate) held_by: Option<String>,
}

/// What a finding of a window rests on.
pub(crate) enum WindowSource {
    /// Requests of one route in which a rule found the same.
    Requests {
        kind: RequestKind,
        method: String,
        route: String,
        requests: u64,
        /// The request that lost most time.
        worst: RequestId,
    },
    /// The plan of a statement.
    Plan {
        id: PlanId,
        /// The node that it is about.
        node: Option<usize>,
        statement: std::sync::Arc<Statement>,
        /// Executions within the window that ran by the plan.
        calls: u64,
        /// Whether some of these may have run by another plan.
        are_calls_at_most: bool,
        /// Whether it rests on estimates only.
        is_estimated: bool,
    },
}

/// A finding before its details are looked up.
enum Sum {
    Request(FindingSum),
    Plan(Box<StatementFinding>),
}

impl Sum {
    const fn lost_us(&self) -> u64 {
        match self {
            Self::Request(sum) => sum.lost_us,
            Self::Plan(finding) => match finding.lost_us {
                Some(us) => us,
                None => 0,
            },
        }
    }

    fn is_failure(&self) -> bool {
        matches!(self, Self::Request(sum) if FAILURES.contains(&&*sum.rule))
    }

    fn severity(&self, total_us: u64) -> Severity {
        match self.lost_us().saturating_mul(100) / total_us.max(1) {
            _ if self.is_failure() => Severity::Critical,
            CRITICAL.. => Severity::Critical,
            WARNING.. => Severity::Warning,
            _ => Severity::Info,
        }
    }
}

/// What was found within a window, in requests and in plans; `total_us` is what all of its requests
/// took.
pub(crate) async fn of_window(
    here: &Here,
    sums: FindingSums,
    plans: Vec<StatementFinding>,
    total_us: u64,
) -> WindowFindings {
    let of_last = sums.is_partial.then_some(sums.requests);
    let mut all: Vec<Sum> = sums.items.into_iter().map(Sum::Request).collect();
    all.extend(
        plans
            .into_iter()
            .map(|finding| Sum::Plan(Box::new(finding))),
    );
    drop_explained(&mut all);
    WindowFindings {
        more: all.len().saturating_sub(MAX_FINDINGS),
        items: look_up(here, all, total_us).await,
        of_last,
    }
}

/// What was found about one statement within the window that `detail` was asked for with.
pub(crate) async fn of_statement(
    here: &Here,
    range: StatsWindow,
    detail: &StatementDetail,
) -> Vec<WindowFinding> {
    let fingerprint = detail.summary.statement.fingerprint;
    let sums = here.app.ask(|store| store.findings(range)).await;
    let mut all: Vec<Sum> = sums
        .map(|sums| sums.items)
        .unwrap_or_default()
        .into_iter()
        .filter(|sum| sum.fingerprint == Some(fingerprint))
        .map(Sum::Request)
        .collect();
    let tables = Tables::new(&here.app);
    let plans = of_statements::of_statement(here, &tables, detail, range, WORTH_OWN_US).await;
    all.extend(
        plans
            .into_iter()
            .map(|finding| Sum::Plan(Box::new(finding))),
    );
    drop_explained(&mut all);
    let total_us = detail.over_time.iter().map(|bucket| bucket.total_us).sum();
    look_up(here, all, total_us).await
}

/// Drops “slow query” where the plan of its statement says why, and what requests and plan both say.
fn drop_explained(all: &mut Vec<Sum>) {
    let told: Vec<(Fingerprint, String)> = all
        .iter()
        .filter_map(|sum| match sum {
            Sum::Request(sum) => Some((sum.fingerprint?, sum.rule.clone())),
            Sum::Plan(_) => None,
        })
        .collect();
    all.retain(|sum| match sum {
        Sum::Plan(finding) => {
            let fingerprint = finding.statement.statement.fingerprint;
            !told.iter().any(|(of, rule)| {
                *of == fingerprint && causes::is_told_by_request(rule, finding.finding.rule)
            })
        }
        Sum::Request(_) => true,
    });
    let explained: Vec<Fingerprint> = all
        .iter()
        .filter_map(|sum| match sum {
            Sum::Plan(finding) => Some(finding.statement.statement.fingerprint),
            Sum::Request(_) => None,
        })
        .collect();
    all.retain(|sum| match sum {
        Sum::Request(sum) if sum.rule == SLOW_QUERY => sum
            .fingerprint
            .is_none_or(|slow| !explained.contains(&slow)),
        _ => true,
    });
}

/// The first findings in full: failures, then what costs most.
async fn look_up(here: &Here, mut all: Vec<Sum>, total_us: u64) -> Vec<WindowFinding> {
    all.sort_by_key(|sum| (Reverse(sum.is_failure()), Reverse(sum.lost_us())));
    let until = Instant::now() + TIMEOUT;
    let mut findings = Vec::with_capacity(MAX_FINDINGS);
    for sum in all.into_iter().take(MAX_FINDINGS) {
        let severity = sum.severity(total_us);
        let mut finding = match sum {
            Sum::Request(sum) => of_requests(here, sum).await,
            Sum::Plan(finding) => of_plan(here, *finding, until).await,
        };
        finding.severity = severity;
        findings.push(finding);
    }
    findings
}

/// A finding about the plan of a statement, with the index that its database advises.
async fn of_plan(here: &Here, found: StatementFinding, until: Instant) -> WindowFinding {
    let statement = found.statement.statement;
    let suggested = Offer::suggested(&found.finding);
    let sample = if INDEX_WOULD_DO.contains(&found.finding.rule) {
        sample_on(here, statement.fingerprint, None).await
    } else {
        None
    };
    let offer = match sample {
        Some((query, text)) => given(indexes::of(here, &query, &text, until).await, suggested),
        None => suggested,
    };
    WindowFinding {
        rule: found.finding.rule.to_owned(),
        severity: found.finding.severity,
        title: found.finding.title,
        evidence: sentence(&found.finding.evidence),
        remedy: Some(sentence(&found.finding.action)),
        fingerprint: Some(statement.fingerprint),
        database: statement.database,
        lost_us: found.lost_us,
        is_at_most: found.is_at_most,
        offer,
        held_by: None,
        source: WindowSource::Plan {
            id: found.plan,
            node: found.finding.node,
            statement,
            calls: found.calls,
            are_calls_at_most: found.are_calls_at_most,
            is_estimated: found.finding.estimated,
        },
    }
}

/// A finding about requests of a route, in the words of the worst of them.
async fn of_requests(here: &Here, sum: FindingSum) -> WindowFinding {
    let worst = here.app.ask(|store| store.request(sum.worst)).await;
    let worst = worst.ok().flatten();
    let full = match &worst {
        Some(record) => in_full(here, record, &sum).await,
        None => None,
    };
    let database = sum.fingerprint.and_then(|fingerprint| {
        let mut parts = worst.as_ref()?.statements.iter();
        let part = parts.find(|part| part.statement.fingerprint == fingerprint)?;
        Some(part.statement.database)
    });
    let held_by = worst
        .as_ref()
        .filter(|_| sum.rule == CONNECTION_WAIT)
        .and_then(held_by);
    let (title, evidence, remedy, offer) = match full {
        Some(full) => (full.title, full.evidence, full.remedy, full.offer),
        None => (rule_name(&sum.rule), String::new(), None, None),
    };
    WindowFinding {
        rule: sum.rule,
        severity: Severity::Info,
        title,
        evidence,
        remedy,
        fingerprint: sum.fingerprint,
        database: database.unwrap_or(DatabaseKind::Unknown),
        lost_us: Some(sum.lost_us),
        is_at_most: false,
        offer,
        held_by,
        source: WindowSource::Requests {
            kind: sum.kind,
            method: sum.method,
            route: sum.route,
            requests: sum.requests,
            worst: sum.worst,
        },
    }
}

/// Who held the connections for most of the longest wait.
fn held_by(record: &RequestRecord) -> Option<String> {
    let waits = record.detail.waits.iter();
    let waits = waits.filter(|wait| !wait.holders.is_empty());
    let longest = waits.max_by_key(|wait| wait.duration_us)?;
    longest.holders.first().map(holder_name)
}

async fn in_full(
    here: &Here,
    record: &RequestRecord,
    sum: &FindingSum,
) -> Option<super::RequestFinding> {
    let mut findings = record.findings.iter();
    let finding =
        findings.find(|found| found.rule == sum.rule && found.fingerprint == sum.fingerprint)?;
    Some(one(here, record, finding).await)
}
