//! `api/statements/{fingerprint}/plans`: plans of a statement, which were seen when, and changes.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use silk_core::{
    PlanId, PlanShape, PlanSource,
    explain::{PlanBucket, PlanChange, ShapeSpan, plan_changes},
};

use super::requests::DatabaseJson;
use crate::{
    context::{Here, read_id},
    error::Failure,
    params::{WINDOW_PARAMS, Window},
};

#[derive(Debug, Serialize)]
struct StatementPlansJson<'a> {
    plans: Vec<SummaryJson<'a>>,
    history: Vec<BucketJson<'a>>,
    changes: Vec<ChangeJson<'a>>,
}

#[derive(Debug, Serialize)]
struct SummaryJson<'a> {
    id: PlanId,
    database: DatabaseJson<'a>,
    source: PlanSource,
    shape: Option<PlanShape>,
    captured_at: DateTime<Utc>,
    analyzed: bool,
    duration_us: Option<u64>,
    total_cost: Option<f64>,
}

#[derive(Debug, Serialize)]
struct BucketJson<'a> {
    database: DatabaseJson<'a>,
    source: PlanSource,
    shape: PlanShape,
    started_at: DateTime<Utc>,
    width_s: u32,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    count: u64,
    /// Of these, runs whose time is known: what the percentiles are of.
    timed_runs: u64,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    plan: Option<PlanId>,
}

#[derive(Debug, Serialize)]
struct ChangeJson<'a> {
    database: DatabaseJson<'a>,
    source: PlanSource,
    changed_at: DateTime<Utc>,
    before: SpanJson,
    after: SpanJson,
}

#[derive(Debug, Serialize)]
struct SpanJson {
    shape: PlanShape,
    count: u64,
    /// Of these, runs whose time is known: what the percentiles are of.
    timed_runs: u64,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    plan: Option<PlanId>,
}

fn bucket(bucket: &PlanBucket) -> BucketJson<'_> {
    BucketJson {
        database: database(&bucket.database),
        source: bucket.source,
        shape: bucket.shape,
        started_at: bucket.started_at,
        width_s: bucket.width_s,
        first_at: bucket.first_at,
        last_at: bucket.last_at,
        count: bucket.count,
        timed_runs: bucket.durations.count(),
        p50_us: bucket.durations.known_percentile(50.0),
        p95_us: bucket.durations.known_percentile(95.0),
        plan: bucket.plan,
    }
}

fn change(change: &PlanChange) -> ChangeJson<'_> {
    ChangeJson {
        database: database(&change.database),
        source: change.source,
        changed_at: change.changed_at,
        before: span(&change.before),
        after: span(&change.after),
    }
}

fn span(span: &ShapeSpan) -> SpanJson {
    SpanJson {
        shape: span.shape,
        count: span.count,
        timed_runs: span.durations.count(),
        p50_us: span.durations.known_percentile(50.0),
        p95_us: span.durations.known_percentile(95.0),
        plan: span.plan,
    }
}

fn database(database: &silk_core::Database) -> DatabaseJson<'_> {
    DatabaseJson {
        kind: database.kind.as_str(),
        name: &database.name,
    }
}

/// `GET api/statements/{fingerprint}/plans`: the plans kept, their history, and their changes.
pub(crate) async fn of_statement(
    here: Here,
    Path(fingerprint): Path<String>,
) -> Result<Response, Failure> {
    let params = here.params(&WINDOW_PARAMS)?;
    let window = Window::read(&params, here.now)?.range(here.now);
    let fingerprint = read_id(&fingerprint, "statement")?;
    let plans = here
        .app
        .ask(|store| store.plans_of_statement(fingerprint, 200))
        .await?;
    let history = here
        .app
        .ask(|store| store.plan_history(fingerprint, window))
        .await?;
    let changes = plan_changes(fingerprint, &history);
    let json = StatementPlansJson {
        plans: plans
            .iter()
            .map(|plan| SummaryJson {
                id: plan.id,
                database: database(&plan.database),
                source: plan.source,
                shape: plan.shape,
                captured_at: plan.captured_at,
                analyzed: plan.output.analyzed,
                duration_us: plan.duration_us,
                total_cost: plan.total_cost,
            })
            .collect(),
        history: history.iter().map(bucket).collect(),
        changes: changes.iter().map(change).collect(),
    };
    Ok(Json(json).into_response())
}
