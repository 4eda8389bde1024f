//! Summing fine buckets into coarse ones as they age.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, SqliteConnection, query, query_as};

use super::{
    super::error::Fault,
    group::{Figures, Group, LINES, NONE, PLACE, Place, RAN, Ran, SIGHTS, Uses},
    rows::{self, Packed},
};
use crate::stats::{Compaction, RouteFigures, SightFigures, StatementFigures};

/// Compacts the rows under one number (a statement, or what stands for routes, findings, lines) of
/// the oldest coarse bucket; `false` if there is none.
pub(in super::super) async fn compact(
    connection: &mut SqliteConnection,
    compaction: Compaction,
) -> Result<bool, Fault> {
    let oldest: Option<(i64, i64)> = query_as(
        "SELECT bucket_us, statement_id FROM figures INDEXED BY figures_by_bucket
         WHERE width_s = ? AND bucket_us < ? ORDER BY bucket_us LIMIT 1",
    )
    .bind(compaction.fine_s)
    .bind(compaction.until_us)
    .fetch_optional(&mut *connection)
    .await?;
    match oldest {
        None => return Ok(false),
        Some((bucket_us, NONE)) => {
            sum::<RouteFigures>(connection, compaction, NONE, bucket_us).await?;
        }
        Some((bucket_us, SIGHTS)) => {
            sum::<SightFigures>(connection, compaction, SIGHTS, bucket_us).await?;
        }
        Some((bucket_us, LINES)) => {
            sum::<Uses>(connection, compaction, LINES, bucket_us).await?;
        }
        Some((bucket_us, RAN)) => {
            sum::<Ran>(connection, compaction, RAN, bucket_us).await?;
        }
        Some((bucket_us, statement)) => {
            sum::<StatementFigures>(connection, compaction, statement, bucket_us).await?;
        }
    }
    Ok(true)
}

async fn sum<F: Figures>(
    connection: &mut SqliteConnection,
    compaction: Compaction,
    statement: i64,
    bucket_us: i64,
) -> Result<(), Fault> {
    let (start, end) = compaction.around(bucket_us);
    // The coarse bucket itself comes along, should it be there already.
    let rows = query(AssertSqlSafe(format!(
        "SELECT {PLACE}, s.figures FROM figures s
         WHERE s.statement_id = ?5
           AND (s.width_s = ?1 AND s.bucket_us >= ?3 AND s.bucket_us < ?4
                OR s.width_s = ?2 AND s.bucket_us = ?3)"
    )))
    .bind(compaction.fine_s)
    .bind(compaction.coarse_s)
    .bind(start)
    .bind(end)
    .bind(statement)
    .fetch_all(&mut *connection)
    .await?;
    let mut sums: HashMap<Place, Group<F>> = HashMap::new();
    for row in &rows {
        let place = Place::of_row(row)?;
        let place = Place {
            width_s: compaction.coarse_s,
            bucket_us: start,
            // Only routes and findings are told by build.
            run: match statement {
                NONE | SIGHTS => place.run,
                _ => NONE,
            },
            ..place
        };
        // What cannot be read is dropped: it would be in the way for ever.
        if let Some(group) = rows::group(row)? {
            sums.entry(place).or_default().merge(group);
        }
    }
    query(
        "DELETE FROM figures WHERE statement_id = ?5
           AND (width_s = ?1 AND bucket_us >= ?3 AND bucket_us < ?4
                OR width_s = ?2 AND bucket_us = ?3)",
    )
    .bind(compaction.fine_s)
    .bind(compaction.coarse_s)
    .bind(start)
    .bind(end)
    .bind(statement)
    .execute(&mut *connection)
    .await?;
    let sums: Vec<Packed> = rows::pack(sums).collect();
    rows::replace(connection, &sums).await
}
