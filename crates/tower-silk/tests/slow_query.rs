//! What only a global subscriber shows: the log of slow queries, and waits for a connection in the
//! tier without instrumented pools. A program of its own, for the subscriber's sake.

#![cfg(all(feature = "sqlite", feature = "ui"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod support;

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, routing::get};
use sqlx::sqlite::SqlitePoolOptions;
use support::serve_with;
use tower_silk::{DatabaseKind, Silk};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, filter::LevelFilter, layer::SubscriberExt as _};

/// Events of one target, as an app's own subscriber sees them.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<BTreeMap<String, String>>>>);

struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() == "silk::slow_query" {
            let mut fields = Fields(BTreeMap::new());
            event.record(&mut fields);
            fields
                .0
                .insert("level".to_owned(), event.metadata().level().to_string());
            self.0.lock().unwrap().push(fields.0);
        }
    }
}

/// Takes a while in SQLite itself.
const SLOW: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) \
                    SELECT count(*) FROM n WHERE 'hunter2-secret' <> ?";

async fn slow(State(pool): State<tower_silk::SqlitePool>) -> String {
    let quick: i64 = sqlx::query_scalar("SELECT 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    let count: i64 = sqlx::query_scalar(SLOW)
        .bind("some value")
        .fetch_one(&pool)
        .await
        .unwrap();
    format!("{quick} {count}")
}

async fn waits(State(pool): State<sqlx::SqlitePool>) -> String {
    let held = pool.acquire().await.unwrap();
    let release = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(60)).await;
        drop(held);
    });
    let two: i64 = sqlx::query_scalar("SELECT 1 + 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    release.await.unwrap();
    two.to_string()
}

#[tokio::test]
async fn slow_queries_are_logged_and_waits_are_seen_without_an_instrumented_pool() {
    let log = Log::default();
    let silk = Silk::builder()
        .in_memory()
        .database(DatabaseKind::Sqlite)
        .slow_query(Duration::from_millis(20))
        .build()
        .await
        .unwrap();
    // At a level, as logs are: a layer that would see Silk's spans gets none, and then nothing
    // leads from SQLite's thread to the request.
    let subscriber = tracing_subscriber::registry()
        .with(log.clone().with_filter(LevelFilter::INFO))
        .with(silk.tracing_layer());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    assert!(silk.check_tracing());

    let memory = || sqlx::sqlite::SqliteConnectOptions::new().in_memory(true);
    let instrumented = silk.pool(
        SqlitePoolOptions::new()
            .connect_with(memory())
            .await
            .unwrap(),
    );
    // One connection only; sqlx tells of waits from a threshold on.
    let raw = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_slow_threshold(Duration::from_millis(10))
        .connect_with(memory())
        .await
        .unwrap();
    let routes = Router::new()
        .route("/slow", get(slow))
        .with_state(instrumented)
        .merge(Router::new().route("/waits", get(waits)).with_state(raw));
    let app = serve_with(silk, routes).await;

    let answer = app.ask("GET /slow", b"").await;
    assert!(answer.ends_with("1 3000000"), "{answer}");
    let record = app.record().await;
    {
        let logged = log.0.lock().unwrap();
        assert_eq!(logged.len(), 1, "the quick one is not logged: {logged:#?}");
        let fields = &logged[0];
        assert_eq!(fields["level"], "WARN");
        assert_eq!(fields["request_id"], record.summary.id.to_string());
        assert_eq!(
            fields["duration_us"],
            record.detail.queries[1].duration_us.to_string()
        );
        assert!(
            fields["duration_us"].parse::<u64>().unwrap() >= 20_000,
            "{fields:#?}"
        );
        assert!(fields["statement"].contains("RECURSIVE"), "{fields:#?}");
        assert!(
            !fields["statement"].contains("hunter2"),
            "no literals: {fields:#?}"
        );
        assert!(fields["call_site"].contains("slow_query.rs"), "{fields:#?}");
    }

    let answer = app.ask("GET /waits", b"").await;
    assert!(answer.ends_with("\r\n2"), "{answer}");
    let records = app.records(2).await;
    let record = &records[1];
    assert_eq!(record.summary.query_count, 1, "{record:#?}");
    let wait = record
        .detail
        .waits
        .iter()
        .max_by_key(|wait| wait.duration_us);
    assert!(
        wait.unwrap().duration_us >= 30_000,
        "{:#?}",
        record.detail.waits
    );
    assert!(
        record.summary.times.wait_us >= 30_000,
        "{:#?}",
        record.summary.times
    );
}
