//! A search for text: in the SQL of statements, in errors, or as trace id.

use silk_core::store::trace_id_of;
use sqlx::{SqliteConnection, query_scalar, sqlite::SqliteArguments};

use super::{
    super::{error::Fault, json::json_numbers},
    bind::bind,
    few::FEW,
};

/// The condition on a request, ` AND …`, with its arguments; and whether it leads to so few
/// requests that all of them are read.
pub(super) async fn condition(
    connection: &mut SqliteConnection,
    text: &str,
    arguments: &mut SqliteArguments,
) -> Result<(String, bool), Fault> {
    let lower = text.to_ascii_lowercase().into_bytes();
    // As bytes: a text may hold NUL, at which SQL functions on texts stop.
    let statements: Vec<i64> = query_scalar(
        "SELECT statement_id FROM statements
         WHERE instr(CAST(lower(normalized) AS BLOB), ?) > 0",
    )
    .bind(&*lower)
    .fetch_all(&mut *connection)
    .await?;
    let trace = trace_id_of(text).and_then(|id| u128::from_str_radix(&id, 16).ok());
    let statements = json_numbers(statements);
    let are_few = trace.is_none() && are_few(connection, &statements).await?;
    bind(arguments, &*statements)?;
    bind(arguments, lower)?;
    if are_few {
        // The conditions lead to them by themselves.
        let sql = " AND q.sequence IN
                 (SELECT sequence FROM request_statements
                      WHERE statement_id IN (SELECT value FROM json_each(?))
                  UNION SELECT sequence FROM request_errors WHERE instr(text, ?) > 0)";
        return Ok((sql.to_owned(), true));
    }
    let mut sql = " AND (EXISTS (SELECT 1 FROM request_statements s WHERE s.sequence = q.sequence
                     AND +s.statement_id IN (SELECT value FROM json_each(?)))
                 OR EXISTS (SELECT 1 FROM request_errors e WHERE e.sequence = q.sequence
                     AND instr(e.text, ?) > 0)"
        .to_owned();
    if let Some(trace) = trace {
        sql.push_str(" OR q.trace_id = ?");
        bind(arguments, &trace.to_be_bytes()[..])?;
    }
    sql.push(')');
    Ok((sql, false))
}

/// Whether few requests ran one of the statements, and few failed at all.
async fn are_few(connection: &mut SqliteConnection, statements: &str) -> Result<bool, Fault> {
    let uses: i64 = query_scalar(
        "SELECT count(*) FROM (SELECT 1 FROM request_statements
             WHERE statement_id IN (SELECT value FROM json_each(?)) LIMIT ?)",
    )
    .bind(statements)
    .bind(FEW)
    .fetch_one(&mut *connection)
    .await?;
    if uses >= FEW {
        return Ok(false);
    }
    let errors: i64 = query_scalar("SELECT count(*) FROM (SELECT 1 FROM request_errors LIMIT ?)")
        .bind(FEW)
        .fetch_one(connection)
        .await?;
    Ok(errors < FEW)
}
