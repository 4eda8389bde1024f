//! Writing a batch: one transaction, about twenty statements however many requests it has.

mod rows;

use std::collections::HashSet;

use silk_core::{PlanRecord, RequestId, RequestRecord, WriteBatch};
use sqlx::{
    Arguments, AssertSqlSafe, Connection, SqliteConnection, query, query_scalar, query_scalar_with,
    sqlite::SqliteArguments,
};

use super::{error::Fault, figures, generation, open::Writer, plans, top};
use crate::stats::{BatchStats, sight_of};
use rows::{Row, Rows};

/// Writes all of a batch that is not known yet; returns the number of the newest request then.
pub(super) async fn write(writer: &mut Writer, batch: &WriteBatch) -> Result<i64, Fault> {
    if batch.requests.is_empty() && !holds_others(batch) {
        return Ok(0);
    }
    writer.intern.trim();
    let Writer {
        connection,
        intern,
        buckets,
        encoder,
        flagged,
        generation,
        ..
    } = writer;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let connection = &mut *transaction;
    generation::check(connection, generation, intern, buckets).await?;

    let new = unknown(connection, &batch.requests).await?;
    let last: i64 = query_scalar("SELECT coalesce(max(sequence), 0) FROM requests")
        .fetch_one(&mut *connection)
        .await?;
    let sequences = last + 1..;
    let mut stats = BatchStats::default();
    let places: Vec<usize> = sequences
        .clone()
        .zip(&new)
        .map(|(sequence, record)| stats.add(record, sequence))
        .collect();
    let run = intern.run(connection, &batch.run).await?;
    // Noted of every batch: what is read back later is the last one.
    if is_first_time(connection, run, batch).await? && holds_others(batch) {
        batch
            .counted
            .iter()
            .for_each(|request| stats.count(request));
        plans::write(connection, intern, &batch.plans, &batch.plan_observations).await?;
    }
    let at_us = newest_start_us(batch);
    let mut routes = Vec::with_capacity(stats.routes.len());
    for route in &stats.routes {
        routes.push(intern.route(connection, route, at_us).await?);
    }

    let thresholds = top::thresholds(connection).await?;
    let mut rows = Rows::default();
    for ((sequence, record), place) in sequences.zip(new).zip(places) {
        rows.add_parts(connection, intern, encoder, sequence, record)
            .await?;
        let run_of = record.summary.run_id;
        rows.requests.push(Row {
            record,
            sequence,
            route: routes[place].0,
            is_named: routes[place].1,
            run: if run_of == batch.run.id {
                run
            } else {
                intern.other_run(connection, run_of, &batch.run).await?
            },
            is_top: top::flags(&thresholds, &record.summary, flagged),
        });
    }
    let written = rows.requests.len();
    rows.insert(connection).await?;
    figures::add_totals(connection, intern, &stats).await?;
    let routes: Vec<i64> = routes.iter().map(|(id, _)| *id).collect();
    figures::add(connection, intern, buckets, stats, &routes, run, at_us).await?;
    top::trim(connection, flagged).await?;
    transaction.commit().await?;
    Ok(last.saturating_add(i64::try_from(written).unwrap_or(0)))
}

/// Whether a batch holds what no request id tells apart: the batch's own id does.
fn holds_others(batch: &WriteBatch) -> bool {
    !(batch.counted.is_empty() && batch.plans.is_empty() && batch.plan_observations.is_empty())
}

/// When the newest request of a batch started; 0 where it has none.
fn newest_start_us(batch: &WriteBatch) -> i64 {
    let started = batch
        .requests
        .iter()
        .map(|record| record.summary.started_at);
    started
        .chain(batch.counted.iter().map(|request| request.started_at))
        .max()
        .map_or(0, |at| at.timestamp_micros())
}

/// The requests that are not kept yet, each once.
async fn unknown<'a>(
    connection: &mut SqliteConnection,
    records: &'a [RequestRecord],
) -> Result<Vec<&'a RequestRecord>, Fault> {
    let known = known_ids(connection, records).await?;
    let mut seen = HashSet::with_capacity(records.len());
    Ok(records
        .iter()
        .filter(|record| !known.contains(&record.summary.id) && seen.insert(record.summary.id))
        .collect())
}

/// Keeps one plan, with the sight that it is, unless it is known.
pub(super) async fn add_plan(writer: &mut Writer, plan: &PlanRecord) -> Result<(), Fault> {
    let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
    let is_known: bool = query_scalar("SELECT EXISTS (SELECT 1 FROM plans WHERE id = ?)")
        .bind(plan.id.0)
        .fetch_one(&mut *transaction)
        .await?;
    let sight = if is_known { None } else { sight_of(plan) };
    generation::check(
        &mut transaction,
        &mut writer.generation,
        &mut writer.intern,
        &mut writer.buckets,
    )
    .await?;
    plans::write(
        &mut transaction,
        &mut writer.intern,
        std::slice::from_ref(plan),
        sight.as_slice(),
    )
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// Whether this batch was not written before, and notes it.
async fn is_first_time(
    connection: &mut SqliteConnection,
    run: i64,
    batch: &WriteBatch,
) -> Result<bool, Fault> {
    let noted = query("UPDATE runs SET last_batch = ?1 WHERE run_id = ?2 AND last_batch IS NOT ?1")
        .bind(&batch.id.0.as_bytes()[..])
        .bind(run)
        .execute(connection)
        .await?;
    Ok(noted.rows_affected() > 0)
}

async fn known_ids(
    connection: &mut SqliteConnection,
    records: &[RequestRecord],
) -> Result<HashSet<RequestId>, Fault> {
    let mut known = HashSet::new();
    for chunk in records.chunks(1024) {
        let mut arguments = SqliteArguments::default();
        for record in chunk {
            arguments
                .add(&record.summary.id.0.as_bytes()[..])
                .map_err(sqlx::Error::Encode)?;
        }
        // A power of two, so that few statements are prepared; the rest is NULL, which is no id.
        let sql = format!(
            "SELECT id FROM requests WHERE id IN ({}?)",
            "?,".repeat(chunk.len().next_power_of_two() - 1)
        );
        let ids: Vec<uuid::Uuid> = query_scalar_with(AssertSqlSafe(sql), arguments)
            .fetch_all(&mut *connection)
            .await?;
        known.extend(ids.into_iter().map(RequestId));
    }
    Ok(known)
}
