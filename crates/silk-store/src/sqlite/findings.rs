//! What was found, summed over the requests of a window.

use silk_core::{
    Fingerprint, RequestId,
    store::{FindingSum, FindingSums, StatsWindow},
};
use sqlx::{Row, SqliteConnection, query, query_scalar};

use super::{
    error::Fault,
    numbers::{kind, to_u64},
};
use crate::{MAX_SUMMED, order_findings};

/// Sums what was found in the newest requests with findings of a window: the partial index leads to
/// them, and what started together lies together.
pub(super) async fn findings(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
) -> Result<FindingSums, Fault> {
    let most = i64::try_from(MAX_SUMMED).unwrap_or(i64::MAX);
    let (since, until) = (
        window.since.timestamp_micros(),
        window.until.timestamp_micros(),
    );
    // One more than is summed tells whether there are more.
    let count: i64 = query_scalar(
        "SELECT count(*) FROM (
             SELECT 1 FROM requests INDEXED BY requests_with_findings
             WHERE findings IS NOT NULL AND started_us >= ? AND started_us < ? LIMIT ?)",
    )
    .bind(since)
    .bind(until)
    .bind(most.saturating_add(1))
    .fetch_one(&mut *connection)
    .await?;
    // Beside `max`, the plain columns are those of its row.
    let rows = query(
        "SELECT f.rule, f.fingerprint, r.kind, r.method, r.route,
                count(DISTINCT q.sequence) AS requests,
                CAST(total(f.saves_us) AS INTEGER) AS lost_us, q.id, max(ifnull(f.saves_us, 0))
         FROM (SELECT sequence, id, route_id
               FROM requests INDEXED BY requests_with_findings
               WHERE findings IS NOT NULL AND started_us >= ? AND started_us < ?
               ORDER BY started_us DESC LIMIT ?) q
         CROSS JOIN findings f ON f.sequence = q.sequence
         LEFT JOIN routes r ON r.route_id = q.route_id
         GROUP BY f.rule, f.fingerprint, q.route_id",
    )
    .bind(since)
    .bind(until)
    .bind(most)
    .fetch_all(connection)
    .await?;
    let mut items = rows
        .iter()
        .map(|row| {
            Ok(FindingSum {
                rule: row.try_get("rule")?,
                fingerprint: row
                    .try_get::<Option<i64>, _>("fingerprint")?
                    .map(|n| Fingerprint(n.cast_unsigned())),
                kind: kind(row.try_get::<Option<_>, _>("kind")?.unwrap_or(0))?,
                method: row.try_get::<Option<_>, _>("method")?.unwrap_or_default(),
                route: row.try_get::<Option<_>, _>("route")?.unwrap_or_default(),
                requests: to_u64(row.try_get("requests")?),
                lost_us: to_u64(row.try_get("lost_us")?),
                worst: RequestId(row.try_get("id")?),
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    items.sort_unstable_by(order_findings);
    Ok(FindingSums {
        items,
        requests: to_u64(count.min(most)),
        is_partial: count > most,
    })
}
