//! A narrow row as a summary.

use std::collections::HashMap;

use chrono::DateTime;
use silk_core::{RequestId, RequestSummary, RequestTimes, RunId};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, TypeInfo, ValueRef, query, sqlite::SqliteRow};
use uuid::Uuid;

use super::super::{
    error::Fault,
    finding_names,
    json::json_numbers,
    numbers::{kind, outcome, to_u64},
};

/// What [`summary`] reads, and the sequence.
pub(in super::super) const COLUMNS: &str = "q.sequence, q.id, q.started_us, q.status, q.outcome,
     q.total_us, q.sql_us, q.query_count, q.query_errors, q.head_us, q.body_us, q.wait_us,
     q.polling_us, q.poll_total_us, q.longest_poll_us, q.polls, q.path, q.parent_id, q.trace_id,
     q.findings, r.kind, r.method, r.route, u.id AS run_uuid";

/// What the columns are from besides `requests q`.
pub(in super::super) const JOINS: &str = "LEFT JOIN routes r ON r.route_id = q.route_id
     LEFT JOIN runs u ON u.run_id = q.run_id";

/// The summaries of `sequences`, in their order.
pub(super) async fn summaries(
    connection: &mut SqliteConnection,
    sequences: &[i64],
) -> Result<Vec<RequestSummary>, Fault> {
    if sequences.is_empty() {
        return Ok(Vec::new());
    }
    let rows = query(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM json_each(?) j CROSS JOIN requests q ON q.sequence = j.value {JOINS}"
    )))
    .bind(json_numbers(sequences.iter().copied()))
    .fetch_all(connection)
    .await?;
    let mut by_sequence = rows
        .iter()
        .map(|row| Ok((row.try_get("sequence")?, summary(row)?)))
        .collect::<Result<HashMap<i64, _>, Fault>>()?;
    Ok(sequences
        .iter()
        .filter_map(|sequence| by_sequence.remove(sequence))
        .collect())
}

/// The summary in a row of [`COLUMNS`].
pub(in super::super) fn summary(row: &SqliteRow) -> Result<RequestSummary, Fault> {
    let number = |column: &str| Ok::<_, Fault>(to_u64(row.try_get(column)?));
    // A row whose route or run is gone is still shown.
    let route: String = row.try_get::<Option<_>, _>("route")?.unwrap_or_default();
    let path: Option<String> = row.try_get("path")?;
    let (findings, finding_calls) = finding_names::read(row.try_get("findings")?);
    Ok(RequestSummary {
        id: RequestId(row.try_get("id")?),
        parent_id: row.try_get::<Option<Uuid>, _>("parent_id")?.map(RequestId),
        kind: kind(row.try_get::<Option<_>, _>("kind")?.unwrap_or_default())?,
        run_id: RunId(row.try_get::<Option<_>, _>("run_uuid")?.unwrap_or_default()),
        started_at: DateTime::from_timestamp_micros(row.try_get("started_us")?)
            .ok_or(Fault::Nonsense("a time"))?,
        method: row.try_get::<Option<_>, _>("method")?.unwrap_or_default(),
        path: path.unwrap_or_else(|| route.clone()),
        route,
        status: row.try_get("status")?,
        outcome: outcome(row.try_get("outcome")?)?,
        times: RequestTimes {
            total_us: number("total_us")?,
            sql_us: number("sql_us")?,
            head_us: number("head_us")?,
            body_us: number("body_us")?,
            wait_us: number("wait_us")?,
            polling_us: number("polling_us")?,
            poll_total_us: number("poll_total_us")?,
            longest_poll_us: number("longest_poll_us")?,
            polls: number("polls")?,
        },
        query_count: number("query_count")?,
        query_errors: number("query_errors")?,
        trace_id: trace_id(row)?,
        findings,
        finding_calls,
    })
}

fn trace_id(row: &SqliteRow) -> Result<Option<String>, Fault> {
    let value = row.try_get_raw("trace_id")?;
    if value.is_null() {
        return Ok(None);
    }
    if value.type_info().name() == "BLOB" {
        let id: Uuid = row.try_get_unchecked("trace_id")?;
        return Ok(Some(id.simple().to_string()));
    }
    Ok(Some(row.try_get_unchecked("trace_id")?))
}
