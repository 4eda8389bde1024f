//! `api/requests` and `api/requests/{id}`.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Serialize;
use silk_core::{
    Body, CallSite, ConnectionWait, DatabaseKind, Fingerprint, Header, LogRecord, PlanId,
    QueryError, QueryRecord, RequestDetail, RequestId, RequestRecord, RequestSummary, RequestTimes,
    SpanRecord, TransactionRecord, Value, ValueState,
};

use super::findings::{self, AcceptedJson, FindingJson, VerdictJson};
use crate::{
    ahead,
    context::Here,
    error::Failure,
    findings::{RequestFinding, Verdict},
    params::{REQUEST_PARAMS, request_filter},
    plans::{of_query::Caught, of_request},
};

#[derive(Debug, Serialize)]
pub(super) struct ListJson<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
    pub(super) total: Option<u64>,
    pub(super) is_total_estimate: bool,
    pub(super) is_partial: bool,
    pub(super) searched: Option<SearchedJson>,
    /// Requests that fit and were dated ahead of now, which are left out; at most 100 are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) requests_ahead: Option<usize>,
}

/// How far a search came that was cut short before its page was full.
#[derive(Debug, Serialize)]
pub(super) struct SearchedJson {
    looked_at: u64,
    of: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct SummaryJson<'a> {
    id: RequestId,
    parent_id: Option<RequestId>,
    kind: &'static str,
    started_at: DateTime<Utc>,
    /// Whether it lies in the future: a clock was ahead when it was recorded.
    is_ahead: bool,
    method: &'a str,
    route: &'a str,
    path: &'a str,
    status: Option<u16>,
    outcome: &'static str,
    duration_us: u64,
    query_count: u64,
    query_errors: u64,
    query_time_us: u64,
    times: RequestTimes,
    other_us: u64,
    trace_id: Option<&'a str>,
    findings: &'a [String],
}

pub(super) fn summary(request: &RequestSummary, now: DateTime<Utc>) -> SummaryJson<'_> {
    SummaryJson {
        id: request.id,
        parent_id: request.parent_id,
        kind: request.kind.as_str(),
        started_at: request.started_at,
        is_ahead: ahead::is_ahead(request.started_at, now),
        method: &request.method,
        route: &request.route,
        path: &request.path,
        status: request.status,
        outcome: request.outcome.as_str(),
        duration_us: request.times.total_us,
        query_count: request.query_count,
        query_errors: request.query_errors,
        query_time_us: request.times.sql_us,
        times: request.times,
        other_us: request.times.other_us(),
        trace_id: request.trace_id.as_deref(),
        findings: &request.findings,
    }
}

/// `GET api/requests`
pub(crate) async fn list(here: Here) -> Result<Response, Failure> {
    let params = here.params(REQUEST_PARAMS)?;
    let mut filter = request_filter(&params, here.now)?;
    let ahead = ahead::end_at_now(&here, &mut filter).await?;
    let page = here.app.ask(|store| store.requests(&filter)).await?;
    let list = ListJson {
        items: page
            .items
            .iter()
            .map(|item| summary(item, here.now))
            .collect(),
        next: page.next.map(|next| next.to_string()),
        total: page.total,
        is_total_estimate: page.is_total_estimate,
        is_partial: page.is_partial,
        searched: page.searched.map(|searched| SearchedJson {
            looked_at: searched.looked_at,
            of: searched.of,
        }),
        requests_ahead: ahead.map(|ahead| ahead.requests),
    };
    Ok(Json(list).into_response())
}

/// `DELETE api/requests`
pub(crate) async fn clear(here: Here) -> Result<StatusCode, Failure> {
    // A filter would be ignored, and everything be gone.
    here.params(&[])?;
    here.app.change(silk_core::Store::clear).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize)]
struct RequestJson<'a> {
    request: WholeJson<'a>,
    queries: Vec<QueryJson<'a>>,
    queries_not_kept: u64,
    statements: Vec<StatementJson<'a>>,
    spans: Vec<SpanJson<'a>>,
    spans_not_kept: u64,
    waits: &'a [ConnectionWait],
    waits_not_kept: u64,
    transactions: &'a [TransactionRecord],
    transactions_not_kept: u64,
    logs: &'a [LogRecord],
    logs_not_kept: u64,
    verdict: VerdictJson<'a>,
    findings: Vec<FindingJson<'a>>,
    /// What the app accepts, with its reason; not among the findings.
    accepted: Vec<AcceptedJson<'a>>,
}

#[derive(Debug, Serialize)]
struct WholeJson<'a> {
    #[serde(flatten)]
    summary: SummaryJson<'a>,
    query_string: Option<&'a str>,
    http_version: Option<&'a str>,
    request_headers: &'a [Header],
    response_headers: &'a [Header],
    request_body: Option<&'a Body>,
    response_body: Option<&'a Body>,
    error: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct QueryJson<'a> {
    seq: u32,
    sql: &'a str,
    fingerprint: Option<Fingerprint>,
    started_us: u64,
    duration_us: u64,
    first_row_us: Option<u64>,
    consumer_us: u64,
    /// How long the server itself took, where it findings.
    server_us: Option<u64>,
    rows_returned: u64,
    rows_read: u64,
    rows_affected: u64,
    outcome: &'static str,
    error: Option<&'a QueryError>,
    database: Option<DatabaseJson<'a>>,
    captured_by: silk_core::CapturedBy,
    span: Option<u32>,
    values: Option<Vec<ValueJson<'a>>>,
    call_site: Option<&'a CallSite>,
    transaction: Option<u32>,
    plan: Option<PlanId>,
}

#[derive(Debug, Serialize)]
pub(super) struct DatabaseJson<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
}

#[derive(Debug, Serialize)]
struct ValueJson<'a> {
    r#type: &'a str,
    text: Option<String>,
    redacted: bool,
    truncated: bool,
}

#[derive(Debug, Serialize)]
struct StatementJson<'a> {
    fingerprint: Fingerprint,
    normalized: &'a str,
    command: &'a str,
    tables: &'a [String],
    call_site: Option<&'a CallSite>,
    calls: u64,
    errors: u64,
    total_us: u64,
    max_us: u64,
    rows: u64,
    distinct_values: Option<u64>,
}

#[derive(Debug, Serialize)]
struct SpanJson<'a> {
    name: &'a str,
    target: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    start_us: u64,
    duration_us: u64,
    busy_us: u64,
    parent: Option<u32>,
    fields: &'a [(String, String)],
}

/// `GET api/requests/{id}`
pub(crate) async fn one(here: Here, Path(id): Path<String>) -> Result<Response, Failure> {
    here.params(&[])?;
    let (id, record) = here.app.request(&id).await?;
    let caught = Caught::of(&here.app, id, &record).await;
    let plans = of_request::of(&here, &record).await;
    let findings = crate::findings::of_request(&here, &record, &plans).await;
    let verdict = crate::findings::verdict(&record, &findings, &plans);
    Ok(Json(whole(&record, &caught, here.now, (&findings, &verdict))).into_response())
}

fn whole<'a>(
    record: &'a RequestRecord,
    caught: &Caught,
    now: DateTime<Utc>,
    (findings, verdict): (&'a [RequestFinding], &'a Verdict),
) -> RequestJson<'a> {
    let detail = &record.detail;
    RequestJson {
        request: WholeJson {
            summary: summary(&record.summary, now),
            query_string: detail.query_string.as_deref(),
            http_version: detail.http_version.as_deref(),
            request_headers: &detail.request_headers,
            response_headers: &detail.response_headers,
            request_body: detail.request_body.as_ref(),
            response_body: detail.response_body.as_ref(),
            error: detail.error.as_deref(),
        },
        queries: detail
            .queries
            .iter()
            .map(|query| query_json(query, detail, caught))
            .collect(),
        queries_not_kept: detail.queries_not_kept,
        statements: record
            .statements
            .iter()
            .map(|part| StatementJson {
                fingerprint: part.statement.fingerprint,
                normalized: &part.statement.normalized,
                command: &part.statement.command,
                tables: &part.statement.tables,
                call_site: part.call_site.as_ref(),
                calls: part.calls,
                errors: part.errors,
                total_us: part.total_us,
                max_us: part.max_us,
                rows: part.rows,
                distinct_values: part.distinct_values,
            })
            .collect(),
        spans: detail.spans.iter().map(span_json).collect(),
        spans_not_kept: detail.spans_not_kept,
        waits: &detail.waits,
        waits_not_kept: detail.waits_not_kept,
        transactions: &detail.transactions,
        transactions_not_kept: detail.transactions_not_kept,
        logs: &detail.logs,
        logs_not_kept: detail.logs_not_kept,
        verdict: findings::verdict(verdict),
        findings: findings.iter().map(findings::finding).collect(),
        accepted: detail.accepted.iter().map(findings::accepted).collect(),
    }
}

fn query_json<'a>(
    query: &'a QueryRecord,
    detail: &'a RequestDetail,
    caught: &Caught,
) -> QueryJson<'a> {
    let text = usize::try_from(query.text)
        .ok()
        .and_then(|at| detail.texts.get(at));
    let kind = text.map_or(DatabaseKind::Unknown, |text| text.database.kind);
    QueryJson {
        seq: query.seq,
        sql: text.map_or("", |text| &text.text),
        fingerprint: text.map(|text| text.statement.fingerprint),
        started_us: query.started_us,
        duration_us: query.duration_us,
        first_row_us: query.first_row_us,
        consumer_us: query.consumer_us,
        server_us: query.server_us,
        rows_returned: query.rows_returned,
        rows_read: query.rows_read,
        rows_affected: query.rows_affected,
        outcome: query.outcome.as_str(),
        error: query.error.as_ref(),
        database: text.map(|text| DatabaseJson {
            kind: kind.as_str(),
            name: &text.database.name,
        }),
        captured_by: query.captured_by,
        span: query.span,
        values: query
            .values
            .as_ref()
            .map(|values| values.iter().map(|value| value_json(value, kind)).collect()),
        call_site: query
            .call_site
            .and_then(|at| detail.call_sites.get(usize::try_from(at).ok()?)),
        transaction: query.transaction,
        plan: caught.of_query(detail, query),
    }
}

fn value_json(value: &Value, kind: DatabaseKind) -> ValueJson<'_> {
    let text = match value.state {
        ValueState::Bytes(_) | ValueState::Truncated { .. } => {
            Some(silk_core::value::render(value, kind))
        }
        ValueState::Null | ValueState::Redacted | ValueState::Unavailable => None,
    };
    ValueJson {
        r#type: &value.type_name,
        text,
        redacted: value.state == ValueState::Redacted,
        truncated: matches!(value.state, ValueState::Truncated { .. }),
    }
}

fn span_json(span: &SpanRecord) -> SpanJson<'_> {
    SpanJson {
        name: &span.name,
        target: &span.target,
        file: span.file.as_deref(),
        line: span.line,
        start_us: span.started_us,
        duration_us: span.duration_us,
        busy_us: span.busy_us,
        parent: span.parent,
        fields: &span.fields,
    }
}
