//! One small app, recorded by us and by others: what `cargo xtask bench --peers` measures.
//!
//! `bench-app ARM --database URL --store FILE --sink ADDRESS` answers the three addresses of the
//! bench on the tables of weave, which must be there. Its first lines are those of weave: where it
//! listens, and where the dashboard is.

mod arms;
mod routes;

use std::{error::Error, path::PathBuf};

use axum::Router;
use clap::Parser;
use sqlx::{
    PgPool, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use self::arms::{Arm, Recording};

#[derive(Debug, Parser)]
struct Options {
    /// What records.
    arm: Arm,
    /// The database that weave has filled: `sqlite:FILE` or `postgres://…`.
    #[arg(long)]
    database: String,
    /// Where Silk's store, or the lines of log, are to be.
    #[arg(long)]
    store: PathBuf,
    /// Where spans of OpenTelemetry go: an address that answers to HTTP.
    #[arg(long)]
    sink: String,
}

/// The routes over a pool as the arm wants it. No function: the pools of three crates have no trait in
/// common that says which databases each may be of.
macro_rules! routes_of {
    ($recording:expr, $pool:expr) => {{
        let pool = $pool;
        match &$recording {
            Recording::Silk {
                silk,
                has_pool: true,
            } => routes::router(silk.pool(pool)),
            Recording::OpenTelemetry(_) => {
                routes::router(sqlx_otel::PoolBuilder::from(pool).build())
            }
            _ => routes::router(pool),
        }
    }};
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let recording = Recording::start(&options).await?;
    let routes = match options.database.strip_prefix("sqlite:") {
        Some(file) => {
            let database = SqliteConnectOptions::new()
                .filename(file)
                .journal_mode(SqliteJournalMode::Wal);
            routes_of!(recording, SqlitePool::connect_with(database).await?)
        }
        None => routes_of!(recording, PgPool::connect(&options.database).await?),
    };
    let app: Router = recording.wrap(routes);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("weave listens on http://{}", listener.local_addr()?);
    match &recording {
        Recording::Silk { silk, .. } => println!("dashboard /silk?token={}", silk.token()),
        _ => println!("silk is off"),
    }
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .expect("a handler for SIGTERM")
                .recv()
                .await;
        })
        .await?;
    recording.stop().await;
    Ok(())
}
