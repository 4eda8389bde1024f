//! Every shape in which apps call sqlx, on SQLite: it compiles as on sqlx's own pool, gives the same,
//! and each query is recorded once.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod support;

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use silk_capture::sql::pool::{Conn, SqliteConnection, SqlitePool, SqliteTransaction};
use silk_core::{ConnectionWait, Outcome, PoolUse, TransactionEnd, ValueState};
use sqlx::{
    Acquire, Connection as _, Executor as _, QueryBuilder, Row as _, Sqlite, Statement as _,
    sqlite::SqlitePoolOptions,
};
use support::seen::{Query, record, recorder};

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Line {
    a: i64,
    b: Option<String>,
}

async fn pool() -> SqlitePool {
    let raw = SqlitePoolOptions::new()
        .max_connections(3)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    raw.execute(
        "create table t(a integer not null, b text);
         insert into t values (1, 'x'), (2, 'y'), (3, null)",
    )
    .await
    .unwrap();
    SqlitePool::new(recorder(), raw)
}

// The shapes that parameters have in apps.
async fn takes_raw(c: &mut sqlx::SqliteConnection) -> i64 {
    sqlx::query_scalar("select 'raw', 1")
        .fetch_one(c)
        .await
        .map(|_: String| 1)
        .unwrap()
}
async fn takes_connection(c: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("select 2").fetch_one(c).await.unwrap()
}
async fn takes_transaction(tx: &mut SqliteTransaction<'_>) -> i64 {
    sqlx::query_scalar("select 3")
        .fetch_one(&mut **tx)
        .await
        .unwrap()
}
async fn takes_executor<'e>(e: impl sqlx::SqliteExecutor<'e>) -> i64 {
    sqlx::query_scalar("select 4").fetch_one(e).await.unwrap()
}
async fn takes_acquire<'a>(a: impl Acquire<'a, Database = Sqlite>) -> i64 {
    let mut connection = a.acquire().await.unwrap();
    sqlx::query_scalar("select 5")
        .fetch_one(&mut *connection)
        .await
        .unwrap()
}
async fn takes_raw_pool(pool: &sqlx::SqlitePool) -> i64 {
    sqlx::query_scalar("select 6")
        .fetch_one(pool)
        .await
        .unwrap()
}

fn texts(queries: &[Query]) -> Vec<&str> {
    queries.iter().map(|query| query.sql.as_str()).collect()
}

#[tokio::test]
async fn a_query_through_the_pool_has_all_there_is_to_know() {
    let pool = pool().await;
    let recorder = recorder();
    let (rows, seen) = record(&recorder, async {
        sqlx::query_as::<_, Line>("select a, b from t where a > ? order by a")
            .bind(1_i64)
            .fetch_all(&pool)
            .await
            .unwrap()
    })
    .await;
    assert_eq!(
        rows,
        [
            Line {
                a: 2,
                b: Some("y".into())
            },
            Line { a: 3, b: None }
        ]
    );
    assert_eq!(seen.queries.len(), 1);
    let query = &seen.queries[0];
    assert_eq!(query.sql, "select a, b from t where a > ? order by a");
    assert_eq!(query.outcome, Outcome::Completed);
    assert_eq!((query.rows_returned, query.rows_affected), (2, 0));
    assert!(query.has_first_row);
    assert_eq!(query.error, None);
    assert_eq!(query.transaction, None);
    let values = query.values.as_ref().unwrap();
    assert_eq!(values.len(), 1);
    assert_eq!(values[0].type_name, "INTEGER");
    assert_eq!(
        values[0].state,
        ValueState::Bytes(1_i64.to_le_bytes().to_vec())
    );
    let errors: Vec<_> = seen.waits.iter().map(|wait| &wait.error).collect();
    assert_eq!(errors, [&None], "the wait for the connection is apart");
    assert!(seen.transactions.is_empty());
}

#[tokio::test]
async fn the_call_site_is_the_line_of_the_app() {
    let pool = pool().await;
    let recorder = recorder();
    // Twice: first with addresses not known yet, then with the short walk.
    for _ in 0..2 {
        let line = line!() + 3;
        let (_, seen) = record(&recorder, async {
            let select = sqlx::query("select a from t");
            select.fetch_all(&pool).await.unwrap();
            let mut tx = pool.begin().await.unwrap();
            let update = sqlx::query("update t set a = a");
            update.execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
        let sites: Vec<_> = seen
            .queries
            .iter()
            .map(|query| query.call_site.clone().unwrap())
            .collect();
        for site in &sites {
            assert!(
                site.file.ends_with("tests/call_shapes_sqlite.rs"),
                "{site:?}"
            );
            assert!(
                site.function
                    .contains("the_call_site_is_the_line_of_the_app"),
                "{site:?}"
            );
            assert!(!site.function.contains('{'), "{site:?}");
        }
        assert_eq!((sites[0].line, sites[1].line), (line, line + 3));
    }
}

#[tokio::test]
async fn every_way_to_fetch_records_one_query() {
    let pool = pool().await;
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let sql = "select a from t order by a";
        assert_eq!(sqlx::query(sql).fetch_all(&pool).await.unwrap().len(), 3);
        assert_eq!(
            sqlx::query(sql)
                .fetch_one(&pool)
                .await
                .unwrap()
                .get::<i64, _>(0),
            1
        );
        assert!(
            sqlx::query(sql)
                .fetch_optional(&pool)
                .await
                .unwrap()
                .is_some()
        );
        assert_eq!(
            sqlx::query(sql)
                .fetch(&pool)
                .try_fold(0, |n, _| async move { Ok(n + 1) })
                .await
                .unwrap(),
            3
        );
        sqlx::query(sql).execute(&pool).await.unwrap();
        assert_eq!(
            sqlx::query_scalar::<_, i64>(sql)
                .fetch_all(&pool)
                .await
                .unwrap(),
            [1, 2, 3]
        );
        assert_eq!(
            sqlx::query(sql)
                .map(|row: sqlx::sqlite::SqliteRow| row.get::<i64, _>(0))
                .fetch_one(&pool)
                .await
                .unwrap(),
            1
        );
        assert_eq!(pool.fetch_all(sql).await.unwrap().len(), 3);
        assert_eq!((&pool).fetch_one(sql).await.unwrap().get::<i64, _>(0), 1);
        assert_eq!(
            sqlx::raw_sql("select 1; select 2")
                .fetch_all(&pool)
                .await
                .unwrap()
                .len(),
            2
        );
        let statement = pool
            .prepare(sqlx::SqlStr::from_static("select a from t where a = ?"))
            .await
            .unwrap();
        assert_eq!(
            statement
                .query()
                .bind(2_i64)
                .fetch_one(&pool)
                .await
                .unwrap()
                .get::<i64, _>(0),
            2
        );
        assert!(pool.describe(sqlx::SqlStr::from_static(sql)).await.is_ok());
        let mut builder = QueryBuilder::<Sqlite>::new("insert into t(a, b) ");
        builder.push_values([(7, "p"), (8, "q")], |mut row, (a, b)| {
            row.push_bind(a).push_bind(b);
        });
        assert_eq!(
            builder
                .build()
                .execute(&pool)
                .await
                .unwrap()
                .rows_affected(),
            2
        );
    })
    .await;
    assert_eq!(seen.queries.len(), 12, "{:?}", texts(&seen.queries));
    assert!(
        seen.queries
            .iter()
            .all(|query| query.outcome == Outcome::Completed)
    );
    let rows: Vec<_> = seen
        .queries
        .iter()
        .map(|query| query.rows_returned)
        .collect();
    assert_eq!(rows, [3, 1, 1, 3, 3, 3, 1, 3, 1, 2, 1, 0]);
    let insert = &seen.queries[11];
    assert_eq!(
        (insert.rows_affected, insert.values.as_ref().unwrap().len()),
        (2, 4)
    );
    assert_eq!(
        seen.queries[0].values.as_deref(),
        Some(&[][..]),
        "none bound, and that is known"
    );
}

#[tokio::test]
#[expect(
    clippy::explicit_auto_deref,
    reason = "the shape that sqlx's documentation shows"
)]
async fn parameters_of_every_shape_take_ours() {
    let pool = pool().await;
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let mut tx = pool.begin().await.unwrap();
        takes_raw(&mut tx).await;
        takes_raw(&mut *tx).await;
        takes_connection(&mut tx).await;
        takes_connection(&mut *tx).await;
        takes_transaction(&mut tx).await;
        takes_executor(&mut *tx).await;
        takes_acquire(&mut tx).await;
        takes_acquire(&mut *tx).await;
        tx.rollback().await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        takes_raw(&mut connection).await;
        takes_connection(&mut connection).await;
        takes_executor(&mut *connection).await;
        takes_acquire(&mut connection).await;
        connection.ping().await.unwrap();
        drop(connection);
        takes_executor(&pool).await;
        takes_acquire(&pool).await;
        takes_raw_pool(&pool).await;
        takes_raw_pool(pool.raw()).await;
        assert_eq!(pool.clone().size(), pool.size());
    })
    .await;
    // Raw parameters are not ours: the tracing layer sees those.
    assert_eq!(
        texts(&seen.queries),
        [
            "select 2", "select 2", "select 3", "select 4", "select 2", "select 4", "select 4"
        ]
    );
    let transactions: Vec<_> = seen.queries.iter().map(|query| query.transaction).collect();
    assert_eq!(
        transactions,
        [Some(0), Some(0), Some(0), Some(0), None, None, None]
    );
    assert_eq!(seen.transactions, [(1, TransactionEnd::RolledBack)]);
    assert_eq!(
        seen.waits.len(),
        3,
        "begin, acquire, and the query through the pool"
    );
}

#[tokio::test]
async fn transactions_nest_and_end_in_every_way() {
    let pool = pool().await;
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("insert into t(a) values (10)")
            .execute(&mut *tx)
            .await
            .unwrap();
        {
            let mut inner = tx.begin().await.unwrap();
            sqlx::query("insert into t(a) values (11)")
                .execute(&mut *inner)
                .await
                .unwrap();
            inner.commit().await.unwrap();
        }
        {
            let mut dropped = tx.begin().await.unwrap();
            sqlx::query("insert into t(a) values (12)")
                .execute(&mut *dropped)
                .await
                .unwrap();
        }
        sqlx::query("insert into t(a) values (13)")
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let mut connection = pool.acquire().await.unwrap();
        let immediate = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
        immediate.rollback().await.unwrap();
        let within = connection
            .transaction(|tx| {
                Box::pin(async move {
                    sqlx::query("insert into t(a) values (14)")
                        .execute(&mut **tx)
                        .await?;
                    Err::<(), _>(sqlx::Error::RowNotFound)
                })
            })
            .await;
        assert!(within.is_err());
        drop(pool.begin().await.unwrap());
    })
    .await;
    assert_eq!(
        seen.transactions,
        [
            (1, TransactionEnd::Committed),
            (2, TransactionEnd::Committed),
            (2, TransactionEnd::Dropped),
            (1, TransactionEnd::RolledBack),
            (1, TransactionEnd::RolledBack),
            (1, TransactionEnd::Dropped),
        ]
    );
    let of: Vec<_> = seen.queries.iter().map(|query| query.transaction).collect();
    assert_eq!(of, [Some(0), Some(1), Some(2), Some(0), Some(4)]);
    let kept: Vec<i64> = sqlx::query_scalar("select a from t where a >= 10 order by a")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(kept, [10, 11, 13], "what was rolled back by a drop is gone");
}

#[tokio::test]
async fn errors_keep_their_code_and_pass_through() {
    let pool = pool().await;
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let syntax = sqlx::query("selekt 1").execute(&pool).await.unwrap_err();
        assert!(syntax.as_database_error().is_some());
        pool.execute("create unique index u on t(a)").await.unwrap();
        let twice = sqlx::query("insert into t(a) values (?)")
            .bind(1)
            .execute(&pool)
            .await;
        assert!(
            twice
                .unwrap_err()
                .as_database_error()
                .unwrap()
                .is_unique_violation()
        );
        let none = sqlx::query("select a from t where a = -1")
            .fetch_one(&pool)
            .await;
        assert!(matches!(none, Err(sqlx::Error::RowNotFound)));
    })
    .await;
    assert_eq!(seen.queries.len(), 4);
    assert_eq!(seen.queries[0].outcome, Outcome::Error);
    assert!(
        seen.queries[0]
            .error
            .as_ref()
            .unwrap()
            .message
            .contains("syntax error")
    );
    assert_eq!(
        seen.queries[2].error.as_ref().unwrap().code.as_deref(),
        Some("2067")
    );
    assert_eq!(
        seen.queries[3].outcome,
        Outcome::Completed,
        "finding nothing is no failure of SQL"
    );
}

#[tokio::test]
async fn a_dropped_stream_is_told_from_one_that_ended_and_one_that_never_ran() {
    let pool = pool().await;
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let mut stream = sqlx::query("select a from t").fetch(&pool);
        assert!(stream.next().await.is_some());
        drop(stream);
        drop(sqlx::query("select 'never polled'").fetch(&pool));
        let mut connection = pool.acquire().await.unwrap();
        let mut stream = sqlx::query("select b from t").fetch(&mut *connection);
        assert!(stream.next().await.is_some());
    })
    .await;
    assert_eq!(texts(&seen.queries), ["select a from t", "select b from t"]);
    for query in &seen.queries {
        assert_eq!((query.outcome, query.rows_returned), (Outcome::Dropped, 1));
    }
}

#[tokio::test]
async fn the_time_that_the_app_holds_a_stream_is_its_own() {
    let pool = pool().await;
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let mut stream = sqlx::query("select a from t").fetch(&pool);
        while let Some(row) = stream.try_next().await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(row);
        }
    })
    .await;
    let query = &seen.queries[0];
    assert!(query.consumer >= Duration::from_millis(60), "{query:?}");
    assert!(query.duration >= query.consumer);
    assert!(
        query.duration - query.consumer < Duration::from_millis(60),
        "{query:?}"
    );
}

#[tokio::test]
async fn a_wait_that_fails_or_is_given_up_is_recorded() {
    let raw = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(50))
        .connect("sqlite::memory:")
        .await
        .unwrap();
    let pool = SqlitePool::new(recorder(), raw);
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let held = pool.acquire().await.unwrap();
        assert!(pool.try_acquire().is_none());
        assert!(sqlx::query("select 1").execute(&pool).await.is_err());
        let given_up = tokio::time::timeout(Duration::from_millis(5), pool.acquire()).await;
        assert!(given_up.is_err());
        drop(held);
    })
    .await;
    assert!(
        seen.queries.is_empty(),
        "what never got a connection never ran"
    );
    assert_eq!(seen.waits.len(), 3);
    let error = |at: usize| seen.waits[at].error.as_deref();
    assert_eq!(error(0), None);
    assert!(error(1).unwrap().contains("timed out"), "{:?}", error(1));
    assert_eq!(error(2), Some(ConnectionWait::GIVEN_UP));
    // What the pool had says why: its one connection was taken.
    let taken = PoolUse {
        open: 1,
        idle: 0,
        most: 1,
    };
    assert_eq!(seen.waits[1].pool, Some(taken));
    assert_eq!(seen.waits[2].pool, Some(taken));
}

#[tokio::test]
async fn outside_of_requests_everything_works_and_nothing_is_recorded() {
    let pool = pool().await;
    assert_eq!(
        sqlx::query_scalar::<_, i64>("select count(*) from t")
            .fetch_one(&pool)
            .await
            .unwrap(),
        3
    );
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("delete from t")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(
        sqlx::query("select a from t")
            .fetch_optional(&pool)
            .await
            .unwrap()
            .is_none()
    );
    pool.close().await;
    assert!(pool.is_closed());
}

#[tokio::test]
async fn a_stream_and_a_transaction_keep_their_request_in_a_task_of_their_own() {
    let pool = pool().await;
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        let mut tx = pool.begin().await.unwrap();
        let for_stream = pool.clone();
        let rows = futures_util::stream::once(async move {
            sqlx::query("select a from t")
                .fetch_all(&for_stream)
                .await
                .unwrap()
                .len()
        });
        let in_task = tokio::spawn(async move {
            sqlx::query("select 'in the task'")
                .execute(&mut *tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        });
        in_task.await.unwrap();
        let lost = tokio::spawn(async move { rows.collect::<Vec<_>>().await });
        assert_eq!(lost.await.unwrap(), [3]);
    })
    .await;
    assert_eq!(texts(&seen.queries), ["select 'in the task'"]);
    assert_eq!(seen.transactions, [(1, TransactionEnd::Committed)]);
}

#[tokio::test]
async fn a_connection_of_its_own_can_be_instrumented_too() {
    let raw = sqlx::SqliteConnection::connect("sqlite::memory:")
        .await
        .unwrap();
    let mut connection = Conn::<Sqlite>::new(recorder(), raw, "scratch");
    let recorder = recorder();
    let ((), seen) = record(&recorder, async {
        sqlx::query("create table x(a)")
            .execute(&mut connection)
            .await
            .unwrap();
        let mut tx = connection.begin().await.unwrap();
        sqlx::query("insert into x values (1)")
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    assert_eq!(seen.queries.len(), 2);
    assert_eq!(seen.queries[1].transaction, Some(0));
}
