//! The N+1 problem, its remedy, and a transaction.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use chrono::Utc;
use serde::{Deserialize, Serialize};

use super::AppError;
use crate::database::{
    Pools,
    flavor::sql,
    schema::{Message, Person},
};

#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    sender: String,
    text: String,
}

#[derive(Debug, sqlx::FromRow)]
struct JoinedRow {
    text: String,
    first_name: String,
    last_name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NewMessage {
    text: String,
    sent_by_id: i64,
    thread_id: i64,
}

per_database! {
    pub(crate) fn routes() -> Router<Pools<Pool>> {
        Router::new()
            .route("/api/messages/list_some", get(list_some))
            .route("/api/messages/list_some_joined", get(list_some_joined))
            .route("/api/messages", post(create))
    }

    /// The 100 newest messages, and the sender of each by a query of its own: 101 queries.
    async fn list_some(State(pools): State<Pools<Pool>>) -> Result<Json<Vec<Listed>>, AppError> {
        let messages: Vec<Message> = sqlx::query_as(sql!(
            "SELECT id, created, updated, deleted, text, sent_by_id, thread_id FROM message ORDER BY updated DESC LIMIT 100"
        ))
        .fetch_all(&pools.main)
        .await?;
        let mut listed = Vec::with_capacity(messages.len());
        for message in messages {
            let sender: Person = sqlx::query_as(sql!(
                "SELECT id, created, updated, deleted, first_name, last_name, email_address FROM person WHERE id = $1"
            ))
            .bind(message.sent_by_id)
            .fetch_one(&pools.main)
            .await?;
            listed.push(Listed { sender: sender.full_name(), text: message.text });
        }
        Ok(Json(listed))
    }

    /// The same in one query.
    async fn list_some_joined(
        State(pools): State<Pools<Pool>>,
    ) -> Result<Json<Vec<Listed>>, AppError> {
        let rows: Vec<JoinedRow> = sqlx::query_as(sql!(
            "SELECT message.text, person.first_name, person.last_name FROM message JOIN person ON person.id = message.sent_by_id ORDER BY message.updated DESC LIMIT 100"
        ))
        .fetch_all(&pools.main)
        .await?;
        let listed = rows
            .into_iter()
            .map(|row| Listed {
                sender: format!("{} {}", row.first_name, row.last_name),
                text: row.text,
            })
            .collect();
        Ok(Json(listed))
    }

    /// Adds a message, in a transaction.
    async fn create(
        State(pools): State<Pools<Pool>>,
        Json(new): Json<NewMessage>,
    ) -> Result<(StatusCode, Json<Message>), AppError> {
        if new.text.is_empty() {
            return Err(AppError::Invalid("a message needs a text"));
        }
        let now = Utc::now();
        let mut transaction = pools.main.begin().await?;
        let senders: i64 = sqlx::query_scalar(sql!("SELECT COUNT(*) FROM person WHERE id = $1"))
            .bind(new.sent_by_id)
            .fetch_one(&mut *transaction)
            .await?;
        if senders == 0 {
            return Err(AppError::NotFound("person"));
        }
        let touched = sqlx::query(sql!("UPDATE thread SET updated = $1 WHERE id = $2"))
            .bind(now)
            .bind(new.thread_id)
            .execute(&mut *transaction)
            .await?;
        if touched.rows_affected() == 0 {
            return Err(AppError::NotFound("thread"));
        }
        sqlx::query(sql!(
            "INSERT INTO message (created, updated, deleted, text, sent_by_id, thread_id) VALUES ($1, $2, $3, $4, $5, $6)"
        ))
        .bind(now)
        .bind(now)
        .bind(false)
        .bind(&new.text)
        .bind(new.sent_by_id)
        .bind(new.thread_id)
        .execute(&mut *transaction)
        .await?;
        let message: Message = sqlx::query_as(sql!(
            "SELECT id, created, updated, deleted, text, sent_by_id, thread_id FROM message WHERE thread_id = $1 AND sent_by_id = $2 ORDER BY id DESC LIMIT 1"
        ))
        .bind(new.thread_id)
        .bind(new.sent_by_id)
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok((StatusCode::CREATED, Json(message)))
    }
}
