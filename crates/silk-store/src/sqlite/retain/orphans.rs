//! Removing interned rows that nothing points at any more.

use sqlx::{AssertSqlSafe, SqliteConnection, query, query_scalar};

use super::super::{error::Fault, intern::SLACK_US};
use crate::stats::WIDTHS;

/// Removes up to `limit` rows of each kind that were last used before everything that is kept;
/// tells whether there were any, and whether there may be more.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    stats_us: i64,
    limit: i64,
) -> Result<(bool, bool), Fault> {
    let oldest: Option<i64> = query_scalar("SELECT min(started_us) FROM requests")
        .fetch_one(&mut *connection)
        .await?;
    // Texts stand in details only. Where no request is kept, none is used.
    let details_us = oldest.unwrap_or(i64::MAX);
    // The others stand in figures too, which outlive the requests.
    let figures: Option<i64> = query_scalar(
        "SELECT min(oldest) FROM
             (SELECT (SELECT min(bucket_us) FROM figures WHERE width_s = w.value) AS oldest
              FROM json_each(?) w)",
    )
    .bind(WIDTHS)
    .fetch_one(&mut *connection)
    .await?;
    let unused_us = details_us.min(figures.unwrap_or(i64::MAX).max(stats_us));
    let (mut is_any, mut is_more) = (false, false);
    for (table, used_us) in [
        ("sql_texts", details_us),
        ("statements", unused_us),
        ("call_sites", unused_us),
        ("routes", unused_us),
        ("finding_lives", unused_us),
    ] {
        let removed = query(AssertSqlSafe(format!(
            "DELETE FROM {table} WHERE rowid IN
                 (SELECT rowid FROM {table} WHERE last_used_us < ? LIMIT ?)"
        )))
        .bind(used_us.saturating_sub(SLACK_US))
        .bind(limit)
        .execute(&mut *connection)
        .await?
        .rows_affected();
        is_any |= removed > 0;
        is_more |= i64::try_from(removed).unwrap_or(i64::MAX) >= limit;
    }
    let removed = query(
        // A kept request has figures of its run, which live as long at least.
        "DELETE FROM runs WHERE started_us < ?
           AND run_id NOT IN (SELECT run_id FROM figures WHERE statement_id = 0)
           AND run_id NOT IN (SELECT run_id FROM route_stats)",
    )
    .bind(unused_us.saturating_sub(SLACK_US))
    .execute(connection)
    .await?
    .rows_affected();
    Ok((is_any || removed > 0, is_more))
}
