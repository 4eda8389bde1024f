//! A row as a plan.

use chrono::DateTime;
use silk_core::{
    Database, ExplainOutput, Fingerprint, PlanFormat, PlanId, PlanRecord, PlanShape, PlanSource,
    QueryRef, RequestId,
};
use sqlx::{Row, sqlite::SqliteRow};

use super::{
    super::{
        error::Fault,
        numbers::{database_kind, to_u64},
    },
    packed,
};

/// What [`record`] reads.
pub(super) const COLUMNS: &str =
    "p.id, p.request_id, p.seq, p.fingerprint, d.kind, d.name, p.captured_us,
     p.source, p.shape, p.duration_us, p.total_cost, p.format, p.is_analyzed, p.raw";

/// What the columns are from.
pub(super) const TABLES: &str = "plans p JOIN databases d ON d.database_id = p.database_id";

/// The plan in a row of [`COLUMNS`].
pub(super) fn record(row: &SqliteRow) -> Result<PlanRecord, Fault> {
    let request_id: Option<uuid::Uuid> = row.try_get("request_id")?;
    let seq: Option<u32> = row.try_get("seq")?;
    let format: &str = row.try_get("format")?;
    Ok(PlanRecord {
        id: PlanId(row.try_get("id")?),
        query: request_id.zip(seq).map(|(request_id, seq)| QueryRef {
            request_id: RequestId(request_id),
            seq,
        }),
        fingerprint: row
            .try_get::<Option<i64>, _>("fingerprint")?
            .map(|fingerprint| Fingerprint(fingerprint.cast_unsigned())),
        database: database(row)?,
        captured_at: DateTime::from_timestamp_micros(row.try_get("captured_us")?)
            .ok_or(Fault::Nonsense("a time"))?,
        source: source(row.try_get("source")?)?,
        shape: row
            .try_get::<Option<i64>, _>("shape")?
            .map(|shape| PlanShape(shape.cast_unsigned())),
        duration_us: row.try_get::<Option<i64>, _>("duration_us")?.map(to_u64),
        total_cost: row.try_get("total_cost")?,
        output: ExplainOutput {
            format: format
                .parse::<PlanFormat>()
                .map_err(|_| Fault::Nonsense("the form of a plan"))?,
            raw: packed::unpack(row.try_get("raw")?)
                .ok_or(Fault::Nonsense("the print of a plan"))?,
            analyzed: row.try_get("is_analyzed")?,
        },
    })
}

/// The database in the columns `kind` and `name`.
pub(super) fn database(row: &SqliteRow) -> Result<Database, Fault> {
    Ok(Database {
        kind: database_kind(row.try_get("kind")?),
        name: row.try_get("name")?,
    })
}

/// The source that a word stands for.
pub(super) fn source(word: &str) -> Result<PlanSource, Fault> {
    word.parse()
        .map_err(|_| Fault::Nonsense("the source of a plan"))
}
