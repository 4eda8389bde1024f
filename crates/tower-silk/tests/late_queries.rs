//! A record waits five seconds for what outlives its response, over real HTTP as elsewhere: a query
//! that ends later is not in it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod support;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::Query, http::StatusCode, routing::get};
use futures_util::stream;
use sqlx::sqlite::SqlitePoolOptions;
use support::{PATIENCE, serve_with, within};
use tokio::io::AsyncReadExt as _;
use tower_silk::{Silk, SqlitePool, in_current_request};
use tracing::Instrument as _;

/// Asks the database when the response is long gone, as the request's parameters say.
fn late(pool: SqlitePool, wanted: &HashMap<String, String>) -> (StatusCode, Body) {
    let after = Duration::from_millis(wanted["after_ms"].parse().unwrap());
    let work = async move {
        tokio::time::sleep(after).await;
        sqlx::query("SELECT 'late'").execute(&pool).await.unwrap();
        tracing::warn!("a late warning");
    };
    match wanted["by"].as_str() {
        "request" => drop(tokio::spawn(in_current_request(work))),
        "span" => drop(tokio::spawn(work.in_current_span())),
        "both" => drop(tokio::spawn(in_current_request(work.in_current_span()))),
        _ => drop(tokio::spawn(work)),
    }
    match wanted["body"].as_str() {
        "none" => (StatusCode::NO_CONTENT, Body::empty()),
        "text" => (StatusCode::OK, Body::from("text")),
        "empty" => (StatusCode::OK, Body::empty()),
        _ => {
            let frames = stream::iter(["a", "b"].map(Ok::<_, std::convert::Infallible>));
            (StatusCode::OK, Body::from_stream(frames))
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_later_than_five_seconds_is_not_in_the_record() {
    let silk = Silk::builder().in_memory().build().await.unwrap();
    silk.init_tracing();
    let options = SqlitePoolOptions::new().max_connections(1);
    let pool = silk.pool(options.connect("sqlite::memory:").await.unwrap());
    let handler = move |Query(wanted): Query<HashMap<String, String>>| {
        let pool = pool.clone();
        async move { late(pool, &wanted) }
    };
    let app = serve_with(silk, Router::new().route("/late", get(handler))).await;
    let started = Instant::now();
    let mut clients = Vec::new();
    let mut asked = 0;
    for after_ms in [1_500, 7_000] {
        for by in ["request", "span", "both"] {
            for body in ["none", "text", "empty", "stream"] {
                for close in ["close", "keep-alive"] {
                    let head = format!(
                        "GET /late?body={body}&by={by}&after_ms={after_ms}\r\nConnection: {close}"
                    );
                    let mut client = app.send(&head, b"").await;
                    let mut piece = [0; 4_096];
                    assert!(within(client.read(&mut piece)).await.unwrap() > 0);
                    // The connections that stay stay open.
                    clients.push(client);
                    asked += 1;
                }
            }
        }
    }
    let was_quick = started.elapsed() < Duration::from_millis(1_000);
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(app.silk.flush(PATIENCE).await);
    let records = app.records(asked).await;
    let mut wrong = Vec::new();
    for record in records {
        let query = record.detail.query_string.unwrap();
        let in_time = u64::from(query.contains("after_ms=1500"));
        // A span alone leads the tracing layer to the request, not the pool.
        let queries = if query.contains("by=span") {
            0
        } else {
            in_time
        };
        let logs = u64::try_from(record.detail.logs.len()).unwrap();
        if (record.summary.query_count, logs) != (queries, in_time) {
            wrong.push((query, record.summary.query_count, logs));
        }
        assert!(record.summary.times.total_us < 5_000_000 || !was_quick);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    drop(clients);
}
