//! Removing requests.

use std::time::Instant;

use sqlx::{AssertSqlSafe, SqliteConnection, query, query_scalar};

use super::{
    super::{error::Fault, json::json_numbers},
    limits::{MAX_REQUESTS_PER_STATEMENT, MAX_ROWS_PER_STEP, STEP_TIME},
};

/// Which requests are to go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Over {
    /// Those that started before.
    Age(i64),
    /// So many of the first that were written. A clock that was wrong for a while, and requests
    /// that lasted for hours, are no reason to keep or to lose them.
    Count(i64),
}

/// Removes a step of requests, with all that is theirs; returns how many.
pub(super) async fn remove_requests(
    connection: &mut SqliteConnection,
    over: Over,
) -> Result<u64, Fault> {
    let started = Instant::now();
    let (sql, argument, mut left) = match over {
        Over::Age(oldest_us) => (
            "SELECT sequence FROM requests INDEXED BY requests_by_start WHERE started_us < ?
             ORDER BY started_us LIMIT ?",
            oldest_us,
            MAX_ROWS_PER_STEP,
        ),
        Over::Count(count) => (
            "SELECT sequence FROM requests WHERE sequence > ? ORDER BY sequence LIMIT ?",
            i64::MIN,
            count.min(MAX_ROWS_PER_STEP),
        ),
    };
    let mut removed = 0;
    while left > 0 && (removed == 0 || started.elapsed() < STEP_TIME) {
        let oldest: Vec<i64> = query_scalar(sql)
            .bind(argument)
            .bind(left.min(MAX_REQUESTS_PER_STATEMENT))
            .fetch_all(&mut *connection)
            .await?;
        if oldest.is_empty() {
            break;
        }
        let count = i64::try_from(oldest.len()).unwrap_or(i64::MAX);
        left -= count;
        removed += count.cast_unsigned();
        remove(connection, oldest).await?;
    }
    Ok(removed)
}

/// Removes requests by their numbers, with all that is theirs.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    sequences: Vec<i64>,
) -> Result<(), Fault> {
    if sequences.is_empty() {
        return Ok(());
    }
    let sequences = json_numbers(sequences);
    for table in [
        "requests",
        "request_details",
        "request_statements",
        "findings",
        "request_errors",
    ] {
        query(AssertSqlSafe(format!(
            "DELETE FROM {table} WHERE sequence IN (SELECT value FROM json_each(?))"
        )))
        .bind(&sequences)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
