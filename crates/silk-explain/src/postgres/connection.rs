use std::time::Duration;

use sqlx_core::{
    connection::ConnectOptions as _, error::Error, executor::Executor as _, raw_sql::raw_sql,
    sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnectOptions, PgConnection};

/// A connection that tells no plans of its own statements.
pub(super) async fn open(options: &PgConnectOptions) -> Result<PgConnection, Error> {
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
