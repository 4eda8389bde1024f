//! Silk's own connection to PostgreSQL: opened if there is room, and transactions that write nothing.

use std::time::Duration;

use silk_capture::record::plans::KnownSession;
use silk_core::DatabaseKind;
use silk_plan::advice::quote_name;
use sqlx_core::{
    connection::ConnectOptions as _, error::Error, executor::Executor as _, query::query,
    raw_sql::raw_sql, sql_str::AssertSqlSafe,
};
use sqlx_postgres::{PgConnectOptions, PgConnection, Postgres};

use super::names;
use crate::{
    refusal,
    room::{self, Limit, Room},
    target::{Failure, Question},
};

/// What the role, the database and the server leave, this connection among those that are open. A
/// superuser is held back by the server's limit alone.
const ROOM: &str = "\
    SELECT 'the role ' || r.rolname AS whose, r.rolconnlimit::int8 AS most, \
      (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = r.oid) AS open, \
      format('ALTER ROLE %I CONNECTION LIMIT %s;', r.rolname, r.rolconnlimit + 1) AS remedy \
    FROM pg_catalog.pg_roles r \
    WHERE r.rolname = session_user AND r.rolconnlimit >= 0 AND NOT r.rolsuper \
    UNION ALL \
    SELECT 'the database ' || d.datname, d.datconnlimit::int8, \
      (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid), \
      format('ALTER DATABASE %I CONNECTION LIMIT %s;', d.datname, d.datconnlimit + 1) \
    FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.rolname = session_user \
    WHERE d.datname = current_database() AND d.datconnlimit >= 0 AND NOT r.rolsuper \
    UNION ALL \
    SELECT 'the server', current_setting('max_connections')::int8 \
        - current_setting('superuser_reserved_connections')::int8 \
        - coalesce(current_setting('reserved_connections', true)::int8, 0), \
      (SELECT count(*) FROM pg_catalog.pg_stat_activity a \
        WHERE a.backend_type = 'client backend'), \
      'raise max_connections of the server, or lower that of the pools'";

/// Too many connections, of the server, the database or the role.
const TOO_MANY: &str = "53300";

/// A connection that tells no plans of its own statements, if the database has one to spare beside
/// the `app_connections` of the app's pool.
pub(super) async fn open(
    options: &PgConnectOptions,
    app_connections: u32,
) -> Result<(PgConnection, Room), Failure> {
    const SILENCE: &str = "SELECT set_config('auto_explain.log_min_duration', '-1', false) \
         FROM pg_catalog.pg_settings WHERE name = 'auto_explain.log_min_duration'";
    let mut connection = options.connect().await.map_err(|error| match error {
        Error::Database(error) if error.code().as_deref() == Some(TOO_MANY) => {
            Failure::Refused(refusal::no_connection_left(error.message()))
        }
        error => Failure::Database(error),
    })?;
    let limits = limits(&mut connection).await;
    let (mut connection, room) = room::keep(connection, limits, app_connections).await?;
    // Where the role may not, what it tells is not listened to.
    let _ = connection.execute(raw_sql(SILENCE)).await;
    Ok((connection, room))
}

/// Whether there is room for `wanted` connections more.
pub(super) async fn has_room(connection: &mut PgConnection, wanted: u32) -> bool {
    limits(connection)
        .await
        .is_ok_and(|limits| room::judge(&limits, wanted) == Ok(Room::Ample))
}

async fn limits(connection: &mut PgConnection) -> Result<Vec<Limit>, Error> {
    let rows = connection.fetch_all(raw_sql(ROOM)).await?;
    rows.iter().map(Limit::read).collect()
}

/// Begins a transaction that writes nothing, waits for nothing long, and in which names mean what
/// they mean to the app.
pub(super) async fn begin(
    connection: &mut PgConnection,
    question: &Question,
) -> Result<(), Failure> {
    begin_for(connection, question.timeout).await?;
    enter(connection, &question.session).await?;
    names::check(connection, question).await
}

/// As [`begin`], with all statements seeing the same rows.
pub(super) async fn begin_snapshot(
    connection: &mut PgConnection,
    question: &Question,
) -> Result<(), Failure> {
    begin_as(
        connection,
        "ISOLATION LEVEL REPEATABLE READ",
        question.timeout,
    )
    .await?;
    enter(connection, &question.session).await?;
    names::check(connection, question).await
}

/// Has the transaction be as the app's connections are. A role or a setting that Silk's login may
/// not have is refused: without it the plan could be another.
pub(super) async fn enter(
    connection: &mut PgConnection,
    session: &KnownSession,
) -> Result<(), Failure> {
    let KnownSession::Known(session) = session else {
        return Ok(());
    };
    if !session.settings.is_empty() {
        let (names, values): (Vec<String>, Vec<String>) = session.settings.iter().cloned().unzip();
        let set = query::<Postgres>(
            "SELECT pg_catalog.set_config(s.name, s.value, true) \
             FROM unnest($1::text[], $2::text[]) s(name, value)",
        )
        .bind(names)
        .bind(values)
        .persistent(false);
        connection
            .fetch_all(set)
            .await
            .map_err(|error| not_as_the_app("some of its settings", error))?;
    }
    if let Some(role) = &session.role {
        let set = format!(
            "SET LOCAL ROLE {}",
            quote_name(role, DatabaseKind::Postgres)
        );
        connection
            .execute(raw_sql(AssertSqlSafe(set)))
            .await
            .map_err(|error| not_as_the_app(&format!("the role {role}"), error))?;
    }
    Ok(())
}

fn not_as_the_app(what: &str, error: Error) -> Failure {
    match error {
        Error::Database(error) => Failure::Refused(refusal::session_differs(what, error.message())),
        error => Failure::Database(error),
    }
}

/// Begins a transaction that writes nothing and waits for nothing long.
pub(super) async fn begin_for(
    connection: &mut PgConnection,
    timeout: Duration,
) -> Result<(), Error> {
    begin_as(connection, "", timeout).await
}

async fn begin_as(
    connection: &mut PgConnection,
    isolation: &str,
    timeout: Duration,
) -> Result<(), Error> {
    // `SET LOCAL`, not start-up parameters: those a connection pooler in between refuses.
    let begin = format!(
        "BEGIN {isolation} READ ONLY; SET LOCAL statement_timeout = {timeout}; \
         SET LOCAL lock_timeout = {locks}; \
         SET LOCAL idle_in_transaction_session_timeout = {idle}",
        timeout = timeout.as_millis().max(1),
        locks = (timeout / 4).as_millis().max(1),
        idle = (timeout * 2).as_millis().max(1),
    );
    connection.execute(raw_sql(AssertSqlSafe(begin))).await?;
    Ok(())
}
