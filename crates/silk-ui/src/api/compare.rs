//! `api/compare?a=&b=`: what differs between two requests, or between two stretches of time.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use silk_core::{
    CallSite, Fingerprint, PlanId, RequestId, RequestTimes,
    compare::{
        Change, FindingDifference, PlanDifference, SideFinding, SideStatement, Speed,
        StatementDifference,
    },
};

use crate::{
    context::Here,
    error::Failure,
    sides::{self, Both, COMPARE_PARAMS, Compared},
};

#[derive(Debug, Serialize)]
struct CompareJson<'a> {
    a: SideJson<'a>,
    b: SideJson<'a>,
    /// One line: what differs, and how many requests say so.
    verdict: String,
    /// Whether B's requests take less or more time, by more than chance explains.
    speed: Speed,
    statements: Vec<StatementJson<'a>>,
    findings: FindingsJson<'a>,
}

#[derive(Debug, Serialize)]
struct SideJson<'a> {
    /// As addresses name it; of a request its id.
    subject: String,
    id: Option<RequestId>,
    name: &'a str,
    notes: &'a [String],
    requests: u64,
    failed: u64,
    /// Of all requests in sum, like the other figures here.
    duration_us: u64,
    median_us: u64,
    p95_us: u64,
    query_count: u64,
    query_errors: u64,
    query_time_us: u64,
    times: RequestTimes,
    other_us: u64,
    waits: u64,
    request_bytes: Option<u64>,
    response_bytes: Option<u64>,
    /// Requests that statements and findings were read from.
    read: u64,
}

#[derive(Debug, Serialize)]
struct StatementJson<'a> {
    fingerprint: Fingerprint,
    /// Normalised: literals taken out.
    sql: &'a str,
    change: &'static str,
    speed: Speed,
    a_calls: u64,
    b_calls: u64,
    a_us: u64,
    b_us: u64,
    a_rows: u64,
    b_rows: u64,
    a_errors: u64,
    b_errors: u64,
    /// Requests that ran it.
    a_requests: u64,
    b_requests: u64,
    /// Where it is called from, with most calls first.
    a_lines: Vec<&'a CallSite>,
    b_lines: Vec<&'a CallSite>,
    /// `same`, `changed`, or none if no source has plans on both sides.
    plan: Option<&'static str>,
    a_plan: Option<PlanId>,
    b_plan: Option<PlanId>,
}

#[derive(Debug, Serialize)]
struct FindingsJson<'a> {
    gone: Vec<FindingJson<'a>>,
    new: Vec<FindingJson<'a>>,
    both: Vec<FindingJson<'a>>,
}

#[derive(Debug, Serialize)]
struct FindingJson<'a> {
    rule: &'a str,
    title: &'a str,
    fingerprint: Option<Fingerprint>,
    call_site: Option<&'a CallSite>,
    requests: u64,
    lost_us: Option<u64>,
}

/// `GET api/compare?a=…&b=…`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    let params = here.params(COMPARE_PARAMS)?;
    let both = sides::both(&here, &params).await?;
    Ok(Json(whole(&both)).into_response())
}

fn whole(both: &Both) -> CompareJson<'_> {
    let comparison = both.compare();
    let findings = |is: fn(&FindingDifference<'_>) -> bool| {
        (comparison.findings.iter())
            .filter(|one| is(one))
            .filter_map(|one| one.b.or(one.a))
            .map(finding)
            .collect()
    };
    CompareJson {
        a: side(&both.a),
        b: side(&both.b),
        verdict: comparison.verdict(),
        speed: comparison.speed,
        findings: FindingsJson {
            gone: findings(|one| one.b.is_none()),
            new: findings(|one| one.a.is_none()),
            both: findings(|one| one.a.is_some() && one.b.is_some()),
        },
        statements: comparison.statements.iter().map(statement).collect(),
    }
}

fn side(compared: &Compared) -> SideJson<'_> {
    let side = &compared.side;
    SideJson {
        subject: compared.subject.to_string(),
        id: compared.request.as_ref().map(|request| request.id),
        name: &compared.name,
        notes: &compared.notes,
        requests: side.requests,
        failed: side.failed,
        duration_us: side.times.total_us,
        median_us: side.durations.percentile(50.0),
        p95_us: side.durations.percentile(95.0),
        query_count: side.query_count,
        query_errors: side.query_errors,
        query_time_us: side.times.sql_us,
        times: side.times,
        other_us: side.times.other_us(),
        waits: side.waits,
        request_bytes: side.request_bytes,
        response_bytes: side.response_bytes,
        read: side.read,
    }
}

fn statement<'a>(one: &StatementDifference<'a>) -> StatementJson<'a> {
    let of =
        |part: Option<&SideStatement>, figure: fn(&SideStatement) -> u64| part.map_or(0, figure);
    let (plan, a_plan, b_plan) = match one.plan {
        PlanDifference::Unknown => (None, None, None),
        PlanDifference::Same => (Some("same"), None, None),
        PlanDifference::Changed { a, b } => (Some("changed"), a.id, b.id),
    };
    StatementJson {
        fingerprint: one.statement.fingerprint,
        sql: &one.statement.normalized,
        change: Change::as_str(one.change),
        speed: one.speed,
        a_calls: of(one.a, |part| part.calls),
        b_calls: of(one.b, |part| part.calls),
        a_us: of(one.a, |part| part.total_us),
        b_us: of(one.b, |part| part.total_us),
        a_rows: of(one.a, |part| part.rows),
        b_rows: of(one.b, |part| part.rows),
        a_errors: of(one.a, |part| part.errors),
        b_errors: of(one.b, |part| part.errors),
        a_requests: of(one.a, |part| part.requests),
        b_requests: of(one.b, |part| part.requests),
        a_lines: lines(one.a),
        b_lines: lines(one.b),
        plan,
        a_plan,
        b_plan,
    }
}

fn lines(part: Option<&SideStatement>) -> Vec<&CallSite> {
    let lines = part.map(|part| part.lines.iter().map(|line| &line.call_site));
    lines.map(Iterator::collect).unwrap_or_default()
}

fn finding(finding: &SideFinding) -> FindingJson<'_> {
    FindingJson {
        rule: &finding.rule,
        title: &finding.title,
        fingerprint: finding.fingerprint,
        call_site: finding.call_site.as_ref(),
        requests: finding.requests,
        lost_us: finding.lost_us,
    }
}
