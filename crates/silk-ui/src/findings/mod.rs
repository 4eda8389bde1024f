//! What is wrong with a request, as one list for pages and API: the rules about the request and
//! those about the plans of its statements, by the time that each is about.

pub(crate) mod across;
mod causes;
pub(crate) mod listed;
pub(crate) mod lives;
mod lost;
pub(crate) mod many;
pub(crate) mod of_statements;
mod offer;
mod verdict;

use std::{cmp::Reverse, collections::HashMap};

use silk_core::{CallSite, Finding, Fingerprint, PlanId, RequestRecord, Severity};
use silk_plan::PlanFinding;

pub(crate) use crate::findings::{
    lost::{executions, measured_us, part_us, share},
    offer::{FAILURES, INDEX_WOULD_DO, Offer, Unproved, given},
    verdict::{Verdict, VerdictKind, verdict},
};
use crate::{
    context::Here,
    draw::{
        format::{clock_in_words, sentence},
        source,
    },
    plans::{of_request::StatementPlan, time::PlanTime, whose::Whose},
};

/// Findings of one request that are shown.
const MAX_FINDINGS: usize = 20;
/// Findings about the plan of one statement: what follows from it is on the plan's page.
const MAX_OF_A_PLAN: usize = 2;

/// A finding about a request.
#[derive(Debug)]
pub(crate) struct RequestFinding {
    /// Name of the rule.
    pub(crate) rule: String,
    pub(crate) source: Source,
    /// By the share of the request that it is about.
    pub(crate) severity: Severity,
    /// One line: what was seen.
    pub(crate) title: String,
    /// The numbers that it rests on.
    pub(crate) evidence: String,
    /// What to do, where the evidence does not say it.
    pub(crate) remedy: Option<String>,
    pub(crate) fingerprint: Option<Fingerprint>,
    /// Number of the first query that it is about.
    pub(crate) query: Option<u32>,
    /// How often the statement ran.
    pub(crate) calls: u64,
    pub(crate) call_site: Option<CallSite>,
    /// Whether it says why the request failed; such findings come first.
    pub(crate) is_failure: bool,
    /// Time that it is about, in µs: at most what its queries took.
    pub(crate) lost_us: Option<u64>,
    /// Whether that is all that its statement took, because its share is not known.
    pub(crate) is_at_most: bool,
    /// SQL that would do instead, or the index to make.
    pub(crate) offer: Option<Offer>,
}

/// Where a finding is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A rule about the request.
    Request,
    /// A rule about the plan of a statement.
    Plan {
        id: PlanId,
        /// The node it is about.
        node: Option<usize>,
        whose: Whose,
        /// Of which time the plan is: only one of the request's own says what it did.
        time: PlanTime,
        /// Whether it rests on estimates only.
        is_estimated: bool,
    },
}

impl RequestFinding {
    /// Whether it says what the request did, and not what a plan of another time would have.
    pub(crate) fn is_of_its_time(&self) -> bool {
        !matches!(self.source, Source::Plan { time, .. } if time != PlanTime::OfRequest)
    }
}

/// Everything that is found about a request, what costs most time first.
pub(crate) async fn of_request(
    here: &Here,
    record: &RequestRecord,
    plans: &HashMap<Fingerprint, StatementPlan>,
) -> Vec<RequestFinding> {
    let mut findings: Vec<RequestFinding> = record
        .findings
        .iter()
        .map(|finding| of_finding(here, record, finding))
        .collect();
    let accepted = &record.detail.accepted;
    for (fingerprint, plan) in plans {
        let is_accepted = |plan: &PlanFinding| {
            accepted.iter().any(|one| {
                one.finding.fingerprint == Some(*fingerprint)
                    && causes::is_told_by_request(&one.finding.rule, plan.rule)
            })
        };
        let found = plan.findings.found.iter().filter(|plan| !is_accepted(plan));
        let found = found.take(MAX_OF_A_PLAN);
        findings.extend(found.map(|finding| of_plan(record, *fingerprint, plan, finding)));
    }
    let total_us = record.summary.times.total_us;
    for finding in &mut findings {
        finding.is_failure &= record.summary.is_failed();
        finding.severity = severity(finding, total_us);
    }
    drop_explained(&mut findings);
    findings.sort_by(|a, b| {
        let order = |finding: &RequestFinding| {
            (
                !finding.is_failure,
                !finding.is_of_its_time(),
                Reverse(finding.lost_us.unwrap_or(0)),
                Reverse(finding.severity),
            )
        };
        // Ties in the order of words, so that a page looks the same each time.
        (order(a).cmp(&order(b))).then_with(|| a.title.cmp(&b.title))
    });
    findings.truncate(MAX_FINDINGS);
    offer::add(here, record, &mut findings).await;
    findings
}

/// One finding of a request, with the SQL it offers.
pub(crate) async fn one(here: &Here, record: &RequestRecord, finding: &Finding) -> RequestFinding {
    let mut findings = [of_finding(here, record, finding)];
    findings[0].is_failure &= record.summary.is_failed();
    offer::add(here, record, &mut findings).await;
    let [findings] = findings;
    findings
}

/// From this share of the request on, in percent, a finding is critical, or a warning.
const CRITICAL: u64 = 50;
const WARNING: u64 = 10;

/// Order and colour go by the same measure.
fn severity(finding: &RequestFinding, total_us: u64) -> Severity {
    let Some(lost_us) = finding.lost_us.filter(|_| !finding.is_failure) else {
        return finding.severity;
    };
    match lost_us.saturating_mul(100) / total_us.max(1) {
        CRITICAL.. => Severity::Critical,
        WARNING.. => Severity::Warning,
        _ => Severity::Info,
    }
}

/// Name of the rule that says that a statement is slow and not why; the others say why.
pub(crate) const SLOW_QUERY: &str = "slow_query";

/// Takes away what another finding says better: that a statement is slow where another says why, and
/// what request and plan both say of it.
fn drop_explained(findings: &mut Vec<RequestFinding>) {
    drop_twice_told(findings);
    let explained: Vec<(Fingerprint, u64)> = findings
        .iter()
        .filter(|finding| finding.rule != SLOW_QUERY)
        .filter_map(|finding| finding.fingerprint.zip(finding.lost_us))
        .collect();
    findings.retain(|finding| {
        let is_explained = explained.iter().any(|(fingerprint, lost_us)| {
            // What explains a little of it leaves the rest unexplained.
            Some(*fingerprint) == finding.fingerprint
                && lost_us.saturating_mul(2) >= finding.lost_us.unwrap_or(0)
        });
        finding.rule != SLOW_QUERY || !is_explained
    });
}

/// Of a request's finding and one about the plan of its statement that have one cause, keeps one.
fn drop_twice_told(findings: &mut Vec<RequestFinding>) {
    let parts = |is_wanted: fn(&RequestFinding) -> bool| -> Vec<(Fingerprint, String, u64)> {
        let wanted = findings.iter().filter(|finding| is_wanted(finding));
        wanted
            .filter_map(|one| Some((one.fingerprint?, one.rule.clone(), one.lost_us.unwrap_or(0))))
            .collect()
    };
    let of_request = parts(|finding| finding.source == Source::Request);
    let of_plans = parts(|finding| finding.source != Source::Request && finding.is_of_its_time());
    findings.retain(|finding| match finding.source {
        Source::Plan { .. } => !of_request.iter().any(|(fingerprint, rule, _)| {
            Some(*fingerprint) == finding.fingerprint
                && causes::is_told_by_request(rule, &finding.rule)
        }),
        Source::Request => !of_plans.iter().any(|(fingerprint, rule, lost_us)| {
            Some(*fingerprint) == finding.fingerprint
                && causes::is_told_by_plan(&finding.rule, rule)
                && lost_us.saturating_mul(2) >= finding.lost_us.unwrap_or(0)
        }),
    });
}

fn of_finding(here: &Here, record: &RequestRecord, finding: &Finding) -> RequestFinding {
    let fingerprint = finding.fingerprint;
    let main = || fingerprint.and_then(|fingerprint| main_site(record, fingerprint));
    let site = finding.call_site.as_ref().or_else(main);
    // Places as short as they can be distinguished.
    let shortened = |text: &str| match site {
        Some(site) => text.replace(
            &site.to_string(),
            &source::shown(here.app.source_root.as_ref(), site),
        ),
        None => text.to_owned(),
    };
    RequestFinding {
        rule: finding.rule.clone(),
        source: Source::Request,
        severity: finding.severity,
        title: shortened(&finding.title),
        evidence: shortened(&finding.detail),
        remedy: finding.remedy.clone(),
        fingerprint,
        query: finding.query.or_else(|| first_seq(record, fingerprint?)),
        calls: fingerprint.map_or(0, |fingerprint| calls(record, fingerprint)),
        call_site: site.cloned(),
        is_failure: FAILURES.contains(&&*finding.rule),
        lost_us: lost::of_finding(record, finding),
        is_at_most: false,
        offer: None,
    }
}

fn of_plan(
    record: &RequestRecord,
    fingerprint: Fingerprint,
    plan: &StatementPlan,
    finding: &PlanFinding,
) -> RequestFinding {
    let mut title = sentence(&finding.title);
    let other_time = plan.time.in_words();
    if let Some(when) = other_time {
        let made_at = clock_in_words(plan.record.captured_at);
        title = format!(
            "Plan of {made_at}, {when}: {}",
            verdict::uncapitalised(&title)
        );
    }
    // What a plan of another time does, this request may not have done: it has no time of it.
    let lost_us =
        lost::of_plan_finding(record, fingerprint, plan, finding).filter(|_| other_time.is_none());
    // Where the plan does not tell how much of it an index would spare, all of it is the bound.
    let is_at_most =
        lost_us.is_none() && other_time.is_none() && INDEX_WOULD_DO.contains(&finding.rule);
    RequestFinding {
        rule: finding.rule.to_owned(),
        source: Source::Plan {
            id: plan.record.id,
            node: finding.node,
            whose: plan.whose,
            time: plan.time,
            is_estimated: finding.estimated,
        },
        severity: if other_time.is_some() {
            Severity::Info
        } else {
            finding.severity
        },
        title,
        evidence: sentence(&finding.evidence),
        remedy: Some(sentence(&finding.action)),
        fingerprint: Some(fingerprint),
        query: first_seq(record, fingerprint),
        calls: calls(record, fingerprint),
        call_site: main_site(record, fingerprint).cloned(),
        is_failure: false,
        lost_us: lost_us.or_else(|| is_at_most.then(|| measured_us(record, fingerprint))),
        is_at_most,
        offer: Offer::suggested(finding).filter(|_| other_time.is_none()),
    }
}

fn first_seq(record: &RequestRecord, fingerprint: Fingerprint) -> Option<u32> {
    executions(record, fingerprint)
        .first()
        .map(|query| query.seq)
}

/// How often a statement ran in a request.
pub(crate) fn calls(record: &RequestRecord, fingerprint: Fingerprint) -> u64 {
    record
        .statements
        .iter()
        .filter(|part| part.statement.fingerprint == fingerprint)
        .map(|part| part.calls)
        .sum()
}

/// The call site with most calls of a statement.
pub(crate) fn main_site(record: &RequestRecord, fingerprint: Fingerprint) -> Option<&CallSite> {
    record
        .statements
        .iter()
        .filter(|part| part.statement.fingerprint == fingerprint)
        .max_by_key(|part| part.calls)?
        .call_site
        .as_ref()
}
