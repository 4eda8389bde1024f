//! What the layer adds to a request on the app's thread, and the pool's hand-over per query.
//!
//! `cargo run --release -p silk-capture --example hot_path`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, run by hand"
)]

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty, Full};
use silk_capture::{
    ActiveRequest, Recorder, RecorderConfig, SilkLayer,
    record::{CapturedQuery, SqlSource},
};
use silk_core::{CapturedBy, Database, DatabaseKind, Outcome, Redactor};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// How often all is run; another number is given as the first argument (1 for callgrind).
const ROUNDS: usize = 30;
const REQUESTS: u32 = 1_500;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let rounds = std::env::args().nth(1);
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let recorder = Recorder::start(
        RecorderConfig {
            queue_capacity: 4_096,
            ..RecorderConfig::default()
        },
        Arc::new(silk_store::MemoryStore::new(
            silk_core::store::Budget::default(),
        )),
        Arc::new(Redactor::default()),
        runtime.handle().clone(),
    )
    .unwrap();
    let database = Arc::new(Database {
        kind: DatabaseKind::Sqlite,
        name: String::new(),
    });
    for queries in [0, 5, 100] {
        let mut with = Vec::new();
        let mut without = Vec::new();
        let mut off = Vec::new();
        for _ in 0..rounds {
            recorder.set_recording(true);
            with.push(run(Some(&recorder), queries, &database).await);
            assert!(recorder.flush(Duration::from_secs(60)));
            recorder.set_recording(false);
            off.push(run(Some(&recorder), queries, &database).await);
            without.push(run(None, queries, &database).await);
        }
        let (with, off, without) = (median(with), median(off), median(without));
        println!("{queries} queries: {without:.2} µs without, {off:.2} off, {with:.2} recorded");
    }
    runtime.shutdown_background();
}

async fn run(recorder: Option<&Recorder>, queries: u32, database: &Arc<Database>) -> f64 {
    let handler = service_fn(move |_: Request<Empty<Bytes>>| async move {
        if let Some(active) = ActiveRequest::current() {
            for _ in 0..queries {
                let now = Instant::now();
                active.push_query(query(database, now));
            }
        }
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
    });
    let started = Instant::now();
    for _ in 0..REQUESTS {
        let request = Request::get("/threads/7?page=2")
            .header("host", "localhost")
            .header("user-agent", "measure")
            .header("accept", "*/*")
            .body(Empty::new())
            .unwrap();
        match recorder {
            Some(recorder) => {
                let service = SilkLayer::new(recorder.clone()).layer(handler);
                let response = service.oneshot(request).await.unwrap();
                response.into_body().collect().await.unwrap();
            }
            None => {
                let response = handler.oneshot(request).await.unwrap();
                response.into_body().collect().await.unwrap();
            }
        }
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(REQUESTS)
}

fn query(database: &Arc<Database>, now: Instant) -> CapturedQuery {
    CapturedQuery {
        sql: SqlSource::Static("SELECT id, title FROM threads WHERE id = ?"),
        database: Arc::clone(database),
        captured_by: CapturedBy::Pool,
        started: now,
        ended: now,
        first_row: None,
        consumer: Duration::ZERO,
        rows_returned: 1,
        rows_read: 1,
        rows_affected: 0,
        outcome: Outcome::Completed,
        error: None,
        values: None,
        call_site: None,
        span: None,
        transaction: None,
        is_past_pool: false,
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
