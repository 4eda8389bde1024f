//! From a stored query to a stored plan: the one way, for the page's button and the API.

use std::time::Duration;

use chrono::Utc;
use silk_core::{
    CallSite, DatabaseKind, ExplainError, ExplainMode, ExplainOutput, ExplainQuery, PlanId,
    PlanRecord, PlanSource, QueryRecord, QueryRef, RequestId, RequestRecord, SqlText, Value,
    ValueState, sql,
};
use silk_plan::Plan;
use uuid::Uuid;

use crate::{
    context::{App, read_id},
    draw::format::whole,
    error::Failure,
};

/// A plan takes longer than reading the store: the database is asked, and may be busy.
const TIMEOUT: Duration = Duration::from_secs(30);

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

    /// The line that ran it, where it was captured.
    pub(crate) fn site(&self) -> Option<&CallSite> {
        let at = usize::try_from(self.query().call_site?).ok()?;
        self.record.detail.call_sites.get(at)
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
/// 409 if it is refused, 422 if the database says no, 503 if the store fails.
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
    let source = match mode {
        ExplainMode::Estimated => PlanSource::Estimated,
        ExplainMode::Generic => PlanSource::Generic,
        ExplainMode::Analyze { .. } => PlanSource::Analyzed,
    };
    let record = record_of(output, source, found.id, found.query().seq, text);
    app.change(|store| store.add_plan(&record)).await?;
    Ok(record)
}

/// What the store keeps of an answer.
pub(super) fn record_of(
    output: ExplainOutput,
    source: PlanSource,
    request_id: RequestId,
    seq: u32,
    text: &SqlText,
) -> PlanRecord {
    let plan = Plan::parse(output.format, &output.raw).ok();
    let ran = source == PlanSource::Analyzed;
    PlanRecord {
        id: PlanId(Uuid::now_v7()),
        query: Some(QueryRef { request_id, seq }),
        fingerprint: Some(text.statement.fingerprint),
        database: (*text.database).clone(),
        captured_at: Utc::now(),
        source,
        shape: plan.as_ref().and_then(|plan| plan.shape.parse().ok()),
        duration_us: plan
            .as_ref()
            .filter(|_| ran)
            .and_then(|plan| plan.execution_ms)
            .map(|ms| whole(ms * 1e3)),
        total_cost: plan
            .as_ref()
            .and_then(|plan| plan.root.estimate.as_ref()?.total_cost),
        output,
    }
}

/// A recorded query, to be asked about.
pub(super) fn to_explain(query: &QueryRecord, text: &SqlText, mode: ExplainMode) -> ExplainQuery {
    ExplainQuery {
        database: (*text.database).clone(),
        sql: text.text.to_string(),
        is_redacted: text.is_redacted,
        values: query.values.clone(),
        mode,
    }
}

/// Waits for the database, up to a limit.
///
/// # Errors
/// 409 where it is refused, 422 if the database refused or did not answer.
pub(super) async fn answer<T>(
    question: impl Future<Output = Result<T, ExplainError>>,
) -> Result<T, Failure> {
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

/// Whether running it again can be offered: it only reads, and its database measures runs.
pub(crate) fn may_analyze(found: &Found, kind: DatabaseKind) -> bool {
    matches!(kind, DatabaseKind::Postgres | DatabaseKind::MySql)
        && found
            .text()
            .is_some_and(|text| sql::is_read_only(&text.text, kind))
}

/// Whether looking for indexes can be offered: it searches tables, and its database can be asked.
pub(crate) fn may_advise(found: &Found, kind: DatabaseKind) -> bool {
    kind != DatabaseKind::Unknown
        && found
            .text()
            .is_some_and(|text| silk_plan::advice::searches_tables(&text.text, kind))
}

/// Why its database cannot be asked for a plan; `None` if it can.
pub(crate) fn why_not(found: &Found, kind: DatabaseKind) -> Option<&'static str> {
    let text = found.text()?;
    if text.is_redacted {
        return Some("A literal in its text was redacted, so it cannot be run as it was.");
    }
    let is_redacted = |value: &Value| value.state == ValueState::Redacted;
    let values = found.query().values.as_deref().unwrap_or_default();
    if values.iter().any(is_redacted) {
        return Some("One of its values was redacted, so it cannot be bound as it was.");
    }
    (!sql::is_explainable(&text.text, kind))
        .then_some("The database explains no statement of this kind.")
}
