//! How much is kept.

use std::{fs, path::Path};

use chrono::DateTime;
use silk_core::store::StoreSize;
use sqlx::{SqliteConnection, query_as, query_scalar};

use super::{error::Fault, log, numbers::to_u64};

/// Above so many requests they are estimated.
const COUNTED: i64 = 50_000;

/// Size and counts.
pub(super) async fn size(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<StoreSize, Fault> {
    let (requests, _) = request_count(connection).await?;
    let statements: i64 = query_scalar("SELECT count(*) FROM statements WHERE calls > 0")
        .fetch_one(&mut *connection)
        .await?;
    let oldest: Option<i64> = query_scalar("SELECT min(started_us) FROM requests")
        .fetch_one(connection)
        .await?;
    Ok(StoreSize {
        bytes: bytes(path),
        requests,
        statements: to_u64(statements),
        oldest: oldest.and_then(DateTime::from_timestamp_micros),
    })
}

/// Bytes of the file and its write-ahead log.
fn bytes(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len()) + log::bytes(path)
}

/// Requests kept, and whether that is an estimate: sequences have no gaps but those that
/// out-of-order starts leave at the oldest end.
pub(super) async fn request_count(connection: &mut SqliteConnection) -> Result<(u64, bool), Fault> {
    let (first, last): (Option<i64>, Option<i64>) = query_as(
        "SELECT (SELECT min(sequence) FROM requests), (SELECT max(sequence) FROM requests)",
    )
    .fetch_one(&mut *connection)
    .await?;
    let (Some(first), Some(last)) = (first, last) else {
        return Ok((0, false));
    };
    let span = last.saturating_sub(first).saturating_add(1);
    if span > COUNTED {
        return Ok((to_u64(span), true));
    }
    let count: i64 = query_scalar("SELECT count(*) FROM requests")
        .fetch_one(connection)
        .await?;
    Ok((to_u64(count), false))
}
