//! From a stored query to a stored plan: the one way, for the page's button and the API.

use chrono::Utc;
use silk_core::{
    ExplainError, ExplainMode, ExplainQuery, Fingerprint, PlanId, PlanRecord, PlanSource,
    QueryRecord, QueryRef, RequestId, RequestRecord, SqlText,
    explain::{AdviceRequest, IndexAdvice, RelationFacts, WorkloadQuery},
    store::{StatementFilter, StatementSummary},
};
use silk_plan::Plan;
use uuid::Uuid;

use crate::{
    context::{App, Here, read_id},
    error::Failure,
    query_string::Window,
};

/// A plan takes longer than reading the store: the database is asked, and may be busy.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// How long a page waits in sum for what databases know of the tables of its plans: it is worth
/// showing without, and finds the answer the next time.
const TABLES_TIMEOUT: std::time::Duration = std::time::Duration::from_millis(400);

/// What databases know of the tables of the plans of one page.
#[derive(Debug)]
pub(crate) struct Tables<'a> {
    app: &'a App,
    until: tokio::time::Instant,
}

impl<'a> Tables<'a> {
    /// For one page, from now on.
    pub(crate) fn new(app: &'a App) -> Self {
        Self {
            app,
            until: tokio::time::Instant::now() + TABLES_TIMEOUT,
        }
    }

    /// What is known of the tables of a plan, by what it calls them; and why nothing is, where that
    /// keeps rules silent. `sql` says which tables the names of MySQL's and SQLite's plans mean.
    pub(crate) async fn of(
        &self,
        plan: &Plan,
        record: &PlanRecord,
        sql: Option<&str>,
    ) -> (Vec<(String, RelationFacts)>, Option<String>) {
        let called = silk_plan::findings::relations(plan, sql);
        // Where a pasted plan is from nobody knows.
        if called.is_empty() || record.source == PlanSource::Pasted {
            return (Vec::new(), None);
        }
        let mut relations: Vec<_> = called.values().cloned().collect();
        relations.sort_unstable();
        relations.dedup();
        let asked = self.app.explain.facts(&record.database, relations);
        let known = match tokio::time::timeout_at(self.until, asked).await {
            Ok(Ok(known)) => known,
            Ok(Err(error)) => return (Vec::new(), Some(error.to_string())),
            Err(_) => {
                let late = "the database did not tell in time; look again in a moment";
                return (Vec::new(), Some(late.to_owned()));
            }
        };
        let of_each = called.into_iter().filter_map(|(called, relation)| {
            let facts = known.iter().find(|facts| facts.relation == relation)?;
            Some((called, facts.clone()))
        });
        (of_each.collect(), None)
    }
}

/// A query within its request.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) id: RequestId,
    pub(crate) record: RequestRecord,
    /// Index of the query.
    pub(crate) at: usize,
}

impl Found {
    pub(crate) fn query(&self) -> &QueryRecord {
        &self.record.detail.queries[self.at]
    }

    /// Its text; none only where the record is broken.
    pub(crate) fn text(&self) -> Option<&SqlText> {
        self.record
            .detail
            .texts
            .get(usize::try_from(self.query().text).ok()?)
    }
}

/// The query that an address names.
///
/// # Errors
/// 404 where there is none, 503 where the store fails.
pub(crate) async fn find(app: &App, id: &str, seq: &str) -> Result<Found, Failure> {
    let seq: u32 = read_id(seq, "query")?;
    let (id, record) = app.request(id).await?;
    let at = record
        .detail
        .queries
        .iter()
        .position(|query| query.seq == seq)
        .ok_or_else(|| {
            if record.detail.queries_not_kept > 0 {
                Failure::not_found(
                    "This query is not kept: the request ran more queries than are kept in full. \
                 They count in its statements.",
                )
            } else {
                Failure::not_found("The request has no query of this number.")
            }
        })?;
    Ok(Found { id, record, at })
}

/// Asks the database for the plan of a stored query, and keeps it.
///
/// # Errors
/// 409 where it is refused, 422 where the database said no, 503 where the store fails.
pub(crate) async fn explain(
    app: &App,
    found: &Found,
    mode: ExplainMode,
) -> Result<PlanRecord, Failure> {
    let text = found
        .text()
        .ok_or_else(|| Failure::internal("The query has no text."))?;
    let query = to_explain(found.query(), text, mode);
    let output = answer(app.explain.explain(query)).await?;
    let plan = Plan::parse(output.format, &output.raw).ok();
    let record = PlanRecord {
        id: PlanId(Uuid::now_v7()),
        query: Some(QueryRef {
            request_id: found.id,
            seq: found.query().seq,
        }),
        fingerprint: Some(text.statement.fingerprint),
        database: (*text.database).clone(),
        captured_at: Utc::now(),
        source: match mode {
            ExplainMode::Estimated => PlanSource::Estimated,
            ExplainMode::Generic => PlanSource::Generic,
            ExplainMode::Analyze { .. } => PlanSource::Analyzed,
        },
        shape: plan.as_ref().and_then(|plan| plan.shape.parse().ok()),
        duration_us: plan
            .as_ref()
            .filter(|_| mode.runs())
            .and_then(|plan| plan.execution_ms)
            .map(|ms| crate::pages::plan::cells::whole(ms * 1e3)),
        total_cost: plan
            .as_ref()
            .and_then(|plan| plan.root.estimate.as_ref()?.total_cost),
        output,
    };
    app.ask(|store| store.add_plan(&record)).await?;
    Ok(record)
}

/// A recorded query, to be asked about.
fn to_explain(query: &QueryRecord, text: &SqlText, mode: ExplainMode) -> ExplainQuery {
    ExplainQuery {
        database: (*text.database).clone(),
        sql: text.text.to_string(),
        is_redacted: text.is_redacted,
        values: query.values.clone(),
        mode,
    }
}

/// Waits for the database, but not for ever.
///
/// # Errors
/// 409 where it is refused, 422 where the database said no or nothing.
async fn answer<T>(question: impl Future<Output = Result<T, ExplainError>>) -> Result<T, Failure> {
    match tokio::time::timeout(TIMEOUT, question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(ExplainError::Refused { code, reason })) => Err(Failure::conflict(code, reason)),
        Ok(Err(ExplainError::Failed { message })) => {
            Err(Failure::unprocessable("explain_failed", message))
        }
        Err(_) => Err(Failure::unprocessable(
            "explain_timeout",
            "The database did not answer within 30 seconds.",
        )),
    }
}

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
/// 409 where it is refused, 422 where the database said no, 503 where the store fails.
pub(crate) async fn advise(here: &Here, found: &Found) -> Result<Advised, Failure> {
    let text = found
        .text()
        .ok_or_else(|| Failure::internal("The query has no text."))?;
    let fingerprint = text.statement.fingerprint;
    let plans = here
        .app
        .ask(|store| store.plans_of_statement(fingerprint, 24))
        .await
        .unwrap_or_default();
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
        query: to_explain(found.query(), text, ExplainMode::Estimated),
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
const MOST_WORKLOAD: usize = 8;

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
    for other in others.into_iter().take(MOST_WORKLOAD) {
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
        let fits = text.statement.fingerprint == fingerprint && text.database == like.database;
        fits.then(|| to_explain(query, text, ExplainMode::Estimated))
    })
}
