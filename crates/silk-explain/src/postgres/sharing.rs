//! Whether each connection has a session of its own.
//!
//! A pooler that shares connections by transaction or statement (PgBouncer's `transaction` mode), or
//! a server with one session for all (PGlite), looks like PostgreSQL and is not: what one connection
//! sets, another sees, and what it set may be gone. `auto_explain`'s settings are the session's.

use std::time::Duration;

use silk_core::{PlanSource, explain::LadderStep, vitals::CaptureLevel};
use sqlx_core::{
    connection::{ConnectOptions as _, Connection as _},
    error::Error,
    executor::Executor as _,
    query_scalar::query_scalar,
};
use sqlx_postgres::{PgConnectOptions, PgConnection, Postgres};
use uuid::Uuid;

use crate::step::step;

/// How long the second connection may take.
const PATIENCE: Duration = Duration::from_millis(500);
/// A setting that no server knows; it is set to nothing again.
const MARK: &str = "SELECT set_config('silk.mark', $1, false)";

/// What stands in the way of plans of real runs, if anything does. Only to be asked where the
/// database has room for a second connection.
pub(super) async fn look(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
) -> Option<LadderStep> {
    let mark = Uuid::now_v7().to_string();
    set(connection, &mark).await.ok()?;
    let seen = tokio::time::timeout(PATIENCE, seen_by_another(options)).await;
    let _ = set(connection, "").await;
    let told = |reason: &str| {
        Some(step(
            PlanSource::AutoExplain,
            "a session for each connection",
            CaptureLevel::Off,
            reason,
            Some(
                "connect the app to PostgreSQL itself, or through a pooler that keeps a session \
                 for each client (pool_mode = session), or leave out silk.pg_pool_options"
                    .to_owned(),
            ),
        ))
    };
    match seen {
        Ok(Ok(seen)) if seen == mark => told(
            "two connections share one session here, as behind PgBouncer in transaction mode: \
             settings of one are seen by others or lost, so plans of real runs may be missing, and \
             SET, LISTEN and advisory locks of the app do not hold either",
        ),
        // Busy, or refused for a moment: no reason to say anything.
        Ok(_) => None,
        Err(_) => told(
            "a second connection got no answer within 500 ms: the server seems to serve one \
             connection at a time (as PGlite does), so the app's pool waits for itself",
        ),
    }
}

async fn set(connection: &mut PgConnection, mark: &str) -> Result<(), Error> {
    let set = sqlx_core::query::query::<Postgres>(MARK)
        .bind(mark.to_owned())
        .persistent(false);
    connection.execute(set).await.map(drop)
}

async fn seen_by_another(options: &PgConnectOptions) -> Result<String, Error> {
    let mut other = options.connect().await?;
    let seen =
        query_scalar::<Postgres, Option<String>>("SELECT current_setting('silk.mark', true)")
            .persistent(false)
            .fetch_one(&mut other)
            .await;
    let _ = other.close().await;
    Ok(seen?.unwrap_or_default())
}
