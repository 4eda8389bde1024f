//! Removing what is over the budget, one small step at a time.

mod compact;
mod orphans;

use std::{fs, path::Path, time::Duration};

use chrono::{DateTime, Utc};
use silk_core::store::Budget;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, query, query_as, query_scalar};

use super::{
    SqliteStoreConfig,
    error::Fault,
    insert::to_i64,
    intern::json_numbers,
    open::{Writer, log_of},
    size::request_count,
    top,
};

/// Rows removed in one step.
const STEP: i64 = 500;

/// Pages given back to the file system in one step.
const VACUUM_PAGES: i64 = 1000;

/// Orphans are looked for after so many requests were removed, or after any and so long.
const ORPHANS_AFTER: u64 = 5000;
const ORPHANS_AFTER_US: i64 = 3600 * 1_000_000;

/// One step; `true` if more is left to do.
pub(super) async fn step(
    writer: &mut Writer,
    path: &Path,
    config: &SqliteStoreConfig,
    budget: Budget,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    let stats_us = before(now, config.stats_age.max(budget.max_age));
    let over = rows_over(&mut writer.connection, path, budget, now).await?;
    if over > 0 {
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        let removed = remove_requests(&mut transaction, over.min(STEP)).await?;
        transaction.commit().await?;
        writer.removed += removed;
        vacuum(&mut writer.connection, false).await?;
        if removed > 0 {
            return Ok(true);
        }
    }
    if remove_stats(&mut writer.connection, stats_us).await? {
        writer.removed += 1;
        return Ok(true);
    }
    let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
    let compacted = compact::step(&mut transaction, now).await?;
    transaction.commit().await?;
    if compacted {
        // What is remembered may have been summed up.
        writer.forget();
        return Ok(true);
    }
    let now_us = now.timestamp_micros();
    let is_due = now_us.saturating_sub(writer.orphans_at_us) >= ORPHANS_AFTER_US;
    if writer.removed >= ORPHANS_AFTER || writer.removed > 0 && is_due {
        writer.removed = 0;
        writer.orphans_at_us = now_us;
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        orphans::remove(&mut transaction, stats_us).await?;
        top::refill(&mut transaction).await?;
        transaction.commit().await?;
        writer.forget();
        return Ok(true);
    }
    vacuum(&mut writer.connection, true).await
}

/// The microsecond that lies `age` before `now`.
fn before(now: DateTime<Utc>, age: Duration) -> i64 {
    now.timestamp_micros()
        .saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}

/// About how many of the oldest requests are over the budget; a step's worth is enough to know.
async fn rows_over(
    connection: &mut SqliteConnection,
    path: &Path,
    budget: Budget,
    now: DateTime<Utc>,
) -> Result<i64, Fault> {
    let too_old: i64 = query_scalar(
        "SELECT count(*) FROM (SELECT 1 FROM requests INDEXED BY requests_by_start
             WHERE started_us < ? LIMIT ?)",
    )
    .bind(before(now, budget.max_age))
    .bind(STEP)
    .fetch_one(&mut *connection)
    .await?;
    if too_old > 0 {
        return Ok(too_old);
    }
    let (requests, _) = request_count(connection).await?;
    if requests > budget.max_requests {
        return Ok(to_i64(requests - budget.max_requests));
    }
    let used = used_bytes(connection, path).await?;
    if requests > 0 && used > to_i64(budget.max_bytes) {
        // As many as would fill what is over, were all alike; at least one.
        let each = (used / to_i64(requests).max(1)).max(1);
        return Ok(((used - to_i64(budget.max_bytes)) / each + 1).min(to_i64(requests)));
    }
    Ok(0)
}

/// Bytes of pages that hold something, and of the write-ahead log beyond its usual length.
async fn used_bytes(connection: &mut SqliteConnection, path: &Path) -> Result<i64, Fault> {
    /// SQLite copies the log into the file after about 1000 pages.
    const USUAL_LOG: u64 = 8 << 20;
    let (pages, free, size): (i64, i64, i64) = query_as(
        "SELECT page_count, freelist_count, page_size
         FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
    )
    .fetch_one(connection)
    .await?;
    let log = fs::metadata(log_of(path)).map_or(0, |metadata| metadata.len());
    Ok((pages - free) * size + to_i64(log.saturating_sub(USUAL_LOG)))
}

async fn remove_requests(connection: &mut SqliteConnection, count: i64) -> Result<u64, Fault> {
    let oldest: Vec<i64> = query_scalar(
        "SELECT sequence FROM requests INDEXED BY requests_by_start ORDER BY started_us LIMIT ?",
    )
    .bind(count)
    .fetch_all(&mut *connection)
    .await?;
    if oldest.is_empty() {
        return Ok(0);
    }
    let removed = u64::try_from(oldest.len()).unwrap_or(u64::MAX);
    let oldest = json_numbers(oldest);
    for table in [
        "requests",
        "request_details",
        "request_statements",
        "findings",
    ] {
        query(AssertSqlSafe(format!(
            "DELETE FROM {table} WHERE sequence IN (SELECT value FROM json_each(?))"
        )))
        .bind(&oldest)
        .execute(&mut *connection)
        .await?;
    }
    Ok(removed)
}

/// Removes a step of figures and plans older than `oldest_us`; `true` if there were any.
async fn remove_stats(connection: &mut SqliteConnection, oldest_us: i64) -> Result<bool, Fault> {
    let mut removed = 0;
    for sql in [
        "DELETE FROM route_stats WHERE (width_s, bucket_us, route_id, run_id) IN
             (SELECT width_s, bucket_us, route_id, run_id FROM json_each('[60,3600,86400]') w
                  CROSS JOIN route_stats s ON s.width_s = w.value
              WHERE s.bucket_us < ?1 - s.width_s * 1000000 LIMIT ?2)",
        "DELETE FROM statement_stats
         WHERE (statement_id, width_s, bucket_us, route_id, call_site_id, run_id) IN
             (SELECT statement_id, width_s, bucket_us, route_id, call_site_id, run_id
              FROM json_each('[60,3600,86400]') w
                  CROSS JOIN statement_stats s INDEXED BY statement_stats_by_bucket
                      ON s.width_s = w.value
              WHERE s.bucket_us < ?1 - s.width_s * 1000000 LIMIT ?2)",
        "DELETE FROM plan_stats
         WHERE (fingerprint, width_s, bucket_us, database_id, source, shape) IN
             (SELECT fingerprint, width_s, bucket_us, database_id, source, shape
              FROM json_each('[3600,86400]') w
                  CROSS JOIN plan_stats s INDEXED BY plan_stats_by_bucket ON s.width_s = w.value
              WHERE s.bucket_us < ?1 - s.width_s * 1000000 LIMIT ?2)",
        "DELETE FROM plan_forms WHERE (fingerprint, database_id, source, shape) IN
             (SELECT fingerprint, database_id, source, shape FROM plan_forms
              WHERE last_us < ?1 LIMIT ?2)",
        // A plan lives as long as its form is seen.
        "DELETE FROM plans WHERE plan_id IN
             (SELECT p.plan_id FROM plans p INDEXED BY plans_by_capture
                  LEFT JOIN plan_forms f ON f.fingerprint = p.fingerprint
                      AND f.database_id = p.database_id AND f.source = p.source
                      AND f.shape = p.shape
              WHERE p.captured_us < ?1 AND f.shape IS NULL LIMIT ?2)",
    ] {
        removed += query(sql)
            .bind(oldest_us)
            .bind(STEP)
            .execute(&mut *connection)
            .await?
            .rows_affected();
    }
    Ok(removed > 0)
}

/// Gives free pages back to the file system, where they are more than a tenth of the file (a few
/// are kept for what comes next); `true` if more are left. `is_idle` asks for nothing else to do.
async fn vacuum(connection: &mut SqliteConnection, is_idle: bool) -> Result<bool, Fault> {
    let (pages, free): (i64, i64) = query_as(
        "SELECT page_count, freelist_count FROM pragma_page_count(), pragma_freelist_count()",
    )
    .fetch_one(&mut *connection)
    .await?;
    if free < 256 || free < pages / 10 {
        return Ok(false);
    }
    query(AssertSqlSafe(format!(
        "PRAGMA incremental_vacuum({VACUUM_PAGES})"
    )))
    .execute(connection)
    .await?;
    Ok(is_idle && free > VACUUM_PAGES)
}
