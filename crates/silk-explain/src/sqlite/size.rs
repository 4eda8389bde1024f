//! How many rows a table has, without counting them.

use silk_core::DatabaseKind;
use silk_plan::advice::quote_name;
use sqlx_core::{executor::Executor as _, query::query, row::Row as _, sql_str::AssertSqlSafe};
use sqlx_sqlite::{Sqlite, SqliteConnection};

use crate::target::Failure;

/// Rows by the statistics, else by the largest rowid; and whether there are statistics.
pub(super) async fn rows(
    app: &mut SqliteConnection,
    table: &str,
) -> Result<(Option<f64>, bool), Failure> {
    let has = app
        .fetch_optional(
            query::<Sqlite>("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'")
                .persistent(false),
        )
        .await?;
    if has.is_some() {
        let row = app
            .fetch_optional(
                query::<Sqlite>(
                    "SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 \
                     WHERE tbl = $1 COLLATE NOCASE",
                )
                .bind(table.to_owned())
                .persistent(false),
            )
            .await?;
        if let Some(row) = row
            && let Some(rows) = row.try_get::<Option<i64>, _>(0)?
        {
            return Ok((Some(float(rows)), true));
        }
    }
    // The ends of the tree: two descents, whatever its size. A table may have no rowid.
    let ends = format!(
        "SELECT (SELECT max(rowid) FROM {0}) - (SELECT min(rowid) FROM {0}) + 1",
        quote_name(table, DatabaseKind::Sqlite)
    );
    let span = app
        .fetch_one(query::<Sqlite>(AssertSqlSafe(ends)).persistent(false))
        .await;
    let rows = span
        .ok()
        .and_then(|row| row.try_get::<Option<i64>, _>(0).ok().flatten());
    Ok((rows.map(float), false))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of rows: beyond 2^53 there are none"
)]
pub(super) const fn float(number: i64) -> f64 {
    number as f64
}
