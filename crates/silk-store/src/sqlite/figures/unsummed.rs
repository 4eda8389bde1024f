//! Figures that an earlier version wrote, without those of lines: summed step by step.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use silk_core::Histogram;
use sqlx::{AssertSqlSafe, SqliteConnection, query, query_as};

use super::{
    super::error::Fault,
    group::{Group, IS_STATEMENT, LINES, NONE, PLACE, Place, RAN, Ran, Uses},
    open::Map,
    rows::{self, Packed},
};
use crate::stats::{MINUTE_S, StatementFigures};

/// Sums buckets until none is left or the time is up; `true` if there were any.
pub(in super::super) async fn step(
    connection: &mut SqliteConnection,
    time: Duration,
) -> Result<bool, Fault> {
    let started = Instant::now();
    let mut is_any = false;
    while let Some(bucket) = next(connection).await? {
        is_any = true;
        sum(connection, bucket).await?;
        if started.elapsed() >= time {
            break;
        }
    }
    Ok(is_any)
}

/// The newest bucket: what is looked at most is summed first.
async fn next(connection: &mut SqliteConnection) -> Result<Option<(i64, i64)>, Fault> {
    let sql = "SELECT width_s, bucket_us FROM unsummed_figures ORDER BY bucket_us DESC LIMIT 1";
    Ok(query_as(sql).fetch_optional(connection).await?)
}

async fn sum(
    connection: &mut SqliteConnection,
    (width_s, bucket_us): (i64, i64),
) -> Result<(), Fault> {
    let found = query(AssertSqlSafe(format!(
        "SELECT {PLACE}, s.figures FROM figures s INDEXED BY figures_by_bucket
         WHERE s.width_s = ? AND s.bucket_us = ? AND {IS_STATEMENT}"
    )))
    .bind(width_s)
    .bind(bucket_us)
    .fetch_all(&mut *connection)
    .await?;
    let mut lines: Map<Place, Group<Uses>> = Map::default();
    let mut ran: Map<Place, Group<Ran>> = Map::default();
    for row in &found {
        let place = Place::of_row(row)?;
        let statement = place.statement.saturating_abs();
        let at = |number| Place {
            statement: number,
            run: if width_s == MINUTE_S { place.run } else { NONE },
            ..place
        };
        let Some(group) = rows::group::<StatementFigures>(row)? else {
            continue;
        };
        let lines = lines.entry(at(LINES)).or_default();
        let ran = ran.entry(at(RAN)).or_default();
        for (route, call_site, mut figures) in group.into_parts(place.part) {
            if place.statement > NONE {
                figures.durations = Histogram::default();
            }
            lines.at(route, call_site).add(statement, (&figures).into());
            ran.at(route, NONE).add(statement, (&figures).into());
        }
    }
    for sql in [
        "DELETE FROM figures WHERE width_s = ?1 AND bucket_us = ?2 AND statement_id IN (?3, ?4)",
        "DELETE FROM unsummed_figures WHERE width_s = ?1 AND bucket_us = ?2",
    ] {
        query(sql)
            .bind(width_s)
            .bind(bucket_us)
            .bind(LINES)
            .bind(RAN)
            .execute(&mut *connection)
            .await?;
    }
    lines.values_mut().for_each(Group::cut);
    ran.values_mut().for_each(Group::cut);
    let sums: Vec<Packed> = rows::pack(lines).chain(rows::pack(ran)).collect();
    rows::replace(connection, &sums).await
}

/// Notes that the figures of buckets are not summed.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    places: impl Iterator<Item = Place>,
) -> Result<(), Fault> {
    let buckets: HashSet<(i64, i64)> = places
        .map(|place| (place.width_s, place.bucket_us))
        .collect();
    for (width_s, bucket_us) in buckets {
        query("INSERT OR IGNORE INTO unsummed_figures (width_s, bucket_us) VALUES (?, ?)")
            .bind(width_s)
            .bind(bucket_us)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
