//! Summing the sights of an hour into those of a day as they age.

use std::collections::{HashMap, hash_map::Entry};

use silk_core::{Fingerprint, PlanShape};
use sqlx::{Row, SqliteConnection, query, query_as};

use super::{super::error::Fault, add::replace, form::Form, history::stats_figures, row::source};
use crate::stats::Compaction;

/// Compacts one statement of the oldest coarse bucket; `false` if there is none.
pub(in super::super) async fn compact(
    connection: &mut SqliteConnection,
    compaction: Compaction,
) -> Result<bool, Fault> {
    let oldest: Option<(i64, i64)> = query_as(
        "SELECT bucket_us, fingerprint FROM plan_stats INDEXED BY plan_stats_by_bucket
         WHERE width_s = ? AND bucket_us < ? ORDER BY bucket_us LIMIT 1",
    )
    .bind(compaction.fine_s)
    .bind(compaction.until_us)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((oldest, fingerprint)) = oldest else {
        return Ok(false);
    };
    let (start, end) = compaction.around(oldest);
    let rows = query(
        "SELECT database_id, source, shape, first_us, last_us, sights, durations FROM plan_stats
         WHERE fingerprint = ?5 AND (width_s = ?1 AND bucket_us >= ?3 AND bucket_us < ?4
            OR width_s = ?2 AND bucket_us = ?3)",
    )
    .bind(compaction.fine_s)
    .bind(compaction.coarse_s)
    .bind(start)
    .bind(end)
    .bind(fingerprint)
    .fetch_all(&mut *connection)
    .await?;
    let mut sums = HashMap::new();
    for row in &rows {
        let form = Form {
            fingerprint: Fingerprint(fingerprint.cast_unsigned()),
            database: row.try_get("database_id")?,
            source: source(row.try_get("source")?)?,
            shape: PlanShape(row.try_get::<i64, _>("shape")?.cast_unsigned()),
        };
        // What cannot be read is dropped: it would be in the way for ever.
        let Ok(figures) = stats_figures(row) else {
            continue;
        };
        match sums.entry((start, form)) {
            Entry::Vacant(entry) => {
                entry.insert(figures);
            }
            Entry::Occupied(mut entry) => entry.get_mut().merge(&figures),
        }
    }
    let rows: Vec<_> = sums.into_iter().collect();
    replace(connection, compaction.coarse_s, &rows).await?;
    query(
        "DELETE FROM plan_stats
         WHERE fingerprint = ? AND width_s = ? AND bucket_us >= ? AND bucket_us < ?",
    )
    .bind(fingerprint)
    .bind(compaction.fine_s)
    .bind(start)
    .bind(end)
    .execute(connection)
    .await?;
    Ok(true)
}
