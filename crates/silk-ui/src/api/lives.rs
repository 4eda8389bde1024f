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
    CallSite, Fingerprint, RequestId, RequestKind, Severity,
    store::{Acceptance, FindingLife, LifeState, RouteName, StatsWindow},
};

use super::plans::read_body;
use crate::{
    context::{Here, read_id},
    error::Failure,
    findings::lives::{
        self, LIFE_PARAMS, LifeFilter, accepted, lost_per_day_us, state_sentence, state_word,
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
    severity: Severity,
    title: &'a str,
    route: RouteJson<'a>,
    fingerprint: Option<Fingerprint>,
    call_site: Option<&'a CallSite>,
    /// `new`, `open`, `came_back`, `fixed` or `accepted`.
    state: &'static str,
    /// The same in a sentence; empty where there is nothing to add.
    state_sentence: String,
    /// Requests of the window that had it.
    requests: u64,
    /// Requests of the route within the window.
    of_requests: u64,
    /// Lost in these requests.
    lost_us: u64,
    /// Lost in a day at that pace; null for windows shorter than a day.
    lost_per_day_us: Option<u64>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    first_build: Option<&'a str>,
    last_build: Option<&'a str>,
    /// The request that lost most.
    worst: Option<RequestId>,
    /// Number of the acceptance that covers it.
    acceptance: Option<i64>,
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
        severity: life.severity,
        title: &life.title,
        route: route_json(&life.route),
        fingerprint: life.fingerprint,
        call_site: life.call_site.as_ref(),
        state: state_word(&life.state),
        state_sentence: state_sentence(life),
        requests: life.requests,
        of_requests: life.of_requests,
        lost_us: life.lost_us,
        lost_per_day_us: lost_per_day_us(life.lost_us, range),
        first_at: life.first_at,
        last_at: life.last_at,
        first_build: life.first_build.as_deref(),
        last_build: life.last_build.as_deref(),
        worst: life.worst,
        acceptance: match &life.state {
            LifeState::Accepted { acceptance, .. } => *acceptance,
            _ => None,
        },
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
    let found = lives::read(&here, range, &filter).await?;
    let json = FindingsJson {
        items: found
            .items
            .iter()
            .take(limit)
            .map(|one| life(one, range))
            .collect(),
        more: found.items.len().saturating_sub(limit),
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
