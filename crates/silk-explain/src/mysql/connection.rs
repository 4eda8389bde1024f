//! Silk's own connection to MySQL or MariaDB: opened if there is room, with its limits set.

use std::time::Duration;

use sqlx_core::{
    connection::ConnectOptions as _, error::Error, executor::Executor as _, raw_sql::raw_sql,
    row::Row as _, sql_str::AssertSqlSafe,
};
use sqlx_mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError};

use crate::{
    refusal,
    room::{self, Limit, Room},
    target::Failure,
};

/// What the account and the server leave, this connection among those that are open. Without the
/// right to see others, an account sees its own connections, which are those that count. The server
/// keeps one connection more than it says, for administrators.
const ROOM: &str = "\
    SELECT CONCAT('the account ', CURRENT_USER()) AS whose, \
      CAST(@@SESSION.max_user_connections AS CHAR) AS most, \
      CAST((SELECT COUNT(*) FROM information_schema.PROCESSLIST p \
        WHERE p.USER = SUBSTRING_INDEX(USER(), '@', 1)) AS CHAR) AS open, \
      CONCAT('ALTER USER ', CURRENT_USER(), ' WITH MAX_USER_CONNECTIONS ', \
        @@SESSION.max_user_connections + 1, ';') AS remedy \
    UNION ALL \
    SELECT 'the server', CAST(@@GLOBAL.max_connections AS CHAR), \
      CAST((SELECT COUNT(*) FROM information_schema.PROCESSLIST p) AS CHAR), \
      'raise max_connections of the server, or lower that of the pools'";

/// Too many connections, of the server and of the account.
const TOO_MANY: [u16; 3] = [1040, 1203, 1226];

/// A connection with its limits set, if the server has one to spare beside the `app_connections` of
/// the app's pool; the two servers name and count the limits differently.
pub(super) async fn open(
    options: &MySqlConnectOptions,
    timeout: Duration,
    app_connections: u32,
) -> Result<(MySqlConnection, Room), Failure> {
    let mut connection = options.connect().await.map_err(|error| {
        let number = error
            .as_database_error()
            .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>())
            .map(MySqlDatabaseError::number);
        if number.is_some_and(|number| TOO_MANY.contains(&number)) {
            Failure::Refused(refusal::no_connection_left(&error.to_string()))
        } else {
            Failure::Database(error)
        }
    })?;
    let limits = limits(&mut connection).await;
    let (mut connection, room) = room::keep(connection, limits, app_connections).await?;
    let locks = (timeout / 4).as_secs().max(1);
    let settings = format!(
        "SET SESSION lock_wait_timeout = {locks}, SESSION innodb_lock_wait_timeout = {locks}"
    );
    connection.execute(raw_sql(AssertSqlSafe(settings))).await?;
    limit(&mut connection, timeout).await?;
    Ok((connection, room))
}

async fn limits(connection: &mut MySqlConnection) -> Result<Vec<Limit>, Error> {
    let rows = connection.fetch_all(raw_sql(ROOM)).await?;
    let mut limits = rows
        .iter()
        .map(Limit::read)
        .collect::<Result<Vec<_>, _>>()?;
    // 0 is no limit.
    limits.retain(|limit| limit.most > 0);
    Ok(limits)
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
