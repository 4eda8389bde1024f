//! Recorded on SQLite: queries that are written so that they cost more the more rows there are, and
//! how two writers meet.

use http::StatusCode;
use silk_capture::sql::pool::SqlitePool;
use sqlx::{
    Executor as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

use super::{Scenario, fixture, record_all, scenarios};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew"]
async fn costly_sqlite() {
    let fixture = fixture();
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("findings.db"))
        .journal_mode(SqliteJournalMode::Wal)
        .create_if_missing(true);
    let raw = SqlitePoolOptions::new()
        .max_connections(2)
        .connect_with(options)
        .await
        .unwrap();
    raw.execute(
        "CREATE TABLE entry(id INTEGER PRIMARY KEY, kind TEXT, title TEXT, created INTEGER);
         CREATE TABLE account(id INTEGER PRIMARY KEY, name TEXT);
         WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 1000000)
             INSERT INTO entry SELECT n, 'k' || n % 5, 'title ' || hex(n * 7919), n / 3 FROM i;
         INSERT INTO account SELECT id, title FROM entry WHERE id <= 3000",
    )
    .await
    .unwrap();
    let pool = SqlitePool::new(fixture.recorder.clone(), raw);
    record_all(&fixture, &pool, all()).await;
}

fn all() -> Vec<Scenario<SqlitePool>> {
    scenarios! {
        "costly_sqlite_offset" "page 45,000 by OFFSET" ("admin list, last page") => ["deep_offset"] |pool| {
            sqlx::query("SELECT id, title FROM entry ORDER BY id LIMIT ? OFFSET ?").bind(20).bind(900_000).fetch_all(&pool).await.unwrap();
        }
        "costly_sqlite_count" "how many entries of a kind there are" ("page numbers below a list") => ["counts_everything"] |pool| {
            sqlx::query("SELECT count(*) FROM entry WHERE kind = ?").bind("k1").fetch_one(&pool).await.unwrap();
        }
        "costly_sqlite_like" "a pattern that is bound: %…%" ("search box") => ["leading_wildcard"] |pool| {
            sqlx::query("SELECT id FROM entry WHERE title LIKE ?").bind("%no such title%").fetch_all(&pool).await.unwrap();
        }
        "costly_sqlite_rows" "3,000 rows without LIMIT" ("findAll()") => ["unbounded_result"] |pool| {
            sqlx::query("SELECT id, name FROM account").fetch_all(&pool).await.unwrap();
        }
        "costly_sqlite_not_in" "NOT IN, for which SQLite makes an index: the sort is slow" ("near miss of not_in_subquery") => ["slow_query"] |pool| {
            sqlx::query("SELECT id FROM entry WHERE id NOT IN (SELECT id FROM account) ORDER BY title DESC LIMIT 10").fetch_all(&pool).await.unwrap();
        }
        "costly_sqlite_first_page" "the first page" ("near miss of deep_offset") => [] |pool| {
            sqlx::query("SELECT id, title FROM entry ORDER BY id LIMIT ? OFFSET ?").bind(20).bind(0).fetch_all(&pool).await.unwrap();
        }
        "costly_sqlite_stale_read" "error 517: a transaction that only read wants to write, after another one did" ("read, then update") => ["failed_query"] |pool| {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("SELECT name FROM account WHERE id = ?").bind(1).fetch_one(&mut *tx).await.unwrap();
            sqlx::query("UPDATE account SET name = 'x' WHERE id = ?").bind(2).execute(&pool).await.unwrap();
            let stale = sqlx::query("UPDATE account SET name = 'y' WHERE id = ?").bind(1).execute(&mut *tx).await;
            tx.rollback().await.unwrap();
            if stale.is_err() { return StatusCode::INTERNAL_SERVER_ERROR; }
        }
    }
}
