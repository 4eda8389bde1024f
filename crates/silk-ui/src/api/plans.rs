//! `api/plans`, and the calls that make plans.

use axum::{
    Json,
    body::Bytes,
    extract::Path,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use silk_core::{ExplainMode, Fingerprint, PlanId, PlanRecord, PlanSource, RequestId};
use silk_plan::{OutsidePart, Plan, PlanFinding, PlanNode, PlanTotals, Trigger};

use super::requests::DatabaseJson;
use crate::{
    context::Here,
    error::Failure,
    plans::{
        explain,
        judge::{self, Judged, Known},
        kept, pasted, subject,
        tables::Tables,
    },
};

#[derive(Debug, Serialize)]
struct PlanJson<'a> {
    id: PlanId,
    request_id: Option<RequestId>,
    seq: Option<u32>,
    fingerprint: Option<Fingerprint>,
    database: DatabaseJson<'a>,
    analyzed: bool,
    captured_at: DateTime<Utc>,
    source: PlanSource,
    format: &'static str,
    shape: Option<&'a str>,
    duration_us: Option<u64>,
    total_cost: Option<f64>,
    root: Option<&'a PlanNode>,
    total_ms: Option<f64>,
    planning_ms: Option<f64>,
    execution_ms: Option<f64>,
    outside: &'a [OutsidePart],
    triggers: &'a [Trigger],
    invariant_holds: Option<bool>,
    notes: &'a [String],
    findings: Vec<FindingJson>,
    /// Why rules that need to know the tables are silent, where they are.
    silent: Option<String>,
    raw: &'a str,
    /// Whether the store has it.
    kept: bool,
}

#[derive(Debug, Serialize)]
struct FindingJson {
    rule: &'static str,
    severity: silk_core::Severity,
    node: Option<usize>,
    title: String,
    evidence: String,
    action: String,
    unless: String,
    verified: bool,
    estimated: bool,
    saves_ms: Option<f64>,
}

impl From<PlanFinding> for FindingJson {
    fn from(finding: PlanFinding) -> Self {
        Self {
            rule: finding.rule,
            severity: finding.severity,
            node: finding.node,
            title: finding.title,
            evidence: finding.evidence,
            action: finding.action,
            unless: finding.unless,
            verified: finding.verified,
            estimated: finding.estimated,
            saves_ms: finding.saves_ms,
        }
    }
}

fn write(record: &PlanRecord, plan: Option<&Plan>, judged: Judged, kept: bool) -> Response {
    let none = PlanTotals::default();
    let totals = plan.map_or(&none, |plan| &plan.totals);
    let json = PlanJson {
        id: record.id,
        request_id: record.query.map(|query| query.request_id),
        seq: record.query.map(|query| query.seq),
        fingerprint: record.fingerprint,
        database: DatabaseJson {
            kind: record.database.kind.as_str(),
            name: &record.database.name,
        },
        analyzed: record.output.analyzed,
        captured_at: record.captured_at,
        source: record.source,
        format: record.output.format.as_str(),
        shape: plan.map(|plan| &*plan.shape),
        duration_us: record.duration_us,
        total_cost: record.total_cost,
        root: plan.map(|plan| &plan.root),
        total_ms: totals.total_ms,
        planning_ms: plan.and_then(|plan| plan.planning_ms),
        execution_ms: plan.and_then(|plan| plan.execution_ms),
        outside: &totals.outside,
        triggers: plan.map_or(&[][..], |plan| &plan.triggers),
        invariant_holds: totals.invariant_holds,
        notes: plan.map_or(&[][..], |plan| &plan.notes),
        findings: judged.found.into_iter().map(FindingJson::from).collect(),
        silent: judged.silent,
        raw: &record.output.raw,
        kept,
    };
    Json(json).into_response()
}

/// `GET api/plans/{id}`
pub(crate) async fn one(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    here.params(&[])?;
    show(&here, &id).await
}

/// A plan of the store, judged as its page judges it.
async fn show(here: &Here, id: &str) -> Result<Response, Failure> {
    let subject = subject::of_plan(here, id, None).await?;
    let record = &subject.record;
    let plan = Plan::parse(record.output.format, &record.output.raw).ok();
    let judged = match &plan {
        Some(plan) => {
            let others = kept::beside(&here.app, record).await;
            subject.judge(here, plan, &others).await
        }
        None => Judged::default(),
    };
    Ok(write(record, plan.as_ref(), judged, true))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExplainBody {
    #[serde(default)]
    analyze: bool,
    #[serde(default)]
    generic: bool,
    #[serde(default)]
    confirmed: bool,
}

impl ExplainBody {
    fn mode(&self) -> Result<ExplainMode, Failure> {
        match (self.analyze, self.generic) {
            (true, true) => Err(Failure::bad_request(
                "A generic plan cannot be run: analyze and generic exclude each other.",
            )),
            (true, false) => Ok(ExplainMode::Analyze {
                confirmed: self.confirmed,
            }),
            (false, true) => Ok(ExplainMode::Generic),
            (false, false) => Ok(ExplainMode::Estimated),
        }
    }
}

/// Reads a body of JSON.
///
/// # Errors
/// 415 for another type: a form of another site cannot send this one without asking first. 400
/// where it is not what is `expected`.
pub(super) fn read_body<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &Bytes,
    expected: &str,
) -> Result<T, Failure> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(';')
                .next()
                .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
        });
    if !is_json {
        return Err(Failure::unsupported_media_type(
            "Send Content-Type: application/json.",
        ));
    }
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        Failure::bad_request(format!("The body must be {expected}; got: {error}."))
    })
}

/// `POST api/requests/{id}/queries/{seq}/explain`
pub(crate) async fn explain(
    here: Here,
    Path((id, seq)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    here.params(&[])?;
    let body: ExplainBody = read_body(
        &headers,
        &body,
        "{\"analyze\": true or false, \"generic\": true or false, \"confirmed\": true or false}",
    )?;
    let mode = body.mode()?;
    let found = explain::find(&here.app, &id, &seq).await?;
    let record = explain::explain(&here.app, &found, mode).await?;
    show(&here, &record.id.to_string()).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PasteBody {
    plan: String,
    #[serde(default)]
    keep: bool,
}

/// `POST api/plans`: reads and judges a plan from anywhere.
pub(crate) async fn paste(
    here: Here,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    here.params(&[])?;
    let body: PasteBody = read_body(
        &headers,
        &body,
        "{\"plan\": text of EXPLAIN, \"keep\": true or false}",
    )?;
    let record = pasted::understand(&body.plan)
        .map_err(|message| Failure::unprocessable("no_plan", message))?;
    if !body.keep {
        let plan = Plan::parse(record.output.format, &record.output.raw).ok();
        let judged = match &plan {
            Some(plan) => {
                let tables = Tables::new(&here.app);
                judge::judge(&tables, plan, &record, None, Known::default()).await
            }
            None => Judged::default(),
        };
        return Ok(write(&record, plan.as_ref(), judged, false));
    }
    let record = pasted::redacted(record)?;
    here.app.change(|store| store.add_plan(&record)).await?;
    show(&here, &record.id.to_string()).await
}
