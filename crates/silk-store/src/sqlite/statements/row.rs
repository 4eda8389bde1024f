//! A row of a statement as a summary.

use std::sync::Arc;

use chrono::DateTime;
use silk_core::store::StatementSummary;
use sqlx::{Row, sqlite::SqliteRow};

use super::super::{error::Fault, names::statement, numbers::to_u64};

/// The figures after `STATEMENT_COLUMNS`.
pub(super) const FIGURES: &str =
    "s.calls, s.requests, s.total_us, s.max_us, s.rows_returned, s.errors, s.last_used_us";

/// The summary in a row of `STATEMENT_COLUMNS` and [`FIGURES`].
pub(super) fn summary(row: &SqliteRow) -> Result<StatementSummary, Fault> {
    let number = |column: &str| Ok::<_, Fault>(to_u64(row.try_get(column)?));
    Ok(StatementSummary {
        statement: Arc::new(statement(row)?),
        calls: number("calls")?,
        requests: number("requests")?,
        total_us: number("total_us")?,
        max_us: number("max_us")?,
        rows: number("rows_returned")?,
        errors: number("errors")?,
        last_seen_at: DateTime::from_timestamp_micros(row.try_get("last_used_us")?)
            .ok_or(Fault::Nonsense("a time"))?,
    })
}
