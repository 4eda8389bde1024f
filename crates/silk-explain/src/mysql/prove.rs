//! A rewrite and its runs in one snapshot of MySQL or MariaDB: read-only, rolled back, limited in
//! time, on a connection that is closed afterwards.

use std::time::Duration;

use silk_capture::sql::values::{RebindError, mysql::rebind};
use silk_core::{
    BoxFuture, DatabaseKind, ExplainOutput, Value,
    explain::{Cell, Proof},
    sql::reading_calls,
};
use sqlx_core::{
    column::Column as _, connection::Connection as _, executor::Executor as _, query::query_with,
    raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe, type_info::TypeInfo as _,
};
use sqlx_mysql::{MySql, MySqlConnection, MySqlRow};

use super::{
    analyze::{doubtful, run_for_plan},
    connection::limit,
};
use crate::{
    prove::{self, CellsRead, Snapshot, Taken},
    refusal,
    target::{Failure, ProofQuestion, Question},
};

/// Runs both, and compares.
pub(super) async fn ask(
    connection: &mut MySqlConnection,
    asked: &ProofQuestion,
) -> Result<Proof, Failure> {
    // It has no arrays.
    let one = prove::one_of(asked, |_| {
        Err(RebindError::Unavailable(asked.request.varied + 1))
    })?;
    limit(connection, asked.limit).await?;
    for sql in [&asked.many.sql, &one.sql] {
        let calls = reading_calls(sql, DatabaseKind::MySql).unwrap_or_default();
        let functions = doubtful(connection, &calls).await?;
        if !functions.is_empty() {
            return Err(Failure::Refused(refusal::proof_calls(&functions)));
        }
    }
    connection
        .execute(raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        .await?;
    connection
        .execute(raw_sql(
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ))
        .await?;
    let mut snapshot = MySqlSnapshot(connection);
    let proof = prove::prove(&mut snapshot, asked, &one).await?;
    if !prove::is_broken_off(&proof) {
        // For a pooler in between, which would keep what was prepared.
        let _ = connection.clear_cached_statements().await;
        connection
            .execute(raw_sql("ROLLBACK; DO RELEASE_ALL_LOCKS()"))
            .await?;
    }
    Ok(proof)
}

struct MySqlSnapshot<'c>(&'c mut MySqlConnection);

impl Snapshot for MySqlSnapshot<'_> {
    fn limit(&mut self, left: Duration) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move { Ok(limit(self.0, left).await?) })
    }

    fn run<'a>(
        &'a mut self,
        sql: &'a str,
        values: &'a [Value],
        taken: &'a mut Taken<'_>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let arguments = rebind(values)?;
            // Prepared once, as the app's pool does; thrown away with the transaction.
            let query =
                query_with::<MySql, _>(AssertSqlSafe(sql.to_owned()), arguments).persistent(true);
            Ok(taken.all(self.0.fetch(query), cells).await?)
        })
    }

    fn plan<'a>(
        &'a mut self,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<ExplainOutput, Failure>> {
        Box::pin(async move {
            let (format, raw) = run_for_plan(self.0, question).await?;
            Ok(ExplainOutput {
                format,
                raw,
                analyzed: true,
            })
        })
    }
}

fn cells(row: &MySqlRow) -> CellsRead {
    let mut cells = Vec::with_capacity(row.len());
    let mut size = 0;
    for column in row.columns() {
        // As it was sent: this type takes any bytes.
        let bytes: Option<&[u8]> = row.try_get_unchecked(column.ordinal())?;
        size += bytes.map_or(0, <[u8]>::len);
        let name = column.type_info().name();
        cells.push(Cell::read(DatabaseKind::MySql, name, bytes));
    }
    Ok((cells, size))
}
