//! What the instrumented pool knows of transactions and rows on MySQL and MariaDB.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod support;

use std::time::Duration;

use silk_capture::sql::pool::MySqlPool;
use silk_core::TransactionEnd;
use sqlx::{Executor as _, mysql::MySqlPoolOptions};
use support::seen::{Seen, record, recorder};

async fn pool() -> MySqlPool {
    let url = std::env::var("SILK_TEST_MYSQL").expect("SILK_TEST_MYSQL names a server");
    let options = MySqlPoolOptions::new()
        .max_connections(2)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("create temporary table t(id int primary key, a text)")
                    .await?;
                Ok(())
            })
        });
    MySqlPool::new(recorder(), options.connect(&url).await.unwrap())
}

async fn seen<F: Future>(future: F) -> Seen {
    record(&recorder(), future).await.1
}

#[tokio::test]
#[ignore = "needs MySQL: run cargo xtask test"]
async fn case_pool_01_to_03_rows_on_mariadb() {
    let pool = pool().await;
    let seen = seen(async {
        let mut tx = pool.begin().await.unwrap();
        // MariaDB gives no count beside the rows of RETURNING.
        let three = "insert into t values (1, 'a'), (2, 'b'), (3, 'c') returning id";
        sqlx::query(three).fetch_all(&mut *tx).await.unwrap();
        let one = "insert into t values (4, 'd') returning id";
        sqlx::query(one).fetch_one(&mut *tx).await.unwrap();
        sqlx::query("select * from t")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        for sql in [
            "/* traceparent */ select * from t",
            "with x as (select * from t) select * from x",
            "(select * from t)",
        ] {
            sqlx::query(sql).fetch_all(&mut *tx).await.unwrap();
        }
        tx.execute("select 1 into @one").await.unwrap();
        tx.execute("update t set a = 'z' where id < 3")
            .await
            .unwrap();
        tx.execute("delete from t").await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    assert_eq!(
        seen.rows(),
        [
            (3, 3, 3),
            (1, 1, 1),
            // The driver stops at the first row.
            (1, 1, 0),
            (4, 4, 0),
            (4, 4, 0),
            (4, 4, 0),
            (0, 0, 0),
            (0, 0, 2),
            (0, 0, 4)
        ]
    );
    assert_eq!(seen.transactions, [(1, TransactionEnd::Committed)]);
}

#[tokio::test]
#[ignore = "needs MySQL: run cargo xtask test"]
async fn errors_of_begin_and_of_what_is_gone_at_commit() {
    let pool = pool().await;
    let refused = seen(async {
        assert!(pool.begin_with("begin of the end").await.is_err());
        assert!(pool.begin_with("do 1").await.is_err());
    })
    .await;
    assert_eq!(
        refused.ends(),
        [
            (TransactionEnd::Failed, Some("42000".to_owned())),
            (TransactionEnd::Failed, Some(String::new()))
        ]
    );
    assert_eq!(refused.errors(), 2);
    let by_hand = seen(async {
        let mut tx = pool.begin().await.unwrap();
        tx.execute("insert into t values (9, 'x')").await.unwrap();
        tx.execute("rollback").await.unwrap();
        tx.commit().await.unwrap();
    })
    .await;
    assert_eq!(
        by_hand.ends(),
        [(TransactionEnd::RolledBack, Some(String::new()))]
    );
}

#[tokio::test]
#[ignore = "needs MySQL: run cargo xtask test"]
async fn a_commit_after_a_deadlock_has_nothing_left_to_commit() {
    let pool = pool().await;
    let setup = pool.raw();
    setup
        .execute("create table if not exists silk_pool_locks(id int primary key, a int)")
        .await
        .unwrap();
    setup
        .execute("replace into silk_pool_locks values (1, 0), (2, 0)")
        .await
        .unwrap();
    let update =
        |id: i32| sqlx::query("update silk_pool_locks set a = a + 1 where id = ?").bind(id);
    let seen = seen(async {
        let mut one = pool.begin().await.unwrap();
        let mut two = pool.begin().await.unwrap();
        update(1).execute(&mut *one).await.unwrap();
        update(2).execute(&mut *two).await.unwrap();
        let (a, b) = tokio::join!(update(2).execute(&mut *one), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            update(1).execute(&mut *two).await
        });
        assert!(a.is_err() != b.is_err(), "one of them is the victim");
        one.commit().await.unwrap();
        two.commit().await.unwrap();
    })
    .await;
    let mut ends: Vec<_> = seen.ends().into_iter().map(|(end, _)| end).collect();
    ends.sort_by_key(|end| end.as_str());
    assert_eq!(
        ends,
        [TransactionEnd::Committed, TransactionEnd::RolledBack]
    );
}
