use std::{fmt, sync::Arc, time::Duration};

use silk_core::{BoxFuture, DatabaseKind, ExplainOutput, PlanFormat, sql::is_read_only};
use sqlx_core::{
    connection::ConnectOptions as _, error::Error, executor::Executor as _, query::query_with,
    raw_sql::raw_sql, row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_mysql::{MySql, MySqlConnectOptions, MySqlConnection};

use super::{
    ExplainConfig,
    inspect::{self, INSPECT_TIMEOUT, Inspection},
    refusal,
    session::{Session, quiet},
    target::{ExplainTarget, Failure, Question},
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
            if question.analyze {
                return Err(Failure::Refused(refusal::analyze_unsupported(
                    "MySQL and MariaDB",
                )));
            }
            let timeout = question.timeout;
            let open = async || open(&self.options, timeout).await;
            let raw = self
                .session
                .run(timeout, open, async |c| ask(c, &question).await)
                .await?;
            Ok(ExplainOutput {
                format: PlanFormat::MySqlJson,
                raw,
                analyzed: false,
            })
        })
    }

    fn inspect(&self, timeout: Duration) -> BoxFuture<'_, Result<Inspection, Failure>> {
        Box::pin(async move {
            let open = async || open(&self.options, timeout).await;
            self.session
                .run(INSPECT_TIMEOUT, open, async |c| {
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
    let row = connection.fetch_one(raw_sql("SELECT VERSION()")).await?;
    let version: String = row.try_get_unchecked(0)?;
    let limit = if version.contains("MariaDB") {
        format!("max_statement_time = {}", timeout.as_secs_f64())
    } else {
        format!("max_execution_time = {}", timeout.as_millis())
    };
    let locks = (timeout / 4).as_secs().max(1);
    let settings = format!(
        "SET SESSION {limit}, SESSION lock_wait_timeout = {locks}, \
         SESSION innodb_lock_wait_timeout = {locks}"
    );
    connection.execute(raw_sql(AssertSqlSafe(settings))).await?;
    Ok(connection)
}

async fn ask(connection: &mut MySqlConnection, question: &Question) -> Result<String, Failure> {
    let arguments = rebind(&question.values)?;
    // Both servers refuse to explain in a read-only transaction what would write; without ANALYZE
    // nothing is written in either case.
    let begin = if is_read_only(&question.sql, DatabaseKind::MySql) {
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
    Ok(raw)
}
