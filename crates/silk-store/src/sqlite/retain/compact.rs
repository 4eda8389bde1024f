//! Summing fine buckets into coarse ones as they age, for a while.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::SqliteConnection;

use super::super::{error::Fault, figures, plans};
use crate::stats::{COMPACT_AFTER_S, COMPACT_PLANS_AFTER_S, Compaction};

/// Compacts the oldest buckets until none is left or the time is up; `true` if there was any.
pub(super) async fn step(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
    time: Duration,
) -> Result<bool, Fault> {
    let started = Instant::now();
    let mut is_any = false;
    for widths in COMPACT_AFTER_S {
        let compaction = Compaction::new(widths, now);
        while figures::compact(connection, compaction).await? {
            is_any = true;
            if started.elapsed() >= time {
                return Ok(true);
            }
        }
    }
    let compaction = Compaction::new(COMPACT_PLANS_AFTER_S, now);
    while plans::compact(connection, compaction).await? {
        is_any = true;
        if started.elapsed() >= time {
            break;
        }
    }
    Ok(is_any)
}
