//! A query that pool and tracing layer both see counts once; what only the layer sees counts too.

mod support;

use silk_capture::{SilkTracingLayer, sql::pool::SqlitePool};
use silk_core::{CapturedBy, Vitals as _};
use sqlx::sqlite::SqlitePoolOptions;
use support::seen::{record, recorder};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

#[tokio::test]
async fn each_query_counts_once_whichever_tier_sees_it() {
    let recorder = recorder();
    tracing_subscriber::registry()
        .with(SilkTracingLayer::new(recorder.clone()))
        .init();
    // One connection: setting another up would be seen as a query, of the raw pool, by the layer.
    let options = SqlitePoolOptions::new().max_connections(1);
    let raw = options.connect("sqlite::memory:").await.unwrap();
    let pool = SqlitePool::new(recorder.clone(), raw);
    // The tracing layer has seen it once, so that callsites are registered.
    sqlx::query("create table t(a)")
        .execute(&pool)
        .await
        .unwrap();
    let ((), seen) = record(&recorder, async {
        sqlx::query("insert into t values (1)")
            .execute(&pool)
            .await
            .unwrap();
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("select a from t")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        sqlx::query("select 'through the raw pool'")
            .fetch_all(pool.raw())
            .await
            .unwrap();
    })
    .await;
    let seen: Vec<_> = seen
        .queries
        .iter()
        .map(|q| (q.sql.as_str(), q.captured_by))
        .collect();
    assert_eq!(
        seen,
        [
            ("insert into t values (1)", CapturedBy::Pool),
            ("select a from t", CapturedBy::Pool),
            ("select 'through the raw pool'", CapturedBy::Layer),
        ]
    );
    // Case pool 06: outside of any request each counts once, whichever way it runs.
    let unattributed = || recorder.snapshot().unattributed_queries;
    let before = unattributed();
    for _ in 0..5 {
        sqlx::query("select 1").execute(&pool).await.unwrap();
        sqlx::query("select 1").fetch_one(&pool).await.unwrap();
    }
    assert_eq!(unattributed() - before, 10);
    let mut connection = pool.acquire().await.unwrap();
    sqlx::query("select 1")
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    drop(connection);
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("select 1").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    sqlx::query("select 1").execute(pool.raw()).await.unwrap();
    // SQLite's own thread says when it has dropped the statement.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(unattributed() - before, 13);
}
