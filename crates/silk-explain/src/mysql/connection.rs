use std::time::Duration;

use sqlx_core::{
    connection::ConnectOptions as _, error::Error, executor::Executor as _, raw_sql::raw_sql,
    row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_mysql::{MySqlConnectOptions, MySqlConnection};

/// A connection with its limits set; the two servers name and count them differently.
pub(super) async fn open(
    options: &MySqlConnectOptions,
    timeout: Duration,
) -> Result<MySqlConnection, Error> {
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
