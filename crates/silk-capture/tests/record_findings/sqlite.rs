//! Recorded on SQLite.

use std::time::Duration;

use silk_capture::sql::pool::SqlitePool;
use sqlx::{
    Executor as _, QueryBuilder, Sqlite,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::{Scenario, fixture, record_all, scenarios};

/// Counts to some millions: takes a tenth of a second and more.
const SLOW: &str = "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 3000000) SELECT max(count.n), max(person.id) FROM count, person WHERE person.id = 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew"]
async fn sqlite() {
    let fixture = fixture();
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("findings.db"))
        .create_if_missing(true);
    let raw = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .unwrap();
    raw.execute(
        "CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT, n INTEGER);
         CREATE TABLE thing(id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE setting(name TEXT PRIMARY KEY, content TEXT);
         WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 2000)
             INSERT INTO person SELECT n, 'n' || n, 0 FROM i;
         INSERT INTO setting VALUES ('theme', 'dark')",
    )
    .await
    .unwrap();
    let pool = SqlitePool::new(fixture.recorder.clone(), raw);
    record_all(&fixture, &pool, all()).await;
}

fn all() -> Vec<Scenario<SqlitePool>> {
    scenarios! {
        "sqlite_loop" "60 look-ups in a loop" ("the textbook's") => ["repeated_statement"] |pool| {
            for id in 1..=60 { sqlx::query("SELECT name FROM person WHERE id = ?").bind(id).fetch_all(&pool).await.unwrap(); }
        }
        "sqlite_literals" "60 look-ups by string" ("issue 8") => ["repeated_statement", "built_sql"] |pool| {
            for id in 1..=60 {
                let sql = format!("SELECT name FROM person WHERE id = {id}");
                sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&pool).await.unwrap();
            }
        }
        "sqlite_inserts" "40 INSERTs, each committed by itself" ("issue 8") => ["small_writes"] |pool| {
            for id in 1..=40 { sqlx::query("INSERT INTO thing(id, name) VALUES (?, ?)").bind(id + 1000).bind(format!("t{id}")).execute(&pool).await.unwrap(); }
        }
        "sqlite_bulk" "12 INSERTs of 20 rows" ("the fix itself") => [] |pool| {
            let mut tx = pool.begin().await.unwrap();
            for n in 0..12 {
                let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO thing(id, name) ");
                query.push_values((0..20).map(|k| n * 20 + k), |mut row, id| { row.push_bind(id).push_bind("x"); });
                query.build().execute(&mut *tx).await.unwrap();
            }
            tx.rollback().await.unwrap();
        }
        "sqlite_pages" "12 pages by key" ("issue 8") => [] |pool| {
            for page in 0..12 { sqlx::query("SELECT id, name FROM person WHERE id > ? ORDER BY id LIMIT 100").bind(page * 100).fetch_all(&pool).await.unwrap(); }
        }
        "sqlite_same_values" "the same setting 40 times" ("issue 8") => ["same_query"] |pool| {
            for _ in 0..40 { sqlx::query("SELECT content FROM setting WHERE name = ?").bind("theme").fetch_all(&pool).await.unwrap(); }
        }
        "sqlite_slow" "a query that counts" ("issue 8") => ["slow_query"] |pool| {
            sqlx::query(SLOW).fetch_all(&pool).await.unwrap();
        }
        "sqlite_timeout" "given up before its first row" ("issue 8") => ["abandoned_query"] |pool| {
            let _late = tokio::time::timeout(Duration::from_millis(50), sqlx::query(SLOW).fetch_all(&pool)).await;
        }
        "sqlite_one_connection" "the only connection is held by a transaction" ("issue 8") => ["connection_wait"] |pool| {
            let held = pool.begin().await.unwrap();
            tokio::spawn(async move { tokio::time::sleep(Duration::from_millis(150)).await; drop(held); });
            sqlx::query("SELECT content FROM setting").fetch_all(&pool).await.unwrap();
        }
    }
}
