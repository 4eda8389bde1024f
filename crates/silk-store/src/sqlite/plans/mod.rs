//! Plans that were kept: one of each form in full, and how often each form was seen.

mod add;
mod compact;
mod form;
mod history;
mod packed;

use chrono::DateTime;
use silk_core::{
    Database, ExplainOutput, Fingerprint, PlanFormat, PlanId, PlanRecord, PlanShape, PlanSource,
    QueryRef, RequestId,
};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query, sqlite::SqliteRow};

use super::{error::Fault, insert::to_u64, request::database_kind};
pub(super) use add::write;
pub(super) use compact::compact;
pub(super) use history::{changes, history};

/// What [`record`] reads.
const COLUMNS: &str = "p.id, p.request_id, p.seq, p.fingerprint, d.kind, d.name, p.captured_us,
     p.source, p.shape, p.duration_us, p.total_cost, p.format, p.is_analyzed, p.raw";

/// What the columns are from.
const TABLES: &str = "plans p JOIN databases d ON d.database_id = p.database_id";

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

fn record(row: &SqliteRow) -> Result<PlanRecord, Fault> {
    let request_id: Option<uuid::Uuid> = row.try_get(1)?;
    let seq: Option<u32> = row.try_get(2)?;
    let format: &str = row.try_get(11)?;
    Ok(PlanRecord {
        id: PlanId(row.try_get(0)?),
        query: request_id.zip(seq).map(|(request_id, seq)| QueryRef {
            request_id: RequestId(request_id),
            seq,
        }),
        fingerprint: row
            .try_get::<Option<i64>, _>(3)?
            .map(|fingerprint| Fingerprint(fingerprint.cast_unsigned())),
        database: database(row, 4)?,
        captured_at: DateTime::from_timestamp_micros(row.try_get(6)?)
            .ok_or(Fault::Nonsense("a time"))?,
        source: source(row.try_get(7)?)?,
        shape: row
            .try_get::<Option<i64>, _>(8)?
            .map(|shape| PlanShape(shape.cast_unsigned())),
        duration_us: row.try_get::<Option<i64>, _>(9)?.map(to_u64),
        total_cost: row.try_get(10)?,
        output: ExplainOutput {
            format: format
                .parse::<PlanFormat>()
                .map_err(|_| Fault::Nonsense("the form of a plan"))?,
            raw: packed::unpack(row.try_get(13)?).ok_or(Fault::Nonsense("the print of a plan"))?,
            analyzed: row.try_get(12)?,
        },
    })
}

/// The database in two columns starting at `first`.
fn database(row: &SqliteRow, first: usize) -> Result<Database, Fault> {
    Ok(Database {
        kind: database_kind(row.try_get(first)?),
        name: row.try_get(first + 1)?,
    })
}

fn source(word: &str) -> Result<PlanSource, Fault> {
    word.parse()
        .map_err(|_| Fault::Nonsense("the source of a plan"))
}
