//! The shapes in which apps call sqlx, on MySQL and MariaDB.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod support;

use futures_util::StreamExt as _;
use silk_capture::sql::pool::{MySqlConnection, MySqlPool, MySqlTransaction};
use silk_core::{Outcome, TransactionEnd};
use sqlx::{Executor as _, MySql, QueryBuilder, mysql::MySqlPoolOptions};
use support::seen::{record, recorder};

async fn pool() -> MySqlPool {
    let url = std::env::var("SILK_TEST_MYSQL").expect("SILK_TEST_MYSQL names a server");
    let options = MySqlPoolOptions::new()
        .max_connections(3)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("create temporary table shapes(a int unique, b text)")
                    .await?;
                Ok(())
            })
        });
    MySqlPool::new(recorder(), options.connect(&url).await.unwrap())
}

async fn takes_raw(c: &mut sqlx::MySqlConnection) {
    sqlx::query("select 'raw'").execute(c).await.unwrap();
}
async fn takes_connection(c: &mut MySqlConnection) {
    sqlx::query("select 'connection'").execute(c).await.unwrap();
}
async fn takes_transaction(tx: &mut MySqlTransaction<'_>) {
    sqlx::query("select 'transaction'")
        .execute(&mut **tx)
        .await
        .unwrap();
}
async fn takes_executor<'e>(e: impl sqlx::MySqlExecutor<'e>) -> i64 {
    sqlx::query_scalar("select 41 + ?")
        .bind(1_i64)
        .fetch_one(e)
        .await
        .unwrap()
}

#[tokio::test]
#[ignore = "needs MySQL or MariaDB: run cargo xtask test"]
async fn every_shape_runs_and_is_recorded_once() {
    let pool = pool().await;
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let mut tx = pool.begin().await.unwrap();
        let mut builder = QueryBuilder::<MySql>::new("insert into shapes(a, b) ");
        builder.push_values([(1, "x"), (2, "y")], |mut row, (a, b)| {
            row.push_bind(a).push_bind(b);
        });
        builder.build().execute(&mut *tx).await.unwrap();
        takes_raw(&mut tx).await;
        takes_connection(&mut tx).await;
        takes_transaction(&mut tx).await;
        takes_executor(&mut *tx).await;
        let failed = sqlx::query("insert into shapes(a) values (?)")
            .bind(1)
            .execute(&mut *tx)
            .await;
        assert!(
            failed
                .unwrap_err()
                .as_database_error()
                .unwrap()
                .is_unique_violation()
        );
        let mut stream = sqlx::query("select a from shapes").fetch(&mut *tx);
        assert!(stream.next().await.is_some());
        drop(stream);
        tx.rollback().await.unwrap();
        assert_eq!(takes_executor(&pool).await, 42);
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
            (1, 0, done),
            (1, 0, done),
            (1, 0, done),
            (0, 0, Outcome::Error),
            (1, 0, Outcome::Dropped),
            (1, 0, done),
        ]
    );
    assert_eq!(
        seen.queries[4].error.as_ref().unwrap().code.as_deref(),
        Some("23000")
    );
    assert_eq!(seen.queries[0].values.as_ref().unwrap().len(), 4);
    assert_eq!(seen.transactions, [(1, TransactionEnd::RolledBack)]);
}
