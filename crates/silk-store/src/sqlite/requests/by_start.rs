//! Lists by start, newest first. What no index serves is searched chunk by chunk along the index of
//! starts until the time is up.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, SqliteConnection, query_scalar_with};
use uuid::Uuid;

use super::{
    super::error::Fault,
    bind::bind,
    condition::Conditions,
    found::{Found, MAX_SCANNED_REQUESTS, Rest},
};

/// Finds a page of requests after a place, by start.
pub(super) async fn search(
    connection: &mut SqliteConnection,
    conditions: &Conditions,
    after: (i64, Uuid),
    scan_time: Duration,
    found: &mut Found,
) -> Result<(), Fault> {
    let started = Instant::now();
    let mut after = after;
    loop {
        let until = if conditions.needs_scan() {
            let (sql, mut arguments) = conditions.along_index();
            bind(&mut arguments, after.0)?;
            bind(&mut arguments, MAX_SCANNED_REQUESTS)?;
            let sql =
                format!("{sql} AND q.started_us <= ? ORDER BY q.started_us DESC LIMIT 1 OFFSET ?");
            query_scalar_with::<_, i64, _>(
                AssertSqlSafe(format!("SELECT q.started_us {sql}")),
                arguments,
            )
            .fetch_optional(&mut *connection)
            .await?
        } else {
            None
        };
        let (sql, mut arguments) = conditions.all();
        bind(&mut arguments, after.0)?;
        bind(&mut arguments, after.0)?;
        bind(&mut arguments, after.1)?;
        bind(&mut arguments, until.unwrap_or(i64::MIN))?;
        bind(&mut arguments, found.wanted())?;
        let sql = format!(
            "SELECT q.sequence {sql} AND q.started_us <= ? AND (q.started_us < ? OR q.id < ?)
               AND q.started_us >= ?
             ORDER BY q.started_us DESC, q.id DESC LIMIT ?"
        );
        let sequences = query_scalar_with::<_, i64, _>(AssertSqlSafe(sql), arguments)
            .fetch_all(&mut *connection)
            .await?;
        found.sequences.extend(sequences);
        let Some(until) = until else { return Ok(()) };
        if found.is_full() {
            return Ok(());
        }
        // No id is below this one, so that all that started then are done with.
        after = (until, Uuid::nil());
        if started.elapsed() >= scan_time {
            found.rest = Rest::From(after.0, after.1);
            return Ok(());
        }
    }
}
