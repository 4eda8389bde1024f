//! Recorded on MariaDB: habits of real apps and libraries. The rule listed first is the first line.

use std::time::Duration;

use http::StatusCode;
use silk_capture::sql::pool::MySqlPool;
use sqlx::{Executor as _, mysql::MySqlPoolOptions};

use super::{Scenario, fixture, record_all, scenarios};

const SCHEMA: [&str; 8] = [
    "CREATE OR REPLACE TABLE account(id INT PRIMARY KEY, name VARCHAR(40) UNIQUE, n INT)",
    "CREATE OR REPLACE TABLE tag(id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) UNIQUE)",
    "CREATE OR REPLACE TABLE event(id INT PRIMARY KEY, account_id INT, kind VARCHAR(10))",
    "CREATE OR REPLACE TABLE job(id INT PRIMARY KEY, state VARCHAR(10))",
    "INSERT INTO account SELECT seq, CONCAT('n', seq), 0 FROM seq_1_to_2000",
    "INSERT INTO tag(name) SELECT CONCAT('old', seq) FROM seq_1_to_200",
    "INSERT INTO event SELECT seq, seq MOD 500, CONCAT('k', seq MOD 5) FROM seq_1_to_20000",
    "INSERT INTO job VALUES (1, 'new'), (2, 'new')",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the corpus anew; needs MariaDB"]
async fn apps_mysql() {
    let fixture = fixture();
    let url = std::env::var("SILK_TEST_MYSQL").expect("SILK_TEST_MYSQL names a server");
    let raw = MySqlPoolOptions::new()
        .max_connections(4)
        .min_connections(4)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("CREATE DATABASE IF NOT EXISTS silk_findings_apps")
                    .await?;
                connection.execute("USE silk_findings_apps").await?;
                connection
                    .execute("SET innodb_lock_wait_timeout = 1")
                    .await?;
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
        "app_mariadb_last_insert_id" "40 INSERTs, each followed by LAST_INSERT_ID()" ("hand-written MySQL") => ["small_writes"] |pool| {
            let mut connection = pool.acquire().await.unwrap();
            for n in 0..40 {
                sqlx::query("INSERT INTO tag(name) VALUES (?)").bind(format!("new{n}")).execute(&mut *connection).await.unwrap();
                sqlx::query("SELECT LAST_INSERT_ID()").fetch_one(&mut *connection).await.unwrap();
            }
        }
        "app_mariadb_insert_ignore" "40 times INSERT IGNORE, all there" ("import again") => ["small_writes"] |pool| {
            for n in 1..=40 { sqlx::query("INSERT IGNORE INTO tag(name) VALUES (?)").bind(format!("old{n}")).execute(&pool).await.unwrap(); }
        }
        "app_mariadb_replace" "40 times REPLACE" ("Laravel upsert of old") => ["small_writes"] |pool| {
            for n in 1..=40 { sqlx::query("REPLACE INTO account(id, name, n) VALUES (?, ?, ?)").bind(n).bind(format!("n{n}")).bind(1).execute(&pool).await.unwrap(); }
        }
        "app_mariadb_eager" "accounts by one list" ("Laravel with()") => [] |pool| {
            sqlx::query("SELECT account_id FROM event WHERE id < ?").bind(50).fetch_all(&pool).await.unwrap();
            sqlx::query("SELECT id, name FROM account WHERE id IN (?, ?, ?, ?, ?)").bind(1).bind(2).bind(3).bind(4).bind(5).fetch_all(&pool).await.unwrap();
        }
        "app_mariadb_lazy" "accounts one by one" ("Laravel without with()") => ["repeated_statement"] |pool| {
            for id in 1..=50 { sqlx::query("SELECT * FROM `account` WHERE `account`.`id` = ? LIMIT 1").bind(id).fetch_one(&pool).await.unwrap(); }
        }
        "app_mariadb_fetch_one" "fetch_one of 20,000 rows: the driver reads the rest later, unseen" ("LIMIT forgotten") => [] |pool| {
            sqlx::query("SELECT id, kind FROM event").fetch_one(&pool).await.unwrap();
        }
        "app_mariadb_variables" "20 variables read" ("session checks") => [] |pool| {
            for _ in 0..20 { sqlx::query("SELECT @@sql_mode, @@time_zone").fetch_all(&pool).await.unwrap(); }
        }
        "app_mariadb_sleeps" "a query of 200 ms" ("slow query") => ["slow_query"] |pool| {
            sqlx::query("SELECT id, SLEEP(0.2) FROM job WHERE id = 1").fetch_all(&pool).await.unwrap();
        }
        "app_mariadb_lock_timeout" "error 1205 after a second" ("two tabs, one cart") => ["failed_query"] |pool| {
            let mut other = pool.begin().await.unwrap();
            sqlx::query("UPDATE job SET state = 'x' WHERE id = 1").execute(&mut *other).await.unwrap();
            let _late = sqlx::query("UPDATE job SET state = 'y' WHERE id = ?").bind(1).execute(&pool).await;
            other.rollback().await.unwrap();
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        "app_mariadb_backoff" "looks at a job, each pause twice as long" ("retry with exponential backoff") => [] |pool| {
            for n in 0..7 {
                sqlx::query("SELECT state FROM job WHERE id = ?").bind(2).fetch_one(&pool).await.unwrap();
                tokio::time::sleep(Duration::from_millis(5 << n)).await;
            }
        }
        "app_mariadb_takes_jobs" "SELECT … FOR UPDATE SKIP LOCKED, 20 times" ("queue in a table") => [] |pool| {
            for _ in 0..20 {
                let mut tx = pool.begin().await.unwrap();
                sqlx::query("SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED").fetch_optional(&mut *tx).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
    }
}
