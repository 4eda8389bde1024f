//! Figures as the first schema kept them, a row for each: read where they are, and moved into
//! packed rows step by step. Nothing is added to them any more.
//!
//! Columns are read by number here: a page over a week reads tens of thousands of these rows, and a
//! look-up by name would cost for each.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use silk_core::store::StatsWindow;
use sqlx::{Arguments, sqlite::SqliteArguments};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query, query_with, sqlite::SqliteRow};

use super::{
    super::{error::Fault, numbers::to_u64},
    group::{At, Figures, Group, Place, is_statement, part_of},
    rows::{self, Packed},
    unsummed,
};
use crate::stats::{RouteFigures, StatementFigures, WIDTHS, from_bytes};

/// Rows moved at a time.
const MAX_MOVED_ROWS: u32 = 500;

/// Figures that had a table of their own.
pub(in super::super) trait First: Figures {
    const TABLE: &'static str;
    /// Statement (0 for routes), width, bucket, route, call site (0 for routes) and run.
    const KEY: &'static str;
    /// The columns of its primary key, of those above, in its order.
    const PRIMARY: &'static [(usize, &'static str)];
    const COLUMNS: &'static str;
    /// The figures in [`Self::COLUMNS`], which start at `first`.
    fn of_row(row: &SqliteRow, first: usize) -> Result<Self, Fault>;
}

impl First for RouteFigures {
    const TABLE: &'static str = "route_stats";
    const KEY: &'static str = "0, s.width_s, s.bucket_us, s.route_id, 0, s.run_id";
    const PRIMARY: &'static [(usize, &'static str)] = &[
        (1, "width_s"),
        (2, "bucket_us"),
        (3, "route_id"),
        (5, "run_id"),
    ];
    const COLUMNS: &'static str =
        "s.requests, s.errors, s.total_us, s.sql_us, s.queries, s.max_queries, s.durations";

    fn of_row(row: &SqliteRow, first: usize) -> Result<Self, Fault> {
        Ok(Self {
            requests: to_u64(row.try_get(first)?),
            errors: to_u64(row.try_get(first + 1)?),
            total_us: to_u64(row.try_get(first + 2)?),
            sql_us: to_u64(row.try_get(first + 3)?),
            queries: to_u64(row.try_get(first + 4)?),
            max_queries: to_u64(row.try_get(first + 5)?),
            durations: from_bytes(row.try_get(first + 6)?).ok_or(Fault::Nonsense("a histogram"))?,
        })
    }
}

impl First for StatementFigures {
    const TABLE: &'static str = "statement_stats";
    const KEY: &'static str =
        "s.statement_id, s.width_s, s.bucket_us, s.route_id, s.call_site_id, s.run_id";
    const PRIMARY: &'static [(usize, &'static str)] = &[
        (0, "statement_id"),
        (1, "width_s"),
        (2, "bucket_us"),
        (3, "route_id"),
        (4, "call_site_id"),
        (5, "run_id"),
    ];
    const COLUMNS: &'static str = "s.calls, s.requests, s.errors, s.total_us, s.rows_returned,
         s.max_us, s.slowest_sequence, s.durations";

    fn of_row(row: &SqliteRow, first: usize) -> Result<Self, Fault> {
        Ok(Self {
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
}

/// As [`each_of`](super::read::each_of), of what was not moved yet; of all statements where none is
/// named.
pub(super) async fn within<F: First>(
    connection: &mut SqliteConnection,
    statement: Option<i64>,
    window: &StatsWindow,
    mut each: impl FnMut(At, F),
) -> Result<(), Fault> {
    let (key, columns, table) = (F::KEY, F::COLUMNS, F::TABLE);
    let of_statement = match F::PRIMARY.first() {
        Some((_, "statement_id")) if statement.is_some() => "s.statement_id = ?4",
        _ => "ifnull(?4, 0) IS NOT NULL",
    };
    let rows = query(AssertSqlSafe(format!(
        "SELECT {key}, {columns} FROM json_each(?1) w CROSS JOIN {table} s
           ON {of_statement} AND s.width_s = w.value
              AND s.bucket_us > ?2 - w.value * 1000000 AND s.bucket_us < ?3"
    )))
    .bind(WIDTHS)
    .bind(window.since.timestamp_micros())
    .bind(window.until.timestamp_micros())
    .bind(statement)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let at = At {
            statement: row.try_get(0)?,
            width_s: row.try_get(1)?,
            bucket_us: row.try_get(2)?,
            route: row.try_get(3)?,
            call_site: row.try_get(4)?,
            run: row.try_get(5)?,
        };
        each(at, F::of_row(row, 6)?);
    }
    Ok(())
}

/// Moves figures into packed rows until none is left or the time is up; `true` if there were any.
pub(in super::super) async fn step(
    connection: &mut SqliteConnection,
    time: Duration,
) -> Result<bool, Fault> {
    let started = Instant::now();
    let mut is_any = false;
    while chunk::<RouteFigures>(connection).await? || chunk::<StatementFigures>(connection).await? {
        is_any = true;
        if started.elapsed() >= time {
            break;
        }
    }
    Ok(is_any)
}

/// Moves the first rows of a table; `false` if it is empty.
async fn chunk<F: First>(connection: &mut SqliteConnection) -> Result<bool, Fault> {
    let (key, columns, table) = (F::KEY, F::COLUMNS, F::TABLE);
    let (numbers, names): (Vec<usize>, Vec<&str>) = F::PRIMARY.iter().copied().unzip();
    let names = names.join(", ");
    let found = query(AssertSqlSafe(format!(
        "SELECT {key}, {columns} FROM {table} s ORDER BY {names} LIMIT ?"
    )))
    .bind(MAX_MOVED_ROWS)
    .fetch_all(&mut *connection)
    .await?;
    let Some(last) = found.last() else {
        return Ok(false);
    };
    let mut groups: HashMap<Place, Group<F>> = HashMap::new();
    for row in &found {
        let route: i64 = row.try_get(3)?;
        let place = Place {
            statement: row.try_get(0)?,
            width_s: row.try_get(1)?,
            bucket_us: row.try_get(2)?,
            part: part_of(route),
            run: row.try_get(5)?,
        };
        // What cannot be read is dropped: it would be in the way for ever.
        if let Ok(figures) = F::of_row(row, 6) {
            let group = groups.entry(place).or_default();
            group.add(route, row.try_get(4)?, figures);
        }
    }
    for row in rows::find(connection, groups.keys().copied()).await? {
        if let Some(group) = rows::group(&row)? {
            groups.entry(Place::of_row(&row)?).or_default().merge(group);
        }
    }
    let statements = groups.keys().filter(|place| is_statement(place.statement));
    unsummed::note(connection, statements.copied()).await?;
    let moved: Vec<Packed> = rows::pack(groups).collect();
    rows::replace(connection, &moved).await?;

    let mut arguments = SqliteArguments::default();
    for number in &numbers {
        let value: i64 = last.try_get(*number)?;
        arguments.add(value).map_err(sqlx::Error::Encode)?;
    }
    let marks = vec!["?"; numbers.len()].join(", ");
    query_with(
        AssertSqlSafe(format!("DELETE FROM {table} WHERE ({names}) <= ({marks})")),
        arguments,
    )
    .execute(connection)
    .await?;
    Ok(true)
}
