use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use silk_core::{BoxFuture, ExplainOutput, PlanFormat, Value};
use sqlx_core::{
    connection::ConnectOptions as _, error::Error, executor::Executor as _, query::query_with,
    query_scalar::query_scalar, raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnectOptions, PgConnection, Postgres};

use super::{
    ExplainConfig,
    inspect::{self, INSPECT_TIMEOUT, Inspection},
    session::{Session, quiet},
    target::{ExplainTarget, Failure, Question},
};
use crate::sql::values::postgres::{built_in_oid, lacks_element_type, rebind};

/// A PostgreSQL database.
struct PostgresTarget {
    options: PgConnectOptions,
    session: Session<PgConnection>,
}

/// The way to a PostgreSQL database with the app's options.
pub(crate) fn target(options: &PgConnectOptions, config: ExplainConfig) -> Arc<dyn ExplainTarget> {
    Arc::new(PostgresTarget {
        options: quiet(options).application_name("tower-silk explain"),
        session: Session::new(config.idle),
    })
}

impl ExplainTarget for PostgresTarget {
    fn explain(&self, question: Question) -> BoxFuture<'_, Result<ExplainOutput, Failure>> {
        Box::pin(async move {
            let open = async || self.options.connect().await;
            let timeout = question.timeout;
            let raw = self
                .session
                .run(timeout, open, async |c| ask(c, &question).await)
                .await?;
            Ok(ExplainOutput {
                format: PlanFormat::PostgresJson,
                raw,
                analyzed: question.analyze,
            })
        })
    }

    fn inspect(&self, timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>> {
        Box::pin(async move {
            let open = async || self.options.connect().await;
            self.session
                .run(INSPECT_TIMEOUT, open, async |c| {
                    inspect::postgres::inspect(c, timeout).await
                })
                .await
        })
    }
}

impl fmt::Debug for PostgresTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold a password.
        f.debug_struct("PostgresTarget")
            .field("host", &self.options.get_host())
            .finish_non_exhaustive()
    }
}

async fn ask(connection: &mut PgConnection, question: &Question) -> Result<String, Failure> {
    // `SET LOCAL`, not start-up parameters: those a connection pooler in between refuses.
    let begin = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {timeout}; SET LOCAL lock_timeout = {locks}",
        timeout = question.timeout.as_millis(),
        locks = (question.timeout / 4)
            .max(Duration::from_millis(1))
            .as_millis(),
    );
    connection.execute(raw_sql(AssertSqlSafe(begin))).await?;
    let types = resolve(connection, &question.values).await?;
    let arguments = rebind(&question.values, |name| types.get(name).copied())?;
    let mut options = "FORMAT JSON, VERBOSE".to_owned();
    if connection
        .server_version_num()
        .is_some_and(|version| version >= 120_000)
    {
        options.push_str(", SETTINGS");
    }
    if question.analyze {
        options.push_str(", ANALYZE, BUFFERS");
    }
    let explain = format!("EXPLAIN ({options}) {}", question.sql);
    // Not persistent: nothing is left with a connection pooler in between. Types of the app's own
    // need a name, though: sqlx looks them up between preparing and binding, and its look-up takes
    // the place of the statement that has none.
    let is_named = !types.is_empty();
    let row = connection
        .fetch_one(
            query_with::<Postgres, _>(AssertSqlSafe(explain), arguments).persistent(is_named),
        )
        .await?;
    // JSON is text on the wire, though sqlx would want it decoded as a type of its own.
    let raw: String = row.try_get_unchecked(0)?;
    connection.execute(raw_sql("ROLLBACK")).await?;
    Ok(raw)
}

/// The numbers of those types of values that are not built in, by name.
async fn resolve(
    connection: &mut PgConnection,
    values: &[Value],
) -> Result<HashMap<String, u32>, Error> {
    let mut resolved = HashMap::new();
    for value in values {
        let element = value.type_name.trim_end_matches("[]");
        let names = [
            Some(value.type_name.as_str()),
            lacks_element_type(value).then_some(element),
        ];
        for name in names.into_iter().flatten() {
            if built_in_oid(name).is_some() || resolved.contains_key(name) {
                continue;
            }
            let oid = query_scalar::<Postgres, Option<i64>>("SELECT to_regtype($1)::oid::int8")
                .bind(name)
                .persistent(false)
                .fetch_one(&mut *connection)
                .await?;
            if let Some(oid) = oid.and_then(|oid| u32::try_from(oid).ok()) {
                resolved.insert(name.to_owned(), oid);
            }
        }
    }
    Ok(resolved)
}
