//! A rewrite and its runs in one snapshot of SQLite: on a connection that cannot write, rolled back,
//! limited in time, and closed afterwards.

use std::time::{Duration, Instant};

use silk_capture::sql::values::{RebindError, sqlite::rebind};
use silk_core::{
    BoxFuture, DatabaseKind, ExplainOutput, PlanFormat, Value,
    explain::{Cell, Proof},
};
use sqlx_core::{
    executor::Executor as _, query::query_with, raw_sql::raw_sql, row::Row as _,
    sql_str::AssertSqlSafe, type_info::TypeInfo as _, value::ValueRef as _,
};
use sqlx_sqlite::{Sqlite, SqliteConnection, SqliteRow};

use super::estimate;
use crate::{
    prove::{self, CellsRead, Snapshot, Taken},
    target::{Failure, ProofQuestion, Question},
};

/// How long a reader may stay where it keeps writers from their commit: without a write-ahead log.
/// The app's own wait for it is 5 s in sqlx.
const MAX_IN_THE_WAY: Duration = Duration::from_secs(1);

/// Steps of SQLite's machine between two looks at the clock: some tens of microseconds.
const STEPS: i32 = 1_000;

/// Runs both, and compares.
pub(super) async fn ask(
    connection: &mut SqliteConnection,
    mut asked: ProofQuestion,
) -> Result<Proof, Failure> {
    // It has no arrays.
    let varied = asked.request.varied;
    let one = prove::one_of(&asked, |_| Err(RebindError::Unavailable(varied + 1)))?;
    let row = connection.fetch_one(raw_sql("PRAGMA journal_mode")).await?;
    if row.try_get_unchecked::<String, _>(0)? != "wal" {
        asked.limit = asked.limit.min(MAX_IN_THE_WAY);
    }
    connection.execute(raw_sql("BEGIN")).await?;
    let until = Instant::now() + asked.limit;
    connection
        .lock_handle()
        .await?
        .set_progress_handler(STEPS, move || Instant::now() < until);
    let mut snapshot = SqliteSnapshot(connection);
    let proof = prove::prove(&mut snapshot, &asked, &one).await?;
    if !prove::is_broken_off(&proof) {
        connection.execute(raw_sql("ROLLBACK")).await?;
    }
    Ok(proof)
}

struct SqliteSnapshot<'c>(&'c mut SqliteConnection);

impl Snapshot for SqliteSnapshot<'_> {
    fn limit(&mut self, _left: Duration) -> BoxFuture<'_, Result<(), Failure>> {
        // The progress handler looks at the clock.
        Box::pin(std::future::ready(Ok(())))
    }

    fn run<'a>(
        &'a mut self,
        sql: &'a str,
        values: &'a [Value],
        taken: &'a mut Taken<'_>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let arguments = rebind(values)?;
            let query =
                query_with::<Sqlite, _>(AssertSqlSafe(sql.to_owned()), arguments).persistent(true);
            Ok(taken.all(self.0.fetch(query), cells).await?)
        })
    }

    fn plan<'a>(
        &'a mut self,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<ExplainOutput, Failure>> {
        Box::pin(async move {
            Ok(ExplainOutput {
                format: PlanFormat::SqliteRows,
                raw: estimate::ask(self.0, question).await?,
                analyzed: false,
            })
        })
    }
}

fn cells(row: &SqliteRow) -> CellsRead {
    let mut cells = Vec::with_capacity(row.len());
    let mut size = 0;
    for at in 0..row.len() {
        let value = row.try_get_raw(at)?;
        let is_null = value.is_null();
        let type_info = value.type_info();
        let name = if is_null { "" } else { type_info.name() };
        let bytes: Option<Vec<u8>> = match name {
            "" => None,
            "INTEGER" => Some(row.try_get_unchecked::<i64, _>(at)?.to_le_bytes().to_vec()),
            "REAL" => Some(row.try_get_unchecked::<f64, _>(at)?.to_le_bytes().to_vec()),
            _ => Some(row.try_get_unchecked(at)?),
        };
        size += bytes.as_ref().map_or(0, Vec::len);
        cells.push(Cell::read(DatabaseKind::Sqlite, name, bytes.as_deref()));
    }
    Ok((cells, size))
}
