//! A rewrite and its runs in one snapshot of PostgreSQL: read-only, rolled back, limited in time,
//! on a connection that is closed afterwards.

use std::{collections::HashMap, time::Duration};

use silk_capture::sql::values::postgres::{array_of, rebind};
use silk_core::{
    BoxFuture, DatabaseKind, ExplainOutput, PlanFormat, Value,
    explain::{Cell, Proof},
};
use sqlx_core::{
    connection::Connection as _, error::Error, executor::Executor as _, query::query_with,
    raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe, type_info::TypeInfo as _,
    value::ValueRef as _,
};
use sqlx_postgres::{PgConnection, PgRow, Postgres};

use super::{
    analyze::{is_superuser, may_write, release},
    connection::begin_snapshot,
    estimate::{explain, resolve},
};
use crate::{
    prove::{self, CellsRead, Snapshot, Taken},
    refusal,
    target::{Failure, ProofQuestion, Question},
};

/// Runs both, and compares.
pub(super) async fn ask(
    connection: &mut PgConnection,
    asked: &ProofQuestion,
) -> Result<Proof, Failure> {
    let one = prove::one_of(asked, array_of)?;
    begin_snapshot(connection, &asked.many).await?;
    for question in [&asked.many, &one] {
        let functions = may_write(connection, question).await?;
        if !functions.is_empty() {
            return Err(Failure::Refused(refusal::proof_calls(&functions)));
        }
    }
    if !asked.request.is_confirmed && is_superuser(connection).await? {
        return Err(Failure::Refused(refusal::proof_as_superuser()));
    }
    let mut types = resolve(connection, &asked.many.values).await?;
    types.extend(resolve(connection, &one.values).await?);
    let mut snapshot = PgSnapshot { connection, types };
    let proof = prove::prove(&mut snapshot, asked, &one).await?;
    if !prove::is_broken_off(&proof) {
        // For a pooler in between, which would keep what was prepared.
        let _ = connection.clear_cached_statements().await;
        release(connection).await?;
    }
    Ok(proof)
}

struct PgSnapshot<'c> {
    connection: &'c mut PgConnection,
    /// Numbers of the types that are not built in.
    types: HashMap<String, u32>,
}

impl Snapshot for PgSnapshot<'_> {
    fn limit(&mut self, left: Duration) -> BoxFuture<'_, Result<(), Failure>> {
        Box::pin(async move {
            let set = format!("SET LOCAL statement_timeout = {}", left.as_millis().max(1));
            self.connection.execute(raw_sql(AssertSqlSafe(set))).await?;
            Ok(())
        })
    }

    fn run<'a>(
        &'a mut self,
        sql: &'a str,
        values: &'a [Value],
        taken: &'a mut Taken<'_>,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let arguments = rebind(values, |name| self.types.get(name).copied())?;
            // Prepared once, as the app's pool does; thrown away with the transaction.
            let query = query_with::<Postgres, _>(AssertSqlSafe(sql.to_owned()), arguments)
                .persistent(true);
            Ok(taken.all(self.connection.fetch(query), cells).await?)
        })
    }

    fn plan<'a>(
        &'a mut self,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<ExplainOutput, Failure>> {
        Box::pin(async move {
            Ok(ExplainOutput {
                format: PlanFormat::PostgresJson,
                raw: explain(self.connection, question, ", ANALYZE, BUFFERS").await?,
                analyzed: true,
            })
        })
    }
}

fn cells(row: &PgRow) -> CellsRead {
    let mut cells = Vec::with_capacity(row.len());
    let mut size = 0;
    for at in 0..row.len() {
        let value = row.try_get_raw(at)?;
        let bytes = if value.is_null() {
            None
        } else {
            Some(value.as_bytes().map_err(Error::Decode)?)
        };
        size += bytes.map_or(0, <[u8]>::len);
        let kind = DatabaseKind::Postgres;
        cells.push(Cell::read(kind, value.type_info().name(), bytes));
    }
    Ok((cells, size))
}
