//! Rows sent as they come.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::TryStreamExt as _;
use serde::Deserialize;

use crate::database::{Pools, flavor::sql, schema::Message};

#[derive(Debug, Deserialize)]
pub(crate) struct Extent {
    /// How many messages.
    #[serde(default = "thousand")]
    limit: i64,
}

fn thousand() -> i64 {
    1_000
}

/// One JSON document a line.
fn line_of(message: &Message) -> Bytes {
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    Bytes::from(line)
}

per_database! {
    pub(crate) fn routes() -> Router<Pools<Pool>> {
        Router::new().route("/api/stream", get(stream))
    }

    /// Messages, one JSON document a line, each sent when its row arrives: the query ends after
    /// the response head has gone.
    async fn stream(State(pools): State<Pools<Pool>>, Query(extent): Query<Extent>) -> Response {
        let lines = async_stream::try_stream! {
            let mut messages = sqlx::query_as::<_, Message>(sql!(
                "SELECT id, created, updated, deleted, text, sent_by_id, thread_id FROM message ORDER BY id LIMIT $1"
            ))
            .bind(extent.limit)
            .fetch(&pools.main);
            while let Some(message) = messages.try_next().await? {
                yield line_of(&message);
            }
        };
        let lines = Box::pin(lines) as futures_util::stream::BoxStream<'static, Result<Bytes, sqlx::Error>>;
        ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
    }
}
