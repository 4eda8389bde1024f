//! sqlx's checked macros take our pools; the metadata in `.sqlx` stands in for a database.

mod support;

use silk_capture::sql::pool::SqlitePool;
use sqlx::Executor as _;
use support::seen::{record, recorder};

struct Item {
    id: i64,
    title: Option<String>,
}

#[tokio::test]
async fn checked_queries_run_on_pool_and_transaction() {
    let raw = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
    raw.execute(
        "create table items(id integer primary key not null, title text); \
         insert into items values (1, 'a'), (2, null)",
    )
    .await
    .unwrap();
    let recorder = recorder();
    let pool = SqlitePool::new(recorder.clone(), raw);
    let ((), seen) = record(&recorder, async {
        let row = sqlx::query!("select id, title from items where id > ?", 1)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!((row.id, row.title), (2, None));
        let mut tx = pool.begin().await.unwrap();
        let items = sqlx::query_as!(Item, "select id, title from items order by id")
            .fetch_all(&mut *tx)
            .await
            .unwrap();
        assert_eq!(
            (items[0].id, items[0].title.as_deref(), items.len()),
            (1, Some("a"), 2)
        );
        let count = sqlx::query_scalar!("select count(*) from items")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        assert_eq!(count, 2);
        tx.commit().await.unwrap();
    })
    .await;
    assert_eq!(seen.queries.len(), 3);
    assert_eq!(seen.queries[0].values.as_ref().map(Vec::len), Some(1));
    assert_eq!(seen.queries[2].transaction, Some(0));
}
