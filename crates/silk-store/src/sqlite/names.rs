//! What rows point at, read back: statements, databases, call sites.

use std::{collections::HashMap, sync::Arc};

use silk_core::{CallSite, Database, DatabaseKind, Fingerprint, Statement};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query};

use super::{
    error::Fault,
    json::{from_json, json_numbers},
    numbers::database_kind,
};

/// What stands for a text whose row is gone: the rest of the request is still worth showing.
pub(super) const NOT_KEPT: &str = "-- this text is no longer kept";

pub(super) fn unknown_statement() -> Statement {
    Statement {
        fingerprint: Fingerprint(0),
        database: DatabaseKind::Unknown,
        normalized: NOT_KEPT.to_owned(),
        command: "OTHER".to_owned(),
        tables: Vec::new(),
    }
}

pub(super) const fn unknown_database() -> Database {
    Database {
        kind: DatabaseKind::Unknown,
        name: String::new(),
    }
}

pub(super) const fn unknown_call_site() -> CallSite {
    CallSite {
        function: String::new(),
        file: String::new(),
        line: 0,
    }
}

/// What [`statement`] reads.
pub(super) const STATEMENT_COLUMNS: &str =
    "s.statement_id, s.fingerprint, s.database_kind, s.command, s.tables, s.normalized";

/// The statement in a row of [`STATEMENT_COLUMNS`].
pub(super) fn statement(row: &sqlx::sqlite::SqliteRow) -> Result<Statement, Fault> {
    Ok(Statement {
        fingerprint: Fingerprint(row.try_get::<i64, _>("fingerprint")?.cast_unsigned()),
        database: database_kind(row.try_get("database_kind")?),
        command: row.try_get("command")?,
        tables: from_json(row.try_get("tables")?),
        normalized: row.try_get("normalized")?,
    })
}

pub(super) async fn statements(
    connection: &mut SqliteConnection,
    ids: Vec<i64>,
) -> Result<HashMap<i64, Arc<Statement>>, Fault> {
    let rows = query(AssertSqlSafe(format!(
        "SELECT {STATEMENT_COLUMNS} FROM statements s
         WHERE s.statement_id IN (SELECT value FROM json_each(?))"
    )))
    .bind(json_numbers(ids))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("statement_id")?, Arc::new(statement(row)?))))
        .collect()
}

pub(super) async fn databases(
    connection: &mut SqliteConnection,
    ids: Vec<i64>,
) -> Result<HashMap<i64, Arc<Database>>, Fault> {
    let rows = query(
        "SELECT database_id, kind, name FROM databases
         WHERE database_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_numbers(ids))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let database = Database {
                kind: database_kind(row.try_get("kind")?),
                name: row.try_get("name")?,
            };
            Ok((row.try_get("database_id")?, Arc::new(database)))
        })
        .collect()
}

/// Call sites by id; `ids` is a JSON array.
pub(super) async fn call_sites(
    connection: &mut SqliteConnection,
    ids: String,
) -> Result<HashMap<i64, CallSite>, Fault> {
    let rows = query(
        "SELECT call_site_id, function, file, line FROM call_sites
         WHERE call_site_id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let call_site = CallSite {
                function: row.try_get("function")?,
                file: row.try_get("file")?,
                line: row.try_get("line")?,
            };
            Ok((row.try_get("call_site_id")?, call_site))
        })
        .collect()
}
