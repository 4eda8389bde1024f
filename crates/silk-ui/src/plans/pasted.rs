//! Plans from anywhere: what is pasted is read here, and freed of secrets before it is kept.

use std::sync::Arc;

use chrono::Utc;
use silk_core::{
    Database, DatabaseKind, ExplainOutput, PlanFormat, PlanId, PlanRecord, PlanSource, Redactor,
    sql::SqlReader,
};
use silk_plan::Plan;
use uuid::Uuid;

use crate::{
    draw::format::{bytes, cut, sentence, whole},
    error::Failure,
};

/// Bytes of a pasted plan.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Makes a record of a pasted text, or says in words why it is no plan.
pub(crate) fn understand(text: &str) -> Result<PlanRecord, String> {
    if text.len() > MAX_BYTES {
        return Err(format!(
            "That is {} of text; a plan is at most 1 MB.",
            bytes(u64::try_from(text.len()).unwrap_or(u64::MAX))
        ));
    }
    let raw = unix_lines(text);
    let plan =
        Plan::detect_and_parse(&raw).map_err(|error| sentence(&cut(&error.to_string(), 400)))?;
    let kind = match plan.format {
        PlanFormat::PostgresJson | PlanFormat::PostgresText => DatabaseKind::Postgres,
        PlanFormat::MySqlJson | PlanFormat::MySqlTree => DatabaseKind::MySql,
        PlanFormat::SqliteRows => DatabaseKind::Sqlite,
    };
    let database = Database {
        kind,
        name: String::new(),
    };
    let fingerprint = plan.query_text.as_deref().map(|sql| {
        SqlReader::new(Arc::new(Redactor::default()))
            .read(sql, &Arc::new(database.clone()))
            .statement
            .fingerprint
    });
    let duration_us = plan
        .execution_ms
        .filter(|ms| ms.is_finite() && *ms >= 0.0)
        .map(|ms| whole(ms * 1e3));
    Ok(PlanRecord {
        id: PlanId(Uuid::now_v7()),
        query: None,
        fingerprint,
        database,
        captured_at: Utc::now(),
        source: PlanSource::Pasted,
        shape: plan.shape.parse().ok(),
        duration_us,
        total_cost: plan.root.estimate.and_then(|estimate| estimate.total_cost),
        output: ExplainOutput {
            format: plan.format,
            analyzed: plan.analyzed,
            raw,
        },
    })
}

/// Forms send line breaks as two characters.
pub(crate) fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Takes secrets out of a pasted plan before it is kept.
///
/// # Errors
/// In words, where nothing of a plan would be left.
pub(crate) fn redacted(mut record: PlanRecord) -> Result<PlanRecord, Failure> {
    let raw = Redactor::default().text(&record.output.raw);
    if raw != record.output.raw {
        if Plan::parse(record.output.format, &raw).is_err() {
            return Err(Failure::unprocessable(
                "redaction",
                "It holds what looks like a secret, and without that it is no plan any more: it \
                 was not kept.",
            ));
        }
        record.output.raw = raw;
    }
    Ok(record)
}
