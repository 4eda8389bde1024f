use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use silk_core::{
    BoxFuture, ExplainMode, ExplainOutput, PlanFormat, Value,
    explain::{IndexAdvice, LadderStep},
};
use sqlx_core::{
    connection::ConnectOptions as _, error::Error, executor::Executor as _, query::query_with,
    query_scalar::query_scalar, raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnectOptions, PgConnection, Postgres};

use super::{
    ExplainConfig,
    advise::{self, AdviceQuestion},
    analyze, generic,
    inspect::{self, INSPECT_TIMEOUT},
    ladder,
    session::{Session, quiet},
    target::{ExplainTarget, Failure, Inspection, Question},
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
            let open = async || open(&self.options).await;
            let timeout = question.timeout;
            let raw = match question.mode {
                ExplainMode::Estimated => {
                    self.session
                        .run(timeout, open, async |c| ask(c, &question).await)
                        .await?
                }
                ExplainMode::Generic => {
                    self.session
                        .run(timeout, open, async |c| generic::ask(c, &question).await)
                        .await?
                }
                ExplainMode::Analyze { confirmed } => {
                    self.session
                        .run_once(timeout, open, async |c| {
                            analyze::postgres::ask(c, &question, confirmed).await
                        })
                        .await?
                }
            };
            Ok(ExplainOutput {
                format: PlanFormat::PostgresJson,
                raw,
                analyzed: question.mode.runs(),
            })
        })
    }

    fn ladder(&self, timeout: Duration) -> BoxFuture<'_, Result<Vec<LadderStep>, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options).await;
            self.session
                .run(timeout, open, async |c| ladder::postgres::ladder(c).await)
                .await
        })
    }

    fn advise(&self, asked: AdviceQuestion) -> BoxFuture<'_, Result<IndexAdvice, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options).await;
            let timeout = asked.question.timeout + asked.budget;
            self.session
                .run(timeout, open, async |c| {
                    advise::postgres::advise(c, &asked).await
                })
                .await
        })
    }

    fn inspect(&self, timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options).await;
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

/// A connection that tells no plans of its own statements.
async fn open(options: &PgConnectOptions) -> Result<PgConnection, Error> {
    const SILENCE: &str = "SELECT set_config('auto_explain.log_min_duration', '-1', false) \
         FROM pg_catalog.pg_settings WHERE name = 'auto_explain.log_min_duration'";
    let mut connection = options.connect().await?;
    // Where the role may not, what it tells is not listened to.
    let _ = connection.execute(raw_sql(SILENCE)).await;
    Ok(connection)
}

/// Begins a transaction that writes nothing and waits for nothing long.
pub(super) async fn begin(connection: &mut PgConnection, timeout: Duration) -> Result<(), Error> {
    // `SET LOCAL`, not start-up parameters: those a connection pooler in between refuses.
    let begin = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {timeout}; \
         SET LOCAL lock_timeout = {locks}; \
         SET LOCAL idle_in_transaction_session_timeout = {idle}",
        timeout = timeout.as_millis().max(1),
        locks = (timeout / 4).as_millis().max(1),
        idle = (timeout * 2).as_millis().max(1),
    );
    connection.execute(raw_sql(AssertSqlSafe(begin))).await?;
    Ok(())
}

async fn ask(connection: &mut PgConnection, question: &Question) -> Result<String, Failure> {
    begin(connection, question.timeout).await?;
    let raw = explain(connection, question, "").await?;
    connection.execute(raw_sql("ROLLBACK")).await?;
    Ok(raw)
}

/// Explains the statement with its values; `more` adds options.
pub(super) async fn explain(
    connection: &mut PgConnection,
    question: &Question,
    more: &str,
) -> Result<String, Failure> {
    let types = resolve(connection, &question.values).await?;
    let arguments = rebind(&question.values, |name| types.get(name).copied())?;
    let mut options = "FORMAT JSON, VERBOSE".to_owned();
    if connection
        .server_version_num()
        .is_some_and(|version| version >= 120_000)
    {
        options.push_str(", SETTINGS");
    }
    options.push_str(more);
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
    Ok(row.try_get_unchecked(0)?)
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
