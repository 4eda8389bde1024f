//! Both tiers on PostgreSQL: each query counts once, and both count the same ones.

mod support;

use silk_capture::{SilkTracingLayer, sql::pool::PgPool};
use silk_core::Vitals as _;
use sqlx::{Acquire as _, postgres::PgPoolOptions};
use support::seen::{Seen, record, recorder};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_06_unattributed_and_case_apps_06_counts_differ_by_tier() {
    let recorder = recorder();
    tracing_subscriber::registry()
        .with(SilkTracingLayer::new(recorder.clone()))
        .init();
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let options = PgPoolOptions::new().max_connections(1);
    let raw = options.connect(&url).await.unwrap();
    let pool = PgPool::new(recorder.clone(), raw.clone());
    sqlx::query("create temp table t(a int)")
        .execute(&raw)
        .await
        .unwrap();

    let unattributed = || recorder.snapshot().unattributed_queries;
    let before = unattributed();
    for _ in 0..5 {
        sqlx::query("select 1").execute(&pool).await.unwrap();
        sqlx::query("select 1").fetch_one(&pool).await.unwrap();
    }
    assert_eq!(unattributed() - before, 10);
    let mut tx = pool.begin().await.unwrap();
    for _ in 0..10 {
        sqlx::query("select 1").execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(unattributed() - before, 20);
    let mut tx = raw.begin().await.unwrap();
    for _ in 0..10 {
        sqlx::query("select 1").execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(unattributed() - before, 30);

    // The same request in either tier: a transaction with a savepoint, a rollback, one by hand.
    macro_rules! work {
        ($pool:expr) => {
            async {
                let mut tx = $pool.begin().await.unwrap();
                sqlx::query("insert into t select generate_series(1, 100) returning a")
                    .fetch_one(&mut *tx)
                    .await
                    .unwrap();
                let mut inner = tx.begin().await.unwrap();
                sqlx::query("select * from t")
                    .fetch_one(&mut *inner)
                    .await
                    .unwrap();
                inner.commit().await.unwrap();
                sqlx::query("with x as (select * from t) select * from x limit 7")
                    .fetch_all(&mut *tx)
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
                let tx = $pool.begin().await.unwrap();
                tx.rollback().await.unwrap();
                let mut connection = $pool.acquire().await.unwrap();
                for sql in ["begin", "update t set a = 1 where a = 2", "commit"] {
                    sqlx::query(sql).execute(&mut *connection).await.unwrap();
                }
            }
        };
    }
    let ((), layer) = record(&recorder, work!(raw)).await;
    sqlx::query("truncate t").execute(&raw).await.unwrap();
    let ((), both) = record(&recorder, work!(pool)).await;
    let counts = |seen: &Seen| {
        let queries = seen.queries.iter();
        queries
            .map(|q| (q.rows_read, q.rows_affected))
            .collect::<Vec<_>>()
    };
    assert_eq!(counts(&layer), [(100, 100), (100, 0), (7, 0), (0, 1)]);
    assert_eq!(counts(&layer), counts(&both));
    assert_eq!(both.queries.len(), 4);
    assert_eq!(layer.record.summary.query_count, 4);
    assert_eq!(both.record.summary.query_count, 4);
}
