//! Ages, where the clock may have been wrong.

use chrono::{DateTime, Utc};
use silk_core::store::Budget;
use sqlx::{SqliteConnection, query_scalar};

use super::{super::error::Fault, before, limits::MAX_ROWS_PER_STEP};
use crate::age::{AHEAD_US, Age, Starts};

/// The time that ages are counted from.
pub(super) async fn counted_from(
    connection: &mut SqliteConnection,
    age: &mut Age,
    budget: Budget,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Fault> {
    let now_us = now.timestamp_micros();
    age.look(now_us);
    let oldest_us = before(now, budget.max_age);
    let newest_old_us: Option<i64> =
        query_scalar("SELECT max(started_us) FROM requests WHERE started_us < ?")
            .bind(oldest_us)
            .fetch_one(&mut *connection)
            .await?;
    if newest_old_us.is_none() {
        return Ok(now);
    }
    let oldest_young_us: Option<i64> = query_scalar(
        "SELECT min(started_us) FROM requests WHERE started_us >= ? AND started_us <= ?",
    )
    .bind(oldest_us)
    .bind(now_us)
    .fetch_one(connection)
    .await?;
    let starts = Starts {
        newest_old_us,
        oldest_young_us,
    };
    let max_age_us = i64::try_from(budget.max_age.as_micros()).unwrap_or(i64::MAX);
    let from_us = age.counted_from(now_us, max_age_us, starts);
    Ok(DateTime::from_timestamp_micros(from_us).unwrap_or(now))
}

/// Requests that a clock dated ahead: one that was written later is too old already.
pub(super) async fn ahead(
    connection: &mut SqliteConnection,
    oldest_us: i64,
    now: DateTime<Utc>,
) -> Result<Vec<i64>, Fault> {
    Ok(query_scalar(
        "SELECT sequence FROM requests INDEXED BY requests_by_start
         WHERE started_us >= ?1 AND sequence <
             (SELECT sequence FROM requests INDEXED BY requests_by_start
              WHERE started_us < ?2 ORDER BY started_us DESC LIMIT 1)
         LIMIT ?3",
    )
    .bind(now.timestamp_micros().saturating_add(AHEAD_US))
    .bind(oldest_us)
    .bind(MAX_ROWS_PER_STEP)
    .fetch_all(connection)
    .await?)
}
