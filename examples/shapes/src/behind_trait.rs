//! A pool that is made where no handle of Silk can be given: behind a trait, in a library of the
//! app's own. `silk.install()` at start, `Silk::global()` there; where none was installed (in the
//! library's own tests, say) the pool is sqlx's alone.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{Router, extract::State, routing::get};
use sqlx::sqlite::SqlitePoolOptions;
use tower_silk::{Silk, SqlitePool};

use crate::AppError;

/// What the app knows of its storage.
#[async_trait]
pub trait Storage: Send + Sync {
    /// How many people there are.
    async fn people(&self) -> sqlx::Result<i64>;
}

/// The storage on a database.
enum OnSqlite {
    Recorded(SqlitePool),
    Plain(sqlx::SqlitePool),
}

#[async_trait]
impl Storage for OnSqlite {
    async fn people(&self) -> sqlx::Result<i64> {
        let query = sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 UNION SELECT 2)");
        match self {
            Self::Recorded(pool) => query.fetch_one(pool).await, // recorded
            Self::Plain(pool) => query.fetch_one(pool).await,
        }
    }
}

/// Opens the storage; nothing here is given a profiler.
///
/// # Errors
/// Whatever sqlx says.
pub async fn open() -> sqlx::Result<Arc<dyn Storage>> {
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await?;
    Ok(Arc::new(match Silk::global() {
        Some(silk) => OnSqlite::Recorded(silk.pool(pool)),
        None => OnSqlite::Plain(pool),
    }))
}

async fn people(State(storage): State<Arc<dyn Storage>>) -> Result<String, AppError> {
    Ok(storage.people().await?.to_string())
}

/// The app.
pub fn app(silk: &Silk, storage: Arc<dyn Storage>) -> Router {
    Router::new()
        .route("/people", get(people))
        .with_state(storage)
        .layer(silk.layer())
}
