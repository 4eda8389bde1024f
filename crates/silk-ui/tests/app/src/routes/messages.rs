//! Source of an app, as pages show it around a call site: read by tests, never compiled.

use axum::{Json, extract::{Path, Query, State}};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::error::Error;

/// A message with the one who wrote it.
#[derive(Debug, Serialize)]
pub struct MessageView {
    id: i64,
    body: String,
    sender: Person,
}

/// One who writes.
#[derive(Debug, Serialize, sqlx::FromRow)]
pub struct Person {
    id: i64,
    name: String,
    avatar: Option<String>,
}

#[derive(Debug, sqlx::FromRow)]
struct Message {
    id: i64,
    thread_id: i64,
    person_id: i64,
    body: String,
}

#[derive(Debug, Deserialize)]
pub struct Filter {
    thread: Option<i64>,
}

/// `GET /api/messages/{id}`
pub async fn one(
    State(pool): State<PgPool>,
    Path(id): Path<i64>,
) -> Result<Json<MessageView>, Error> {
    let message: Message = sqlx::query_as(
        "SELECT id, thread_id, person_id, body FROM message WHERE id = $1",
    )
    .bind(id)
    .fetch_one(&pool)
    .await?;
    let sender = sender_of(&pool, message.person_id).await?;
    Ok(Json(view(message, sender)))
}

fn view(message: Message, sender: Person) -> MessageView {
    MessageView {
        id: message.id,
        body: message.body,
        sender,
    }
}

async fn sender_of(pool: &PgPool, id: i64) -> Result<Person, Error> {
    let sender = sqlx::query_as("SELECT id, name, avatar FROM person WHERE id = $1")
        .bind(id)
        .fetch_one(pool)
        .await?;
    Ok(sender)
}

/// `GET /api/messages/list_some`
pub async fn list_some(
    State(pool): State<PgPool>,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<MessageView>>, Error> {
    let mut views = Vec::new();
    let messages: Vec<Message> = sqlx::query_as(
        "SELECT id, thread_id, person_id, body, updated FROM message
         WHERE deleted_at IS NULL ORDER BY updated DESC LIMIT 100",
    )
    .fetch_all(&pool)
    .await?;
    for message in messages {
        if filter.thread.is_some_and(|thread| thread != message.thread_id) {
            continue;
        }
        let sender = sqlx::query_as("SELECT id, name, avatar FROM person WHERE id = $1")
            .bind(message.person_id)
            .fetch_one(&pool)
            .await?;
        views.push(view(message, sender));
    }
    Ok(Json(views))
}
