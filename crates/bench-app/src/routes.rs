//! The addresses of the bench, once for every pool: no query, one query of 100 rows, 101 queries.

use std::future::Future;

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{FromRow, Postgres, Sqlite};

const MESSAGES: &str = "SELECT id, created, updated, deleted, text, sent_by_id, thread_id FROM message ORDER BY updated DESC LIMIT 100";
const PERSON: &str = "SELECT id, created, updated, deleted, first_name, last_name, email_address FROM person WHERE id = $1";
const JOINED: &str = "SELECT message.text, person.first_name, person.last_name FROM message JOIN person ON person.id = message.sent_by_id ORDER BY message.updated DESC LIMIT 100";

#[derive(Debug, FromRow)]
#[expect(dead_code, reason = "read as an app would")]
pub(crate) struct Message {
    id: i64,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    deleted: bool,
    text: String,
    sent_by_id: i64,
    thread_id: i64,
}

#[derive(Debug, FromRow)]
#[expect(dead_code, reason = "read as an app would")]
pub(crate) struct Person {
    id: i64,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    deleted: bool,
    first_name: String,
    last_name: String,
    email_address: String,
}

#[derive(Debug, FromRow)]
pub(crate) struct Joined {
    text: String,
    first_name: String,
    last_name: String,
}

#[derive(Debug, Serialize)]
struct Listed {
    sender: String,
    text: String,
}

/// A pool, by whomever.
pub(crate) trait Pool: Clone + Send + Sync + 'static {
    fn messages(&self) -> impl Future<Output = sqlx::Result<Vec<Message>>> + Send;
    fn person(&self, id: i64) -> impl Future<Output = sqlx::Result<Person>> + Send;
    fn joined(&self) -> impl Future<Output = sqlx::Result<Vec<Joined>>> + Send;
}

macro_rules! pools {
    ($($pool:ty),*) => {$(
        impl Pool for $pool {
            async fn messages(&self) -> sqlx::Result<Vec<Message>> {
                sqlx::query_as(MESSAGES).fetch_all(self).await
            }

            async fn person(&self, id: i64) -> sqlx::Result<Person> {
                sqlx::query_as(PERSON).bind(id).fetch_one(self).await
            }

            async fn joined(&self) -> sqlx::Result<Vec<Joined>> {
                sqlx::query_as(JOINED).fetch_all(self).await
            }
        }
    )*};
}

pools!(
    sqlx::Pool<Sqlite>,
    sqlx::Pool<Postgres>,
    tower_silk::Pool<Sqlite>,
    tower_silk::Pool<Postgres>,
    sqlx_otel::Pool<Sqlite>,
    sqlx_otel::Pool<Postgres>
);

pub(crate) fn router<P: Pool>(pool: P) -> Router {
    Router::new()
        .route("/hello", get(async || "Hello, world!"))
        .route("/api/messages/list_some", get(list_some::<P>))
        .route("/api/messages/list_some_joined", get(list_some_joined::<P>))
        .with_state(pool)
}

async fn list_some<P: Pool>(State(pool): State<P>) -> Result<Json<Vec<Listed>>, StatusCode> {
    let messages = pool.messages().await.map_err(failed)?;
    let mut listed = Vec::with_capacity(messages.len());
    for message in messages {
        let person = pool.person(message.sent_by_id).await.map_err(failed)?;
        listed.push(Listed {
            sender: format!("{} {}", person.first_name, person.last_name),
            text: message.text,
        });
    }
    Ok(Json(listed))
}

async fn list_some_joined<P: Pool>(State(pool): State<P>) -> Result<Json<Vec<Listed>>, StatusCode> {
    let rows = pool.joined().await.map_err(failed)?;
    let listed = rows.into_iter().map(|row| Listed {
        sender: format!("{} {}", row.first_name, row.last_name),
        text: row.text,
    });
    Ok(Json(listed.collect()))
}

fn failed(error: sqlx::Error) -> StatusCode {
    eprintln!("bench-app: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}
