//! The plans that the store keeps of a statement, and which of them gives the most detail.

use silk_core::{Database, Fingerprint, PlanRecord, PlanShape, PlanSource, SqlText};

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
