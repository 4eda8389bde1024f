//! Plans that were kept: one of each form in full, and how often each form was seen.

mod add;
mod compact;
mod form;
mod history;
mod packed;
mod row;

use silk_core::{Fingerprint, PlanId, PlanRecord, RequestId};
use sqlx::{AssertSqlSafe, SqliteConnection, query};

use super::error::Fault;
pub(super) use add::write;
pub(super) use compact::compact;
pub(super) use history::{changes, history};
use row::{COLUMNS, TABLES, record};

/// One plan.
pub(super) async fn plan(
    connection: &mut SqliteConnection,
    id: PlanId,
) -> Result<Option<PlanRecord>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE p.id = ?");
    let row = query(AssertSqlSafe(sql))
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(record).transpose()
}

/// Plans of a request, newest first.
pub(super) async fn of_request(
    connection: &mut SqliteConnection,
    id: RequestId,
) -> Result<Vec<PlanRecord>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE p.request_id = ?
         ORDER BY p.captured_us DESC, p.id DESC"
    );
    let rows = query(AssertSqlSafe(sql))
        .bind(id.0)
        .fetch_all(connection)
        .await?;
    rows.iter().map(record).collect()
}

/// Plans of a statement, newest first.
pub(super) async fn of_statement(
    connection: &mut SqliteConnection,
    fingerprint: Fingerprint,
    limit: u32,
) -> Result<Vec<PlanRecord>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE p.fingerprint = ?
         ORDER BY p.captured_us DESC, p.id DESC LIMIT ?"
    );
    let rows = query(AssertSqlSafe(sql))
        .bind(fingerprint.0.cast_signed())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(record).collect()
}
