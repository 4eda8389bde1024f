//! A narrow row as a summary.

use std::collections::HashMap;

use chrono::DateTime;
use silk_core::{RequestId, RequestSummary, RequestTimes, RunId};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, TypeInfo, ValueRef, query, sqlite::SqliteRow};
use uuid::Uuid;

use super::super::{
    error::Fault,
    insert::to_u64,
    json::json_numbers,
    numbers::{kind, outcome},
    remarks,
};

/// What [`summary`] reads, starting with the sequence.
pub(in super::super) const COLUMNS: &str = "q.sequence, q.id, q.started_us, q.status, q.outcome,
     q.total_us, q.sql_us, q.query_count, q.query_errors, q.head_us, q.body_us, q.wait_us,
     q.polling_us, q.poll_total_us, q.longest_poll_us, q.polls, q.path, q.parent_id, q.trace_id,
     q.findings, r.kind, r.method, r.route, u.id";

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
        .map(|row| Ok((row.try_get(0)?, summary(row)?)))
        .collect::<Result<HashMap<i64, _>, Fault>>()?;
    Ok(sequences
        .iter()
        .filter_map(|sequence| by_sequence.remove(sequence))
        .collect())
}

/// The summary in a row of [`COLUMNS`].
pub(in super::super) fn summary(row: &SqliteRow) -> Result<RequestSummary, Fault> {
    let number = |column: usize| Ok::<_, Fault>(to_u64(row.try_get(column)?));
    // A row whose route or run is gone is still shown.
    let route: String = row.try_get::<Option<_>, _>(22)?.unwrap_or_default();
    let path: Option<String> = row.try_get(16)?;
    let (findings, finding_calls) = remarks::read(row.try_get(19)?);
    Ok(RequestSummary {
        id: RequestId(row.try_get(1)?),
        parent_id: row.try_get::<Option<Uuid>, _>(17)?.map(RequestId),
        kind: kind(row.try_get::<Option<_>, _>(20)?.unwrap_or_default())?,
        run_id: RunId(row.try_get::<Option<_>, _>(23)?.unwrap_or_default()),
        started_at: DateTime::from_timestamp_micros(row.try_get(2)?)
            .ok_or(Fault::Nonsense("a time"))?,
        method: row.try_get::<Option<_>, _>(21)?.unwrap_or_default(),
        path: path.unwrap_or_else(|| route.clone()),
        route,
        status: row.try_get(3)?,
        outcome: outcome(row.try_get(4)?)?,
        times: RequestTimes {
            total_us: number(5)?,
            sql_us: number(6)?,
            head_us: number(9)?,
            body_us: number(10)?,
            wait_us: number(11)?,
            polling_us: number(12)?,
            poll_total_us: number(13)?,
            longest_poll_us: number(14)?,
            polls: number(15)?,
        },
        query_count: number(7)?,
        query_errors: number(8)?,
        trace_id: trace_id(row)?,
        findings,
        finding_calls,
    })
}

fn trace_id(row: &SqliteRow) -> Result<Option<String>, Fault> {
    let value = row.try_get_raw(18)?;
    if value.is_null() {
        return Ok(None);
    }
    if value.type_info().name() == "BLOB" {
        let id: Uuid = row.try_get_unchecked(18)?;
        return Ok(Some(id.simple().to_string()));
    }
    Ok(Some(row.try_get_unchecked(18)?))
}
