//! The tables on MariaDB and MySQL.

use sqlx::mysql::{MySqlPool, MySqlPoolOptions};

use super::{Pools, fill::insert_all};

const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS person (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        created TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        updated TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        deleted BOOLEAN NOT NULL,
        first_name VARCHAR(100) NOT NULL,
        last_name VARCHAR(100) NOT NULL,
        email_address VARCHAR(200) NOT NULL UNIQUE,
        password VARCHAR(200) NOT NULL
    ) CHARACTER SET utf8mb4",
    "CREATE TABLE IF NOT EXISTS thread (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        created TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        updated TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        deleted BOOLEAN NOT NULL,
        title VARCHAR(200) NOT NULL
    ) CHARACTER SET utf8mb4",
    "CREATE TABLE IF NOT EXISTS message (
        id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        created TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        updated TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        deleted BOOLEAN NOT NULL,
        text TEXT NOT NULL,
        sent_by_id BIGINT NOT NULL,
        thread_id BIGINT NOT NULL,
        INDEX message_sent_by (sent_by_id),
        INDEX message_thread (thread_id),
        FOREIGN KEY (sent_by_id) REFERENCES person (id),
        FOREIGN KEY (thread_id) REFERENCES thread (id)
    ) CHARACTER SET utf8mb4",
];

pub(super) async fn open(url: &str, connections: u32) -> Result<Pools<MySqlPool>, sqlx::Error> {
    let main = MySqlPoolOptions::new()
        .max_connections(connections)
        .connect(url)
        .await?;
    fill(&main).await?;
    let single = MySqlPoolOptions::new()
        .max_connections(1)
        .connect_lazy(url)?;
    Ok(Pools { main, single })
}

async fn fill(pool: &MySqlPool) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    // Two that start at once: the second waits here and then finds it filled.
    sqlx::query("SELECT GET_LOCK('weave', 120)")
        .execute(&mut *connection)
        .await?;
    // MySQL commits at each CREATE TABLE, so only the content can be all or nothing.
    for table in TABLES {
        sqlx::query(table).execute(&mut *connection).await?;
    }
    let mut transaction = sqlx::Connection::begin(&mut *connection).await?;
    let messages: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM message LIMIT 1) AS one")
            .fetch_one(&mut *transaction)
            .await?;
    if messages == 0 {
        insert_all!(transaction);
    }
    transaction.commit().await?;
    if messages == 0 {
        sqlx::query("ANALYZE TABLE person, thread, message")
            .fetch_all(&mut *connection)
            .await?;
    }
    sqlx::query("SELECT RELEASE_LOCK('weave')")
        .execute(&mut *connection)
        .await?;
    Ok(())
}
