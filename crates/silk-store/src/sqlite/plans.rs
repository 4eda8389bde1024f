//! Plans that were kept.

use chrono::DateTime;
use silk_core::{
    Database, ExplainOutput, Fingerprint, PlanFormat, PlanId, PlanRecord, PlanShape, PlanSource,
    QueryRef, RequestId,
};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query, sqlite::SqliteRow};

use super::{error::Fault, intern::database_number, request::database_kind};

const COLUMNS: &str = "id, request_id, seq, fingerprint, database_kind, database_name, captured_us,
     source, shape, duration_us, total_cost, format, is_analyzed, raw";

/// Keeps a plan, if it is not known yet.
pub(super) async fn add(connection: &mut SqliteConnection, plan: &PlanRecord) -> Result<(), Fault> {
    query(AssertSqlSafe(format!(
        "INSERT INTO plans ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING"
    )))
    .bind(plan.id.0)
    .bind(plan.query.map(|query| query.request_id.0))
    .bind(plan.query.map(|query| query.seq))
    .bind(
        plan.fingerprint
            .map(|fingerprint| fingerprint.0.cast_signed()),
    )
    .bind(database_number(plan.database.kind))
    .bind(&plan.database.name)
    .bind(plan.captured_at.timestamp_micros())
    .bind(plan.source.as_str())
    .bind(plan.shape.map(|shape| shape.0.cast_signed()))
    .bind(plan.duration_us.map(u64::cast_signed))
    .bind(plan.total_cost)
    .bind(plan.output.format.as_str())
    .bind(plan.output.analyzed)
    .bind(&plan.output.raw)
    .execute(connection)
    .await?;
    Ok(())
}

/// One plan.
pub(super) async fn plan(
    connection: &mut SqliteConnection,
    id: PlanId,
) -> Result<Option<PlanRecord>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM plans WHERE id = ?");
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
        "SELECT {COLUMNS} FROM plans WHERE request_id = ? ORDER BY captured_us DESC, id DESC"
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
        "SELECT {COLUMNS} FROM plans WHERE fingerprint = ?
         ORDER BY captured_us DESC, id DESC LIMIT ?"
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
    let source: &str = row.try_get(7)?;
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
        database: Database {
            kind: database_kind(row.try_get(4)?),
            name: row.try_get(5)?,
        },
        captured_at: DateTime::from_timestamp_micros(row.try_get(6)?)
            .ok_or(Fault::Nonsense("a time"))?,
        source: source
            .parse::<PlanSource>()
            .map_err(|_| Fault::Nonsense("the source of a plan"))?,
        shape: row
            .try_get::<Option<i64>, _>(8)?
            .map(|shape| PlanShape(shape.cast_unsigned())),
        duration_us: row.try_get::<Option<i64>, _>(9)?.map(i64::cast_unsigned),
        total_cost: row.try_get(10)?,
        output: ExplainOutput {
            format: format
                .parse::<PlanFormat>()
                .map_err(|_| Fault::Nonsense("the form of a plan"))?,
            raw: row.try_get(13)?,
            analyzed: row.try_get(12)?,
        },
    })
}
