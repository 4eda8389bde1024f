//! The tables on SQLite, and the file they are in.

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::{Pools, fill::insert_all};

/// How long one weave waits for another that fills the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const TABLES: &str = "
CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email_address TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL
);
CREATE TABLE thread (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    title TEXT NOT NULL
);
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    text TEXT NOT NULL,
    sent_by_id INTEGER NOT NULL REFERENCES person (id),
    thread_id INTEGER NOT NULL REFERENCES thread (id)
);
CREATE INDEX message_sent_by ON message (sent_by_id);
CREATE INDEX message_thread ON message (thread_id);
";

pub(super) async fn open(url: &str, connections: u32) -> Result<Pools<SqlitePool>, sqlx::Error> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT);
    let main = connect(connections, &options).await?;
    fill(&main).await?;
    let single = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options);
    Ok(Pools { main, single })
}

/// Turns a new file to WAL, which SQLite refuses at once while another one does the same.
async fn connect(
    connections: u32,
    options: &SqliteConnectOptions,
) -> Result<SqlitePool, sqlx::Error> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        let connected = SqlitePoolOptions::new()
            .max_connections(connections)
            .connect_with(options.clone())
            .await;
        match connected {
            Err(sqlx::Error::Database(error))
                if error.message().contains("locked") && Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            connected => return connected,
        }
    }
}

async fn fill(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    // Two that start at once on one file: the second waits here and then finds it filled.
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let tables: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = 'message'")
            .fetch_one(&mut *transaction)
            .await?;
    if tables == 0 {
        sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
        insert_all!(transaction);
    }
    transaction.commit().await
}
