//! Adding to what is known of each statement since it was first seen.

use sqlx::{SqliteConnection, query};

use super::super::{
    error::Fault,
    intern::Intern,
    json::json_numbers,
    numbers::{LARGEST, to_i64},
};
use crate::stats::BatchStats;

/// Adds a batch's figures to the rows of its statements.
pub(in super::super) async fn add_totals(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    stats: &BatchStats,
) -> Result<(), Fault> {
    if stats.totals.is_empty() {
        return Ok(());
    }
    let mut json = String::from("[");
    for totals in stats.totals.values() {
        let figures = &totals.figures;
        let id = intern
            .statement(connection, &totals.statement, totals.last_seen_us)
            .await?;
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&json_numbers([
            id,
            to_i64(figures.calls),
            to_i64(figures.requests),
            to_i64(figures.total_us),
            to_i64(figures.max_us),
            to_i64(figures.rows),
            to_i64(figures.errors),
            totals.last_seen_us,
        ]));
    }
    json.push(']');
    query(
        "UPDATE statements SET
             calls = min(calls + (n.value ->> 1), ?2),
             requests = min(requests + (n.value ->> 2), ?2),
             total_us = min(total_us + (n.value ->> 3), ?2),
             max_us = max(max_us, n.value ->> 4),
             rows_returned = min(rows_returned + (n.value ->> 5), ?2),
             errors = min(errors + (n.value ->> 6), ?2),
             last_used_us = max(last_used_us, n.value ->> 7)
         FROM json_each(?1) n WHERE statement_id = n.value ->> 0",
    )
    .bind(json)
    .bind(LARGEST)
    .execute(connection)
    .await?;
    Ok(())
}
