//! `Recorded::explain`: plans of what a test ran, on SQLite, PostgreSQL and MariaDB.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "tests fail by panics"
)]

#[path = "support/messages.rs"]
mod messages;

use std::path::Path;

use messages::message_of;
use silk_core::Outcome;
use sqlx::{Executor as _, sqlite::SqlitePoolOptions};
use tower_silk::testing::{self, Recording};

const TABLES: [&str; 3] = [
    "CREATE TABLE silk_plan_thread (id INT PRIMARY KEY, title VARCHAR(80))",
    "CREATE TABLE silk_plan_message (id INT PRIMARY KEY, thread_id INT, body VARCHAR(80), at INT)",
    "CREATE INDEX silk_plan_message_by_thread ON silk_plan_message (thread_id)",
];

const DROP: [&str; 2] = [
    "DROP TABLE IF EXISTS silk_plan_message",
    "DROP TABLE IF EXISTS silk_plan_thread",
];

fn recording(name: &str, folder: &Path) -> Recording {
    Recording::new().name(name).debts(folder.join("debts.toml"))
}

/// A database with the tables.
async fn file(folder: &Path) -> sqlx::SqlitePool {
    let url = format!("sqlite://{}?mode=rwc", folder.join("app.db").display());
    let pool = SqlitePoolOptions::new().connect(&url).await.unwrap();
    for sql in TABLES {
        pool.execute(sql).await.unwrap();
    }
    pool
}

/// Runs a text with one value, whatever it gives.
macro_rules! ran {
    ($name:expr, $folder:expr, $pool:expr, $sql:expr) => {
        recording($name, $folder)
            .record(async {
                let rows = sqlx::query($sql).bind(7_i32).fetch_all($pool).await;
                rows.unwrap().len()
            })
            .await
    };
}

/// What is served by an index, what is not, and what asks for no part of a table.
macro_rules! judged {
    ($pool:expr, $folder:expr, $placeholder:literal) => {{
        let (pool, folder) = ($pool, $folder);
        for served in [
            concat!("SELECT body FROM silk_plan_message WHERE thread_id = ", $placeholder),
            concat!(
                "SELECT m.body FROM silk_plan_message m JOIN silk_plan_thread t ON t.id = m.thread_id \
                 WHERE t.id = ",
                $placeholder
            ),
        ] {
            let recorded = ran!("served", folder, pool, served);
            let explained = recorded.explain(pool).await;
            explained.assert_no_full_scans();
            assert_eq!(explained.statements().len(), 1, "{served}");
        }
        let recorded = recording("all", folder)
            .record(async {
                let rows = sqlx::query("SELECT count(*) FROM silk_plan_thread").fetch_all(pool).await;
                rows.unwrap().len()
            })
            .await;
        recorded.explain(pool).await.assert_no_full_scans();

        let unserved = concat!("SELECT body FROM silk_plan_message WHERE at > ", $placeholder);
        let recorded = ran!("unserved", folder, pool, unserved);
        let explained = recorded.explain(pool).await;
        let message = message_of(|| {
            explained.assert_no_full_scans();
        });
        for part in [
            "unserved: 1 plan is not as it must be",
            "reads all of silk_plan_message: no index serves its conditions",
            "SELECT body FROM silk_plan_message WHERE at > ",
            "testing_plans.rs",
            "SILK_UPDATE=1",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
        explained.assert_no_full_scans_but(&["silk_plan_message"]);
        explained.assert_plans(|one, plan| {
            assert!(one.plan.is_ok() && plan.nodes().count() > 0);
            Ok(())
        });
    }};
}

#[tokio::test]
async fn on_sqlite_a_table_read_whole_for_some_rows_fails() {
    let folder = tempfile::tempdir().unwrap();
    let pool = testing::pool(file(folder.path()).await);
    judged!(&pool, folder.path(), "?");

    // It was asked how it would run, and was not run.
    let recorded = recording("writes", folder.path())
        .record(async {
            sqlx::query("INSERT INTO silk_plan_thread VALUES (?, 'a')")
                .bind(1)
                .execute(&pool)
                .await
                .unwrap();
            sqlx::query("DELETE FROM silk_plan_message WHERE body = ?")
                .bind("a")
                .execute(&pool)
                .await
                .unwrap()
        })
        .await;
    let explained = recorded.explain(&pool).await;
    let threads: i64 = sqlx::query_scalar("SELECT count(*) FROM silk_plan_thread")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(threads, 1);
    let message = message_of(|| {
        explained.assert_no_full_scans();
    });
    assert!(
        message.contains("DELETE FROM silk_plan_message"),
        "{message}"
    );
    let details = recorded.details();
    assert!(
        details
            .detail
            .queries
            .iter()
            .all(|query| query.outcome == Outcome::Completed)
    );
}

#[tokio::test]
async fn a_known_debt_passes() {
    let folder = tempfile::tempdir().unwrap();
    let pool = testing::pool(file(folder.path()).await);
    let test = std::thread::current().name().unwrap().to_owned();
    let recorded = ran!(
        "old",
        folder.path(),
        &pool,
        "SELECT body FROM silk_plan_message WHERE at > ?"
    );
    let place = "crates/tower-silk/tests/testing_plans.rs testing_plans::a_known_debt_passes";
    let known = format!(
        "version = 1\n\n[[debt]]\ntest = \"{test}: old\"\nkind = \"plan\"\nstatement = \"SELECT body \
         FROM silk_plan_message WHERE at > ?\"\nplace = \"{place}\"\nallowed = 1\n"
    );
    std::fs::write(folder.path().join("debts.toml"), known).unwrap();
    recorded.explain(&pool).await.assert_no_full_scans();
}

#[tokio::test]
async fn what_cannot_be_asked_fails_with_the_reason() {
    testing::init_tracing();
    let folder = tempfile::tempdir().unwrap();
    let raw = file(folder.path()).await;
    let recorded = ran!(
        "without values",
        folder.path(),
        &raw,
        "SELECT body FROM silk_plan_message WHERE thread_id = ?"
    );
    let explained = recorded.explain(&raw).await;
    let message = message_of(|| {
        explained.assert_no_full_scans();
    });
    let said = "the plan of a statement is not known, because";
    assert!(
        message.contains(said) && message.contains("values"),
        "{message}"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn on_postgres_indexes_are_used_however_few_rows_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let url = std::env::var("SILK_TEST_POSTGRES").unwrap();
    let raw = sqlx::PgPool::connect(&url).await.unwrap();
    for sql in DROP.iter().chain(&TABLES) {
        raw.execute(*sql).await.unwrap();
    }
    let pool = testing::pool(raw.clone());
    judged!(&pool, folder.path(), "$1");
    let setting: String = sqlx::query_scalar("SHOW enable_seqscan")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(setting, "on", "the test's own connections are as they were");
    for sql in DROP {
        raw.execute(sql).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs MariaDB: run cargo xtask test"]
async fn on_mariadb_an_index_that_could_be_used_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let url = std::env::var("SILK_TEST_MYSQL").unwrap();
    let raw = sqlx::MySqlPool::connect(&url).await.unwrap();
    for sql in DROP.iter().chain(&TABLES) {
        raw.execute(*sql).await.unwrap();
    }
    let pool = testing::pool(raw.clone());
    judged!(&pool, folder.path(), "?");
    for sql in DROP {
        raw.execute(sql).await.unwrap();
    }
}
