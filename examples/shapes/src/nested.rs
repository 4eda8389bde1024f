//! A router in `nest_service`: axum keeps to itself what the inner router matched, so that the outer
//! layer sees no template. Ids make no routes all the same (`/api/things/{id}`); a layer on the inner
//! router as well gives the templates, and nothing is recorded twice. `nest` needs none of it.

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use tower_silk::{Silk, SqlitePool};

use crate::AppError;

async fn thing(
    State(pool): State<SqlitePool>,
    Path(slug): Path<String>,
) -> Result<String, AppError> {
    let query = sqlx::query_scalar("SELECT 'thing ' || ?").bind(slug);
    Ok(query.fetch_one(&pool).await?) // thing
}

fn api(pool: SqlitePool) -> Router {
    Router::new()
        .route("/things/{slug}", get(thing))
        .with_state(pool)
}

/// The app with the inner router as it is.
pub fn app(silk: &Silk, pool: sqlx::SqlitePool) -> Router {
    Router::new()
        .nest_service("/api", api(silk.pool(pool)))
        .layer(silk.layer())
}

/// The app with a layer on the inner router too.
pub fn app_with_inner_layer(silk: &Silk, pool: sqlx::SqlitePool) -> Router {
    Router::new()
        .nest_service("/api", api(silk.pool(pool)).layer(silk.layer()))
        .layer(silk.layer())
}
