use std::{fmt, sync::Arc, time::Duration};

use silk_core::{
    BoxFuture, DatabaseKind, ExplainMode, ExplainOutput, PlanFormat,
    explain::{IndexAdvice, LadderStep},
    sql::{explainable_calls, reading_calls},
};
use sqlx_core::{
    connection::ConnectOptions as _, error::Error, executor::Executor as _, query::query_with,
    raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_mysql::{MySql, MySqlConnectOptions, MySqlConnection};

use super::{
    ExplainConfig,
    advise::{self, AdviceQuestion},
    analyze,
    inspect::{self, INSPECT_TIMEOUT},
    ladder, refusal,
    session::{Session, quiet},
    target::{ExplainTarget, Failure, Inspection, Question},
};
use crate::sql::values::mysql::rebind;

/// A MySQL or MariaDB database.
struct MySqlTarget {
    options: MySqlConnectOptions,
    session: Session<MySqlConnection>,
}

/// The way to a MySQL or MariaDB database with the app's options.
pub(crate) fn target(
    options: &MySqlConnectOptions,
    config: ExplainConfig,
) -> Arc<dyn ExplainTarget> {
    Arc::new(MySqlTarget {
        options: quiet(options),
        session: Session::new(config.idle),
    })
}

impl ExplainTarget for MySqlTarget {
    fn explain(&self, question: Question) -> BoxFuture<'_, Result<ExplainOutput, Failure>> {
        Box::pin(async move {
            let timeout = question.timeout;
            let open = async || open(&self.options, timeout).await;
            let (format, raw) = match question.mode {
                ExplainMode::Analyze { confirmed } => {
                    self.session
                        .run_once(timeout, open, async |c| {
                            analyze::mysql::ask(c, &question, confirmed).await
                        })
                        .await?
                }
                ExplainMode::Estimated | ExplainMode::Generic => {
                    let raw = self
                        .session
                        .run(timeout, open, async |c| ask(c, &question).await)
                        .await?;
                    (PlanFormat::MySqlJson, raw)
                }
            };
            Ok(ExplainOutput {
                format,
                raw,
                analyzed: question.mode.runs(),
            })
        })
    }

    fn ladder(&self, timeout: Duration) -> BoxFuture<'_, Result<Vec<LadderStep>, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, timeout).await;
            self.session
                .run(timeout, open, async |c| ladder::mysql::ladder(c).await)
                .await
        })
    }

    fn advise(&self, asked: AdviceQuestion) -> BoxFuture<'_, Result<IndexAdvice, Failure>> {
        Box::pin(async move {
            let timeout = asked.question.timeout;
            let open = async || open(&self.options, timeout).await;
            self.session
                .run(timeout + asked.budget, open, async |c| {
                    let raw = ask(c, &asked.question).await?;
                    advise::mysql::advise(c, &asked, &raw).await
                })
                .await
        })
    }

    fn inspect(&self, timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, timeout).await;
            self.session
                .run(INSPECT_TIMEOUT, open, async |c| {
                    limit(c, timeout).await?;
                    inspect::mysql::inspect(c).await
                })
                .await
        })
    }
}

impl fmt::Debug for MySqlTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold a password.
        f.debug_struct("MySqlTarget")
            .field("host", &self.options.get_host())
            .finish_non_exhaustive()
    }
}

/// A connection with its limits set; the two servers name and count them differently.
async fn open(options: &MySqlConnectOptions, timeout: Duration) -> Result<MySqlConnection, Error> {
    let mut connection = options.connect().await?;
    let locks = (timeout / 4).as_secs().max(1);
    let settings = format!(
        "SET SESSION lock_wait_timeout = {locks}, SESSION innodb_lock_wait_timeout = {locks}"
    );
    connection.execute(raw_sql(AssertSqlSafe(settings))).await?;
    limit(&mut connection, timeout).await?;
    Ok(connection)
}

/// Which of the two servers it is.
pub(super) async fn is_mariadb(connection: &mut MySqlConnection) -> Result<bool, Error> {
    let row = connection.fetch_one(raw_sql("SELECT VERSION()")).await?;
    Ok(row.try_get_unchecked::<String, _>(0)?.contains("MariaDB"))
}

/// Limits the next statements to `timeout`.
pub(super) async fn limit(
    connection: &mut MySqlConnection,
    timeout: Duration,
) -> Result<(), Error> {
    let setting = if is_mariadb(connection).await? {
        format!("max_statement_time = {}", timeout.as_secs_f64())
    } else {
        format!("max_execution_time = {}", timeout.as_millis())
    };
    let set = format!("SET SESSION {setting}");
    connection.execute(raw_sql(AssertSqlSafe(set))).await?;
    Ok(())
}

async fn ask(connection: &mut MySqlConnection, question: &Question) -> Result<String, Failure> {
    let arguments = rebind(&question.values)?;
    limit(connection, question.timeout).await?;
    let reads = reading_calls(&question.sql, DatabaseKind::MySql);
    if reads.is_none() {
        // Deterministic functions of constants are run while planning, and not every table's
        // engine rolls back.
        let calls = explainable_calls(&question.sql, DatabaseKind::MySql).unwrap_or_default();
        let writing = analyze::mysql::may_write(connection, &calls).await?;
        if !writing.is_empty() {
            return Err(Failure::Refused(refusal::explaining_may_write(&writing)));
        }
    }
    // Both servers refuse to explain in a read-only transaction what would write; without ANALYZE
    // nothing is written in either case.
    let begin = if reads.is_some() {
        "START TRANSACTION READ ONLY"
    } else {
        "START TRANSACTION"
    };
    connection.execute(raw_sql(begin)).await?;
    let explain = format!("EXPLAIN FORMAT=JSON {}", question.sql);
    let row = connection
        .fetch_one(query_with::<MySql, _>(AssertSqlSafe(explain), arguments).persistent(false))
        .await?;
    let raw: String = row.try_get_unchecked(0)?;
    connection.execute(raw_sql("ROLLBACK")).await?;
    if reads.is_none_or(|calls| calls.iter().any(|call| !call.is_harmless)) {
        // `GET_LOCK` of constants may have been run for the plan.
        connection
            .execute(raw_sql("DO RELEASE_ALL_LOCKS()"))
            .await?;
    }
    Ok(raw)
}
