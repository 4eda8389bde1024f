//! What lines and routes ran, within a window.
//!
//! Of buckets that an earlier version wrote it is read from the statements' own rows until they are
//! summed. What stands of lines in one of these is not looked at: a batch may have added to it.

use std::collections::HashSet;

use silk_core::{Histogram, store::StatsWindow};
use sqlx::{AssertSqlSafe, SqliteConnection, query, query_as};

use super::{
    super::error::Fault,
    first,
    group::{At, IS_STATEMENT, LINES, NONE, RAN, Ran, Uses},
    read::{give, of_buckets},
};
use crate::stats::StatementFigures;

/// Which line of which route figures are of.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct LineAt {
    pub(in super::super) route: i64,
    pub(in super::super) call_site: i64,
}

/// Gives what lines ran to `each`; of one part only, where that is named.
pub(in super::super) async fn lines(
    connection: &mut SqliteConnection,
    part: Option<i64>,
    window: &StatsWindow,
    mut each: impl FnMut(LineAt, &Uses),
) -> Result<(), Fault> {
    let unsummed = unsummed(connection, window).await?;
    of_buckets(connection, LINES, part, window, |at, uses| {
        if !unsummed.contains(&(at.width_s, at.bucket_us)) {
            let line = LineAt {
                route: at.route,
                call_site: at.call_site,
            };
            each(line, &uses);
        }
    })
    .await?;
    within(connection, part, window, |line, statement, figures| {
        each(line, &Uses::of(statement, (&figures).into()));
    })
    .await
}

/// Gives how long what routes ran took to `each`, with the route; of one part.
pub(in super::super) async fn ran(
    connection: &mut SqliteConnection,
    part: i64,
    window: &StatsWindow,
    mut each: impl FnMut(i64, &Ran),
) -> Result<(), Fault> {
    let unsummed = unsummed(connection, window).await?;
    of_buckets(connection, RAN, Some(part), window, |at, ran| {
        if !unsummed.contains(&(at.width_s, at.bucket_us)) {
            each(at.route, &ran);
        }
    })
    .await?;
    within(
        connection,
        Some(part),
        window,
        |line, statement, figures| {
            each(line.route, &Ran::of(statement, (&figures).into()));
        },
    )
    .await
}

/// Buckets of a window that are not summed: width and start.
async fn unsummed(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
) -> Result<HashSet<(i64, i64)>, Fault> {
    let rows: Vec<(i64, i64)> = query_as(
        "SELECT width_s, bucket_us FROM unsummed_figures
         WHERE bucket_us > ?1 - width_s * 1000000 AND bucket_us < ?2",
    )
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Gives what lines ran in such buckets to `each`; of one part only, where that is named.
async fn within(
    connection: &mut SqliteConnection,
    part: Option<i64>,
    window: &StatsWindow,
    mut each: impl FnMut(LineAt, i64, StatementFigures),
) -> Result<(), Fault> {
    let rows = query(AssertSqlSafe(format!(
        "SELECT s.statement_id, s.width_s, s.bucket_us, s.part, s.run_id, s.figures
         FROM unsummed_figures u CROSS JOIN figures s INDEXED BY figures_by_bucket
           ON s.width_s = u.width_s AND s.bucket_us = u.bucket_us
         WHERE u.bucket_us > ?1 - u.width_s * 1000000 AND u.bucket_us < ?2
           AND {IS_STATEMENT} AND (?3 IS NULL OR s.part = ?3)"
    )))
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .bind(part)
    .fetch_all(&mut *connection)
    .await?;
    let mut add = |at: At, mut figures: StatementFigures| {
        if at.statement > NONE {
            // Means of requests.
            figures.durations = Histogram::default();
        }
        let line = LineAt {
            route: at.route,
            call_site: at.call_site,
        };
        each(line, at.statement.saturating_abs(), figures);
    };
    give(&rows, &mut add)?;
    first::within(connection, None, window, add).await
}
