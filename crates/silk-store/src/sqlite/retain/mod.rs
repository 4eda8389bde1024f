//! Removing what is over the budget, and keeping the file in order: one short step at a time.

mod clock;
mod compact;
mod limits;
mod old;
mod orphans;
mod remove;

use std::time::Duration;

use chrono::{DateTime, Utc};
use silk_core::store::Budget;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, query, query_as, query_scalar};

use super::{
    config::SqliteStoreConfig,
    error::Fault,
    figures::{self, OpenBuckets},
    generation, log,
    numbers::to_i64,
    open::Writer,
    refill,
    share::Excess,
    size::request_count,
};
use limits::{MAX_ROWS_PER_STEP, STEP_TIME};
use remove::{Over, remove_requests};

/// Pages given back to the file system in one step.
const VACUUM_PAGES: i64 = 256;

/// So many free pages are never given back.
const MIN_FREE: i64 = 16;

/// While requests are being removed, every so manieth step looks after the rest, so that it is not
/// put off for ever where requests come as fast as they go.
const UPKEEP_EVERY: u64 = 8;

/// Orphans are looked for after so many requests were removed, or after any and [`EVERY_US`].
const ORPHANS_AFTER: u64 = 5000;

/// How often what takes a while is looked after.
const EVERY_US: i64 = 3600 * 1_000_000;

/// One step; `true` if more is left to do.
pub(super) async fn step(
    writer: &mut Writer,
    config: &SqliteStoreConfig,
    budget: Budget,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    writer.retention.steps += 1;
    let age = &mut writer.retention.age;
    let now = clock::counted_from(&mut writer.connection, age, budget, now).await?;
    if keep_to_shares(writer, budget, now).await? {
        return Ok(true);
    }
    let over = rows_over(&mut writer.connection, budget, now).await?;
    if let Some(over) = over {
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        if let Over::Age(oldest_us) = over {
            let ahead = clock::ahead(&mut transaction, oldest_us, now).await?;
            remove::remove(&mut transaction, ahead).await?;
        }
        let removed = remove_requests(&mut transaction, over).await?;
        transaction.commit().await?;
        writer.retention.removed += removed;
        vacuum(&mut writer.connection).await?;
        if removed > 0 && !writer.retention.steps.is_multiple_of(UPKEEP_EVERY) {
            return Ok(true);
        }
    }
    Ok(look_after(writer, config, budget, now).await? || over.is_some())
}

/// Removes a step of what figures and plans take too much; `true` if there was any.
async fn keep_to_shares(
    writer: &mut Writer,
    budget: Budget,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    let Writer {
        connection,
        buckets,
        generation,
        retention,
        ..
    } = writer;
    if is_due(retention.shares_at_us, now) {
        let used = used_bytes(connection).await?;
        retention.excess = Excess::measure(connection, used, budget.max_bytes).await?;
        retention.shares_at_us = Some(now.timestamp_micros());
    }
    if !retention.excess.is_any() {
        return Ok(false);
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    retention
        .excess
        .remove(&mut transaction, MAX_ROWS_PER_STEP)
        .await?;
    let next = generation::next(&mut transaction).await?;
    transaction.commit().await?;
    *generation = next;
    *buckets = OpenBuckets::default();
    // Names that only they held.
    retention.removed += 1;
    vacuum(connection).await?;
    Ok(true)
}

/// Whether something is due again that was last done then; a clock that was ahead puts
/// nothing off.
fn is_due(last_us: Option<i64>, now: DateTime<Utc>) -> bool {
    last_us.is_none_or(|last_us| {
        let passed_us = now.timestamp_micros().saturating_sub(last_us);
        passed_us.saturating_abs() >= EVERY_US
    })
}

/// All but removing requests; `true` if more is left to do.
async fn look_after(
    writer: &mut Writer,
    config: &SqliteStoreConfig,
    budget: Budget,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    let stats_us = before(now, config.stats_age.max(budget.max_age));
    let Writer {
        connection,
        buckets,
        generation,
        retention,
        ..
    } = writer;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    if old::remove(&mut transaction, stats_us).await? {
        retention.removed += 1;
        transaction.commit().await?;
        return Ok(true);
    }
    if figures::move_first(&mut transaction, STEP_TIME).await?
        || figures::sum_lines(&mut transaction, STEP_TIME).await?
        || compact::step(&mut transaction, now, STEP_TIME).await?
    {
        let next = generation::next(&mut transaction).await?;
        transaction.commit().await?;
        *generation = next;
        *buckets = OpenBuckets::default();
        return Ok(true);
    }
    let now_us = now.timestamp_micros();
    let is_due = is_due(retention.orphans_at_us, now);
    if retention.refill.is_some()
        || retention.removed >= ORPHANS_AFTER
        || retention.removed > 0 && is_due
    {
        // First all lists, one after the other, then the orphans.
        if refill::step(&mut transaction, &mut retention.refill, STEP_TIME).await? {
            transaction.commit().await?;
            return Ok(true);
        }
        let (is_any, is_more) =
            orphans::remove(&mut transaction, stats_us, MAX_ROWS_PER_STEP).await?;
        if is_any {
            generation::next(&mut transaction).await?;
        }
        transaction.commit().await?;
        if !is_more {
            retention.removed = 0;
            retention.orphans_at_us = Some(now_us);
        }
        return Ok(true);
    }
    transaction.rollback().await?;
    vacuum(connection).await
}

/// The microsecond that lies `age` before `now`.
fn before(now: DateTime<Utc>, age: Duration) -> i64 {
    now.timestamp_micros()
        .saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}

async fn rows_over(
    connection: &mut SqliteConnection,
    budget: Budget,
    now: DateTime<Utc>,
) -> Result<Option<Over>, Fault> {
    let oldest_us = before(now, budget.max_age);
    let is_too_old: bool = query_scalar(
        "SELECT EXISTS (SELECT 1 FROM requests INDEXED BY requests_by_start WHERE started_us < ?)",
    )
    .bind(oldest_us)
    .fetch_one(&mut *connection)
    .await?;
    if is_too_old {
        return Ok(Some(Over::Age(oldest_us)));
    }
    let (requests, _) = request_count(connection).await?;
    if requests == 0 {
        return Ok(None);
    }
    if requests > budget.max_requests {
        return Ok(Some(Over::Count(to_i64(requests - budget.max_requests))));
    }
    let (used, limit) = (used_bytes(connection).await?, used_limit(budget.max_bytes));
    if used > limit {
        // As many as would fill what is over, were all alike; at least one.
        let each = (used / to_i64(requests)).max(1);
        return Ok(Some(Over::Count((used - limit) / each + 1)));
    }
    Ok(None)
}

/// Removes a step of the first requests while more is used than may be between two looks of
/// retention; `true` if more is left.
pub(super) async fn make_room(writer: &mut Writer, max_bytes: u64) -> Result<bool, Fault> {
    let connection = &mut writer.connection;
    let limit = used_limit(max_bytes);
    let used = used_bytes(connection).await?;
    if used <= limit.saturating_add(to_i64(max_bytes / 20)) {
        return Ok(false);
    }
    let (requests, _) = request_count(connection).await?;
    if requests == 0 {
        return Ok(false);
    }
    let each = (used / to_i64(requests)).max(1);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let removed = remove_requests(&mut transaction, Over::Count((used - limit) / each + 1)).await?;
    transaction.commit().await?;
    writer.retention.removed += removed;
    vacuum(&mut writer.connection).await?;
    Ok(removed > 0)
}

/// Bytes of pages that hold something.
async fn used_bytes(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let row = query(
        "SELECT page_count, freelist_count, page_size
         FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
    )
    .fetch_one(connection)
    .await?;
    let (pages, free): (i64, i64) = (row.try_get("page_count")?, row.try_get("freelist_count")?);
    Ok((pages - free) * row.try_get::<i64, _>("page_size")?)
}

/// What may be used for file and log together to keep within `max_bytes`: up to a tenth of the file
/// is free, and the log takes its usual length (a tenth at most, where the budget is small).
fn used_limit(max_bytes: u64) -> i64 {
    let tenth = max_bytes / 10;
    to_i64(max_bytes - tenth - tenth.min(log::USUAL_BYTES))
}

/// Gives free pages back to the file system, where they are more than a tenth of the file (a few
/// are kept for what comes next); `true` if more are left.
async fn vacuum(connection: &mut SqliteConnection) -> Result<bool, Fault> {
    let (pages, free): (i64, i64) = query_as(
        "SELECT page_count, freelist_count FROM pragma_page_count(), pragma_freelist_count()",
    )
    .fetch_one(&mut *connection)
    .await?;
    if free < MIN_FREE || free < pages / 10 {
        return Ok(false);
    }
    query(AssertSqlSafe(format!(
        "PRAGMA incremental_vacuum({VACUUM_PAGES})"
    )))
    .execute(connection)
    .await?;
    Ok(free > VACUUM_PAGES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_and_log_fit_into_the_budget() {
        assert_eq!(used_limit(0), 0);
        assert_eq!(used_limit(1000), 800);
        let gibibyte = used_limit(1 << 30).cast_unsigned();
        assert!(gibibyte * 10 / 9 + log::USUAL_BYTES <= 1 << 30);
        assert!(used_limit(u64::MAX) > 1 << 60);
    }
}
