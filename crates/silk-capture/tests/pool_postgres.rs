//! What the instrumented pool knows of transactions, rows and COPY on PostgreSQL, oldest and newest.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod support;

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use silk_capture::sql::pool::{PgPool, PoolConnection};
use silk_core::{Outcome, TransactionEnd};
use sqlx::{Executor as _, postgres::PgPoolOptions};
use support::seen::{Seen, record, recorder};

/// A pool of each server, with tables of its own on each connection.
async fn pools() -> Vec<PgPool> {
    let mut pools = Vec::new();
    for name in ["SILK_TEST_POSTGRES", "SILK_TEST_POSTGRES_NEWEST"] {
        let url = std::env::var(name).expect("it names a server");
        let options = PgPoolOptions::new()
            .max_connections(2)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection
                        .execute(
                            "create temp table d(i int primary key); \
                             create temp table dd(i int references d deferrable initially deferred); \
                             create temp table many(i int); \
                             insert into many select generate_series(1, 50000); \
                             create temp table t(id int, a text)",
                        )
                        .await?;
                    Ok(())
                })
            });
        pools.push(PgPool::new(
            recorder(),
            options.connect(&url).await.unwrap(),
        ));
    }
    pools
}

async fn seen<F: Future>(future: F) -> Seen {
    record(&recorder(), future).await.1
}

fn end(end: TransactionEnd, code: Option<&str>) -> (TransactionEnd, Option<String>) {
    (end, code.map(ToOwned::to_owned))
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_04_commit_error_is_not_recorded() {
    for pool in pools().await {
        let seen = seen(async {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("insert into dd values (1)")
                .execute(&mut *tx)
                .await
                .unwrap();
            assert!(tx.commit().await.is_err());
            sqlx::query("select 1").execute(&pool).await.unwrap();
        })
        .await;
        assert_eq!(seen.ends(), [end(TransactionEnd::Failed, Some("23503"))]);
        let error = seen.record.detail.transactions[0].error.as_ref().unwrap();
        assert!(error.message.contains("foreign key"), "{}", error.message);
        assert_eq!(seen.errors(), 1);
        assert_eq!(seen.queries.len(), 2, "COMMIT is no query");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_backend_that_dies_before_commit_is_told_with_its_code() {
    for pool in pools().await {
        let seen = seen(async {
            let mut tx = pool.begin().await.unwrap();
            let pid: i32 = sqlx::query_scalar("select pg_backend_pid()")
                .fetch_one(&mut *tx)
                .await
                .unwrap();
            sqlx::query("select pg_terminate_backend($1)")
                .bind(pid)
                .execute(&pool)
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert!(tx.rollback().await.is_err());
        })
        .await;
        assert_eq!(seen.ends(), [end(TransactionEnd::Failed, Some("57P01"))]);
        assert_eq!(seen.errors(), 1);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_commit_that_rolled_back_is_not_committed() {
    for pool in pools().await {
        // Of an aborted transaction.
        let aborted = seen(async {
            let mut tx = pool.begin().await.unwrap();
            assert!(sqlx::query("select 1/0").execute(&mut *tx).await.is_err());
            tx.commit().await.unwrap();
        })
        .await;
        assert_eq!(aborted.ends(), [end(TransactionEnd::RolledBack, Some(""))]);
        assert_eq!(aborted.errors(), 1, "the query alone");
        // After a ROLLBACK by hand.
        let by_hand = seen(async {
            let mut tx = pool.begin().await.unwrap();
            tx.execute("insert into t values (1, 'x')").await.unwrap();
            sqlx::query("rollback").execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
        assert_eq!(by_hand.ends(), [end(TransactionEnd::RolledBack, Some(""))]);
        assert_eq!(by_hand.queries.len(), 1);
        // Near misses: a savepoint takes the error with it, in three ways, and then all is well.
        let healed = seen(async {
            let mut tx = pool.begin().await.unwrap();
            let mut inner = tx.begin().await.unwrap();
            assert!(inner.execute("select 1/0").await.is_err());
            inner.rollback().await.unwrap();
            let mut inner = tx.begin().await.unwrap();
            assert!(inner.execute("select 1/0").await.is_err());
            drop(inner);
            tx.execute("savepoint mine").await.unwrap();
            assert!(tx.execute("select 1/0").await.is_err());
            tx.execute("rollback to savepoint mine").await.unwrap();
            tx.execute("insert into t values (1, 'x')").await.unwrap();
            tx.commit().await.unwrap();
        })
        .await;
        assert_eq!(
            healed.ends(),
            [
                end(TransactionEnd::Committed, None),
                end(TransactionEnd::RolledBack, None),
                end(TransactionEnd::Dropped, None)
            ]
        );
        // An error of the client's aborts nothing.
        let client = seen(async {
            let mut tx = pool.begin().await.unwrap();
            let text: Result<String, _> = sqlx::query_scalar("select 1").fetch_one(&mut *tx).await;
            assert!(text.is_err());
            tx.commit().await.unwrap();
        })
        .await;
        assert_eq!(client.ends(), [end(TransactionEnd::Committed, None)]);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_savepoint_that_cannot_be_released_is_told_with_its_code() {
    for pool in pools().await {
        let seen = seen(async {
            let mut tx = pool.begin().await.unwrap();
            let mut inner = tx.begin().await.unwrap();
            assert!(inner.execute("select 1/0").await.is_err());
            assert!(inner.commit().await.is_err());
            tx.commit().await.unwrap();
        })
        .await;
        assert_eq!(
            seen.ends(),
            [
                end(TransactionEnd::Committed, None),
                end(TransactionEnd::Failed, Some("25P02"))
            ]
        );
        assert_eq!(seen.errors(), 2);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_11_begin_error_is_not_recorded() {
    for pool in pools().await {
        let refused = seen(async {
            assert!(pool.begin_with("begin isolation level none").await.is_err());
            // It runs, and begins nothing.
            assert!(pool.begin_with("select 1").await.is_err());
        })
        .await;
        assert_eq!(
            refused.ends(),
            [
                end(TransactionEnd::Failed, Some("42601")),
                end(TransactionEnd::Failed, Some(""))
            ]
        );
        assert_eq!((refused.errors(), refused.queries.len()), (2, 0));
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_begin_that_is_given_up_leaves_a_trace() {
    for pool in pools().await {
        let seen = seen(async {
            let mut connection = pool.acquire().await.unwrap();
            let begin = connection.begin_with("select pg_sleep(0.3); begin");
            assert!(
                tokio::time::timeout(Duration::from_millis(50), begin)
                    .await
                    .is_err()
            );
            // Never polled, never sent.
            drop(connection.begin());
        })
        .await;
        assert_eq!(seen.ends(), [end(TransactionEnd::Unknown, Some(""))]);
        let transaction = &seen.record.detail.transactions[0];
        assert!(transaction.begin_us >= 40_000, "{transaction:?}");
        assert!(seen.record.summary.times.sql_us >= 40_000);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn a_refused_begin_within_a_transaction_is_no_savepoint_and_undoes_the_one_around() {
    for pool in pools().await {
        let seen = seen(async {
            let mut tx = pool.begin().await.unwrap();
            tx.execute("insert into t values (77, 'x')").await.unwrap();
            assert!(tx.begin_with("begin").await.is_err());
            // As with sqlx's own: the refused one is dropped, and that rolls back.
            tx.commit().await.unwrap();
        })
        .await;
        assert_eq!(seen.ends(), [end(TransactionEnd::RolledBack, Some(""))]);
        for _ in 0..2 {
            let left: i64 = sqlx::query_scalar("select count(*) from t where id = 77")
                .fetch_one(&pool)
                .await
                .unwrap();
            assert_eq!(left, 0);
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pages_05_commit_is_other() {
    for pool in pools().await {
        // A deferred trigger makes COMMIT slow, and BEGIN is as slow as one likes.
        let seen = seen(async {
            let mut tx = pool
                .begin_with("select pg_sleep(0.1); begin")
                .await
                .unwrap();
            tx.execute(
                "create function pg_temp.slow() returns trigger language plpgsql as \
                 $$ begin perform pg_sleep(0.1); return null; end $$; \
                 create constraint trigger s after insert on t deferrable initially deferred \
                 for each row execute function pg_temp.slow(); insert into t values (1, 'x')",
            )
            .await
            .unwrap();
            tx.commit().await.unwrap();
        })
        .await;
        let transaction = &seen.record.detail.transactions[0];
        assert!(transaction.begin_us >= 90_000, "{transaction:?}");
        assert!(transaction.end_us >= 90_000, "{transaction:?}");
        let times = seen.record.summary.times;
        assert!(times.sql_us >= 190_000, "{times:?}");
        assert!(times.other_us() < 90_000, "{times:?}");
        assert_eq!(seen.queries.len(), 1);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_01_returning_fetch_one_affects_nothing() {
    for pool in pools().await {
        let seen = seen(async {
            let mut tx = pool.begin().await.unwrap();
            for sql in [
                "insert into many select generate_series(1,100) returning i",
                "update many set i = i where i <= 199 returning i",
                "delete from many where i > 49990 returning i",
                "with x as (select 1 as a) insert into many select a from x returning i",
            ] {
                sqlx::query(sql).fetch_one(&mut *tx).await.unwrap();
            }
            sqlx::query("update many set i = i where i < 0 returning i")
                .fetch_optional(&mut *tx)
                .await
                .unwrap();
            sqlx::query("insert into many values (1)")
                .fetch_optional(&mut *tx)
                .await
                .unwrap();
            let mut stream = sqlx::query("update many set i = i returning i").fetch(&mut *tx);
            assert!(stream.next().await.is_some());
            drop(stream);
        })
        .await;
        assert_eq!(
            seen.rows(),
            [
                (1, 100, 100),
                (1, 299, 299),
                (1, 10, 10),
                (1, 1, 1),
                (0, 0, 0),
                (0, 0, 1),
                // Left half-read: at least what came.
                (1, 1, 1)
            ]
        );
        assert_eq!(seen.queries[6].outcome, Outcome::Dropped);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_02_fetch_one_hides_rows_read() {
    for pool in pools().await {
        let seen = seen(async {
            sqlx::query("select * from many")
                .fetch_one(&pool)
                .await
                .unwrap();
            let mut connection = pool.acquire().await.unwrap();
            sqlx::query("select * from many")
                .fetch_optional(&mut *connection)
                .await
                .unwrap();
            sqlx::query("select * from many limit 1")
                .fetch_one(&mut *connection)
                .await
                .unwrap();
            let none = sqlx::query("select 1 where false").fetch_one(&pool).await;
            assert!(matches!(none, Err(sqlx::Error::RowNotFound)));
            // An error after the first row is the query's.
            let late = sqlx::query("select 1/(3 - i) from generate_series(1, 5) i");
            assert!(late.fetch_one(&pool).await.is_err());
        })
        .await;
        assert_eq!(
            seen.rows(),
            [
                (1, 50_000, 0),
                (1, 50_000, 0),
                (1, 1, 0),
                (0, 0, 0),
                (1, 2, 0)
            ]
        );
        assert_eq!(seen.queries[4].outcome, Outcome::Error);
        assert!(seen.queries[0].has_first_row);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_03_select_counts_as_affected() {
    for pool in pools().await {
        let mut wanted = Vec::new();
        let seen = seen(async {
            let mut tx = pool.begin().await.unwrap();
            tx.execute("insert into t select g, 'a' from generate_series(1, 10) g")
                .await
                .unwrap();
            tx.execute("declare c cursor for select * from t").await.unwrap();
            wanted.extend([10, 0]);
            for (sql, affected) in [
                ("with x as (select * from t) select * from x", 0),
                ("/* traceparent='00-…' */ select * from t", 0),
                ("-- name: list\nselect * from t", 0),
                ("(select * from t)", 0),
                ("table t", 0),
                ("fetch 3 from c", 0),
                ("move 3 from c", 0),
                ("with x as (insert into t values (11) returning id) select * from x", 0),
            ] {
                sqlx::query(sql).fetch_all(&mut *tx).await.unwrap();
                wanted.push(affected);
            }
            for (sql, affected) in [
                ("select 1; insert into t values (1); insert into t values (2)", 2),
                (
                    "insert into t values (1), (2); select * from t; update t set a = '' where id = 10",
                    3,
                ),
                ("insert into t values (1) returning id; select ';'; insert into t values (1) returning id", 2),
                ("select * into temp tt from t limit 9", 9),
                ("create temp table ttt as select * from t limit 7", 7),
                ("do $$ begin delete from t; end $$", 0),
            ] {
                sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap();
                wanted.push(affected);
            }
        })
        .await;
        let affected: Vec<_> = seen.queries.iter().map(|q| q.rows_affected).collect();
        assert_eq!(affected, wanted);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn one_row_asked_for_leaves_the_connection_as_sqlx_does() {
    for pool in pools().await {
        let raw = pool.raw().clone();
        let ((), _) = record(&recorder(), async {
            let mut ours = pool.acquire().await.unwrap();
            let mut theirs = raw.acquire().await.unwrap();
            for _ in 0..2 {
                let slow = "select i, pg_sleep(0.02) from generate_series(1, 20) i";
                for limit in [10, 70] {
                    let limit = Duration::from_millis(limit);
                    let one = sqlx::query(slow).fetch_one(&mut *ours);
                    let other = sqlx::query(slow).fetch_one(&mut *theirs);
                    assert!(tokio::time::timeout(limit, one).await.is_err());
                    assert!(tokio::time::timeout(limit, other).await.is_err());
                }
                let next: i32 = sqlx::query_scalar("select 7")
                    .fetch_one(&mut *ours)
                    .await
                    .unwrap();
                assert_eq!(next, 7);
            }
            let mut rows =
                sqlx::query_scalar::<_, i32>("select generate_series(1, 3)").fetch(&mut *ours);
            assert_eq!(rows.try_next().await.unwrap(), Some(1));
            drop(rows);
            let rows = sqlx::query_scalar::<_, i32>("select generate_series(1, 3)")
                .fetch_all(&mut *ours)
                .await
                .unwrap();
            assert_eq!(rows, [1, 2, 3]);
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_07_copy_is_not_seen() {
    for pool in pools().await {
        let both = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
        let freed = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(both);
        });
        let seen = seen(async {
            let csv = "copy t from stdin with (format csv)";
            // The pool has none left when it is asked for this one.
            let mut copy = pool.copy_in_raw(csv).await.unwrap();
            copy.send("700,a\n".as_bytes()).await.unwrap();
            copy.read_from(&b"701,b\n702,c\n"[..]).await.unwrap();
            assert_eq!(copy.finish().await.unwrap(), 3);
            let mut connection = pool.acquire().await.unwrap();
            let mut copy = connection.copy_in_raw(csv).await.unwrap();
            copy.send("1,a\n".as_bytes()).await.unwrap();
            copy.abort("not wanted").await.unwrap();
            let mut copy = connection.copy_in_raw(csv).await.unwrap();
            copy.send("x,a\n".as_bytes()).await.unwrap();
            assert!(copy.finish().await.is_err());
            assert!(
                connection
                    .copy_in_raw("copy nothing from stdin")
                    .await
                    .is_err()
            );
            let rows = "copy (select generate_series(1, 4)) to stdout";
            for (text, pieces) in [
                (rows.to_owned(), 4),
                (format!("{rows} with (format csv, header)"), 5),
                (format!("{rows} with (format binary)"), 5),
            ] {
                let data = connection.copy_out_raw(&text).await.unwrap();
                assert_eq!(data.try_collect::<Vec<_>>().await.unwrap().len(), pieces);
            }
            drop(connection);
            let data = pool.copy_out_raw(rows).await.unwrap();
            assert_eq!(data.try_collect::<Vec<_>>().await.unwrap().len(), 4);
            sqlx::query("select 1").execute(&pool).await.unwrap();
        })
        .await;
        freed.await.unwrap();
        let (done, failed) = (Outcome::Completed, Outcome::Error);
        let copies: Vec<_> = seen
            .queries
            .iter()
            .map(|q| (q.rows_returned, q.rows_affected, q.outcome))
            .collect();
        assert_eq!(
            copies,
            [
                (0, 3, done),
                (0, 0, Outcome::Dropped),
                (0, 0, failed),
                (0, 0, failed),
                (4, 0, done),
                (4, 0, done),
                (4, 0, done),
                (4, 0, done),
                (1, 0, done)
            ]
        );
        let error = seen.queries[2].error.as_ref().unwrap();
        assert_eq!(error.code.as_deref(), Some("22P02"));
        let bytes = |query: usize| match &seen.queries[query].values.as_ref().unwrap()[0].state {
            silk_core::ValueState::Truncated { total_bytes, .. } => *total_bytes,
            _ => 0,
        };
        assert_eq!((bytes(0), bytes(1), bytes(4)), (18, 4, 8));
        assert!(seen.queries[0].call_site.is_some());
        let wait = &seen.waits[0];
        assert!(wait.duration_us > 30_000, "{wait:?}");
        assert!(wait.pool.unwrap().is_exhausted());
        // The wait is not the query's.
        let query = &seen.record.detail.queries[0];
        let end = wait.started_us + wait.duration_us;
        assert!(query.started_us + 1_000 >= end, "{query:?} {wait:?}");
    }
}

/// A COPY takes until its last row, whoever is slow meanwhile.
#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_07_a_copy_takes_as_long_as_it_does() {
    for pool in pools().await {
        let seen = seen(async {
            let mut copy = pool
                .copy_in_raw("copy t from stdin with (format csv)")
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            copy.send("1,a\n".as_bytes()).await.unwrap();
            copy.finish().await.unwrap();
            let slow = "copy (select pg_sleep(0.05)) to stdout";
            let data = pool.copy_out_raw(slow).await.unwrap();
            data.try_collect::<Vec<_>>().await.unwrap();
        })
        .await;
        let times: Vec<_> = seen.queries.iter().map(|query| query.duration).collect();
        assert_eq!(times.len(), 2);
        assert!(
            times.iter().all(|time| *time >= Duration::from_millis(40)),
            "{times:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_12_large_values_memory() {
    const BYTES: usize = 20 << 20;
    for pool in pools().await {
        let seen = seen(async {
            let value = vec![7_u8; BYTES];
            let query = || {
                sqlx::query("select length($1), $2")
                    .bind(&value[..])
                    .bind(5)
            };
            let results = tokio::join!(
                query().execute(&pool),
                query().execute(&pool),
                query().execute(&pool),
                query().execute(&pool),
            );
            assert!(
                results.0.is_ok() && results.1.is_ok() && results.2.is_ok() && results.3.is_ok()
            );
        })
        .await;
        assert_eq!(seen.record.detail.queries_not_kept, 0);
        assert_eq!(seen.queries.len(), 4);
        for query in &seen.queries {
            let values = query.values.as_ref().unwrap();
            let silk_core::ValueState::Truncated { bytes, total_bytes } = &values[0].state else {
                unreachable!("{:?}", values[0].type_name)
            };
            assert_eq!((bytes.len(), *total_bytes), (1_024, BYTES as u64));
            assert_eq!(
                values[1].state,
                silk_core::ValueState::Bytes(vec![0, 0, 0, 5])
            );
        }
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_08_and_13_what_sqlx_has_for_connections_is_there() {
    use sqlx::{Connection as _, postgres::PgAdvisoryLock};

    fn as_ref(connection: &PoolConnection<sqlx::Postgres>) -> &sqlx::PgConnection {
        connection.as_ref()
    }
    fn is_connection(_: &mut impl sqlx::Connection) {}

    for pool in pools().await {
        let lock = PgAdvisoryLock::new("silk pool case 08");
        let mut guard = lock.acquire(pool.acquire().await.unwrap()).await.unwrap();
        sqlx::query("select 1").execute(&mut *guard).await.unwrap();
        let mut connection = guard.release_now().await.unwrap();
        assert!(!as_ref(&connection).is_in_transaction());
        // The trait is the driver's own type's, one step further.
        is_connection(&mut **connection);
        let tx = sqlx::Connection::begin(&mut **connection).await.unwrap();
        tx.rollback().await.unwrap();
        connection.return_to_pool().await;
        drop(connection);
        pool.acquire().await.unwrap().close().await.unwrap();
    }
}
