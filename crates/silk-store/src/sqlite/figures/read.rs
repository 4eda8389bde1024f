//! Figures within a window.

use silk_core::store::StatsWindow;
use sqlx::{Row, SqliteConnection, query};

use super::{
    super::error::Fault,
    first::{self, First},
    group::Group,
};
use crate::stats::WIDTHS;

/// Gives the figures of a statement (or of the routes themselves) to `each`, with the start of
/// their bucket, the route and the call site.
pub(in super::super) async fn within<F: First>(
    connection: &mut SqliteConnection,
    statement: i64,
    window: &StatsWindow,
    mut each: impl FnMut(i64, i64, i64, F),
) -> Result<(), Fault> {
    let rows = query(
        "SELECT s.bucket_us, s.part, s.figures FROM json_each(?1) w CROSS JOIN figures s
           ON s.statement_id = ?2 AND s.width_s = w.value
              AND s.bucket_us > ?3 - w.value * 1000000 AND s.bucket_us < ?4",
    )
    .bind(WIDTHS)
    .bind(statement)
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .fetch_all(&mut *connection)
    .await?;
    for row in rows {
        let (bucket_us, part) = (row.try_get(0)?, row.try_get(1)?);
        let group: Group<F> = Group::unpack(row.try_get(2)?)?;
        for (route, call_site, figures) in group.into_parts(part) {
            each(bucket_us, route, call_site, figures);
        }
    }
    first::within(connection, statement, window, each).await
}
