//! An app whose libraries log through `log`, bridged to `tracing` as `tracing_subscriber`'s
//! `init()` does it: sqlx asks the bridge about each query before it tells `tracing` of it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panics"
)]

mod support;

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use silk_capture::{RecorderConfig, SilkTracingLayer, record::probe, run_job};
use silk_core::{DatabaseKind, RequestKind, RequestRecord, Vitals as _, vitals::CaptureLevel};
use sqlx::{Connection as _, SqliteConnection};
use support::{Fixture, fixture_with};
use tracing::{Event, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::filter_fn,
    layer::{Context, SubscriberExt as _},
};

/// Events that the app's own layer has seen.
static SEEN_BY_APP: AtomicU64 = AtomicU64::new(0);

/// The app's own layer: wants everything of INFO and above, and sqlx's queries.
struct AppLayer;

impl<S: Subscriber> Layer<S> for AppLayer {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        SEEN_BY_APP.fetch_add(1, Relaxed);
    }
}

fn silk() -> &'static Fixture {
    static SILK: OnceLock<Fixture> = OnceLock::new();
    SILK.get_or_init(|| {
        let silk = fixture_with(RecorderConfig {
            layer_database: DatabaseKind::Sqlite,
            ..Default::default()
        });
        tracing_log::LogTracer::init().unwrap();
        let wanted = filter_fn(|metadata| {
            if metadata.target() == "silk" {
                // Tests run beside each other meanwhile, as the first requests of an app do.
                thread::sleep(Duration::from_millis(50));
            }
            *metadata.level() <= LevelFilter::INFO || metadata.target() == "sqlx::query"
        });
        let subscriber = tracing_subscriber::registry()
            .with(AppLayer.with_filter(wanted))
            .with(SilkTracingLayer::new(silk.recorder.clone()));
        tracing::subscriber::set_global_default(subscriber).unwrap();
        assert!(probe(&silk.recorder));
        silk
    })
}

/// The record of a job, once SQLite's worker has dropped it.
async fn record_of(name: &'static str, job: impl Future<Output = ()>) -> RequestRecord {
    let silk = silk();
    run_job(&silk.recorder, RequestKind::Job, name, job).await;
    for _ in 0..800 {
        let mut records = silk.records();
        records.retain(|record| record.summary.route == name);
        if let Some(record) = records.pop() {
            assert!(records.is_empty(), "recorded twice");
            return record;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{name} is still held");
}

async fn connection() -> SqliteConnection {
    SqliteConnection::connect("sqlite::memory:").await.unwrap()
}

async fn select(connection: &mut SqliteConnection) {
    let one: i64 = sqlx::query_scalar("SELECT 1")
        .fetch_one(connection)
        .await
        .unwrap();
    assert_eq!(one, 1);
}

#[test]
fn health_says_that_lines_of_log_arrive() {
    let captures = silk().recorder.snapshot().captures;
    let said = captures
        .iter()
        .find(|c| c.what == "spans and logs")
        .unwrap();
    assert_eq!(said.level, CaptureLevel::Full, "{}", said.reason);
    assert!(said.reason.contains("or `log`"), "{}", said.reason);
}

#[tokio::test]
async fn queries_and_logs_are_recorded_once() {
    silk();
    let mut connection = connection().await;
    let record = record_of("once", async {
        select(&mut connection).await;
        log::warn!(target: "a_library", "the {} is full", "disk");
        log::debug!("not of interest");
        tracing::warn!("of the app");
    })
    .await;
    let texts: Vec<_> = record.detail.texts.iter().map(|text| &*text.text).collect();
    assert_eq!((texts, record.summary.query_count), (vec!["SELECT 1"], 1));
    let logs: Vec<_> = record
        .detail
        .logs
        .iter()
        .map(|log| {
            (
                log.target.as_str(),
                log.message.as_str(),
                log.level.as_str(),
            )
        })
        .collect();
    assert_eq!(
        logs,
        [
            ("a_library", "the disk is full", "WARN"),
            ("log_bridge", "of the app", "WARN"),
        ]
    );
    assert!(
        record.detail.logs.iter().all(|log| log.fields.is_empty()),
        "the bridge's own fields say nothing more: {:?}",
        record.detail.logs
    );
}

#[tokio::test]
async fn no_span_is_lost_between_queries() {
    silk();
    let mut connection = connection().await;
    let record = record_of("spans", async {
        for _ in 0..100 {
            // `log_enabled!` is asked, about what the app's layer does not want too.
            select(&mut connection).await;
            let _ = log::log_enabled!(target: "unwanted", log::Level::Debug);
            let _span = tracing::info_span!("work").entered();
            tracing::warn!("within");
        }
    })
    .await;
    assert_eq!(record.summary.query_count, 100);
    assert_eq!(record.detail.spans.len(), 100);
    assert_eq!(record.detail.logs.len(), 100);
    assert_eq!(record.detail.spans_not_kept, 0);
}

/// Logs while it is being logged, as types do whose `Debug` reads something that may be missing.
struct Talkative;

impl fmt::Debug for Talkative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        log::warn!("while being logged");
        let _span = tracing::info_span!("while being logged").entered();
        f.write_str("talkative")
    }
}

#[tokio::test]
async fn what_logs_while_it_is_logged_neither_hangs_nor_recurs() {
    silk();
    let work = record_of("talkative", async {
        tracing::warn!(value = ?Talkative, "outer");
        let span = tracing::info_span!("outer", value = ?Talkative, later = tracing::field::Empty);
        span.record("later", tracing::field::debug(Talkative));
        log::warn!("{Talkative:?}");
    });
    let record = tokio::time::timeout(Duration::from_secs(60), work)
        .await
        .expect("somebody waits for himself");
    let logs = &record.detail.logs;
    let of = |text: &str| logs.iter().filter(|log| log.message == text).count();
    assert_eq!((of("outer"), of("talkative")), (1, 1), "{logs:#?}");
    let outer = record.detail.spans.iter().find(|span| span.name == "outer");
    let fields = &outer.unwrap().fields;
    assert_eq!(
        *fields,
        [
            ("value".to_owned(), "talkative".to_owned()),
            ("later".to_owned(), "talkative".to_owned())
        ]
    );
}

#[tokio::test]
async fn the_apps_own_layer_still_sees_sqlx() {
    silk();
    let mut connection = connection().await;
    let before = SEEN_BY_APP.load(Relaxed);
    let record = record_of("shared", async {
        for _ in 0..10 {
            select(&mut connection).await;
        }
    })
    .await;
    assert_eq!(record.summary.query_count, 10);
    assert!(SEEN_BY_APP.load(Relaxed) >= before + 10);
}
