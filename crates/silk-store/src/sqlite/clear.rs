//! Removing every record.

use sqlx::{AssertSqlSafe, Connection, query};

use super::{error::Fault, generation, open::Writer, retention_state::RetentionState};

/// All tables but that of migrations, and what people accept.
const TABLES: [&str; 20] = [
    "requests",
    "request_details",
    "request_statements",
    "findings",
    "request_errors",
    "finding_lives",
    "plans",
    "plan_forms",
    "plan_stats",
    "figures",
    "unsummed_figures",
    "route_stats",
    "statement_stats",
    "top_thresholds",
    "sql_texts",
    "call_sites",
    "statements",
    "databases",
    "routes",
    "runs",
];

/// Empties every table and gives the space back.
pub(super) async fn clear(writer: &mut Writer) -> Result<(), Fault> {
    let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
    for table in TABLES {
        // Without a condition SQLite drops whole pages, not rows.
        query(AssertSqlSafe(format!("DELETE FROM {table}")))
            .execute(&mut *transaction)
            .await?;
    }
    generation::next(&mut transaction).await?;
    transaction.commit().await?;
    writer.retention = RetentionState::default();
    writer.flagged = [0; 3];
    query("PRAGMA incremental_vacuum")
        .execute(&mut writer.connection)
        .await?;
    // Readers may hold the log; then it is cut when they are done.
    query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut writer.connection)
        .await?;
    Ok(())
}
