//! Whether an index leads to so few requests that all of them are read, whatever the order.

use silk_core::store::RequestFilter;
use sqlx::{AssertSqlSafe, SqliteConnection, query_scalar};

use super::super::{error::Fault, json::json_numbers};

/// Where an index leads to fewer requests than this, all of them are read, whatever the order.
pub(super) const FEW: i64 = 5000;

/// The same along the index of starts: what started together was written together, so that it lies
/// on few pages.
const FEW_IN_TIME: i64 = 20_000;

/// The table with the index that leads to few requests, where the filter has one.
pub(super) async fn few(
    connection: &mut SqliteConnection,
    filter: &RequestFilter,
    routes: &[i64],
) -> Result<Option<&'static str>, Fault> {
    let is_bounded = filter.since.is_some() || filter.until.is_some();
    let ways = [
        (
            !routes.is_empty(),
            FEW,
            "requests q INDEXED BY requests_by_route",
            "q.route_id IN (SELECT value FROM json_each(?3))",
        ),
        (
            filter.finding.is_some(),
            FEW,
            "requests q INDEXED BY requests_with_findings",
            "q.findings IS NOT NULL AND ?3 IS NOT NULL",
        ),
        (
            is_bounded,
            FEW_IN_TIME,
            "requests q INDEXED BY requests_by_start",
            "?3 IS NOT NULL",
        ),
    ];
    let micros = |at: chrono::DateTime<chrono::Utc>| at.timestamp_micros();
    for (_, limit, table, condition) in ways.into_iter().filter(|(is_way, ..)| *is_way) {
        let count: i64 = query_scalar(AssertSqlSafe(format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table}
                 WHERE {condition} AND q.started_us >= ?1 AND q.started_us < ?2 LIMIT {limit})"
        )))
        .bind(filter.since.map_or(i64::MIN, micros))
        .bind(filter.until.map_or(i64::MAX, micros))
        .bind(json_numbers(routes.iter().copied()))
        .fetch_one(&mut *connection)
        .await?;
        if count < limit {
            return Ok(Some(table));
        }
    }
    Ok(None)
}
