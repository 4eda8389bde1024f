//! The plans that the store keeps of a statement, and which of them gives the most detail.

use chrono::{TimeDelta, Utc};
use silk_core::{
    Database, Fingerprint, PlanRecord, PlanShape, PlanSource, SqlText, store::StatsWindow,
};

use crate::{
    context::{App, Here, read_id},
    error::Failure,
};

/// Plans of one statement that are looked through, newest first.
const MAX_PLANS: u32 = 50;

/// The plans of a statement; empty if they cannot be read, because the page is useful without them.
pub(crate) async fn of_statement(app: &App, fingerprint: Fingerprint) -> Vec<PlanRecord> {
    app.ask(|store| store.plans_of_statement(fingerprint, MAX_PLANS))
        .await
        .unwrap_or_default()
}

/// Other plans of the same statement.
pub(crate) async fn beside(app: &App, record: &PlanRecord) -> Vec<PlanRecord> {
    let Some(fingerprint) = record.fingerprint else {
        return Vec::new();
    };
    let mut plans = of_statement(app, fingerprint).await;
    plans.retain(|other| other.id != record.id);
    plans
}

/// The plan that is kept of a shape of a statement.
pub(crate) async fn of_shape(app: &App, text: &SqlText, shape: PlanShape) -> Option<PlanRecord> {
    let mut plans = of_statement(app, text.statement.fingerprint)
        .await
        .into_iter();
    plans.find(|plan| is_of_shape(plan, &text.database, shape))
}

/// Whether it is the plan of a real run, of that shape, on that database: of a shape that was seen
/// often one plan is kept, that of the slowest run, which may be another request's.
pub(crate) fn is_of_shape(plan: &PlanRecord, database: &Database, shape: PlanShape) -> bool {
    plan.source == PlanSource::AutoExplain
        && plan.shape == Some(shape)
        && plan.database == *database
}

/// The plan that says most: of the very run, else the newest that is not a cached statement's.
pub(crate) fn best(plans: impl IntoIterator<Item = PlanRecord>) -> Option<PlanRecord> {
    plans.into_iter().min_by_key(|plan| {
        (
            plan.source != PlanSource::AutoExplain,
            plan.source == PlanSource::Generic,
            std::cmp::Reverse(plan.captured_at),
        )
    })
}

/// Of the shape of a statement's plan that was seen last, the plan that says most: what only older
/// shapes did is over.
pub(crate) async fn current(app: &App, mut plans: Vec<PlanRecord>) -> Option<PlanRecord> {
    // The plan of no values is no sight of what runs.
    if plans.iter().any(|plan| plan.source != PlanSource::Generic) {
        plans.retain(|plan| plan.source != PlanSource::Generic);
    }
    let fingerprint = plans.first()?.fingerprint?;
    let now = Utc::now();
    let window = StatsWindow {
        since: now - TimeDelta::days(7),
        until: now + TimeDelta::seconds(1),
        buckets: 1,
    };
    let history = app
        .ask(|store| store.plan_history(fingerprint, window))
        .await
        .unwrap_or_default();
    // The plan that is kept of a shape may be that of an old run, though the shape is still seen.
    let seen_at = |plan: &PlanRecord| {
        let sights = history.iter().filter(|bucket| {
            Some(bucket.shape) == plan.shape
                && bucket.database == plan.database
                && (bucket.source == PlanSource::Generic) == (plan.source == PlanSource::Generic)
        });
        let last = sights.map(|bucket| bucket.last_at).max();
        last.map_or(plan.captured_at, |last| last.max(plan.captured_at))
    };
    let newest = plans.iter().max_by_key(|plan| seen_at(plan))?;
    let (database, shape) = (newest.database.clone(), newest.shape);
    best(
        plans
            .into_iter()
            .filter(|plan| plan.database == database && plan.shape == shape),
    )
}

/// A plan by the id in an address: kept, or pasted recently.
///
/// # Errors
/// 404 where there is none, 503 where the store fails.
pub(crate) async fn find(here: &Here, id: &str) -> Result<PlanRecord, Failure> {
    let id = read_id(id, "plan")?;
    if let Some(pasted) = here.app.pasted.get(id) {
        return Ok(pasted);
    }
    here.app
        .ask(|store| store.plan(id))
        .await?
        .ok_or_else(|| Failure::not_found("No plan of this id is kept."))
}
