//! Silk's own connection never costs the app one.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use silk_core::{
    Database, DatabaseKind, Explain as _, ExplainError, ExplainMode, ExplainQuery, Redactor,
};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// A role that may have so many connections, and a database that it may use.
async fn role(name: &str, limit: u32) -> (PgConnection, PgConnectOptions) {
    let admin: PgConnectOptions = std::env::var("SILK_TEST_POSTGRES")
        .expect("SILK_TEST_POSTGRES names a server: run cargo xtask test")
        .parse()
        .unwrap();
    let name = format!("{name}_{}", std::process::id());
    let mut server = PgConnection::connect_with(&admin).await.unwrap();
    for sql in [
        format!("drop role if exists {name}"),
        format!("create role {name} login connection limit {limit}"),
    ] {
        server.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    (server, admin.username(&name))
}

fn explainer() -> Explainer {
    Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig::default(),
    )
}

async fn pool(options: &PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(options.clone().application_name("room app"))
        .await
        .unwrap()
}

fn question(pool: &PgPool) -> ExplainQuery {
    ExplainQuery {
        database: Database {
            kind: DatabaseKind::Postgres,
            name: pool.connect_options().get_database().unwrap().to_owned(),
        },
        sql: "SELECT 1".to_owned(),
        is_redacted: false,
        values: Some(Vec::new()),
        mode: ExplainMode::Estimated,
    }
}

/// Connections of the role that are Silk's, once the server has forgotten those that were closed,
/// which takes it a moment.
async fn silks(server: &mut PgConnection, role: &str, expected: i64) -> i64 {
    let mut count = i64::MAX;
    for _ in 0..100 {
        count = sqlx::query_scalar(
            "select count(*) from pg_stat_activity \
             where usename = $1 and application_name = 'tower-silk explain'",
        )
        .bind(role)
        .fetch_one(&mut *server)
        .await
        .unwrap();
        if count == expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    count
}

async fn drop_role(mut server: PgConnection, pool: PgPool, role: &str) {
    pool.close().await;
    let sql = format!("drop role {role}");
    server.execute(AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn the_last_connection_is_the_apps() {
    let (mut server, options) = role("silk_room_last", 2).await;
    let role = options.get_username().to_owned();
    let pool = pool(&options).await;
    let first = pool.acquire().await.unwrap();
    let explainer = explainer();
    explainer.register(&pool);

    let refused = explainer.explain_quickly(question(&pool)).await;
    let Err(ExplainError::Refused { code, reason }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(code, "no_room");
    assert!(
        reason.contains(&format!("the role {role} may have 2 connections"))
            && reason.contains(&format!("ALTER ROLE {role} CONNECTION LIMIT 3;")),
        "{reason}"
    );
    assert_eq!(silks(&mut server, &role, 0).await, 0, "it is gone at once");

    // The app's second connection comes as if Silk were not there, also while Silk is asked on.
    let asked = async {
        for _ in 0..20 {
            assert!(explainer.explain(question(&pool)).await.is_err());
        }
    };
    let started = Instant::now();
    let (second, ()) = tokio::join!(pool.acquire(), asked);
    assert!(started.elapsed() < Duration::from_secs(5));
    drop((first, second.unwrap()));
    drop_role(server, pool, &role).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn where_the_app_may_want_it_a_connection_is_closed_at_once() {
    let (mut server, options) = role("silk_room_scarce", 3).await;
    let role = options.get_username().to_owned();
    let pool = pool(&options).await;
    let first = pool.acquire().await.unwrap();
    let explainer = explainer();
    explainer.register(&pool);
    explainer.explain_quickly(question(&pool)).await.unwrap();
    assert_eq!(silks(&mut server, &role, 0).await, 0);
    drop(first);
    drop_role(server, pool, &role).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn where_there_is_room_the_connection_is_kept() {
    let (mut server, options) = role("silk_room_ample", 10).await;
    let role = options.get_username().to_owned();
    let pool = pool(&options).await;
    let explainer = explainer();
    explainer.register(&pool);
    explainer.explain_quickly(question(&pool)).await.unwrap();
    assert_eq!(silks(&mut server, &role, 1).await, 1);
    let end =
        format!("select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'");
    server.execute(AssertSqlSafe(end)).await.unwrap();
    pool.close().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_server_that_refuses_is_left_alone_for_a_while() {
    let (mut server, options) = role("silk_room_full", 2).await;
    let role = options.get_username().to_owned();
    let pool = pool(&options).await;
    let held = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let explainer = explainer();
    explainer.register(&pool);
    for _ in 0..3 {
        let refused = explainer.explain_quickly(question(&pool)).await;
        assert!(
            matches!(&refused, Err(ExplainError::Refused { code: "no_room", reason }) if reason.contains("asks again in a minute")),
            "{refused:?}"
        );
    }
    assert_eq!(silks(&mut server, &role, 0).await, 0);
    drop(held);
    drop_role(server, pool, &role).await;
}
