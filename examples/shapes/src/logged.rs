//! An app that logs with the `log` crate and has no `tracing` subscriber. `silk.init_tracing()`
//! sets one that writes the same lines to `log`, so that the log stays as it was; set the logger
//! first.

use axum::{Router, extract::State, routing::get};
use tower_silk::{Silk, SqlitePool};

use crate::AppError;

async fn answer(State(pool): State<SqlitePool>) -> Result<String, AppError> {
    tracing::info!("a library that logs with tracing");
    let answer: i64 = sqlx::query_scalar("SELECT 42").fetch_one(&pool).await?; // answer
    Ok(answer.to_string())
}

/// The app.
pub fn app(silk: &Silk, pool: sqlx::SqlitePool) -> Router {
    silk.init_tracing();
    Router::new()
        .route("/answer", get(answer))
        .with_state(silk.pool(pool))
        .layer(silk.layer())
}
