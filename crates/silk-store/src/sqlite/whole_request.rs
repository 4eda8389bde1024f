//! One request, whole.

use std::{collections::HashMap, sync::Arc};

use silk_core::{
    Database, Finding, Fingerprint, Histogram, RequestId, RequestRecord, RequestStatement, SqlText,
    Statement,
};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, query, query_scalar};

use super::{
    error::Fault,
    json::{json_counts, json_numbers},
    names::{
        NOT_KEPT, call_sites, databases, statements, unknown_call_site, unknown_database,
        unknown_statement,
    },
    numbers::{severity, to_u64},
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
    let sequence: i64 = row.try_get("sequence")?;
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

/// A text that several requests share, with the numbers of what it belongs to.
struct Interned {
    statement: i64,
    database: i64,
    is_redacted: bool,
    text: Arc<str>,
}

/// The texts that `refs` stand for, in their order.
async fn texts(connection: &mut SqliteConnection, refs: &[TextRef]) -> Result<Vec<SqlText>, Fault> {
    let interned = interned(connection, refs).await?;
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
        .map(|text| (text.statement, text.database))
        .chain(inline)
        .unzip();
    let owners = Owners {
        statements: statements(connection, statement_ids).await?,
        databases: databases(connection, database_ids).await?,
    };
    let texts = refs.iter().map(|text| match text {
        TextRef::Stored(id) => match interned.get(&id.cast_signed()) {
            Some(text) => owners.text(
                &text.text,
                text.statement,
                text.database,
                false,
                text.is_redacted,
            ),
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
        } => owners.text(
            &Arc::from(&**text),
            statement.cast_signed(),
            database.cast_signed(),
            *has_literals,
            *is_redacted,
        ),
    });
    Ok(texts.collect())
}

/// The shared texts among `refs`, by number.
async fn interned(
    connection: &mut SqliteConnection,
    refs: &[TextRef],
) -> Result<HashMap<i64, Interned>, Fault> {
    let stored = refs.iter().filter_map(|text| match text {
        TextRef::Stored(id) => Some(*id),
        TextRef::Inline { .. } => None,
    });
    let rows = query(
        "SELECT t.sql_text_id, t.statement_id, t.database_id, t.is_redacted, t.text
         FROM sql_texts t WHERE t.sql_text_id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_counts(stored))
    .fetch_all(connection)
    .await?;
    let mut interned = HashMap::new();
    for row in rows {
        let text: String = row.try_get("text")?;
        interned.insert(
            row.try_get("sql_text_id")?,
            Interned {
                statement: row.try_get("statement_id")?,
                database: row.try_get("database_id")?,
                is_redacted: row.try_get("is_redacted")?,
                text: text.into(),
            },
        );
    }
    Ok(interned)
}

/// What texts belong to, by number.
struct Owners {
    statements: HashMap<i64, Arc<Statement>>,
    databases: HashMap<i64, Arc<Database>>,
}

impl Owners {
    fn text(
        &self,
        text: &Arc<str>,
        statement: i64,
        database: i64,
        has_literals: bool,
        is_redacted: bool,
    ) -> SqlText {
        let statement = self.statements.get(&statement).cloned();
        let database = self.databases.get(&database).cloned();
        SqlText {
            text: Arc::clone(text),
            statement: statement.unwrap_or_else(|| Arc::new(unknown_statement())),
            database: database.unwrap_or_else(|| Arc::new(unknown_database())),
            has_literals,
            is_redacted,
        }
    }
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
    let column = |column: &str| {
        rows.iter()
            .map(|row| row.try_get(column))
            .collect::<Result<Vec<i64>, sqlx::Error>>()
    };
    let known = statements(connection, column("statement_id")?).await?;
    let sites = call_sites(connection, json_numbers(column("call_site_id")?)).await?;
    rows.iter()
        .map(|row| {
            let number = |column: &str| Ok::<_, Fault>(to_u64(row.try_get(column)?));
            Ok(RequestStatement {
                statement: known
                    .get(&row.try_get("statement_id")?)
                    .cloned()
                    .unwrap_or_else(|| Arc::new(unknown_statement())),
                call_site: sites.get(&row.try_get("call_site_id")?).cloned(),
                calls: number("calls")?,
                errors: number("errors")?,
                total_us: number("total_us")?,
                max_us: number("max_us")?,
                rows: number("rows_returned")?,
                distinct_values: row
                    .try_get::<Option<i64>, _>("distinct_values")?
                    .map(to_u64),
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
        .map(|row| row.try_get("call_site_id"))
        .collect::<Result<Vec<i64>, sqlx::Error>>()?;
    let sites = call_sites(connection, json_numbers(sites)).await?;
    rows.iter()
        .map(|row| {
            Ok(Finding {
                rule: row.try_get("rule")?,
                severity: severity(row.try_get("severity")?),
                title: row.try_get("title")?,
                detail: row.try_get("detail")?,
                fingerprint: row
                    .try_get::<Option<i64>, _>("fingerprint")?
                    .map(|number| Fingerprint(number.cast_unsigned())),
                lost_us: row.try_get::<Option<i64>, _>("saves_us")?.map(to_u64),
                remedy: row.try_get("remedy")?,
                query: row.try_get("query")?,
                call_site: sites.get(&row.try_get("call_site_id")?).cloned(),
            })
        })
        .collect()
}
