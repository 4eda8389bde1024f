//! A wait for a connection.

use std::time::Duration;

use axum::{Json, Router, extract::State, routing::get};

use super::AppError;
use crate::database::{Pools, flavor::sql};

/// How long the only connection is held.
const HELD: Duration = Duration::from_millis(40);

per_database! {
    pub(crate) fn routes() -> Router<Pools<Pool>> {
        Router::new().route("/api/pool_wait", get(pool_wait))
    }

    /// Holds the only connection of a small pool, and wants another one meanwhile.
    async fn pool_wait(State(pools): State<Pools<Pool>>) -> Result<Json<i64>, AppError> {
        let held = pools.single.acquire().await?;
        let release = async {
            tokio::time::sleep(HELD).await;
            drop(held);
        };
        let query = sqlx::query_scalar(sql!("SELECT COUNT(*) FROM thread"))
            .fetch_one(&pools.single);
        let ((), threads) = tokio::join!(release, query);
        Ok(Json(threads?))
    }
}
