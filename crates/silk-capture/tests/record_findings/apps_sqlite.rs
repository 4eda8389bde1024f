//! Recorded on SQLite: habits of real apps and libraries. The rule listed first is the first line.

use std::time::Duration;

use http::StatusCode;
use silk_capture::sql::pool::SqlitePool;
use sqlx::{
    Executor as _,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::{Scenario, fixture, record_all, scenarios};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew"]
async fn apps_sqlite() {
    let fixture = fixture();
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("apps.db"))
        .busy_timeout(Duration::from_millis(100))
        .create_if_missing(true);
    let raw = SqlitePoolOptions::new()
        .max_connections(3)
        .min_connections(3)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .unwrap();
    raw.execute(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE account(id INTEGER PRIMARY KEY, name TEXT, n INTEGER);
         CREATE TABLE tag(id INTEGER PRIMARY KEY, name TEXT UNIQUE);
         CREATE TABLE category(id INTEGER PRIMARY KEY, parent_id INTEGER);
         CREATE TABLE job(id INTEGER PRIMARY KEY, state TEXT);
         WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 2000)
             INSERT INTO account SELECT n, 'n' || n, 0 FROM i;
         INSERT INTO category SELECT id, id / 3 FROM account WHERE id < 300;
         INSERT INTO tag(name) SELECT 'old' || id FROM account WHERE id < 200;
         INSERT INTO job VALUES (1, 'new')",
    )
    .await
    .unwrap();
    let pool = SqlitePool::new(fixture.recorder.clone(), raw);
    record_all(&fixture, &pool, all()).await;
}

fn all() -> Vec<Scenario<SqlitePool>> {
    scenarios! {
        "app_sqlite_pragmas" "20 PRAGMAs" ("settings on each use") => [] |pool| {
            for _ in 0..20 { sqlx::query("PRAGMA foreign_keys = ON").execute(&pool).await.unwrap(); }
        }
        "app_sqlite_fetch_one" "fetch_one of 2,000 rows, which SQLite does not read" ("near miss of rows_unread") => [] |pool| {
            sqlx::query("SELECT id, name FROM account").fetch_one(&pool).await.unwrap();
        }
        "app_sqlite_busy" "error 5: the database is locked" ("two writers") => ["failed_query"] |pool| {
            let mut other = pool.begin().await.unwrap();
            sqlx::query("UPDATE account SET n = 1 WHERE id = 1").execute(&mut *other).await.unwrap();
            let _locked = sqlx::query("UPDATE account SET n = 2 WHERE id = ?").bind(1).execute(&pool).await;
            other.rollback().await.unwrap();
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        "app_sqlite_tree_down" "the children of each node" ("category menu") => ["repeated_statement"] |pool| {
            let mut open = vec![0_i64];
            let mut seen = 0;
            while let Some(id) = open.pop() {
                seen += 1;
                if seen > 60 { break; }
                let more: Vec<i64> = sqlx::query_scalar("SELECT id FROM category WHERE parent_id = ?").bind(id).fetch_all(&pool).await.unwrap();
                open.extend(more.into_iter().filter(|child| *child != id));
            }
        }
        "app_sqlite_get_or_create" "40 new tags, each looked up and inserted" ("find or create") => ["small_writes", "repeated_statement"] |pool| {
            for n in 0..40 {
                let name = format!("new{n}");
                if sqlx::query("SELECT id FROM tag WHERE name = ?").bind(&name).fetch_optional(&pool).await.unwrap().is_none() {
                    sqlx::query("INSERT INTO tag(name) VALUES (?)").bind(&name).execute(&pool).await.unwrap();
                }
            }
        }
        "app_sqlite_upserts" "40 upserts" ("sync") => ["small_writes"] |pool| {
            for id in 1..=40 { sqlx::query("INSERT INTO account(id, name) VALUES (?, 'x') ON CONFLICT(id) DO UPDATE SET n = n + 1").bind(id).execute(&pool).await.unwrap(); }
        }
        "app_sqlite_poll" "12 looks at a job, 20 ms apart" ("waiting for a worker") => [] |pool| {
            for _ in 0..12 { sqlx::query("SELECT state FROM job WHERE id = ?").bind(1).fetch_one(&pool).await.unwrap(); tokio::time::sleep(Duration::from_millis(20)).await; }
        }
        "app_sqlite_backoff" "looks at a job, each pause twice as long" ("retry with exponential backoff") => [] |pool| {
            for n in 0..7 { sqlx::query("SELECT state FROM job WHERE id = ?").bind(1).fetch_one(&pool).await.unwrap(); tokio::time::sleep(Duration::from_millis(5 << n)).await; }
        }
        "app_sqlite_last_rowid" "40 INSERTs, each followed by last_insert_rowid()" ("hand-written SQLite") => ["small_writes"] |pool| {
            let mut connection = pool.acquire().await.unwrap();
            for n in 0..40 {
                sqlx::query("INSERT INTO job(state) VALUES (?)").bind(format!("s{n}")).execute(&mut *connection).await.unwrap();
                sqlx::query("SELECT last_insert_rowid()").fetch_one(&mut *connection).await.unwrap();
            }
        }
    }
}
