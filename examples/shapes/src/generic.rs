//! Code that is generic over its database.
//!
//! What is generic over the executor takes an instrumented pool, `&mut *connection` or `&mut *tx`
//! like any other, and loses nothing. What takes `&sqlx::Pool<DB>` gets sqlx's own by deref: its
//! queries are recorded by the tracing layer, see [`borrowed`](crate::borrowed).

use axum::{Router, extract::State, routing::get};
use sqlx::{ColumnIndex, Database, Decode, Encode, Executor, IntoArguments, Pool, Row as _, Type};
use tower_silk::{Silk, SqlitePool};

use crate::AppError;

/// Takes any executor.
async fn doubled<'e, DB, E>(executor: E, number: i64) -> sqlx::Result<i64>
where
    DB: Database,
    E: Executor<'e, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'q> i64: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    let query = sqlx::query::<DB>("SELECT 2 * ?").bind(number);
    query.fetch_one(executor).await?.try_get(0) // any executor
}

/// Takes the pool of any database, and says of its reference that it is an executor.
async fn tripled<DB>(pool: &Pool<DB>, number: i64) -> sqlx::Result<i64>
where
    DB: Database,
    for<'e> &'e Pool<DB>: Executor<'e, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'q> i64: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    let query = sqlx::query::<DB>("SELECT 3 * ?").bind(number);
    query.fetch_one(pool).await?.try_get(0)
}

/// A repository that is generic over its executor by a bound on references of it.
struct Numbers<P>(P);

impl<P> Numbers<P>
where
    for<'e> &'e P: Executor<'e, Database = sqlx::Sqlite>,
{
    async fn halved(&self, number: i64) -> sqlx::Result<i64> {
        let query = sqlx::query_scalar("SELECT ? / 2").bind(number);
        query.fetch_one(&self.0).await // a bound on references
    }
}

async fn numbers(State(pool): State<SqlitePool>) -> Result<String, AppError> {
    let mut tx = pool.begin().await?;
    let in_transaction = doubled(&mut *tx, 2).await?;
    tx.commit().await?;
    let two = doubled(&pool, 1).await?;
    let halved = Numbers(pool.clone()).halved(8).await?;
    let three = tripled(&*pool, 1).await?;
    Ok(format!("{in_transaction} {two} {halved} {three}"))
}

/// The app.
pub fn app(silk: &Silk, pool: sqlx::SqlitePool) -> Router {
    Router::new()
        .route("/numbers", get(numbers))
        .with_state(silk.pool(pool))
        .layer(silk.layer())
}
