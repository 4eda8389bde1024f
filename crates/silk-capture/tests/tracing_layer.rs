//! The tracing tier, with real sqlx on SQLite: whose query it is, and what filters may do to it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panics"
)]

mod support;

use std::{convert::Infallible, sync::OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use silk_capture::{RecorderConfig, SilkTracingLayer, record::probe, run_job};
use silk_core::{CapturedBy, DatabaseKind, RequestKind, RequestRecord};
use sqlx::{Connection as _, SqliteConnection};
use support::{Fixture, fixture_with};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;

/// The recorder of this program: SQLite's worker threads see the global subscriber only.
fn silk() -> &'static Fixture {
    static SILK: OnceLock<Fixture> = OnceLock::new();
    SILK.get_or_init(|| {
        let silk = fixture_with(RecorderConfig {
            layer_database: DatabaseKind::Sqlite,
            ..Default::default()
        });
        let layer = SilkTracingLayer::new(silk.recorder.clone());
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))
            .unwrap();
        assert!(probe(&silk.recorder));
        silk
    })
}

async fn one_query(value: i64) {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let sum: i64 = sqlx::query_scalar("SELECT ? + 1")
        .bind(value)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(sum, value + 1);
    connection.close().await.unwrap();
}

async fn request(silk: &Fixture, path: &str) {
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            one_query(1)
                .instrument(tracing::info_span!("load", id = 7))
                .await;
            tracing::warn!(left = 3, "running low");
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }));
    service
        .oneshot(Request::get(path).body(Empty::new()).unwrap())
        .await
        .unwrap();
}

/// The records of a path, once SQLite's workers have dropped them all.
async fn records_of(silk: &Fixture, path: &str, count: usize) -> Vec<RequestRecord> {
    for _ in 0..400 {
        let mut records = silk.records();
        records.retain(|record| record.summary.path == path);
        if records.len() == count {
            return records;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("requests are still held");
}

#[tokio::test]
async fn queries_spans_and_warnings_belong_to_their_request() {
    let silk = silk();
    request(silk, "/one").await;
    let record = records_of(silk, "/one", 1).await.remove(0);
    let of_app: Vec<_> = record
        .detail
        .queries
        .iter()
        .filter(|query| &*record.detail.texts[query.text as usize].text == "SELECT ? + 1")
        .collect();
    assert_eq!(of_app.len(), 1, "{:#?}", record.detail.texts);
    assert_eq!(of_app[0].captured_by, CapturedBy::Layer);
    assert_eq!(of_app[0].rows_returned, 1);
    let spans = &record.detail.spans;
    assert_eq!(spans.len(), 1, "{spans:#?}");
    assert_eq!((spans[0].name.as_str(), spans[0].parent), ("load", None));
    assert_eq!(spans[0].fields, [("id".to_owned(), "7".to_owned())]);
    assert!(spans[0].busy_us <= spans[0].duration_us);
    assert_eq!(of_app[0].span, Some(0));
    assert_eq!(record.detail.logs.len(), 1);
    assert_eq!(record.detail.logs[0].message, "running low");
    assert_eq!(
        record.detail.logs[0].fields,
        [("left".to_owned(), "3".to_owned())]
    );
}

#[tokio::test]
async fn concurrent_requests_on_sqlites_worker_keep_apart() {
    let silk = silk();
    futures_util::future::join_all((0..16).map(|_| request(silk, "/many"))).await;
    for record in records_of(silk, "/many", 16).await {
        let own = record
            .statements
            .iter()
            .filter(|statement| statement.statement.normalized.contains('+'));
        assert_eq!(own.map(|statement| statement.calls).sum::<u64>(), 1);
    }
}

#[tokio::test]
async fn outside_of_requests_queries_are_counted() {
    let silk = silk();
    one_query(1).await;
    assert!(silk.vitals().unattributed_queries >= 1);
    let before = silk.vitals().unattributed_queries;
    // Silk's own work, and what the pool records itself, is left alone.
    one_query(1)
        .instrument(tracing::debug_span!(target: "silk", "silk.internal"))
        .await;
    one_query(1)
        .instrument(tracing::debug_span!(target: "silk", "silk.query"))
        .await;
    assert_eq!(silk.vitals().unattributed_queries, before);
    run_job(&silk.recorder, RequestKind::Job, "job", one_query(2)).await;
    assert!(records_of(silk, "job", 1).await[0].summary.query_count >= 1);
}
