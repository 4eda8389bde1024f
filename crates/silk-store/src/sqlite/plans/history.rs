//! How often each form of a statement's plan was seen, and where forms changed.

use std::{
    cmp::Reverse,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta};
use silk_core::{
    Fingerprint, PlanId, PlanShape,
    explain::{PlanBucket, PlanChange, plan_changes},
    store::StatsWindow,
};
use sqlx::{Row, SqliteConnection, query, query_scalar, sqlite::SqliteRow};

use super::{
    super::{error::Fault, numbers::to_u64},
    row::{database, source},
};
use crate::stats::{LOOK_BACK_S, PLAN_WIDTHS, PlanFigures, from_bytes};

/// How often each form was seen within the window, oldest bucket first.
pub(in super::super) async fn history(
    connection: &mut SqliteConnection,
    fingerprint: Fingerprint,
    window: &StatsWindow,
) -> Result<Vec<PlanBucket>, Fault> {
    let rows = query(
        "SELECT d.kind, d.name, s.source, s.shape, s.bucket_us, s.width_s, p.id AS plan_id,
                s.first_us, s.last_us, s.sights, s.durations
         FROM json_each(?1) w CROSS JOIN plan_stats s
           ON s.fingerprint = ?2 AND s.width_s = w.value
              AND s.bucket_us > ?3 - w.value * 1000000 AND s.bucket_us < ?4
         JOIN databases d ON d.database_id = s.database_id
         LEFT JOIN plans p ON p.fingerprint = s.fingerprint AND p.database_id = s.database_id
              AND p.source = s.source AND p.shape = s.shape
         ORDER BY s.bucket_us, s.first_us",
    )
    .bind(PLAN_WIDTHS)
    .bind(fingerprint.0.cast_signed())
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .fetch_all(connection)
    .await?;
    rows.iter().map(bucket).collect()
}

fn bucket(row: &SqliteRow) -> Result<PlanBucket, Fault> {
    let time = |at_us| DateTime::from_timestamp_micros(at_us).ok_or(Fault::Nonsense("a time"));
    let figures = stats_figures(row)?;
    Ok(PlanBucket {
        database: database(row)?,
        source: source(row.try_get("source")?)?,
        shape: PlanShape(row.try_get::<i64, _>("shape")?.cast_unsigned()),
        started_at: time(row.try_get("bucket_us")?)?,
        width_s: row.try_get("width_s")?,
        first_at: time(figures.first_us)?,
        last_at: time(figures.last_us)?,
        count: figures.sights,
        durations: figures.durations,
        plan: row.try_get::<Option<uuid::Uuid>, _>("plan_id")?.map(PlanId),
    })
}

/// Figures from the columns of `plan_stats`.
pub(in super::super) fn stats_figures(row: &SqliteRow) -> Result<PlanFigures, Fault> {
    Ok(PlanFigures {
        first_us: row.try_get("first_us")?,
        last_us: row.try_get("last_us")?,
        sights: to_u64(row.try_get("sights")?),
        durations: from_bytes(row.try_get("durations")?).ok_or(Fault::Nonsense("a histogram"))?,
    })
}

/// Plans that changed within the window, newest first.
///
/// Statements are looked at in the order in which they were planned last, until the time is up.
pub(in super::super) async fn changes(
    connection: &mut SqliteConnection,
    window: &StatsWindow,
    limit: u32,
    time: Duration,
) -> Result<Vec<PlanChange>, Fault> {
    let started = Instant::now();
    let candidates: Vec<i64> = query_scalar(
        "SELECT fingerprint FROM plan_forms GROUP BY fingerprint, database_id, source
         HAVING count(*) > 1 AND max(last_us) >= ?1 AND min(first_us) < ?2
         ORDER BY max(last_us) DESC",
    )
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .fetch_all(&mut *connection)
    .await?;
    let wide = StatsWindow {
        // What was there before the first change may not have been seen for a while.
        since: window
            .since
            .checked_sub_signed(TimeDelta::seconds(LOOK_BACK_S))
            .unwrap_or(window.since),
        ..*window
    };
    let mut looked_at = Vec::new();
    let mut changes = Vec::new();
    for candidate in candidates {
        if looked_at.contains(&candidate) {
            continue;
        }
        looked_at.push(candidate);
        let fingerprint = Fingerprint(candidate.cast_unsigned());
        let history = history(connection, fingerprint, &wide).await?;
        changes.extend(
            plan_changes(fingerprint, &history)
                .into_iter()
                .filter(|change| change.changed_at >= window.since)
                .filter(|change| change.changed_at < window.until),
        );
        if started.elapsed() >= time {
            break;
        }
    }
    changes.sort_by_key(|change| (Reverse(change.changed_at), change.fingerprint));
    changes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(changes)
}
