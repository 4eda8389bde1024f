//! Helpers that take sqlx's own types, `&sqlx::PgPool` and `&mut sqlx::PgConnection`.
//!
//! An instrumented pool derefs to sqlx's, so that they compile as they are. Their queries are
//! recorded by the tracing layer: with their line and their transaction, without values. The page
//! and the Health page say so, with the types to write instead; a helper that takes those
//! (`&tower_silk::PgPool`, `&mut tower_silk::PgConnection`) loses nothing.

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use tower_silk::{PgConnection, PgPool, Silk};

use crate::AppError;

async fn name_by_pool(pool: &sqlx::PgPool, id: i64) -> sqlx::Result<String> {
    sqlx::query_scalar("SELECT 'thing ' || $1::bigint")
        .bind(id)
        .fetch_one(pool)
        .await // by pool
}

async fn size_by_connection(connection: &mut sqlx::PgConnection, id: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT 2 * $1::bigint")
        .bind(id)
        .fetch_one(connection)
        .await // by connection
}

/// The same with Silk's type: nothing is lost.
async fn price_by_ours(connection: &mut PgConnection, id: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT 3 * $1::bigint")
        .bind(id)
        .fetch_one(connection)
        .await // by ours
}

async fn thing(State(pool): State<PgPool>, Path(id): Path<i64>) -> Result<String, AppError> {
    let name = name_by_pool(&pool, id).await?;
    let mut tx = pool.begin().await?;
    let size = size_by_connection(&mut tx, id).await?;
    let price = price_by_ours(&mut tx, id).await?;
    tx.commit().await?;
    Ok(format!("{name}: {size} {price}"))
}

/// The app.
pub fn app(silk: &Silk, pool: sqlx::PgPool) -> Router {
    Router::new()
        .route("/things/{id}", get(thing))
        .with_state(silk.pool(pool))
        .layer(silk.layer())
}
