//! Summing fine buckets into coarse ones as they age.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row, SqliteConnection, query, query_as};

use super::{
    super::error::Fault,
    group::{Figures, Group, NONE, PLACE, Place, SIGHTS},
    rows,
};
use crate::stats::{Compaction, RouteFigures, SightFigures, StatementFigures};

/// Compacts one statement, the routes, or the findings, of the oldest coarse bucket; `false` if there is none.
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
        let place = Place {
            width_s: compaction.coarse_s,
            bucket_us: start,
            ..Place::of_row(row)?
        };
        // What cannot be read is dropped: it would be in the way for ever.
        if let Ok(group) = Group::unpack(row.try_get("figures")?) {
            sums.entry(place).or_default().merge(group);
        }
    }
    rows::replace(
        connection,
        sums.iter().map(|(place, group)| (*place, group)),
    )
    .await?;
    query(
        "DELETE FROM figures
         WHERE statement_id = ? AND width_s = ? AND bucket_us >= ? AND bucket_us < ?",
    )
    .bind(statement)
    .bind(compaction.fine_s)
    .bind(start)
    .bind(end)
    .execute(connection)
    .await?;
    Ok(())
}
