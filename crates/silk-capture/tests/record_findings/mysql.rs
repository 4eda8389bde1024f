//! Recorded on MariaDB.

use silk_capture::sql::pool::MySqlPool;
use sqlx::{Executor as _, MySql, QueryBuilder, mysql::MySqlPoolOptions};

use super::{Scenario, fixture, record_all, scenarios};

const SCHEMA: [&str; 8] = [
    "CREATE DATABASE IF NOT EXISTS silk_findings",
    "USE silk_findings",
    "CREATE OR REPLACE TABLE person(id INT PRIMARY KEY, name VARCHAR(40), n INT)",
    "CREATE OR REPLACE TABLE thing(id INT PRIMARY KEY, name VARCHAR(40))",
    "CREATE OR REPLACE TABLE setting(name VARCHAR(40) PRIMARY KEY, content VARCHAR(40))",
    "INSERT INTO person SELECT seq, CONCAT('n', seq), 0 FROM seq_1_to_2000",
    "INSERT INTO setting VALUES ('theme', 'dark')",
    "ANALYZE TABLE person",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew; needs MariaDB"]
async fn mysql() {
    let fixture = fixture();
    let url = std::env::var("SILK_TEST_MYSQL").expect("SILK_TEST_MYSQL names a server");
    let raw = MySqlPoolOptions::new()
        .max_connections(4)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("CREATE DATABASE IF NOT EXISTS silk_findings")
                    .await?;
                connection.execute("USE silk_findings").await?;
                Ok(())
            })
        })
        .connect(&url)
        .await
        .unwrap();
    for sql in SCHEMA {
        raw.execute(sql).await.unwrap();
    }
    let pool = MySqlPool::new(fixture.recorder.clone(), raw);
    record_all(&fixture, &pool, all()).await;
}

fn all() -> Vec<Scenario<MySqlPool>> {
    scenarios! {
        "mariadb_loop" "60 look-ups in a loop" ("the textbook's") => ["repeated_statement"] |pool| {
            for id in 1..=60 { sqlx::query("SELECT name FROM person WHERE id = ?").bind(id).fetch_all(&pool).await.unwrap(); }
        }
        "mariadb_pages" "12 pages, LIMIT offset, count" ("issue 8") => [] |pool| {
            for page in 0..12 { sqlx::query("SELECT id FROM person ORDER BY id LIMIT ?, ?").bind(page * 100).bind(100).fetch_all(&pool).await.unwrap(); }
        }
        "mariadb_pages_by_key" "12 pages by two keys" ("issue 8") => [] |pool| {
            for page in 0..12 { sqlx::query("SELECT id FROM person WHERE n > ? OR (n = ? AND id > ?) ORDER BY n, id LIMIT 50").bind(0).bind(0).bind(page * 50).fetch_all(&pool).await.unwrap(); }
        }
        "mariadb_updates" "40 UPDATEs of one row" ("issue 8") => ["small_writes"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for id in 1..=40 { sqlx::query("UPDATE person SET n = ? WHERE id = ?").bind(id).bind(id).execute(&mut *tx).await.unwrap(); }
            tx.rollback().await.unwrap();
        }
        "mariadb_upserts_in_bulk" "12 upserts of 20 rows" ("the fix itself") => [] |pool| {
            for n in 0..12 {
                let mut query = QueryBuilder::<MySql>::new("INSERT INTO thing(id, name) ");
                query.push_values((0..20).map(|k| n * 20 + k), |mut row, id| { row.push_bind(id).push_bind("x"); });
                query.push(" ON DUPLICATE KEY UPDATE name = VALUES(name)");
                query.build().execute(&pool).await.unwrap();
            }
        }
        "mariadb_upserts" "20 upserts of one row" ("issue 8") => ["small_writes"] |pool| {
            for id in 1..=20 { sqlx::query("INSERT INTO thing(id, name) VALUES (?, ?) ON DUPLICATE KEY UPDATE name = VALUES(name)").bind(id).bind(format!("t{id}")).execute(&pool).await.unwrap(); }
        }
        "mariadb_same_values" "the same setting 30 times" ("issue 8") => ["same_query"] |pool| {
            for _ in 0..30 { sqlx::query("SELECT content FROM setting WHERE name = ?").bind("theme").fetch_all(&pool).await.unwrap(); }
        }
        "mariadb_locks" "20 locks by name" ("issue 8") => [] |pool| {
            for n in 0..20 { sqlx::query("SELECT GET_LOCK(?, 0)").bind(format!("silk {n}")).fetch_all(&pool).await.unwrap(); }
        }
        "mariadb_error" "a column that is not there" ("issue 8") => ["failed_query"] |pool| {
            if sqlx::query("SELECT nothing FROM person").fetch_all(&pool).await.is_err() { return http::StatusCode::INTERNAL_SERVER_ERROR; }
        }
    }
}
