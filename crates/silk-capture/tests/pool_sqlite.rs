//! What the instrumented pool knows of transactions and rows on SQLite.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod support;

use std::time::Duration;

use silk_capture::{
    in_current_request,
    record::{ActiveRequest, CapturedValues, SqlSource},
    run_job,
    sql::pool::SqlitePool,
};
use silk_core::{RequestKind, TransactionEnd, Value};
use sqlx::{
    Executor as _,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use support::seen::{Seen, record, recorder};

async fn seen<F: Future>(future: F) -> Seen {
    record(&recorder(), future).await.1
}

async fn pool(folder: &tempfile::TempDir) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("pool.db"))
        .create_if_missing(true)
        .busy_timeout(Duration::from_millis(50));
    let raw = SqlitePoolOptions::new()
        .max_connections(2)
        .connect_with(options)
        .await
        .unwrap();
    raw.execute("create table if not exists t(id integer primary key, a text)")
        .await
        .unwrap();
    SqlitePool::new(recorder(), raw)
}

#[tokio::test]
async fn case_pool_11_begin_error_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let writer = pool.begin_with("begin immediate").await.unwrap();
    let seen = seen(async {
        let error = pool.begin_with("begin immediate").await.unwrap_err();
        assert_eq!(
            error.as_database_error().unwrap().code().as_deref(),
            Some("5")
        );
    })
    .await;
    writer.rollback().await.unwrap();
    assert_eq!(
        seen.ends(),
        [(TransactionEnd::Failed, Some("5".to_owned()))]
    );
    let transaction = &seen.record.detail.transactions[0];
    let error = transaction.error.as_ref().unwrap();
    assert_eq!(error.message, "database is locked");
    assert!(transaction.begin_us >= 40_000, "{transaction:?}");
    assert!(seen.record.summary.times.sql_us >= 40_000);
    assert_eq!((seen.errors(), seen.queries.len()), (1, 0));
}

#[tokio::test]
async fn a_commit_that_the_database_refuses_is_told_with_its_code() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let seen = seen(async {
        let mut tx = pool.begin().await.unwrap();
        tx.execute("insert into t(a) values ('x')").await.unwrap();
        tx.execute("rollback").await.unwrap();
        assert!(tx.commit().await.is_err());
        let mut tx = pool.begin().await.unwrap();
        tx.execute("insert into t(a) values ('x')").await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    assert_eq!(
        seen.ends(),
        [
            (TransactionEnd::Failed, Some("1".to_owned())),
            (TransactionEnd::Committed, None)
        ]
    );
    assert_eq!(seen.errors(), 1);
    // ROLLBACK by hand is no query either.
    assert_eq!(seen.queries.len(), 2);
}

#[tokio::test]
async fn case_pool_01_to_03_rows_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let seen = seen(async {
        let mut tx = pool.begin().await.unwrap();
        tx.execute("insert into t(a) values ('x'), ('y'), ('z')")
            .await
            .unwrap();
        // The number of changes stays as it was.
        for sql in [
            "pragma table_info(t)",
            "select * from t",
            "with x as (select * from t) select * from x",
            "/* traceparent */ select * from t",
            "create table u(a)",
        ] {
            sqlx::query(sql).fetch_all(&mut *tx).await.unwrap();
        }
        sqlx::query("select * from t")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        sqlx::query("insert into t(a) values ('w') returning id")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        sqlx::query("with x as (select 1) delete from t where id < 3 returning id")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        tx.execute(
            "select 1; insert into t(a) values ('a'), ('b'); select 2; update t set a = 1 where 0",
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    let affected: Vec<_> = seen.queries.iter().map(|q| q.rows_affected).collect();
    assert_eq!(affected, [3, 0, 0, 0, 0, 0, 0, 1, 2, 2]);
    assert_eq!(seen.rows()[6], (1, 1, 0), "the database stops at the row");
}

#[tokio::test]
async fn case_pages_05_commit_is_other_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let seen = seen(async {
        let mut tx = pool.begin().await.unwrap();
        tx.execute("insert into t(a) values ('x')").await.unwrap();
        tx.rollback().await.unwrap();
    })
    .await;
    let transaction = &seen.record.detail.transactions[0];
    let queries: u64 = seen
        .record
        .detail
        .queries
        .iter()
        .map(|q| q.duration_us)
        .sum();
    let with_ends = queries + transaction.begin_us + transaction.end_us;
    let sql_us = seen.record.summary.times.sql_us;
    assert!(sql_us + 10 >= with_ends, "{sql_us} of {with_ends}");
    assert!(sql_us > queries, "{sql_us} of {with_ends}");
}

#[tokio::test]
async fn who_held_the_connections_is_told_with_a_wait() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (waited, has_waited) = tokio::sync::oneshot::channel();
    let holder = run_job(&recorder(), RequestKind::Job, "nightly report", async {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("select 41 + 1")
            .execute(&mut *tx)
            .await
            .unwrap();
        begun.send(()).unwrap();
        // Idle in its transaction.
        has_waited.await.unwrap();
        tx.commit().await.unwrap();
    });
    let waiter = async {
        has_begun.await.unwrap();
        let outside = pool.acquire().await.unwrap();
        let seen = seen(async {
            // Given back only once the wait has begun, however slow the machine is.
            let freed = async {
                tokio::time::sleep(Duration::from_millis(60)).await;
                drop(outside);
            };
            let (first, ()) = tokio::join!(sqlx::query("select 2").execute(&pool), freed);
            first.unwrap();
            sqlx::query("select 3").execute(&pool).await.unwrap();
        })
        .await;
        waited.send(()).unwrap();
        seen
    };
    let ((), seen) = tokio::join!(holder, waiter);
    let [wait, free] = &seen.waits[..] else {
        panic!("{:?}", seen.waits)
    };
    assert!(free.holders.is_empty(), "{free:?}");
    let [first, second] = &wait.holders[..] else {
        panic!("{wait:?}")
    };
    let job = if first.route.is_empty() {
        second
    } else {
        first
    };
    let outside = if first.route.is_empty() {
        first
    } else {
        second
    };
    assert_eq!(job.route, "nightly report");
    assert_eq!((job.connections, job.idle_in_transaction), (1, 1));
    assert_eq!(job.normalized.as_deref(), Some("SELECT ? + ?"));
    assert!(job.fingerprint.is_some());
    let site = job.call_site.as_ref().unwrap();
    assert!(site.file.ends_with("pool_sqlite.rs"), "{site:?}");
    assert_eq!((outside.connections, outside.idle_in_transaction), (1, 0));
    assert_eq!(outside.normalized, None);
    for holder in [job, outside] {
        assert!(holder.held_us > 30_000, "{holder:?}");
        assert!(holder.held_us <= wait.duration_us, "{holder:?} {wait:?}");
    }
}

/// The connection that ended the wait counts too: it was idle in its transaction all the time.
#[tokio::test]
async fn who_gave_the_connection_back_was_idle_in_its_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let recorder = recorder();
    let hold = |until_ms| {
        let pool = &pool;
        run_job(&recorder, RequestKind::Job, "hold", async move {
            let mut tx = pool.begin().await.unwrap();
            sqlx::query("select 41 + 1")
                .execute(&mut *tx)
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(until_ms)).await;
            tx.commit().await.unwrap();
        })
    };
    let quick = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        seen(async {
            sqlx::query("select 2").execute(&pool).await.unwrap();
        })
        .await
    };
    let (_, _, seen) = tokio::join!(hold(200), hold(400), quick);
    let [wait] = &seen.waits[..] else {
        panic!("{:?}", seen.waits)
    };
    let [holder] = &wait.holders[..] else {
        panic!("{wait:?}")
    };
    assert_eq!((holder.connections, holder.idle_in_transaction), (2, 2));
}

/// A connection that ran a query during the wait was not idle, though its transaction is by now.
#[tokio::test]
async fn a_transaction_that_ran_queries_during_the_wait_is_not_called_idle() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let recorder = recorder();
    let busy = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) \
                SELECT max(i) FROM n";
    let work = || {
        let pool = &pool;
        run_job(&recorder, RequestKind::Job, "work", async move {
            let mut tx = pool.begin().await.unwrap();
            for _ in 0..3 {
                sqlx::query(busy).execute(&mut *tx).await.unwrap();
            }
            tx.commit().await.unwrap();
        })
    };
    let quick = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        seen(async {
            sqlx::query("select 2").execute(&pool).await.unwrap();
        })
        .await
    };
    let (_, _, seen) = tokio::join!(work(), work(), quick);
    let wait = &seen.waits[0];
    assert!(!wait.holders.is_empty(), "{wait:?}");
    for holder in &wait.holders {
        assert_eq!(holder.idle_in_transaction, 0, "{wait:?}");
    }
}

/// Values that claim to be larger than any budget.
struct Huge;

impl CapturedValues for Huge {
    fn encode(self: Box<Self>, _: usize) -> Vec<Value> {
        Vec::new()
    }

    fn approximate_bytes(&self) -> usize {
        1 << 40
    }
}

#[tokio::test]
async fn case_pool_12_a_query_whose_values_have_no_room_is_kept_without_them() {
    let seen = seen(async {
        let active = ActiveRequest::current().unwrap();
        let mut query = support::captured(SqlSource::Static("select ?"));
        query.values = Some(Box::new(Huge));
        active.push_query(query);
    })
    .await;
    assert_eq!(seen.record.detail.queries_not_kept, 0);
    assert_eq!(seen.queries.len(), 1);
    assert!(seen.queries[0].values.is_none());
}

#[tokio::test]
async fn case_pages_03_waits_beyond_the_cap_are_counted_with_their_time() {
    let seen = seen(async {
        let active = ActiveRequest::current().unwrap();
        let start = active.started();
        for number in 0..10_100_u64 {
            let at = start + Duration::from_micros(number);
            active.push_wait(at, at + Duration::from_micros(1), None, None);
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    })
    .await;
    assert_eq!(seen.waits.len(), 10_000);
    assert_eq!(seen.record.detail.waits_not_kept, 100);
    assert_eq!(seen.record.summary.times.wait_us, 10_100);
}

#[tokio::test]
async fn a_query_long_after_the_response_is_not_in_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(&folder).await;
    let late = pool.clone();
    let seen = seen(async {
        sqlx::query("select 1").execute(&pool).await.unwrap();
        tokio::spawn(in_current_request(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            sqlx::query("select 2").execute(&late).await.unwrap();
            tokio::time::sleep(Duration::from_secs(6)).await;
            sqlx::query("select 3").execute(&late).await.unwrap();
        }));
    })
    .await;
    let texts: Vec<_> = seen.queries.iter().map(|q| q.sql.as_str()).collect();
    assert_eq!(texts, ["select 1", "select 2"]);
}
