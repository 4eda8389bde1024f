//! `api/findings` and `api/acceptances`: what became of findings across requests, and what somebody
//! accepts.

use axum::{
    Json,
    body::Bytes,
    extract::Path,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use silk_core::{
    CallSite, Fingerprint, PlanId, RequestId, RequestKind, Severity,
    store::{Acceptance, FindingLife, LifeState, RouteName, StatsWindow},
};

use super::plans::read_body;
use crate::{
    context::{Here, read_id},
    error::Failure,
    findings::{
        listed::{Listed, read_all},
        lives::{
            LIFE_PARAMS, LifeFilter, UNKNOWN, accepted, lost_per_day_us, state_sentence, state_word,
        },
        of_statements::StatementFinding,
    },
    params::{WINDOW_PARAMS, Window},
};

/// Findings of an answer, unless it is asked for others.
const LIMIT: u32 = 100;

#[derive(Debug, Serialize)]
struct FindingsJson<'a> {
    items: Vec<LifeJson<'a>>,
    /// Findings that fit and are not among the items: they cost less.
    more: usize,
    notes: &'a [&'static str],
}

#[derive(Debug, Serialize)]
struct LifeJson<'a> {
    rule: &'a str,
    /// `request` for a rule about requests, `plan` for one about the plan of a statement.
    source: &'static str,
    severity: Severity,
    title: &'a str,
    /// Null of a plan whose statement is run by several.
    route: Option<RouteJson<'a>>,
    fingerprint: Option<Fingerprint>,
    call_site: Option<&'a CallSite>,
    /// `new`, `open`, `came_back`, `fixed` or `accepted`; `unknown` of a plan.
    state: &'static str,
    /// The same in a sentence; empty where there is nothing to add.
    state_sentence: String,
    /// Requests of the window that had it; null of a plan.
    requests: Option<u64>,
    /// Requests of the route within the window; null of a plan.
    of_requests: Option<u64>,
    /// Lost in these requests, or in the executions by the plan.
    lost_us: u64,
    /// Whether `lost_us` is the most that it can be.
    is_at_most: bool,
    /// Lost in a day at that pace; null for windows shorter than a day.
    lost_per_day_us: Option<u64>,
    /// Null of a plan.
    first_at: Option<DateTime<Utc>>,
    last_at: DateTime<Utc>,
    first_build: Option<&'a str>,
    last_build: Option<&'a str>,
    /// The request that lost most.
    worst: Option<RequestId>,
    /// Number of the acceptance that covers it.
    acceptance: Option<i64>,
    plan: Option<PlanJson>,
}

/// The plan that a finding is about.
#[derive(Debug, Serialize)]
struct PlanJson {
    id: PlanId,
    node: Option<usize>,
    /// Executions of the statement within the window that ran by it.
    calls: u64,
    /// Whether some of these may have run by another plan.
    are_calls_at_most: bool,
    /// Whether the finding rests on estimates only.
    is_estimated: bool,
}

/// What does the work.
#[derive(Debug, Serialize)]
pub(super) struct RouteJson<'a> {
    kind: &'static str,
    method: &'a str,
    route: &'a str,
}

pub(super) fn route_json(route: &RouteName) -> RouteJson<'_> {
    RouteJson {
        kind: route.kind.as_str(),
        method: &route.method,
        route: &route.route,
    }
}

fn life(life: &FindingLife, range: StatsWindow) -> LifeJson<'_> {
    LifeJson {
        rule: &life.rule,
        source: "request",
        severity: life.severity,
        title: &life.title,
        route: Some(route_json(&life.route)),
        fingerprint: life.fingerprint,
        call_site: life.call_site.as_ref(),
        state: state_word(&life.state),
        state_sentence: state_sentence(life),
        requests: Some(life.requests),
        of_requests: Some(life.of_requests),
        lost_us: life.lost_us,
        is_at_most: false,
        lost_per_day_us: lost_per_day_us(life.lost_us, range),
        first_at: Some(life.first_at),
        last_at: life.last_at,
        first_build: life.first_build.as_deref(),
        last_build: life.last_build.as_deref(),
        worst: life.worst,
        acceptance: match &life.state {
            LifeState::Accepted { acceptance, .. } => *acceptance,
            _ => None,
        },
        plan: None,
    }
}

/// A finding of a plan: what became of it is not known.
fn of_plan(found: &StatementFinding, range: StatsWindow) -> LifeJson<'_> {
    let lost_us = found.lost_us.unwrap_or(0);
    LifeJson {
        rule: found.finding.rule,
        source: "plan",
        severity: found.finding.severity,
        title: &found.finding.title,
        route: match &*found.routes {
            [route] => Some(route_json(route)),
            _ => None,
        },
        fingerprint: Some(found.statement.statement.fingerprint),
        call_site: found.call_site.as_ref(),
        state: UNKNOWN,
        state_sentence: String::new(),
        requests: None,
        of_requests: None,
        lost_us,
        is_at_most: found.is_at_most,
        lost_per_day_us: lost_per_day_us(lost_us, range),
        first_at: None,
        last_at: found.statement.last_seen_at,
        first_build: None,
        last_build: None,
        worst: None,
        acceptance: None,
        plan: Some(PlanJson {
            id: found.plan,
            node: found.finding.node,
            calls: found.calls,
            are_calls_at_most: found.are_calls_at_most,
            is_estimated: found.finding.estimated,
        }),
    }
}

/// Parameters of `api/findings`.
pub(super) fn params() -> Vec<&'static str> {
    [&WINDOW_PARAMS[..], &LIFE_PARAMS, &["limit"]].concat()
}

/// `GET api/findings`
pub(crate) async fn list(here: Here) -> Result<Response, Failure> {
    let params = here.params(&params())?;
    let range = Window::read(&params, here.now)?.range(here.now);
    let filter = LifeFilter::read(&params)?;
    let limit = usize::try_from(params.limit(LIMIT)?).unwrap_or(usize::MAX);
    let found = read_all(&here, range, &filter).await?;
    let listed = found.in_order();
    let items = listed.iter().take(limit).map(|one| match one {
        Listed::Requests(one) => life(one, range),
        Listed::Plan(found) => of_plan(found, range),
    });
    let json = FindingsJson {
        items: items.collect(),
        more: listed.len().saturating_sub(limit),
        notes: &found.notes,
    };
    Ok(Json(json).into_response())
}

#[derive(Debug, Serialize)]
struct AcceptancesJson<'a> {
    items: Vec<AcceptanceJson<'a>>,
}

#[derive(Debug, Serialize)]
struct AcceptanceJson<'a> {
    id: i64,
    rule: &'a str,
    /// In requests of this route only; null for every route.
    route: Option<RouteJson<'a>>,
    /// About this statement only; null for every statement.
    fingerprint: Option<Fingerprint>,
    /// From this line only; null for every line.
    call_site: Option<&'a CallSite>,
    by: &'a str,
    why: &'a str,
    until_build: Option<&'a str>,
    at: DateTime<Utc>,
}

fn acceptance(one: &Acceptance) -> AcceptanceJson<'_> {
    AcceptanceJson {
        id: one.id,
        rule: &one.rule,
        route: one.route.as_ref().map(route_json),
        fingerprint: one.fingerprint,
        call_site: one.call_site.as_ref(),
        by: &one.by,
        why: &one.why,
        until_build: one.until_build.as_deref(),
        at: one.at,
    }
}

/// `GET api/acceptances`
pub(crate) async fn acceptances(here: Here) -> Result<Response, Failure> {
    here.params(&[])?;
    let all = here.app.ask(silk_core::Store::acceptances).await?;
    let items = all.iter().map(acceptance).collect();
    Ok(Json(AcceptancesJson { items }).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptBody {
    rule: String,
    route: Option<RouteBody>,
    fingerprint: Option<String>,
    call_site: Option<CallSite>,
    by: String,
    why: String,
    until_build: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteBody {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    method: String,
    route: String,
}

impl AcceptBody {
    fn read(self, now: DateTime<Utc>) -> Result<Acceptance, Failure> {
        let fingerprint = (self.fingerprint.as_deref())
            .map(str::parse)
            .transpose()
            .map_err(|_| Failure::bad_request("fingerprint must be 16 hex digits."))?;
        let route = self.route.map(RouteBody::read).transpose()?;
        accepted(Acceptance {
            id: 0,
            rule: self.rule,
            route,
            fingerprint,
            call_site: self.call_site,
            by: self.by,
            why: self.why,
            until_build: self.until_build,
            at: now,
        })
    }
}

impl RouteBody {
    fn read(self) -> Result<RouteName, Failure> {
        let kind = self.kind.as_deref().unwrap_or("request");
        let kind: RequestKind = kind
            .parse()
            .map_err(|_| Failure::bad_request("route.kind must be request, job or test."))?;
        Ok(RouteName {
            kind,
            method: self.method.to_ascii_uppercase(),
            route: self.route,
        })
    }
}

#[derive(Debug, Serialize)]
struct AcceptedJson {
    id: i64,
}

/// `POST api/acceptances`
pub(crate) async fn accept(
    here: Here,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    here.params(&[])?;
    let body: AcceptBody = read_body(
        &headers,
        &body,
        "{\"rule\": name, \"by\": who, \"why\": reason, and to narrow it route, fingerprint, \
         call_site, until_build}",
    )?;
    let acceptance = body.read(here.now)?;
    let id = here.app.change(|store| store.accept(&acceptance)).await?;
    Ok((StatusCode::CREATED, Json(AcceptedJson { id })).into_response())
}

/// `DELETE api/acceptances/{id}`
pub(crate) async fn withdraw(here: Here, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    here.params(&[])?;
    let id: i64 = read_id(&id, "acceptance")?;
    if here.app.change(|store| store.withdraw(id)).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Failure::not_found("Nothing is accepted under this number."))
    }
}
