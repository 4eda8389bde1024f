//! One request, whole.

use std::{collections::HashMap, sync::Arc};

use silk_core::{
    Finding, Fingerprint, Histogram, RequestId, RequestRecord, RequestStatement, SqlText,
};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, query, query_scalar};

use super::{
    error::Fault,
    insert::to_u64,
    json::{json_counts, json_numbers},
    names::{
        NOT_KEPT, call_sites, databases, statements, unknown_call_site, unknown_database,
        unknown_statement,
    },
    numbers::severity,
    requests::{COLUMNS, JOINS, summary},
};
use crate::detail::{TextRef, decode};

/// The request, if it is kept.
pub(super) async fn request(
    connection: &mut SqliteConnection,
    id: RequestId,
) -> Result<Option<RequestRecord>, Fault> {
    // One snapshot for all parts.
    let mut transaction = connection.begin().await?;
    let record = record(&mut transaction, id).await;
    transaction.rollback().await?;
    record
}

async fn record(
    connection: &mut SqliteConnection,
    id: RequestId,
) -> Result<Option<RequestRecord>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM requests q {JOINS} WHERE q.id = ?");
    let row = query(AssertSqlSafe(sql))
        .bind(id.0)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let sequence: i64 = row.try_get(0)?;
    let summary = summary(&row)?;

    let blob: Option<Vec<u8>> =
        query_scalar("SELECT detail FROM request_details WHERE sequence = ?")
            .bind(sequence)
            .fetch_optional(&mut *connection)
            .await?;
    let stored = decode(&blob.ok_or(Fault::Nonsense("a request without its detail"))?)?;
    let texts = texts(connection, &stored.texts).await?;
    let by_id = call_sites(connection, json_counts(stored.call_sites.iter().copied())).await?;
    let call_sites = stored
        .call_sites
        .iter()
        .map(|id| {
            by_id
                .get(&id.cast_signed())
                .cloned()
                .unwrap_or_else(unknown_call_site)
        })
        .collect();
    Ok(Some(RequestRecord {
        summary,
        detail: stored.resolve(texts, call_sites)?,
        statements: statements_of(connection, sequence).await?,
        findings: findings_of(connection, sequence).await?,
    }))
}

/// The texts that `refs` stand for, in their order.
async fn texts(connection: &mut SqliteConnection, refs: &[TextRef]) -> Result<Vec<SqlText>, Fault> {
    let stored = refs.iter().filter_map(|text| match text {
        TextRef::Stored(id) => Some(*id),
        TextRef::Inline { .. } => None,
    });
    let rows = query(
        "SELECT t.sql_text_id, t.statement_id, t.database_id, t.is_redacted, t.text
         FROM sql_texts t WHERE t.sql_text_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_counts(stored))
    .fetch_all(&mut *connection)
    .await?;
    let mut interned: HashMap<i64, (i64, i64, bool, Arc<str>)> = HashMap::new();
    for row in rows {
        let text: String = row.try_get(4)?;
        interned.insert(
            row.try_get(0)?,
            (
                row.try_get(1)?,
                row.try_get(2)?,
                row.try_get(3)?,
                text.into(),
            ),
        );
    }
    let inline = refs.iter().filter_map(|text| match text {
        TextRef::Inline {
            statement,
            database,
            ..
        } => Some((statement.cast_signed(), database.cast_signed())),
        TextRef::Stored(_) => None,
    });
    let (statement_ids, database_ids): (Vec<i64>, Vec<i64>) = interned
        .values()
        .map(|(statement, database, ..)| (*statement, *database))
        .chain(inline)
        .unzip();
    let statements = statements(connection, statement_ids).await?;
    let databases = databases(connection, database_ids).await?;
    let statement_of = |id: i64| {
        statements
            .get(&id)
            .cloned()
            .unwrap_or_else(|| Arc::new(unknown_statement()))
    };
    let database_of = |id: i64| {
        databases
            .get(&id)
            .cloned()
            .unwrap_or_else(|| Arc::new(unknown_database()))
    };
    Ok(refs
        .iter()
        .map(|text| match text {
            TextRef::Stored(id) => match interned.get(&id.cast_signed()) {
                Some((statement, database, is_redacted, text)) => SqlText {
                    text: Arc::clone(text),
                    statement: statement_of(*statement),
                    database: database_of(*database),
                    has_literals: false,
                    is_redacted: *is_redacted,
                },
                None => SqlText {
                    text: Arc::from(NOT_KEPT),
                    statement: Arc::new(unknown_statement()),
                    database: Arc::new(unknown_database()),
                    has_literals: false,
                    is_redacted: true,
                },
            },
            TextRef::Inline {
                text,
                statement,
                database,
                has_literals,
                is_redacted,
            } => SqlText {
                text: Arc::from(&**text),
                statement: statement_of(statement.cast_signed()),
                database: database_of(database.cast_signed()),
                has_literals: *has_literals,
                is_redacted: *is_redacted,
            },
        })
        .collect())
}

async fn statements_of(
    connection: &mut SqliteConnection,
    sequence: i64,
) -> Result<Vec<RequestStatement>, Fault> {
    let rows = query(
        "SELECT statement_id, call_site_id, calls, errors, total_us, max_us, rows_returned,
                distinct_values
         FROM request_statements WHERE sequence = ? ORDER BY position",
    )
    .bind(sequence)
    .fetch_all(&mut *connection)
    .await?;
    let column = |column: usize| {
        rows.iter()
            .map(|row| row.try_get(column))
            .collect::<Result<Vec<i64>, sqlx::Error>>()
    };
    let known = statements(connection, column(0)?).await?;
    let sites = call_sites(connection, json_numbers(column(1)?)).await?;
    rows.iter()
        .map(|row| {
            let number = |column: usize| Ok::<_, Fault>(to_u64(row.try_get(column)?));
            Ok(RequestStatement {
                statement: known
                    .get(&row.try_get(0)?)
                    .cloned()
                    .unwrap_or_else(|| Arc::new(unknown_statement())),
                call_site: sites.get(&row.try_get(1)?).cloned(),
                calls: number(2)?,
                errors: number(3)?,
                total_us: number(4)?,
                max_us: number(5)?,
                rows: number(6)?,
                distinct_values: row.try_get::<Option<i64>, _>(7)?.map(to_u64),
                durations: Histogram::default(),
            })
        })
        .collect()
}

async fn findings_of(
    connection: &mut SqliteConnection,
    sequence: i64,
) -> Result<Vec<Finding>, Fault> {
    let rows = query(
        "SELECT rule, severity, title, detail, fingerprint, saves_us, remedy, query, call_site_id
         FROM findings WHERE sequence = ? ORDER BY position",
    )
    .bind(sequence)
    .fetch_all(&mut *connection)
    .await?;
    let sites = rows
        .iter()
        .map(|row| row.try_get(8))
        .collect::<Result<Vec<i64>, sqlx::Error>>()?;
    let sites = call_sites(connection, json_numbers(sites)).await?;
    rows.iter()
        .map(|row| {
            Ok(Finding {
                rule: row.try_get(0)?,
                severity: severity(row.try_get(1)?),
                title: row.try_get(2)?,
                detail: row.try_get(3)?,
                fingerprint: row
                    .try_get::<Option<i64>, _>(4)?
                    .map(|number| Fingerprint(number.cast_unsigned())),
                lost_us: row.try_get::<Option<i64>, _>(5)?.map(to_u64),
                remedy: row.try_get(6)?,
                query: row.try_get(7)?,
                call_site: sites.get(&row.try_get(8)?).cloned(),
            })
        })
        .collect()
}
