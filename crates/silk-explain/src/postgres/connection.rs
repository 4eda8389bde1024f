use std::time::Duration;

use silk_capture::plans::KnownSession;
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
    target::{Failure, Question},
};

/// A connection that tells no plans of its own statements.
pub(super) async fn open(options: &PgConnectOptions) -> Result<PgConnection, Error> {
    const SILENCE: &str = "SELECT set_config('auto_explain.log_min_duration', '-1', false) \
         FROM pg_catalog.pg_settings WHERE name = 'auto_explain.log_min_duration'";
    let mut connection = options.connect().await?;
    // Where the role may not, what it tells is not listened to.
    let _ = connection.execute(raw_sql(SILENCE)).await;
    Ok(connection)
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
