//! Silk's own connection never costs the app one: MySQL and MariaDB.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::sync::Arc;

use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, ExplainQuery, Redactor,
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, MySqlConnection, MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

/// An account with so many connections; the app's pool of two has one. Asks for a plan.
async fn asked(name: &str, limit: u32) -> (Result<(), ExplainError>, i64) {
    let admin: MySqlConnectOptions = std::env::var("SILK_TEST_MYSQL")
        .expect("SILK_TEST_MYSQL names a server: run cargo xtask test")
        .parse()
        .unwrap();
    let mut server = MySqlConnection::connect_with(&admin).await.unwrap();
    let name = format!("{name}_{}", std::process::id() % 100_000);
    let database = admin.get_database().unwrap().to_owned();
    for sql in [
        format!("drop user if exists '{name}'@'%'"),
        format!("create user '{name}'@'%' identified by 'room' with max_user_connections {limit}"),
        format!("grant select on `{database}`.* to '{name}'@'%'"),
    ] {
        server.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let options = admin.username(&name).password("room");
    let pool: MySqlPool = MySqlPoolOptions::new()
        .max_connections(2)
        .connect_with(options)
        .await
        .unwrap();
    let first = pool.acquire().await.unwrap();
    let explainer = Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig::default(),
    );
    explainer.register(&pool);
    let answer = explainer
        .explain_quickly(ExplainQuery {
            database: Database {
                kind: DatabaseKind::MySql,
                name: database,
            },
            sql: "SELECT 1".to_owned(),
            is_redacted: false,
            values: Some(Vec::new()),
            mode: ExplainMode::Estimated,
        })
        .await
        .map(drop);
    // The server takes a moment to forget a connection that was closed.
    let mut left = i64::MAX;
    for _ in 0..50 {
        left = sqlx::query_scalar(
            "select count(*) from information_schema.processlist where user = ?",
        )
        .bind(&name)
        .fetch_one(&mut server)
        .await
        .unwrap();
        if left == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    drop(first);
    pool.close().await;
    let sql = format!("drop user '{name}'@'%'");
    server.execute(AssertSqlSafe(sql)).await.unwrap();
    (answer, left)
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn the_last_connection_is_the_apps() {
    let (answer, left) = asked("silk_last", 2).await;
    let Err(ExplainError::Refused { code, reason }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((code, left), ("no_room", 1));
    assert!(
        reason.contains("may have 2 connections") && reason.contains("MAX_USER_CONNECTIONS 3;"),
        "{reason}"
    );
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn where_the_app_may_want_it_a_connection_is_closed_at_once() {
    let (answer, left) = asked("silk_scarce", 3).await;
    answer.unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn where_there_is_room_the_connection_is_kept() {
    let (answer, left) = asked("silk_ample", 0).await;
    answer.unwrap();
    assert_eq!(left, 2);
}
