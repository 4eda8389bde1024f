//! What filters of the subscriber may do to the tracing layer.

mod support;

use silk_capture::{SilkTracingLayer, record::probe, run_job};
use silk_core::{RequestKind, vitals::CaptureLevel};
use support::fixture;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer as _, layer::SubscriberExt as _};

#[tokio::test]
async fn a_global_filter_starves_the_layer_and_is_found_out() {
    let silk = fixture();
    let starved = tracing_subscriber::registry()
        .with(SilkTracingLayer::new(silk.recorder.clone()))
        .with(LevelFilter::INFO);
    {
        let _default = tracing::subscriber::set_default(starved);
        assert!(!probe(&silk.recorder));
        let captures = silk.vitals().captures;
        let sql = captures
            .iter()
            .find(|capture| capture.what == "SQL")
            .unwrap();
        assert_eq!(sql.level, CaptureLevel::Off);
        assert!(sql.remedy.as_ref().unwrap().contains("with_filter"));
    }
    // As a filter of the other layer it does no harm.
    let _default = tracing::subscriber::set_default(
        tracing_subscriber::registry()
            .with(Quiet.with_filter(LevelFilter::INFO))
            .with(SilkTracingLayer::new(silk.recorder.clone())),
    );
    assert!(probe(&silk.recorder));
    run_job(&silk.recorder, RequestKind::Job, "job", async {
        tracing::debug!(
            target: "sqlx::query",
            summary = "SELECT a, b, c …",
            db.statement = "\n\nSELECT a, b, c FROM d\n",
            rows_returned = 3_u64,
            elapsed_secs = 0.001,
        );
        tracing::debug!(target: "sqlx::query", summary = "SHOW ALL", db.statement = "", elapsed_secs = 0.0);
        // The database was at it, but it is no query in either tier.
        tracing::debug!(target: "sqlx::query", summary = "COMMIT", db.statement = "", elapsed_secs = 0.0);
    })
    .await;
    let record = silk.record();
    let texts: Vec<_> = record.detail.texts.iter().map(|text| &*text.text).collect();
    assert_eq!(texts, ["SELECT a, b, c FROM d", "SHOW ALL"]);
    assert_eq!(record.detail.queries[0].rows_returned, 3);
}

struct Quiet;

impl<S: Subscriber> tracing_subscriber::Layer<S> for Quiet {}

#[tokio::test]
async fn no_span_is_lost_where_enabled_is_asked_without_an_event() {
    // As sqlx's `log_enabled!` does through the log bridge: `enabled` is asked for a callsite that
    // the layer does not want, and no event follows.
    let silk = fixture();
    let _default = tracing::subscriber::set_default(
        tracing_subscriber::registry().with(SilkTracingLayer::new(silk.recorder.clone())),
    );
    for _ in 0..100 {
        run_job(&silk.recorder, RequestKind::Job, "job", async {
            tracing::dispatcher::get_default(|dispatch| {
                let unwanted = tracing::debug_span!("unwanted");
                if let Some(metadata) = unwanted.metadata() {
                    dispatch.enabled(metadata);
                }
            });
            let _ = tracing::enabled!(tracing::Level::DEBUG);
            let _span = tracing::info_span!("wanted");
        })
        .await;
    }
    let records = silk.records();
    assert_eq!(records.len(), 100);
    assert!(records.iter().all(|record| record.detail.spans.len() == 1));
}

#[tokio::test]
async fn two_layers_in_one_subscriber_do_no_harm() {
    let (one, two) = (fixture(), fixture());
    let _default = tracing::subscriber::set_default(
        tracing_subscriber::registry()
            .with(SilkTracingLayer::new(one.recorder.clone()))
            .with(SilkTracingLayer::new(two.recorder.clone())),
    );
    run_job(&one.recorder, RequestKind::Job, "job", async {
        let _span = tracing::info_span!("work").entered();
    })
    .await;
    assert_eq!(one.record().summary.route, "job");
}
