//! Removing interned rows that nothing points at any more.

use sqlx::{AssertSqlSafe, SqliteConnection, query, query_scalar};

use super::super::{error::Fault, intern::SLACK_US};

/// Removes rows that were last used before everything that is kept.
pub(super) async fn remove(connection: &mut SqliteConnection, stats_us: i64) -> Result<(), Fault> {
    let oldest: Option<i64> = query_scalar("SELECT min(started_us) FROM requests")
        .fetch_one(&mut *connection)
        .await?;
    // Texts stand in details only. Where no request is kept, none is used.
    let details_us = oldest.unwrap_or(i64::MAX);
    query("DELETE FROM sql_texts WHERE last_used_us < ?")
        .bind(details_us.saturating_sub(SLACK_US))
        .execute(&mut *connection)
        .await?;
    // The others stand in figures too, which outlive the requests.
    let unused_us = details_us.min(stats_us).saturating_sub(SLACK_US);
    for table in ["statements", "call_sites"] {
        query(AssertSqlSafe(format!(
            "DELETE FROM {table} WHERE last_used_us < ?"
        )))
        .bind(unused_us)
        .execute(&mut *connection)
        .await?;
    }
    query("DELETE FROM routes WHERE last_used_us < ?")
        .bind(unused_us)
        .execute(&mut *connection)
        .await?;
    query(
        // A kept request has figures of its run, which live as long at least.
        "DELETE FROM runs WHERE started_us < ?
           AND run_id NOT IN (SELECT run_id FROM route_stats)",
    )
    .bind(unused_us)
    .execute(connection)
    .await?;
    Ok(())
}
