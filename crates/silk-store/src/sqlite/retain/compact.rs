//! Summing fine buckets into coarse ones as they age.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection, query, query_as, query_scalar};

use super::super::{
    error::Fault,
    plans,
    stats::{replace_routes, replace_statements, route_figures, statement_figures},
};
use crate::stats::{
    COMPACT_AFTER_S, COMPACT_PLANS_AFTER_S, RouteFigures, StatementFigures, bucket_start,
};

/// Fine buckets of one width to be summed into coarse ones, all that start before `until_us`.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Compaction {
    pub(in super::super) fine_s: i64,
    pub(in super::super) coarse_s: i64,
    pub(in super::super) until_us: i64,
}

impl Compaction {
    fn new((fine_s, coarse_s, after_s): (i64, i64, i64), now: DateTime<Utc>) -> Self {
        Self {
            fine_s,
            coarse_s,
            // Only coarse buckets all of which is old enough.
            until_us: bucket_start(now.timestamp_micros() - after_s * 1_000_000, coarse_s),
        }
    }

    /// The coarse bucket around an instant: its start and end.
    pub(in super::super) const fn around(self, at_us: i64) -> (i64, i64) {
        let start = bucket_start(at_us, self.coarse_s);
        (start, start + self.coarse_s * 1_000_000)
    }
}

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
        while routes(connection, compaction).await? || statements(connection, compaction).await? {
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

/// Compacts all routes of the oldest coarse bucket; `false` if there is none.
async fn routes(connection: &mut SqliteConnection, compaction: Compaction) -> Result<bool, Fault> {
    let oldest: Option<i64> = query_scalar(
        "SELECT bucket_us FROM route_stats WHERE width_s = ? AND bucket_us < ?
         ORDER BY bucket_us LIMIT 1",
    )
    .bind(compaction.fine_s)
    .bind(compaction.until_us)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(oldest) = oldest else {
        return Ok(false);
    };
    let (start, end) = compaction.around(oldest);
    // The coarse bucket itself comes along, should it be there already.
    let rows = query(
        "SELECT route_id, run_id, requests, errors, total_us, sql_us, queries, max_queries,
                durations
         FROM route_stats
         WHERE width_s = ?1 AND bucket_us >= ?3 AND bucket_us < ?4
            OR width_s = ?2 AND bucket_us = ?3",
    )
    .bind(compaction.fine_s)
    .bind(compaction.coarse_s)
    .bind(start)
    .bind(end)
    .fetch_all(&mut *connection)
    .await?;
    let mut sums: HashMap<(i64, i64, i64), RouteFigures> = HashMap::new();
    for row in &rows {
        sums.entry((start, row.try_get(0)?, row.try_get(1)?))
            .or_default()
            .merge(&route_figures(row, 2)?);
    }
    let rows: Vec<_> = sums
        .iter()
        .map(|(key, figures)| (compaction.coarse_s, *key, figures))
        .collect();
    replace_routes(connection, &rows).await?;
    query("DELETE FROM route_stats WHERE width_s = ? AND bucket_us >= ? AND bucket_us < ?")
        .bind(compaction.fine_s)
        .bind(start)
        .bind(end)
        .execute(connection)
        .await?;
    Ok(true)
}

/// Compacts one statement of the oldest coarse bucket; `false` if there is none.
async fn statements(
    connection: &mut SqliteConnection,
    compaction: Compaction,
) -> Result<bool, Fault> {
    let oldest: Option<(i64, i64)> = query_as(
        "SELECT bucket_us, statement_id FROM statement_stats
             INDEXED BY statement_stats_by_bucket
         WHERE width_s = ? AND bucket_us < ? ORDER BY bucket_us LIMIT 1",
    )
    .bind(compaction.fine_s)
    .bind(compaction.until_us)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((oldest, statement)) = oldest else {
        return Ok(false);
    };
    let (start, end) = compaction.around(oldest);
    let rows = query(
        "SELECT route_id, call_site_id, run_id, calls, requests, errors, total_us, rows_returned,
                max_us, slowest_sequence, durations
         FROM statement_stats
         WHERE statement_id = ?5 AND (width_s = ?1 AND bucket_us >= ?3 AND bucket_us < ?4
            OR width_s = ?2 AND bucket_us = ?3)",
    )
    .bind(compaction.fine_s)
    .bind(compaction.coarse_s)
    .bind(start)
    .bind(end)
    .bind(statement)
    .fetch_all(&mut *connection)
    .await?;
    let mut sums: HashMap<(i64, i64, i64, i64, i64), StatementFigures> = HashMap::new();
    for row in &rows {
        let key = (
            start,
            statement,
            row.try_get(0)?,
            row.try_get(1)?,
            row.try_get(2)?,
        );
        sums.entry(key)
            .or_default()
            .merge(&statement_figures(row, 3)?);
    }
    let rows: Vec<_> = sums
        .iter()
        .map(|(key, figures)| (compaction.coarse_s, *key, figures))
        .collect();
    replace_statements(connection, &rows).await?;
    query(
        "DELETE FROM statement_stats
         WHERE statement_id = ? AND width_s = ? AND bucket_us >= ? AND bucket_us < ?",
    )
    .bind(statement)
    .bind(compaction.fine_s)
    .bind(start)
    .bind(end)
    .execute(connection)
    .await?;
    Ok(true)
}
