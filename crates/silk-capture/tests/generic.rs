//! Code of an app that is generic over its database still compiles with our executors in the tree.

use sqlx::{ColumnIndex, Database, Decode, Encode, Executor, IntoArguments, Pool, Row, Type};

async fn count<DB>(pool: &Pool<DB>) -> Result<i64, sqlx::Error>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'q> i64: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    let mut connection = pool.acquire().await?;
    let row = sqlx::query::<DB>("select 41 + ?")
        .bind(1_i64)
        .fetch_one(&mut *connection)
        .await?;
    row.try_get(0)
}

async fn with_any<'e, DB, E>(executor: E) -> Result<i64, sqlx::Error>
where
    DB: Database,
    E: Executor<'e, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'d> i64: Decode<'d, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    sqlx::query::<DB>("select 7")
        .fetch_one(executor)
        .await?
        .try_get(0)
}

#[tokio::test]
async fn generic_code_compiles_and_runs() {
    let raw = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
    let pool = silk_capture::sql::pool::SqlitePool::new(support::seen::recorder(), raw);
    assert_eq!(count(pool.raw()).await.unwrap(), 42);
    assert_eq!(count(&pool).await.unwrap(), 42);
    assert_eq!(with_any(&pool).await.unwrap(), 7);
    let mut connection = pool.acquire().await.unwrap();
    assert_eq!(with_any(&mut *connection).await.unwrap(), 7);
}

mod support;
