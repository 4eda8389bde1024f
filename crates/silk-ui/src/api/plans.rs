//! `api/plans/{id}` and the call that makes one.

use axum::{
    Json,
    body::Bytes,
    extract::Path,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use silk_core::{ExplainMode, Fingerprint, PlanId, PlanRecord, RequestId};
use silk_plan::{JudgeContext, Plan, PlanFinding, PlanNode};

use super::requests::DatabaseJson;
use crate::{
    context::{Here, read_id},
    error::Failure,
    explain,
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
    source: &'static str,
    format: &'static str,
    shape: Option<&'a str>,
    root: Option<&'a PlanNode>,
    planning_ms: Option<f64>,
    execution_ms: Option<f64>,
    notes: &'a [String],
    findings: Vec<FindingJson>,
    raw: &'a str,
}

#[derive(Debug, Serialize)]
struct FindingJson {
    rule: &'static str,
    severity: silk_core::Severity,
    node: Option<usize>,
    title: String,
    evidence: String,
    action: String,
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
            saves_ms: finding.saves_ms,
        }
    }
}

fn write(record: &PlanRecord) -> Response {
    let plan = Plan::parse(record.output.format, &record.output.raw).ok();
    let plan = plan.as_ref();
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
        source: record.source.as_str(),
        format: record.output.format.as_str(),
        shape: plan.map(|plan| &*plan.shape),
        root: plan.map(|plan| &plan.root),
        planning_ms: plan.and_then(|plan| plan.planning_ms),
        execution_ms: plan.and_then(|plan| plan.execution_ms),
        notes: plan.map_or(&[][..], |plan| &plan.notes),
        findings: plan
            .map(|plan| silk_plan::findings::judge(plan, &JudgeContext::default()))
            .unwrap_or_default()
            .into_iter()
            .map(FindingJson::from)
            .collect(),
        raw: &record.output.raw,
    };
    Json(json).into_response()
}

/// `GET api/plans/{id}`
pub(crate) async fn one(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    here.params(&[])?;
    let id = read_id(&id, "plan")?;
    let record = here.app.ask(|store| store.plan(id)).await?;
    let record = record.ok_or_else(|| Failure::not_found("No plan of this id is kept."))?;
    Ok(write(&record))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExplainBody {
    #[serde(default)]
    analyze: bool,
}

impl ExplainBody {
    const fn mode(&self) -> ExplainMode {
        if self.analyze {
            ExplainMode::Analyze { confirmed: false }
        } else {
            ExplainMode::Estimated
        }
    }
}

/// `POST api/requests/{id}/queries/{seq}/explain`
pub(crate) async fn explain(
    here: Here,
    Path((id, seq)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    // A form of another site cannot send this type without asking first.
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
    let body: ExplainBody = if body.is_empty() {
        ExplainBody::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| {
            Failure::bad_request(format!(
                "The body is to be {{\"analyze\": true or false}}: {error}."
            ))
        })?
    };
    let found = explain::find(&here.app, &id, &seq).await?;
    let record = explain::explain(&here.app, &found, body.mode()).await?;
    Ok(write(&record))
}
