//! Indexes that would help a stored query, weighed over what else was recorded on its tables.

use silk_core::{
    Database, ExplainMode, ExplainQuery, Fingerprint, PlanSource, QueryRecord, SqlText,
    explain::{AdviceRequest, IndexAdvice, WorkloadQuery},
    store::{StatementFilter, StatementSummary},
};
use silk_plan::Plan;

use super::{
    explain::{answer, to_explain},
    kept,
};
use crate::{context::Here, error::Failure, params::Window};

/// Advice, and what it rests on.
#[derive(Debug)]
pub(crate) struct Advised {
    pub(crate) advice: IndexAdvice,
    /// The plan as things are, where one is known.
    pub(crate) plan: Option<Plan>,
    /// The other statements that were weighed, each with its SQL.
    pub(crate) workload: Vec<(Fingerprint, String)>,
}

/// Asks for indexes that would help a stored query, ranked over what else runs on its tables.
///
/// # Errors
/// 409 if it is refused, 422 if the database says no, 503 if the store fails.
pub(crate) async fn advise(
    here: &Here,
    query: &QueryRecord,
    text: &SqlText,
) -> Result<Advised, Failure> {
    let fingerprint = text.statement.fingerprint;
    let plans = kept::of_statement(&here.app, fingerprint).await;
    // The plan of a run says more than an estimate.
    let plan = plans
        .into_iter()
        .filter(|plan| plan.database == *text.database)
        .min_by_key(|plan| {
            (
                !plan.output.analyzed,
                plan.source == PlanSource::Generic,
                std::cmp::Reverse(plan.captured_at),
            )
        });
    let workload = workload(here, text).await;
    let weighed = workload
        .iter()
        .map(|other| (other.fingerprint, other.query.sql.clone()))
        .collect();
    let request = AdviceRequest {
        query: to_explain(query, text, ExplainMode::Estimated),
        plan: plan.as_ref().map(|plan| plan.output.clone()),
        workload,
    };
    let advice = answer(here.app.explain.advise(request)).await?;
    Ok(Advised {
        advice,
        plan: plan.and_then(|plan| Plan::parse(plan.output.format, &plan.output.raw).ok()),
        workload: weighed,
    })
}

/// Other statements that are weighed at most, those with most time first.
const MAX_WORKLOAD: usize = 8;

/// Other statements on the same tables, each by one of its queries; what cannot be read is left
/// out, since advice is worth having without it.
async fn workload(here: &Here, text: &SqlText) -> Vec<WorkloadQuery> {
    let mut others: Vec<StatementSummary> = Vec::new();
    for table in text.statement.tables.iter().take(6) {
        let filter = StatementFilter {
            table: Some(table.clone()),
            database: Some(text.statement.database),
            limit: 30,
            ..StatementFilter::default()
        };
        let found = here.app.ask(|store| store.statements(&filter)).await;
        for other in found.map(|page| page.items).unwrap_or_default() {
            let is_new = other.statement.fingerprint != text.statement.fingerprint
                && !others
                    .iter()
                    .any(|known| known.statement.fingerprint == other.statement.fingerprint);
            // What only writes gains nothing from an index.
            let statement = &other.statement;
            let searches =
                silk_plan::advice::searches_tables(&statement.normalized, statement.database);
            if is_new && searches && statement.tables.contains(table) {
                others.push(other);
            }
        }
    }
    others.sort_by_key(|other| std::cmp::Reverse(other.total_us));
    let mut workload = Vec::new();
    for other in others.into_iter().take(MAX_WORKLOAD) {
        if let Some(query) = sample(here, other.statement.fingerprint, text).await {
            workload.push(WorkloadQuery {
                fingerprint: other.statement.fingerprint,
                query,
                calls: other.calls,
                total_us: other.total_us,
            });
        }
    }
    workload
}

/// One recorded query of a statement, on the same database as another.
async fn sample(here: &Here, fingerprint: Fingerprint, like: &SqlText) -> Option<ExplainQuery> {
    let (query, text) = sample_on(here, fingerprint, Some(&like.database)).await?;
    Some(to_explain(&query, &text, ExplainMode::Estimated))
}

/// One recorded query of a statement, of the request in which it was slowest.
pub(crate) async fn sample_on(
    here: &Here,
    fingerprint: Fingerprint,
    database: Option<&Database>,
) -> Option<(QueryRecord, SqlText)> {
    let window = Window::Week.range(here.now);
    let detail = here
        .app
        .ask(|store| store.statement(fingerprint, window))
        .await
        .ok()??;
    let id = detail.slowest.first()?.request_id;
    let request = here.app.ask(|store| store.request(id)).await.ok()??;
    let detail = &request.detail;
    detail.queries.iter().find_map(|query| {
        let text = detail.texts.get(usize::try_from(query.text).ok()?)?;
        let fits = text.statement.fingerprint == fingerprint
            && database.is_none_or(|database| *text.database == *database);
        fits.then(|| (query.clone(), text.clone()))
    })
}
