//! 100 threads with their messages and senders: one by one, half prefetched, prefetched.

use std::collections::HashMap;

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;
use sqlx::QueryBuilder;

use super::AppError;
use crate::database::{
    Pools,
    flavor::sql,
    schema::{Message, Person, Thread},
};

#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    count: i64,
    results: Vec<ThreadWithMessages>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ThreadWithMessages {
    #[serde(flatten)]
    thread: Thread,
    messages: Vec<MessageWithSender>,
}

#[derive(Debug, Serialize)]
pub(crate) struct MessageWithSender {
    #[serde(flatten)]
    message: Message,
    sender: String,
}

/// Threads in their order, each with its messages in theirs.
fn group(threads: Vec<Thread>, messages: Vec<MessageWithSender>) -> Vec<ThreadWithMessages> {
    let mut by_thread: HashMap<i64, Vec<MessageWithSender>> = HashMap::new();
    for message in messages {
        by_thread
            .entry(message.message.thread_id)
            .or_default()
            .push(message);
    }
    threads
        .into_iter()
        .map(|thread| {
            let messages = by_thread.remove(&thread.id).unwrap_or_default();
            ThreadWithMessages { thread, messages }
        })
        .collect()
}

per_database! {
    pub(crate) fn routes() -> Router<Pools<Pool>> {
        Router::new()
            .route("/api/threads", get(list))
            .route("/api/threads/prefetch_messages", get(prefetch_messages))
            .route("/api/threads/prefetched", get(prefetched))
    }

    async fn newest(pool: &Pool) -> Result<Vec<Thread>, sqlx::Error> {
        sqlx::query_as(sql!(
            "SELECT id, created, updated, deleted, title FROM thread WHERE NOT deleted ORDER BY updated DESC LIMIT 100"
        ))
        .fetch_all(pool)
        .await
    }

    async fn count(pool: &Pool) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(sql!("SELECT COUNT(*) FROM thread WHERE NOT deleted"))
            .fetch_one(pool)
            .await
    }

    async fn sender(pool: &Pool, id: i64) -> Result<Person, sqlx::Error> {
        sqlx::query_as(sql!(
            "SELECT id, created, updated, deleted, first_name, last_name, email_address FROM person WHERE id = $1"
        ))
        .bind(id)
        .fetch_one(pool)
        .await
    }

    async fn messages_of(pool: &Pool, threads: &[Thread]) -> Result<Vec<Message>, sqlx::Error> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT id, created, updated, deleted, text, sent_by_id, thread_id FROM message WHERE thread_id IN (",
        );
        let mut ids = query.separated(", ");
        for thread in threads {
            ids.push_bind(thread.id);
        }
        query.push(") ORDER BY updated DESC");
        query.build_query_as().fetch_all(pool).await
    }

    /// Messages by a query per thread, senders by a query per message: about 10,100 queries.
    async fn list(State(pools): State<Pools<Pool>>) -> Result<Json<Listing>, AppError> {
        let pool = &pools.main;
        let threads = newest(pool).await?;
        let mut results = Vec::with_capacity(threads.len());
        for thread in threads {
            let messages: Vec<Message> = sqlx::query_as(sql!(
                "SELECT id, created, updated, deleted, text, sent_by_id, thread_id FROM message WHERE thread_id = $1 ORDER BY updated DESC"
            ))
            .bind(thread.id)
            .fetch_all(pool)
            .await?;
            let mut with_senders = Vec::with_capacity(messages.len());
            for message in messages {
                let sender = sender(pool, message.sent_by_id).await?.full_name();
                with_senders.push(MessageWithSender { message, sender });
            }
            results.push(ThreadWithMessages { thread, messages: with_senders });
        }
        Ok(Json(Listing { count: count(pool).await?, results }))
    }

    /// Messages by one query, senders still by a query per message: about 10,000 queries.
    async fn prefetch_messages(
        State(pools): State<Pools<Pool>>,
    ) -> Result<Json<Listing>, AppError> {
        let pool = &pools.main;
        let threads = newest(pool).await?;
        let messages = messages_of(pool, &threads).await?;
        let mut with_senders = Vec::with_capacity(messages.len());
        for message in messages {
            let sender = sender(pool, message.sent_by_id).await?.full_name();
            with_senders.push(MessageWithSender { message, sender });
        }
        Ok(Json(Listing { count: count(pool).await?, results: group(threads, with_senders) }))
    }

    /// Messages by one query and senders by one query: 4 queries.
    async fn prefetched(State(pools): State<Pools<Pool>>) -> Result<Json<Listing>, AppError> {
        let pool = &pools.main;
        let threads = newest(pool).await?;
        let messages = messages_of(pool, &threads).await?;

        let mut sender_ids: Vec<i64> = messages.iter().map(|message| message.sent_by_id).collect();
        sender_ids.sort_unstable();
        sender_ids.dedup();
        let mut query = QueryBuilder::<Db>::new(
            "SELECT id, created, updated, deleted, first_name, last_name, email_address FROM person WHERE id IN (",
        );
        let mut ids = query.separated(", ");
        for id in sender_ids {
            ids.push_bind(id);
        }
        query.push(")");
        let people: Vec<Person> = query.build_query_as().fetch_all(pool).await?;

        let names: HashMap<i64, String> =
            people.into_iter().map(|person| (person.id, person.full_name())).collect();
        let with_senders = messages
            .into_iter()
            .map(|message| {
                let sender = names.get(&message.sent_by_id).cloned().unwrap_or_default();
                MessageWithSender { message, sender }
            })
            .collect();
        Ok(Json(Listing { count: count(pool).await?, results: group(threads, with_senders) }))
    }
}
