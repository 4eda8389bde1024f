//! Writing a batch: one transaction, about twenty statements however many requests it has.

mod rows;

use std::collections::HashSet;

use silk_core::{PlanRecord, RequestId, RequestRecord, WriteBatch};
use sqlx::{
    Arguments, AssertSqlSafe, Connection, SqliteConnection, query, query_scalar, query_scalar_with,
    sqlite::SqliteArguments,
};

use super::{error::Fault, figures, generation, insert::to_i64, open::Writer, plans, top};
use crate::stats::{BatchStats, sight_of};
use rows::{
    FindingRow, Row, StatementRow, insert_details, insert_findings, insert_requests,
    insert_statements,
};

/// Writes all of a batch that is not known yet; returns the number of the newest request then.
pub(super) async fn write(writer: &mut Writer, batch: &WriteBatch) -> Result<i64, Fault> {
    let holds_requests = !(batch.requests.is_empty() && batch.counted.is_empty());
    // What no request id tells apart: the batch's own id does.
    let holds_others =
        !(batch.counted.is_empty() && batch.plans.is_empty() && batch.plan_observations.is_empty());
    if !(holds_requests || holds_others) {
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

    let known = known_ids(connection, &batch.requests).await?;
    let mut seen = HashSet::with_capacity(batch.requests.len());
    let new: Vec<&RequestRecord> = batch
        .requests
        .iter()
        .filter(|record| !known.contains(&record.summary.id) && seen.insert(record.summary.id))
        .collect();
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
    if is_first_time(connection, run, batch).await? && holds_others {
        batch
            .counted
            .iter()
            .for_each(|request| stats.count(request));
        plans::write(connection, intern, &batch.plans, &batch.plan_observations).await?;
    }

    let started = batch
        .requests
        .iter()
        .map(|record| record.summary.started_at);
    let at_us = started
        .chain(batch.counted.iter().map(|request| request.started_at))
        .max()
        .map_or(0, |at| at.timestamp_micros());
    let mut routes = Vec::with_capacity(stats.routes.len());
    for route in &stats.routes {
        routes.push(intern.route(connection, route, at_us).await?);
    }

    let thresholds = top::thresholds(connection).await?;
    let mut rows = Vec::with_capacity(new.len());
    let mut details = Vec::with_capacity(new.len());
    let mut statements = Vec::new();
    let mut findings = Vec::new();
    for ((sequence, record), place) in sequences.zip(new).zip(places) {
        let detail = &record.detail;
        // When each is used: the batch may hold requests that began hours apart.
        let at_us = record.summary.started_at.timestamp_micros();
        let mut texts = Vec::with_capacity(detail.texts.len());
        for text in &detail.texts {
            texts.push(intern.text(connection, text, at_us).await?);
        }
        let mut call_sites = Vec::with_capacity(detail.call_sites.len());
        for call_site in &detail.call_sites {
            let id = intern.call_site(connection, Some(call_site), at_us).await?;
            call_sites.push(id.cast_unsigned());
        }
        details.push((sequence, encoder.encode(detail, &texts, &call_sites)));
        for (position, used) in (0..).zip(&record.statements) {
            statements.push(StatementRow {
                sequence,
                position,
                statement: intern.statement(connection, &used.statement, at_us).await?,
                call_site: intern
                    .call_site(connection, used.call_site.as_ref(), at_us)
                    .await?,
                figures: [
                    used.calls,
                    used.errors,
                    used.total_us,
                    used.max_us,
                    used.rows,
                ]
                .map(to_i64),
                distinct_values: used.distinct_values.map(to_i64),
            });
        }
        for (position, finding) in (0..).zip(&record.findings) {
            findings.push(FindingRow {
                sequence,
                position,
                finding,
                call_site: intern
                    .call_site(connection, finding.call_site.as_ref(), at_us)
                    .await?,
            });
        }
        let run_of = record.summary.run_id;
        rows.push(Row {
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

    insert_requests(connection, &rows).await?;
    insert_details(connection, details).await?;
    insert_statements(connection, &statements).await?;
    insert_findings(connection, &findings).await?;
    figures::add_totals(connection, intern, &stats).await?;
    let routes: Vec<i64> = routes.iter().map(|(id, _)| *id).collect();
    figures::add(connection, intern, buckets, &stats, &routes, run, at_us).await?;
    top::trim(connection, flagged).await?;
    transaction.commit().await?;
    Ok(last.saturating_add(i64::try_from(rows.len()).unwrap_or(0)))
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
