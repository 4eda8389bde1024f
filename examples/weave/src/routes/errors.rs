//! What goes wrong.

use axum::{Json, Router, extract::State, routing::get};

use super::AppError;
use crate::database::{Pools, flavor::sql};

per_database! {
    pub(crate) fn routes() -> Router<Pools<Pool>> {
        Router::new().route("/api/error", get(error)).route("/api/panic", get(panic))
    }

    /// The second statement of a transaction fails; the transaction is rolled back.
    async fn error(State(pools): State<Pools<Pool>>) -> Result<Json<u64>, AppError> {
        let mut transaction = pools.main.begin().await?;
        sqlx::query(sql!("UPDATE thread SET title = title WHERE id = $1"))
            .bind(1_i64)
            .execute(&mut *transaction)
            .await?;
        // The id is taken.
        let added = sqlx::query(sql!(
            "INSERT INTO thread (id, created, updated, deleted, title) SELECT id, created, updated, deleted, title FROM thread WHERE id = $1"
        ))
        .bind(1_i64)
        .execute(&mut *transaction)
        .await;
        match added {
            Ok(added) => {
                transaction.commit().await?;
                Ok(Json(added.rows_affected()))
            }
            Err(error) => {
                transaction.rollback().await?;
                Err(error.into())
            }
        }
    }

    /// Panics after a query; nobody answers, the connection is closed.
    #[expect(clippy::panic, reason = "to be seen in the dashboard")]
    async fn panic(State(pools): State<Pools<Pool>>) -> Result<(), AppError> {
        let people: i64 = sqlx::query_scalar(sql!("SELECT COUNT(*) FROM person"))
            .fetch_one(&pools.main)
            .await?;
        panic!("a panic on purpose, with {people} people watching");
    }
}
