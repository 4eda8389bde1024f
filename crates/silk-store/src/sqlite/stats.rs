//! Adding a batch's figures to those of their buckets.
//!
//! Histograms cannot be added in SQL. So the buckets that are being filled are remembered, summed
//! here and replaced; their rows belong to one run, which one process writes.

use std::collections::HashMap;

use sqlx::{Arguments, Row, SqliteConnection, query};

use super::{
    error::Fault,
    insert::{LARGEST, insert_rows, to_i64, to_u64},
    intern::Intern,
};
use crate::stats::{
    BatchStats, MINUTE_S, RouteFigures, StatementFigures, bucket_start, from_bytes, to_bytes,
};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// How long after its start a bucket is remembered; well before it is compacted.
const REMEMBERED_US: i64 = 20 * 60 * 1_000_000;

/// Buckets remembered of each kind.
const MAX_BUCKETS: usize = 20_000;

/// Bucket, route, run.
type RouteKey = (i64, i64, i64);

/// Bucket, statement, route, call site, run.
type StatementKey = (i64, i64, i64, i64, i64);

/// The buckets that are being filled, as they stand in the file.
#[derive(Debug, Default)]
pub(super) struct OpenBuckets {
    routes: Map<RouteKey, RouteFigures>,
    statements: Map<StatementKey, StatementFigures>,
    /// The minute in which old ones were last forgotten.
    trimmed_us: i64,
}

impl OpenBuckets {
    /// Forgets buckets that were compacted: all that start before `until_us`.
    pub(super) fn forget_before(&mut self, until_us: i64) {
        self.routes.retain(|(bucket, ..), _| *bucket >= until_us);
        self.statements
            .retain(|(bucket, ..), _| *bucket >= until_us);
    }

    /// Forgets old buckets once a minute: what another process may have compacted by now must not
    /// be written over.
    fn trim(&mut self, at_us: i64) {
        let minute = bucket_start(at_us, MINUTE_S);
        if minute != self.trimmed_us {
            self.trimmed_us = minute;
            let oldest = at_us.saturating_sub(REMEMBERED_US);
            self.routes.retain(|(bucket, ..), _| *bucket >= oldest);
            self.statements.retain(|(bucket, ..), _| *bucket >= oldest);
        }
        if self.routes.len() > MAX_BUCKETS {
            self.routes.clear();
        }
        if self.statements.len() > MAX_BUCKETS {
            self.statements.clear();
        }
    }
}

/// Adds to what is known of each statement since it was first seen.
pub(super) async fn add_totals(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    stats: &BatchStats,
    at_us: i64,
) -> Result<(), Fault> {
    if stats.totals.is_empty() {
        return Ok(());
    }
    let mut json = String::from("[");
    for totals in stats.totals.values() {
        let figures = &totals.figures;
        let id = intern
            .statement(connection, &totals.statement, at_us)
            .await?;
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&super::intern::json_numbers([
            id,
            to_i64(figures.calls),
            to_i64(figures.requests),
            to_i64(figures.total_us),
            to_i64(figures.max_us),
            to_i64(figures.rows),
            to_i64(figures.errors),
            totals.last_seen_us,
        ]));
    }
    json.push(']');
    query(
        "UPDATE statements SET
             calls = min(calls + (n.value ->> 1), ?2),
             requests = min(requests + (n.value ->> 2), ?2),
             total_us = min(total_us + (n.value ->> 3), ?2),
             max_us = max(max_us, n.value ->> 4),
             rows_returned = min(rows_returned + (n.value ->> 5), ?2),
             errors = min(errors + (n.value ->> 6), ?2),
             last_used_us = max(last_used_us, n.value ->> 7)
         FROM json_each(?1) n WHERE statement_id = n.value ->> 0",
    )
    .bind(json)
    .bind(LARGEST)
    .execute(connection)
    .await?;
    Ok(())
}

/// Adds to the buckets. `routes` are the rows of the batch's routes.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    intern: &mut Intern,
    buckets: &mut OpenBuckets,
    stats: &BatchStats,
    routes: &[i64],
    run: i64,
    at_us: i64,
) -> Result<(), Fault> {
    buckets.trim(at_us);
    let by_route: Vec<(RouteKey, &RouteFigures)> = stats
        .by_route
        .iter()
        .map(|((bucket, route), figures)| ((*bucket, routes[*route], run), figures))
        .collect();
    let mut by_statement: Vec<(StatementKey, &StatementFigures)> =
        Vec::with_capacity(stats.by_statement.len());
    for ((bucket, fingerprint, route, call_site), figures) in &stats.by_statement {
        // Every statement of a batch has its totals there.
        let Some(totals) = stats.totals.get(fingerprint) else {
            continue;
        };
        let statement = intern
            .statement(connection, &totals.statement, at_us)
            .await?;
        let call_site = intern
            .call_site(connection, call_site.as_ref(), at_us)
            .await?;
        by_statement.push((
            (*bucket, statement, routes[*route], call_site, run),
            figures,
        ));
    }
    load_routes(connection, buckets, &by_route).await?;
    load_statements(connection, buckets, &by_statement).await?;

    for (key, figures) in &by_route {
        buckets.routes.entry(*key).or_default().merge(figures);
    }
    let rows: Vec<_> = by_route
        .iter()
        .filter_map(|(key, _)| Some((MINUTE_S, *key, buckets.routes.get(key)?)))
        .collect();
    replace_routes(connection, &rows).await?;

    for (key, figures) in &by_statement {
        buckets.statements.entry(*key).or_default().merge(figures);
    }
    let rows: Vec<_> = by_statement
        .iter()
        .filter_map(|(key, _)| Some((MINUTE_S, *key, buckets.statements.get(key)?)))
        .collect();
    replace_statements(connection, &rows).await
}

pub(super) async fn replace_routes(
    connection: &mut SqliteConnection,
    rows: &[(i64, RouteKey, &RouteFigures)],
) -> Result<(), Fault> {
    const HEAD: &str = "INSERT OR REPLACE INTO route_stats (width_s, bucket_us, route_id, run_id,
         requests, errors, total_us, sql_us, queries, max_queries, durations)";
    insert_rows(
        connection,
        HEAD,
        11,
        rows,
        |arguments, (width, key, figures)| {
            for number in [*width, key.0, key.1, key.2] {
                arguments.add(number)?;
            }
            for number in [
                figures.requests,
                figures.errors,
                figures.total_us,
                figures.sql_us,
                figures.queries,
                figures.max_queries,
            ] {
                arguments.add(to_i64(number))?;
            }
            arguments.add(to_bytes(&figures.durations))
        },
    )
    .await
}

pub(super) async fn replace_statements(
    connection: &mut SqliteConnection,
    rows: &[(i64, StatementKey, &StatementFigures)],
) -> Result<(), Fault> {
    const HEAD: &str = "INSERT OR REPLACE INTO statement_stats (width_s, bucket_us, statement_id,
         route_id, call_site_id, run_id, calls, requests, errors, total_us, rows_returned, max_us,
         slowest_sequence, durations)";
    insert_rows(
        connection,
        HEAD,
        14,
        rows,
        |arguments, (width, key, figures)| {
            for number in [*width, key.0, key.1, key.2, key.3, key.4] {
                arguments.add(number)?;
            }
            for number in [
                figures.calls,
                figures.requests,
                figures.errors,
                figures.total_us,
                figures.rows,
                figures.max_us,
            ] {
                arguments.add(to_i64(number))?;
            }
            arguments.add(figures.slowest)?;
            arguments.add(to_bytes(&figures.durations))
        },
    )
    .await
}

/// Remembers the buckets that were begun before this connection was opened.
async fn load_routes(
    connection: &mut SqliteConnection,
    buckets: &mut OpenBuckets,
    wanted: &[(RouteKey, &RouteFigures)],
) -> Result<(), Fault> {
    let missing: Vec<String> = wanted
        .iter()
        .filter(|(key, _)| !buckets.routes.contains_key(key))
        .map(|((bucket, route, run), _)| super::intern::json_numbers([*bucket, *route, *run]))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let rows = query(
        "SELECT s.bucket_us, s.route_id, s.run_id, s.requests, s.errors, s.total_us, s.sql_us,
                s.queries, s.max_queries, s.durations
         FROM json_each(?1) k CROSS JOIN route_stats s
           ON s.width_s = ?2 AND s.bucket_us = k.value ->> 0 AND s.route_id = k.value ->> 1
              AND s.run_id = k.value ->> 2",
    )
    .bind(format!("[{}]", missing.join(",")))
    .bind(MINUTE_S)
    .fetch_all(connection)
    .await?;
    for row in rows {
        let key = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        buckets.routes.insert(key, route_figures(&row, 3)?);
    }
    Ok(())
}

async fn load_statements(
    connection: &mut SqliteConnection,
    buckets: &mut OpenBuckets,
    wanted: &[(StatementKey, &StatementFigures)],
) -> Result<(), Fault> {
    let missing: Vec<String> = wanted
        .iter()
        .filter(|(key, _)| !buckets.statements.contains_key(key))
        .map(|(key, _)| super::intern::json_numbers([key.0, key.1, key.2, key.3, key.4]))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let rows = query(
        "SELECT s.bucket_us, s.statement_id, s.route_id, s.call_site_id, s.run_id, s.calls,
                s.requests, s.errors, s.total_us, s.rows_returned, s.max_us, s.slowest_sequence,
                s.durations
         FROM json_each(?1) k CROSS JOIN statement_stats s
           ON s.statement_id = k.value ->> 1 AND s.width_s = ?2 AND s.bucket_us = k.value ->> 0
              AND s.route_id = k.value ->> 2 AND s.call_site_id = k.value ->> 3
              AND s.run_id = k.value ->> 4",
    )
    .bind(format!("[{}]", missing.join(",")))
    .bind(MINUTE_S)
    .fetch_all(connection)
    .await?;
    for row in rows {
        let key = (
            row.try_get(0)?,
            row.try_get(1)?,
            row.try_get(2)?,
            row.try_get(3)?,
            row.try_get(4)?,
        );
        buckets.statements.insert(key, statement_figures(&row, 5)?);
    }
    Ok(())
}

/// Figures of a route from seven columns starting at `first`.
pub(super) fn route_figures(
    row: &sqlx::sqlite::SqliteRow,
    first: usize,
) -> Result<RouteFigures, Fault> {
    Ok(RouteFigures {
        requests: to_u64(row.try_get(first)?),
        errors: to_u64(row.try_get(first + 1)?),
        total_us: to_u64(row.try_get(first + 2)?),
        sql_us: to_u64(row.try_get(first + 3)?),
        queries: to_u64(row.try_get(first + 4)?),
        max_queries: to_u64(row.try_get(first + 5)?),
        durations: from_bytes(row.try_get(first + 6)?).ok_or(Fault::Nonsense("a histogram"))?,
    })
}

/// Figures of a statement from eight columns starting at `first`.
pub(super) fn statement_figures(
    row: &sqlx::sqlite::SqliteRow,
    first: usize,
) -> Result<StatementFigures, Fault> {
    Ok(StatementFigures {
        calls: to_u64(row.try_get(first)?),
        requests: to_u64(row.try_get(first + 1)?),
        errors: to_u64(row.try_get(first + 2)?),
        total_us: to_u64(row.try_get(first + 3)?),
        rows: to_u64(row.try_get(first + 4)?),
        max_us: to_u64(row.try_get(first + 5)?),
        slowest: row.try_get(first + 6)?,
        durations: from_bytes(row.try_get(first + 7)?).ok_or(Fault::Nonsense("a histogram"))?,
    })
}
