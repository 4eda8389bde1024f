//! Findings and the verdict as JSON: the same that pages show.

use serde::Serialize;
use silk_core::{CallSite, Fingerprint, PlanId, Severity};

use crate::{
    findings::{Offer, Source, Told, Verdict},
    plans::of_request::Whose,
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
    /// `own`, `same_form` (of another run whose plan had the same form) or `other_run`.
    run: &'static str,
    is_estimated: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct VerdictJson<'a> {
    /// `failure`, `finding`, `unexplained` or `nothing`.
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

pub(super) fn finding(told: &Told) -> FindingJson<'_> {
    let (sql, sql_is, is_verified, rust) = match &told.offer {
        Some(Offer::Index { sql, unproved }) => {
            (Some(&**sql), Some("index"), Some(unproved.is_none()), None)
        }
        Some(Offer::Query { sql, rust, .. }) => (Some(&**sql), Some("query"), None, Some(&**rust)),
        Some(Offer::Asked) | None => (None, None, None, None),
    };
    FindingJson {
        rule: &told.rule,
        source: match told.source {
            Source::Request => "request",
            Source::Plan { .. } => "plan",
        },
        severity: told.severity,
        title: &told.title,
        evidence: &told.evidence,
        call_site: told.call_site.as_ref(),
        remedy: told.remedy.as_deref(),
        sql,
        sql_is,
        is_verified,
        rust,
        lost_us: told.lost_us,
        is_at_most: told.is_at_most,
        query: told.query,
        fingerprint: told.fingerprint,
        calls: told.calls,
        plan: match told.source {
            Source::Request => None,
            Source::Plan {
                id,
                node,
                whose,
                is_estimated,
            } => Some(PlanJson {
                id,
                node,
                run: match whose {
                    Whose::Own => "own",
                    Whose::SameForm => "same_form",
                    Whose::OtherRun => "other_run",
                },
                is_estimated,
            }),
        },
    }
}
