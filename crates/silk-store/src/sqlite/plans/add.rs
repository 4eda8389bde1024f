//! Adding plans, and sights of their forms.

use std::collections::{HashMap, hash_map::Entry};

use silk_core::{PlanObservation, PlanRecord};
use sqlx::{Arguments, Row, SqliteConnection, query};

use super::{
    super::{bulk_insert::insert_rows, error::Fault, intern::Intern, numbers::to_i64},
    form::{Form, Seen, admit},
    history::stats_figures,
    packed,
    row::source,
};
use crate::stats::{HOUR_S, PlanFigures, bucket_start, is_asked_for, to_bytes};

/// A bucket's start and the form that was seen in it.
pub(super) type Key = (i64, Form);

/// Keeps plans that are better than those of their form, and counts the sights.
pub(in super::super) async fn write(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    plans: &[PlanRecord],
    sights: &[PlanObservation],
) -> Result<(), Fault> {
    if plans.is_empty() && sights.is_empty() {
        return Ok(());
    }
    let mut sums: HashMap<Key, PlanFigures> = HashMap::new();
    let mut seen: HashMap<Form, Seen> = HashMap::new();
    let mut see = |form: Form, at_us: i64| {
        let stretch = seen.entry(form).or_insert((at_us, at_us));
        *stretch = (stretch.0.min(at_us), stretch.1.max(at_us));
    };
    for sight in sights {
        let form = Form {
            fingerprint: sight.fingerprint,
            database: intern.database(connection, &sight.database).await?,
            source: sight.source,
            shape: sight.shape,
        };
        let figures = PlanFigures::of(sight);
        see(form, figures.first_us);
        let key = (bucket_start(figures.first_us, HOUR_S), form);
        match sums.entry(key) {
            Entry::Occupied(mut entry) => entry.get_mut().merge(&figures),
            Entry::Vacant(entry) => {
                entry.insert(figures);
            }
        }
    }
    let mut rows = Vec::with_capacity(plans.len());
    for plan in plans {
        let database = intern.database(connection, &plan.database).await?;
        let form = plan
            .fingerprint
            .zip(plan.shape)
            .map(|(fingerprint, shape)| Form {
                fingerprint,
                database,
                source: plan.source,
                shape,
            });
        if let Some(form) = form {
            see(form, plan.captured_at.timestamp_micros());
        }
        rows.push((plan, database, form));
    }
    let kept = admit(connection, &seen).await?;
    sums.retain(|(_, form), _| kept.contains(form));
    add_sights(connection, sums).await?;
    for (plan, database, form) in rows {
        if form.is_none_or(|form| kept.contains(&form)) {
            keep(connection, plan, database).await?;
        }
    }
    Ok(())
}

async fn keep(
    connection: &mut SqliteConnection,
    plan: &PlanRecord,
    database: i64,
) -> Result<(), Fault> {
    // As `is_better` says; the last parameter is whether a person asked for it.
    query(
        "INSERT INTO plans (id, request_id, seq, fingerprint, database_id, source, shape,
             captured_us, duration_us, total_cost, format, is_analyzed, raw)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT (id) DO NOTHING
         ON CONFLICT (fingerprint, database_id, source, shape) DO UPDATE SET
             id = excluded.id, request_id = excluded.request_id, seq = excluded.seq,
             captured_us = excluded.captured_us, duration_us = excluded.duration_us,
             total_cost = excluded.total_cost, format = excluded.format,
             is_analyzed = excluded.is_analyzed, raw = excluded.raw
         WHERE CASE
             WHEN ?14 OR excluded.duration_us IS NULL AND duration_us IS NULL
                 THEN excluded.captured_us >= captured_us
             WHEN excluded.duration_us IS NULL THEN 0
             ELSE duration_us IS NULL OR excluded.duration_us > duration_us END",
    )
    .bind(plan.id.0)
    .bind(plan.query.map(|query| query.request_id.0))
    .bind(plan.query.map(|query| query.seq))
    .bind(plan.fingerprint.map(|number| number.0.cast_signed()))
    .bind(database)
    .bind(plan.source.as_str())
    .bind(plan.shape.map(|shape| shape.0.cast_signed()))
    .bind(plan.captured_at.timestamp_micros())
    .bind(plan.duration_us.map(to_i64))
    .bind(plan.total_cost)
    .bind(plan.output.format.as_str())
    .bind(plan.output.analyzed)
    .bind(packed::pack(&plan.output.raw))
    .bind(is_asked_for(plan.source))
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds to the buckets. They are read each time: other processes may see plans of the same
/// statements.
async fn add_sights(
    connection: &mut SqliteConnection,
    mut sums: HashMap<Key, PlanFigures>,
) -> Result<(), Fault> {
    if sums.is_empty() {
        return Ok(());
    }
    let keys: Vec<String> = sums
        .keys()
        .map(|(at_us, form)| form.json(&[*at_us]))
        .collect();
    let rows = query(
        "SELECT s.fingerprint, s.database_id, s.source, s.shape, s.bucket_us, s.first_us,
                s.last_us, s.sights, s.durations
         FROM json_each(?1) k CROSS JOIN plan_stats s
           ON s.fingerprint = k.value ->> 0 AND s.width_s = ?2 AND s.bucket_us = k.value ->> 4
              AND s.database_id = k.value ->> 1 AND s.source = k.value ->> 2
              AND s.shape = k.value ->> 3",
    )
    .bind(format!("[{}]", keys.join(",")))
    .bind(HOUR_S)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        let form = Form {
            fingerprint: silk_core::Fingerprint(
                row.try_get::<i64, _>("fingerprint")?.cast_unsigned(),
            ),
            database: row.try_get("database_id")?,
            source: source(row.try_get("source")?)?,
            shape: silk_core::PlanShape(row.try_get::<i64, _>("shape")?.cast_unsigned()),
        };
        // What cannot be read is written over, rather than in the way of every batch.
        if let Some(sum) = sums.get_mut(&(row.try_get("bucket_us")?, form))
            && let Ok(figures) = stats_figures(row)
        {
            sum.merge(&figures);
        }
    }
    let rows: Vec<_> = sums.into_iter().collect();
    replace(connection, HOUR_S, &rows).await
}

/// Writes buckets of one width over what was there.
pub(super) async fn replace(
    connection: &mut SqliteConnection,
    width_s: i64,
    rows: &[(Key, PlanFigures)],
) -> Result<(), Fault> {
    insert_rows(
        connection,
        "INSERT OR REPLACE INTO plan_stats (fingerprint, width_s, bucket_us, database_id, source,
             shape, first_us, last_us, sights, durations)",
        10,
        rows,
        |arguments, ((bucket_us, form), figures)| {
            arguments.add(form.fingerprint.0.cast_signed())?;
            arguments.add(width_s)?;
            arguments.add(*bucket_us)?;
            arguments.add(form.database)?;
            arguments.add(form.source.as_str())?;
            arguments.add(form.shape.0.cast_signed())?;
            arguments.add(figures.first_us)?;
            arguments.add(figures.last_us)?;
            arguments.add(to_i64(figures.sights))?;
            arguments.add(to_bytes(&figures.durations))
        },
    )
    .await
}
