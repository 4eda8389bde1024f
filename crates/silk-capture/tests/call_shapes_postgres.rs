//! The shapes in which apps call sqlx, on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod support;

use futures_util::{StreamExt as _, TryStreamExt as _};
use silk_capture::sql::pool::{PgConnection, PgPool, PgTransaction};
use silk_core::{Outcome, TransactionEnd};
use sqlx::{
    Acquire, Executor as _, Postgres, QueryBuilder, Row as _, Statement as _,
    postgres::{PgListener, PgPoolOptions},
};
use support::seen::{record, recorder};

async fn pool() -> PgPool {
    let url = std::env::var("SILK_TEST_POSTGRES").expect("SILK_TEST_POSTGRES names a server");
    let options = PgPoolOptions::new()
        .max_connections(3)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("create temp table shapes(a int unique, b text)")
                    .await?;
                Ok(())
            })
        });
    PgPool::new(recorder(), options.connect(&url).await.unwrap())
}

async fn takes_raw(c: &mut sqlx::PgConnection) {
    sqlx::query("select 'raw'").execute(c).await.unwrap();
}
async fn takes_connection(c: &mut PgConnection) {
    sqlx::query("select 'connection'").execute(c).await.unwrap();
}
async fn takes_transaction(tx: &mut PgTransaction<'_>) {
    sqlx::query("select 'transaction'")
        .execute(&mut **tx)
        .await
        .unwrap();
}
async fn takes_executor<'e>(e: impl sqlx::PgExecutor<'e>) -> i32 {
    sqlx::query_scalar("select 41 + $1")
        .bind(1)
        .fetch_one(e)
        .await
        .unwrap()
}
async fn takes_acquire<'a>(a: impl Acquire<'a, Database = Postgres>) {
    let mut connection = a.acquire().await.unwrap();
    sqlx::query("select 'acquired'")
        .execute(&mut *connection)
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn every_shape_runs_and_is_recorded_once() {
    let pool = pool().await;
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let mut tx = pool.begin().await.unwrap();
        let mut builder = QueryBuilder::<Postgres>::new("insert into shapes(a, b) ");
        builder.push_values([(1, "x"), (2, "y")], |mut row, (a, b)| {
            row.push_bind(a).push_bind(b);
        });
        builder.build().execute(&mut *tx).await.unwrap();
        let rows = sqlx::query("select a from shapes")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        assert_eq!(rows.len(), 2);
        takes_raw(&mut tx).await;
        takes_connection(&mut tx).await;
        takes_transaction(&mut tx).await;
        takes_executor(&mut *tx).await;
        takes_acquire(&mut tx).await;
        let mut inner = tx.begin().await.unwrap();
        let failed = sqlx::query("insert into shapes(a) values ($1)")
            .bind(1)
            .execute(&mut *inner)
            .await;
        assert!(
            failed
                .unwrap_err()
                .as_database_error()
                .unwrap()
                .is_unique_violation()
        );
        inner.rollback().await.unwrap();
        let mut stream = sqlx::query("select g from generate_series(1, 500) g").fetch(&mut *tx);
        assert!(stream.next().await.is_some());
        drop(stream);
        let statement = tx
            .prepare(sqlx::SqlStr::from_static("select $1::int + 1"))
            .await
            .unwrap();
        let row = statement.query().bind(1).fetch_one(&mut *tx).await.unwrap();
        assert_eq!(row.get::<i32, _>(0), 2);
        tx.commit().await.unwrap();

        assert_eq!(takes_executor(&pool).await, 42);
        let results = sqlx::raw_sql("select 1; select 2")
            .fetch_many(&pool)
            .try_collect::<Vec<_>>();
        assert_eq!(results.await.unwrap().len(), 4);
    })
    .await;
    let kept: Vec<_> = seen
        .queries
        .iter()
        .map(|q| (q.rows_returned, q.rows_affected, q.outcome))
        .collect();
    let done = Outcome::Completed;
    assert_eq!(
        kept,
        [
            (0, 2, done),
            (2, 0, done),
            (1, 0, done),
            (1, 0, done),
            (1, 0, done),
            (0, 0, Outcome::Error),
            (1, 0, Outcome::Dropped),
            (1, 0, done),
            (1, 0, done),
            (2, 0, done),
        ]
    );
    assert_eq!(
        seen.queries[5].error.as_ref().unwrap().code.as_deref(),
        Some("23505")
    );
    assert_eq!(seen.queries[0].values.as_ref().unwrap().len(), 4);
    assert_eq!(
        seen.transactions,
        [
            (1, TransactionEnd::Committed),
            (2, TransactionEnd::RolledBack)
        ]
    );
    assert!(
        seen.queries[0]
            .call_site
            .as_ref()
            .unwrap()
            .file
            .ends_with("call_shapes_postgres.rs")
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn what_only_postgres_has_takes_our_pool() {
    let pool = pool().await;
    let mut connection = pool.acquire().await.unwrap();
    let mut copy = connection
        .copy_in_raw("copy shapes(a, b) from stdin")
        .await
        .unwrap();
    copy.send("7\tseven\n".as_bytes()).await.unwrap();
    assert_eq!(copy.finish().await.unwrap(), 1);
    let mut out = connection
        .copy_out_raw("copy shapes to stdout")
        .await
        .unwrap();
    assert_eq!(out.next().await.unwrap().unwrap().as_ref(), b"7\tseven\n");
    drop(out);
    drop(connection);
    let copy = pool.copy_in_raw("copy shapes(a) from stdin").await.unwrap();
    assert_eq!(copy.finish().await.unwrap(), 0);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_listener_connects_with_our_pool() {
    let pool = pool().await;
    let mut listener = PgListener::connect_with(&pool).await.unwrap();
    listener.listen("silk_shapes").await.unwrap();
    sqlx::query("select pg_notify('silk_shapes', 'hello')")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "hello");
}
