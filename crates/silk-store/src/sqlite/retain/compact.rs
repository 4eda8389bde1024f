//! Summing fine buckets into coarse ones as they age.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection, query, query_scalar};

use super::super::{
    error::Fault,
    stats::{replace_routes, replace_statements, route_figures, statement_figures},
};
use crate::stats::{COMPACT_AFTER_S, RouteFigures, StatementFigures, bucket_start};

/// Compacts the oldest coarse bucket's worth of fine ones; `true` if there was any.
pub(super) async fn step(
    connection: &mut SqliteConnection,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    for (fine_s, coarse_s, after_s) in COMPACT_AFTER_S {
        // Only buckets all of which is old enough.
        let until = bucket_start(now.timestamp_micros() - after_s * 1_000_000, coarse_s);
        if routes(connection, fine_s, coarse_s, until).await?
            | statements(connection, fine_s, coarse_s, until).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn routes(
    connection: &mut SqliteConnection,
    fine_s: i64,
    coarse_s: i64,
    until: i64,
) -> Result<bool, Fault> {
    let oldest: Option<i64> = query_scalar(
        "SELECT bucket_us FROM route_stats WHERE width_s = ? AND bucket_us < ?
         ORDER BY bucket_us LIMIT 1",
    )
    .bind(fine_s)
    .bind(until)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(oldest) = oldest else {
        return Ok(false);
    };
    let start = bucket_start(oldest, coarse_s);
    let end = start + coarse_s * 1_000_000;
    // The coarse bucket itself comes along, should it be there already.
    let rows = query(
        "SELECT route_id, run_id, requests, errors, total_us, sql_us, queries, max_queries,
                durations
         FROM route_stats
         WHERE width_s = ?1 AND bucket_us >= ?3 AND bucket_us < ?4
            OR width_s = ?2 AND bucket_us = ?3",
    )
    .bind(fine_s)
    .bind(coarse_s)
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
        .map(|(key, figures)| (coarse_s, *key, figures))
        .collect();
    replace_routes(connection, &rows).await?;
    query("DELETE FROM route_stats WHERE width_s = ? AND bucket_us >= ? AND bucket_us < ?")
        .bind(fine_s)
        .bind(start)
        .bind(end)
        .execute(connection)
        .await?;
    Ok(true)
}

async fn statements(
    connection: &mut SqliteConnection,
    fine_s: i64,
    coarse_s: i64,
    until: i64,
) -> Result<bool, Fault> {
    let oldest: Option<i64> = query_scalar(
        "SELECT bucket_us FROM statement_stats INDEXED BY statement_stats_by_bucket
         WHERE width_s = ? AND bucket_us < ? ORDER BY bucket_us LIMIT 1",
    )
    .bind(fine_s)
    .bind(until)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(oldest) = oldest else {
        return Ok(false);
    };
    let start = bucket_start(oldest, coarse_s);
    let end = start + coarse_s * 1_000_000;
    let rows = query(
        "SELECT statement_id, route_id, call_site_id, run_id, calls, requests, errors, total_us,
                rows_returned, max_us, slowest_sequence, durations
         FROM statement_stats INDEXED BY statement_stats_by_bucket
         WHERE width_s = ?1 AND bucket_us >= ?3 AND bucket_us < ?4
            OR width_s = ?2 AND bucket_us = ?3",
    )
    .bind(fine_s)
    .bind(coarse_s)
    .bind(start)
    .bind(end)
    .fetch_all(&mut *connection)
    .await?;
    let mut sums: HashMap<(i64, i64, i64, i64, i64), StatementFigures> = HashMap::new();
    for row in &rows {
        let key = (
            start,
            row.try_get(0)?,
            row.try_get(1)?,
            row.try_get(2)?,
            row.try_get(3)?,
        );
        sums.entry(key)
            .or_default()
            .merge(&statement_figures(row, 4)?);
    }
    let rows: Vec<_> = sums
        .iter()
        .map(|(key, figures)| (coarse_s, *key, figures))
        .collect();
    replace_statements(connection, &rows).await?;
    query(
        "DELETE FROM statement_stats
         WHERE width_s = ? AND bucket_us >= ? AND bucket_us < ?",
    )
    .bind(fine_s)
    .bind(start)
    .bind(end)
    .execute(connection)
    .await?;
    Ok(true)
}
