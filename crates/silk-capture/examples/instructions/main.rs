//! A few requests of one kind, to be counted by callgrind: `cargo xtask bench --instructions`.
//!
//! `instructions TIER PAGE REQUESTS BATCH`: what records, which page is asked for, how often, and
//! after how many requests the writer is let at them. Nothing depends on time: the writer runs when
//! it is told to, and the app answers without a network. The last line tells which threads are the
//! app's.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement, run by cargo xtask"
)]

mod app;
mod callgrind;

use std::{hint::black_box, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use http::Request;
use http_body_util::BodyExt as _;
use silk_capture::{
    Recorder, RecorderConfig, SilkLayer, SilkTracingLayer,
    record::{PoolNote, probe},
    sql::pool::Pool,
};
use silk_core::{DatabaseKind, Redactor};
use silk_store::{SqliteStore, SqliteStoreConfig};
use sqlx::{SqlitePool, sqlite::SqlitePoolOptions};
use tower::ServiceExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

use app::Queries;

/// Requests before those that are counted: by then each text is known and each call site named.
const WARM_UP: u32 = 40;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [tier, page, requests, batch] = &arguments[..] else {
        panic!("instructions TIER PAGE REQUESTS BATCH");
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (requests, batch) = (requests.parse().unwrap(), batch.parse().unwrap());
    runtime.block_on(count(tier, page, requests, batch));
}

async fn count(tier: &str, page: &str, requests: u32, batch: u32) {
    // The app's own threads come first, so that they are known by their number.
    let raw = match tier {
        "none" | "pool" | "both" => Some(database().await),
        _ => None,
    };
    let threads_of_app = threads();
    let folder = tempfile::tempdir().unwrap();
    let ours = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let recorder = (!matches!(tier, "none" | "events")).then(|| {
        let store = SqliteStore::new(folder.path().join("silk.db"), SqliteStoreConfig::default());
        recorder(store, &ours)
    });
    if let Some(recorder) = recorder
        .as_ref()
        .filter(|_| matches!(tier, "layer" | "both"))
    {
        let layer = SilkTracingLayer::new(recorder.clone());
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))
            .unwrap();
        assert!(probe(recorder), "the tracing layer hears nothing");
    }
    let queries = match (raw, &recorder) {
        (None, Some(recorder)) => {
            // As an app on PostgreSQL, whose driver tells of queries on the app's own thread.
            recorder.note_pool(PoolNote {
                kind: DatabaseKind::Postgres,
                name: "shop".to_owned(),
                size: 5,
            });
            Queries::Events
        }
        (None, None) => Queries::Events,
        (Some(raw), Some(recorder)) => Queries::Pool(Pool::new(recorder.clone(), raw)),
        (Some(raw), None) => Queries::Raw(raw),
    };
    let router = app::router(queries);
    let router = match &recorder {
        Some(recorder) => router.layer(SilkLayer::new(recorder.clone())),
        None => router,
    };
    run(&router, page, WARM_UP, batch, recorder.as_ref()).await;
    callgrind::start_counting();
    run(&router, page, requests, batch, recorder.as_ref()).await;
    callgrind::stop_counting();
    if let Some(recorder) = &recorder {
        let report = recorder.shutdown(Duration::from_secs(60));
        assert_eq!(report.recorded, u64::from(WARM_UP + requests));
        assert!(report.lost.is_empty() && report.is_complete, "{report:?}");
    }
    ours.shutdown_background();
    println!("threads of the app: {threads_of_app}");
}

async fn run(router: &Router, page: &str, requests: u32, batch: u32, recorder: Option<&Recorder>) {
    for number in 1..=requests {
        let request = Request::get(page)
            .header("host", "localhost:3000")
            .header(
                "user-agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101",
            )
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("accept-encoding", "gzip, deflate, br")
            .header("cookie", "theme=dark; visits=41")
            .body(Body::empty())
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_success());
        black_box(response.into_body().collect().await.unwrap());
        if number % batch == 0 || number == requests {
            assert!(recorder.is_none_or(|recorder| recorder.flush(Duration::from_secs(60))));
        }
    }
}

/// A recorder whose writer rests until somebody flushes.
fn recorder(store: SqliteStore, ours: &tokio::runtime::Runtime) -> Recorder {
    let config = RecorderConfig {
        write_interval: Duration::from_secs(3_600),
        response_headers: false,
        layer_call_sites: false,
        ..RecorderConfig::default()
    };
    let redactor = Arc::new(Redactor::default());
    Recorder::start(config, Arc::new(store), redactor, ours.handle().clone()).unwrap()
}

/// A database in memory, with the connection that the app will use.
async fn database() -> SqlitePool {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    app::fill(&pool).await;
    pool
}

/// Threads of this process.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}
