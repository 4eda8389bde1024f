//! Figures within a window.

use silk_core::store::StatsWindow;
use sqlx::{Row, SqliteConnection, query, sqlite::SqliteRow};

use super::{
    super::error::Fault,
    first::{self, First},
    group::{At, Figures, Group, NONE, SIGHTS},
};
use crate::stats::{SightFigures, WIDTHS};

/// Gives the figures of a statement (or of the routes themselves) to `each`, with the start of
/// their bucket, the route and the call site.
pub(in super::super) async fn within<F: First>(
    connection: &mut SqliteConnection,
    statement: i64,
    window: &StatsWindow,
    mut each: impl FnMut(i64, i64, i64, F),
) -> Result<(), Fault> {
    each_of(connection, statement, None, window, |at, figures| {
        each(at.bucket_us, at.route, at.call_site, figures);
    })
    .await
}

/// As [`within`], with the run; of one part only, where that is named.
pub(in super::super) async fn each_of<F: First>(
    connection: &mut SqliteConnection,
    statement: i64,
    part: Option<i64>,
    window: &StatsWindow,
    mut each: impl FnMut(At, F),
) -> Result<(), Fault> {
    of_buckets(connection, statement, part, window, &mut each).await?;
    first::within(connection, Some(statement), window, each).await
}

/// As [`each_of`], of packed rows only.
pub(super) async fn of_buckets<F: Figures>(
    connection: &mut SqliteConnection,
    statement: i64,
    part: Option<i64>,
    window: &StatsWindow,
    mut each: impl FnMut(At, F),
) -> Result<(), Fault> {
    let rows = query(
        "SELECT s.statement_id, s.width_s, s.bucket_us, s.part, s.run_id, s.figures
         FROM json_each(?1) w CROSS JOIN figures s
           ON s.statement_id = ?2 AND s.width_s = w.value
              AND s.bucket_us > ?3 - w.value * 1000000 AND s.bucket_us < ?4
         WHERE ?5 IS NULL OR s.part = ?5",
    )
    .bind(WIDTHS)
    .bind(statement)
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .bind(part)
    .fetch_all(connection)
    .await?;
    give(&rows, &mut each)
}

/// Gives the sights of findings up to an instant to `each`.
pub(in super::super) async fn sights(
    connection: &mut SqliteConnection,
    until_us: i64,
    mut each: impl FnMut(At, SightFigures),
) -> Result<(), Fault> {
    let rows = query(
        "SELECT s.statement_id, s.width_s, s.bucket_us, s.part, s.run_id, s.figures
         FROM json_each(?1) w CROSS JOIN figures s
           ON s.statement_id = ?2 AND s.width_s = w.value AND s.bucket_us < ?3",
    )
    .bind(WIDTHS)
    .bind(SIGHTS)
    .bind(until_us)
    .fetch_all(connection)
    .await?;
    give(&rows, &mut each)
}

pub(super) fn give<F: Figures>(
    rows: &[SqliteRow],
    each: &mut impl FnMut(At, F),
) -> Result<(), Fault> {
    // By number: there are thousands of rows, and a look-up by name would cost for each.
    for row in rows {
        let (part, run) = (row.try_get(3)?, row.try_get(4)?);
        let mut at = At {
            statement: row.try_get(0)?,
            width_s: row.try_get(1)?,
            bucket_us: row.try_get(2)?,
            route: 0,
            call_site: NONE,
            run,
        };
        let group: Group<F> = Group::unpack(row.try_get(5)?)?;
        for (route, call_site, figures) in group.into_parts(part) {
            (at.route, at.call_site) = (route, call_site);
            each(at, figures);
        }
    }
    Ok(())
}
