//! Findings and the verdict as JSON: the same that pages show.

use serde::Serialize;
use silk_core::{CallSite, Fingerprint, PlanId, RequestId, Severity, record::AcceptedFinding};

use crate::{
    findings::{
        Offer, RequestFinding, Source, Verdict,
        across::{WindowFinding, WindowSource},
    },
    plans::{time::PlanTime, whose::Whose},
};

#[derive(Debug, Serialize)]
pub(super) struct FindingJson<'a> {
    rule: &'a str,
    /// `request` for a rule about the request, `plan` for one about the plan of a statement.
    source: &'static str,
    severity: Severity,
    title: &'a str,
    evidence: &'a str,
    call_site: Option<&'a CallSite>,
    remedy: Option<&'a str>,
    /// The index to make, or the query to run instead.
    sql: Option<&'a str>,
    /// `index` or `query`.
    sql_is: Option<&'static str>,
    /// Whether the database planned with the index.
    is_verified: Option<bool>,
    /// The Rust around the query.
    rust: Option<&'a str>,
    lost_us: Option<u64>,
    /// Whether `lost_us` is all that its statement took, because its share is not known.
    is_at_most: bool,
    /// Number of the first query that it is about.
    query: Option<u32>,
    fingerprint: Option<Fingerprint>,
    calls: u64,
    plan: Option<PlanJson>,
}

#[derive(Debug, Serialize)]
struct PlanJson {
    id: PlanId,
    node: Option<usize>,
    /// `own`, `same_shape` (of another run whose plan had the same shape) or `other_run`.
    run: &'static str,
    /// `request`, `before` or `after`: a plan of a time before or after the request says not what it
    /// did.
    time: &'static str,
    is_estimated: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct VerdictJson<'a> {
    /// `failure`, `finding`, `unexplained`, `wait` or `nothing`.
    kind: &'static str,
    sentence: &'a str,
    remedy: Option<&'a str>,
    query: Option<u32>,
    /// Index of the finding that it is.
    finding: Option<usize>,
}

pub(super) fn verdict(verdict: &Verdict) -> VerdictJson<'_> {
    VerdictJson {
        kind: verdict.kind.as_str(),
        sentence: &verdict.sentence,
        remedy: verdict.remedy.as_deref(),
        query: verdict.query,
        finding: verdict.kind.finding(),
    }
}

/// A finding that the app accepts.
#[derive(Debug, Serialize)]
pub(super) struct AcceptedJson<'a> {
    rule: &'a str,
    title: &'a str,
    evidence: &'a str,
    reason: &'a str,
    fingerprint: Option<Fingerprint>,
    query: Option<u32>,
    call_site: Option<&'a CallSite>,
    lost_us: Option<u64>,
}

pub(super) fn accepted(accepted: &AcceptedFinding) -> AcceptedJson<'_> {
    let finding = &accepted.finding;
    AcceptedJson {
        rule: &finding.rule,
        title: &finding.title,
        evidence: &finding.detail,
        reason: &accepted.reason,
        fingerprint: finding.fingerprint,
        query: finding.query,
        call_site: finding.call_site.as_ref(),
        lost_us: finding.lost_us,
    }
}

pub(super) fn finding(finding: &RequestFinding) -> FindingJson<'_> {
    let offer = offer(finding.offer.as_ref());
    FindingJson {
        rule: &finding.rule,
        source: match finding.source {
            Source::Request => "request",
            Source::Plan { .. } => "plan",
        },
        severity: finding.severity,
        title: &finding.title,
        evidence: &finding.evidence,
        call_site: finding.call_site.as_ref(),
        remedy: finding.remedy.as_deref(),
        sql: offer.sql,
        sql_is: offer.sql_is,
        is_verified: offer.is_verified,
        rust: offer.rust,
        lost_us: finding.lost_us,
        is_at_most: finding.is_at_most,
        query: finding.query,
        fingerprint: finding.fingerprint,
        calls: finding.calls,
        plan: match finding.source {
            Source::Request => None,
            Source::Plan {
                id,
                node,
                whose,
                time,
                is_estimated,
            } => Some(PlanJson {
                id,
                node,
                run: match whose {
                    Whose::Own => "own",
                    Whose::SameShape => "same_shape",
                    Whose::OtherRun => "other_run",
                },
                time: match time {
                    PlanTime::OfRequest => "request",
                    PlanTime::Before => "before",
                    PlanTime::After => "after",
                },
                is_estimated,
            }),
        },
    }
}

/// A finding about a statement over a window.
#[derive(Debug, Serialize)]
pub(super) struct StatementFindingJson<'a> {
    rule: &'a str,
    /// `request` for a rule about requests that run it, `plan` for one about its plan.
    source: &'static str,
    severity: Severity,
    title: &'a str,
    evidence: &'a str,
    remedy: Option<&'a str>,
    /// The index to make, or the query to run instead.
    sql: Option<&'a str>,
    /// `index` or `query`.
    sql_is: Option<&'static str>,
    /// Whether the database planned with the index.
    is_verified: Option<bool>,
    /// The Rust around the query.
    rust: Option<&'a str>,
    lost_us: Option<u64>,
    /// Whether `lost_us` is the most that it can be.
    is_at_most: bool,
    /// The route whose requests it is about.
    route: Option<RouteJson<'a>>,
    plan: Option<StatementPlanJson>,
}

#[derive(Debug, Serialize)]
struct RouteJson<'a> {
    kind: &'static str,
    method: &'a str,
    route: &'a str,
    /// Requests of it within the window in which the rule found the same.
    requests: u64,
    /// The request that lost most time.
    worst: RequestId,
}

#[derive(Debug, Serialize)]
struct StatementPlanJson {
    id: PlanId,
    node: Option<usize>,
    /// Executions of the statement within the window that ran by the plan.
    calls: u64,
    /// Whether some of these may have run by another plan.
    are_calls_at_most: bool,
    is_estimated: bool,
}

pub(super) fn of_statement(finding: &WindowFinding) -> StatementFindingJson<'_> {
    let offer = offer(finding.offer.as_ref());
    let (route, plan) = match &finding.source {
        WindowSource::Requests {
            kind,
            method,
            route,
            requests,
            worst,
        } => {
            let route = RouteJson {
                kind: kind.as_str(),
                method,
                route,
                requests: *requests,
                worst: *worst,
            };
            (Some(route), None)
        }
        WindowSource::Plan {
            id,
            node,
            calls,
            are_calls_at_most,
            is_estimated,
            ..
        } => {
            let plan = StatementPlanJson {
                id: *id,
                node: *node,
                calls: *calls,
                are_calls_at_most: *are_calls_at_most,
                is_estimated: *is_estimated,
            };
            (None, Some(plan))
        }
    };
    StatementFindingJson {
        rule: &finding.rule,
        source: if plan.is_some() { "plan" } else { "request" },
        severity: finding.severity,
        title: &finding.title,
        evidence: &finding.evidence,
        remedy: finding.remedy.as_deref(),
        sql: offer.sql,
        sql_is: offer.sql_is,
        is_verified: offer.is_verified,
        rust: offer.rust,
        lost_us: finding.lost_us,
        is_at_most: finding.is_at_most,
        route,
        plan,
    }
}

/// The fields of what a finding offers to be copied.
#[derive(Default)]
struct OfferFields<'a> {
    sql: Option<&'a str>,
    sql_is: Option<&'static str>,
    is_verified: Option<bool>,
    rust: Option<&'a str>,
}

fn offer(offer: Option<&Offer>) -> OfferFields<'_> {
    match offer {
        Some(Offer::Index { sql, unproved }) => OfferFields {
            sql: Some(sql),
            sql_is: Some("index"),
            is_verified: Some(unproved.is_none()),
            rust: None,
        },
        Some(Offer::Query { sql, rust, .. }) => OfferFields {
            sql: Some(sql),
            sql_is: Some("query"),
            is_verified: None,
            rust: Some(rust),
        },
        Some(Offer::Asked) | None => OfferFields::default(),
    }
}
