//! Queries that overlap.

use axum::{
    Json, Router,
    extract::{Query, State},
    routing::get,
};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::AppError;
use crate::database::{Pools, flavor::sql, schema::Person};

#[derive(Debug, Deserialize)]
pub(crate) struct Range {
    /// Id of the first person.
    #[serde(default = "one")]
    first: i64,
    /// How many people.
    #[serde(default = "three")]
    people: i64,
}

fn one() -> i64 {
    1
}

fn three() -> i64 {
    3
}

#[derive(Debug, Serialize)]
pub(crate) struct Counted {
    messages: i64,
    threads: i64,
    people: Vec<Person>,
}

per_database! {
    pub(crate) fn routes() -> Router<Pools<Pool>> {
        Router::new().route("/api/parallel", get(parallel))
    }

    async fn person(pool: &Pool, id: i64) -> Result<Person, sqlx::Error> {
        sqlx::query_as(sql!(
            "SELECT id, created, updated, deleted, first_name, last_name, email_address FROM person WHERE id = $1"
        ))
        .bind(id)
        .fetch_one(pool)
        .await
    }

    /// Two counts and some people, all at once.
    async fn parallel(
        State(pools): State<Pools<Pool>>,
        Query(range): Query<Range>,
    ) -> Result<Json<Counted>, AppError> {
        if !(0..=100).contains(&range.people) {
            return Err(AppError::Invalid("from 0 to 100 people"));
        }
        let pool = &pools.main;
        let messages =
            sqlx::query_scalar(sql!("SELECT COUNT(*) FROM message WHERE sent_by_id = $1"))
                .bind(range.first)
                .fetch_one(pool);
        let threads =
            sqlx::query_scalar(sql!("SELECT COUNT(*) FROM thread WHERE NOT deleted"))
                .fetch_one(pool);
        let people =
            try_join_all((0..range.people).map(|next| person(pool, range.first + next)));
        let (messages, threads, people) = tokio::join!(messages, threads, people);
        Ok(Json(Counted { messages: messages?, threads: threads?, people: people? }))
    }
}
