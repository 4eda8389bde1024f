//! Statements: the list.

pub(super) mod detail;
mod row;

use silk_core::{
    RequestId,
    store::{Cursor, Page, StatementFilter, StatementSort, StatementSummary},
};
use sqlx::{
    Arguments, AssertSqlSafe, SqliteConnection, query_scalar_with, query_with,
    sqlite::SqliteArguments,
};

use super::{
    error::Fault,
    names::STATEMENT_COLUMNS,
    numbers::{database_number, to_u64},
};
use crate::page_size;
use row::{FIGURES, summary};

/// A page of statements.
pub(super) async fn statements(
    connection: &mut SqliteConnection,
    filter: &StatementFilter,
) -> Result<Page<StatementSummary>, Fault> {
    // A statement without calls is only named by requests that hold no figures of it.
    let mut sql = String::from("FROM statements s WHERE s.calls > 0");
    let mut arguments = SqliteArguments::default();
    let mut add = |condition: &str, bound: Result<(), sqlx::error::BoxDynError>| {
        sql.push_str(condition);
        bound.map_err(sqlx::Error::Encode)
    };
    if let Some(text) = &filter.text {
        add(
            " AND instr(lower(s.normalized), ?) > 0",
            arguments.add(text.to_ascii_lowercase()),
        )?;
    }
    if let Some(table) = &filter.table {
        add(
            " AND EXISTS (SELECT 1 FROM json_each(s.tables) t WHERE t.value = ?)",
            arguments.add(table),
        )?;
    }
    if let Some(command) = &filter.command {
        add(" AND s.command = ?", arguments.add(command))?;
    }
    if let Some(database) = filter.database {
        add(
            " AND s.database_kind = ?",
            arguments.add(database_number(database)),
        )?;
    }
    let total: i64 = query_scalar_with(
        AssertSqlSafe(format!("SELECT count(*) {sql}")),
        arguments.clone(),
    )
    .fetch_one(&mut *connection)
    .await?;
    let rank = match filter.sort {
        StatementSort::Total => "s.total_us",
        StatementSort::Calls => "s.calls",
        StatementSort::Mean => "CAST(s.total_us AS REAL) / max(s.calls, 1)",
        StatementSort::Max => "s.max_us",
        StatementSort::CallsPerRequest => "CAST(s.calls AS REAL) / max(s.requests, 1)",
    };
    let size = page_size(filter.limit);
    for number in [
        i64::try_from(size).unwrap_or(i64::MAX),
        i64::from(filter.offset),
    ] {
        arguments.add(number).map_err(sqlx::Error::Encode)?;
    }
    // Fingerprints are kept as signed numbers; flipping the sign orders them as they are.
    let rows = query_with(
        AssertSqlSafe(format!(
            "SELECT {STATEMENT_COLUMNS}, {FIGURES} {sql}
             ORDER BY {rank} DESC, s.fingerprint < 0, s.fingerprint LIMIT ? OFFSET ?"
        )),
        arguments,
    )
    .fetch_all(connection)
    .await?;
    let items = rows.iter().map(summary).collect::<Result<Vec<_>, _>>()?;
    let end = i64::from(filter.offset).saturating_add(i64::try_from(items.len()).unwrap_or(0));
    Ok(Page {
        next: (end < total && !items.is_empty()).then(|| Cursor {
            key: end,
            id: RequestId(uuid::Uuid::nil()),
        }),
        items,
        total: Some(to_u64(total)),
        ..Page::default()
    })
}
