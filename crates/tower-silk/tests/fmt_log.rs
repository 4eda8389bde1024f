//! The log that an app's own `fmt` layer writes is the same, byte for byte, with and without the
//! profiler, at DEBUG and TRACE too: no line more, and no span of Silk's in a line.
//!
//! Each app is a process of its own: this very test, run again by itself.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{io, process::Command, time::Duration};

use axum::{Router, body::Body, extract::State, http::Request, routing::get};
use silk_core::{CapturedBy, store::RequestFilter};
use sqlx::sqlite::SqlitePoolOptions;
use tower::ServiceExt as _;
use tower_silk::Silk;
use tracing::{Instrument as _, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer as _, fmt::format::FmtSpan, layer::SubscriberExt as _, registry::LookupSpan,
    util::SubscriberInitExt as _,
};

/// Says which app the process is.
const APP: &str = "SILK_TEST_FMT_APP";

/// A handler that logs at every level, in spans and without, and asks the database both ways.
async fn page(State((raw, pool)): State<(sqlx::SqlitePool, Pool)>) -> &'static str {
    tracing::error!("an error");
    tracing::warn!(count = 3, "a warning");
    tracing::info!("the page is asked for");
    tracing::debug!("for developers");
    tracing::trace!("for the patient");
    sqlx::query("SELECT 1").execute(&raw).await.unwrap();
    macro_rules! ask {
        ($pool:expr) => {{
            sqlx::query("SELECT 'a text of more than four words'")
                .execute($pool)
                .await
                .unwrap();
            let mut tx = $pool.begin().await.unwrap();
            sqlx::query("SELECT 2").fetch_one(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }};
    }
    let work = async {
        sqlx::query("SELECT 3").execute(&raw).await.unwrap();
        match &pool {
            Pool::Raw(pool) => ask!(pool),
            Pool::Ours(pool) => ask!(pool),
        }
        tracing::info!("in a span");
    };
    work.instrument(tracing::info_span!("of_the_app", id = 7))
        .await;
    match &pool {
        Pool::Raw(pool) => ask!(pool),
        Pool::Ours(pool) => ask!(pool),
    }
    "page"
}

/// The app's pool, without and with the profiler.
#[derive(Clone)]
enum Pool {
    Raw(sqlx::SqlitePool),
    Ours(tower_silk::SqlitePool),
}

fn has(app: &str, word: &str) -> bool {
    app.split('+').any(|part| part == word)
}

fn set_subscriber(app: &str, silk: Option<&Silk>) {
    let level = if has(app, "trace") {
        LevelFilter::TRACE
    } else if has(app, "debug") {
        LevelFilter::DEBUG
    } else {
        LevelFilter::INFO
    };
    let spans = if has(app, "spans") {
        FmtSpan::FULL
    } else {
        FmtSpan::NONE
    };
    let registry = tracing_subscriber::registry();
    match (silk, has(app, "first"), has(app, "unfiltered")) {
        // The app's level is a filter of the whole subscriber.
        (None, ..) if has(app, "global") => registry.with(lines(spans)).with(level).init(),
        (Some(ours), ..) if has(app, "global") => {
            registry
                .with(lines(spans))
                .with(level)
                .with(ours.tracing_layer())
                .init();
        }
        (None, _, true) => registry.with(lines(spans)).init(),
        (None, _, false) => registry.with(lines(spans).with_filter(level)).init(),
        // Silk's layer stands before the app's, or behind it.
        (Some(_), true, is_unfiltered) => {
            let registry = registry.with(silk.map(Silk::tracing_layer));
            if is_unfiltered {
                registry.with(lines(spans)).init();
            } else {
                registry.with(lines(spans).with_filter(level)).init();
            }
        }
        (Some(_), false, true) => registry
            .with(lines(spans))
            .with(silk.map(Silk::tracing_layer))
            .init(),
        (Some(_), false, false) => registry
            .with(lines(spans).with_filter(level))
            .with(silk.map(Silk::tracing_layer))
            .init(),
    }
}

/// The app's layer.
fn lines<S>(spans: FmtSpan) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .without_time()
        .with_ansi(false)
        .with_span_events(spans)
        .with_writer(io::stdout)
}

/// Runs as the app that the environment names; does nothing in an ordinary run.
#[tokio::test]
async fn the_app() {
    let Ok(app) = std::env::var(APP) else { return };
    let folder = tempfile::tempdir().unwrap();
    let silk = if has(&app, "silk") {
        let store = folder.path().join("silk.db");
        Some(Silk::builder().sqlite(store).build().await.unwrap())
    } else {
        None
    };
    println!("BEGIN");
    set_subscriber(&app, silk.as_ref());
    // One connection each: which of several a query gets is chance.
    let connect = || {
        SqlitePoolOptions::new()
            .max_connections(1)
            .connect("sqlite::memory:")
    };
    let (raw, pool) = (connect().await.unwrap(), connect().await.unwrap());
    let pool = match &silk {
        Some(silk) => Pool::Ours(silk.pool(pool)),
        None => Pool::Raw(pool),
    };
    let mut routes = Router::new()
        .route("/page", get(page))
        .with_state((raw, pool));
    if let Some(silk) = &silk {
        routes = routes.layer(silk.layer());
    }
    for _ in 0..3 {
        let request = Request::get("/page").body(Body::empty()).unwrap();
        let response = routes.clone().oneshot(request).await.unwrap();
        axum::body::to_bytes(response.into_body(), 9).await.unwrap();
    }
    if let Some(silk) = &silk {
        assert!(silk.flush(Duration::from_secs(60)).await);
    }
    println!("END");
    if let Some(silk) = &silk {
        check(silk, &app).await;
    }
}

/// What the pool runs is recorded once, however the app logs. What runs past it on SQLite belongs
/// to its request where a span of the app's, or one of Silk's that nobody else sees, leads there.
async fn check(silk: &Silk, app: &str) {
    let page = silk.store().requests(&RequestFilter::default()).await;
    for summary in page.unwrap().items {
        let record = silk.store().request(summary.id).await.unwrap().unwrap();
        let mut texts: Vec<_> = record
            .detail
            .queries
            .iter()
            .map(|query| {
                let text = &record.detail.texts[usize::try_from(query.text).unwrap()];
                (
                    text.text.chars().take(8).collect::<String>(),
                    query.captured_by,
                )
            })
            .collect();
        texts.sort_by(|one, other| one.0.cmp(&other.0));
        let both = |text: &str, by| (text.to_owned(), by);
        let mut expected = vec![
            both("SELECT '", CapturedBy::Pool),
            both("SELECT '", CapturedBy::Pool),
            both("SELECT 1", CapturedBy::Layer),
            both("SELECT 2", CapturedBy::Pool),
            both("SELECT 2", CapturedBy::Pool),
            both("SELECT 3", CapturedBy::Layer),
        ];
        if shows(app) {
            expected.remove(2);
        }
        assert_eq!(texts, expected, "{app}");
    }
    let vitals = silk.vitals();
    assert_eq!(vitals.unattributed_queries, if shows(app) { 3 } else { 0 });
    let said = vitals
        .captures
        .into_iter()
        .find(|said| said.what == "SQLite through the tracing layer");
    assert_eq!(said.is_some(), shows(app), "{app}");
    if let Some(said) = said {
        assert!(said.reason.starts_with("3 queries reached no request"));
        assert!(said.remedy.unwrap().contains("silk=off"));
    }
}

/// Whether the app's log would show a span at DEBUG.
fn shows(app: &str) -> bool {
    has(app, "debug") || has(app, "trace") || has(app, "unfiltered")
}

/// What an app logs; the times that queries and spans took are taken out.
fn log_of(app: &str) -> Vec<String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_app", "--nocapture", "--test-threads=1"])
        .env(APP, app)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{app}: {text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (_, text) = text.split_once("BEGIN\n").unwrap();
    let (text, _) = text.split_once("END\n").unwrap();
    text.lines().map(without_times).collect()
}

/// A line without what varies from run to run: the values of fields that are times.
fn without_times(line: &str) -> String {
    const TIMES: [&str; 4] = ["elapsed", "elapsed_secs", "time.busy", "time.idle"];
    let words = line.split(' ').map(|word| match word.split_once('=') {
        Some((name, _)) if TIMES.contains(&name) => name,
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The lines of one thread keep their order; SQLite's worker writes when it likes.
fn apart(lines: Vec<String>) -> (Vec<String>, Vec<String>) {
    let (mut of_sqlx, own): (Vec<_>, Vec<_>) =
        lines.into_iter().partition(|line| line.contains("sqlx"));
    of_sqlx.sort();
    (of_sqlx, own)
}

fn stays_the_same(app: &str) {
    let (mut without, mut with) = (log_of(app), log_of(&format!("{app}+silk")));
    if has(app, "spans") {
        // How often a span is entered depends on how quick the database is.
        for lines in [&mut without, &mut with] {
            lines.sort();
            lines.dedup();
        }
    }
    let (without, with) = (apart(without), apart(with));
    assert_eq!(without.1, with.1, "{app}");
    assert_eq!(without.0, with.0, "{app}");
    assert!(without.1.len() >= 9, "{app} has a log: {without:?}");
    let has_queries = without.0.iter().any(|line| line.contains("SELECT 1"));
    assert_eq!(has_queries, shows(app), "{without:?}");
}

#[test]
fn a_log_at_info_stays_the_same() {
    stays_the_same("info");
    stays_the_same("info+first");
}

#[test]
fn a_log_at_debug_stays_the_same() {
    for app in ["debug", "debug+first", "debug+global"] {
        stays_the_same(app);
    }
}

#[test]
fn a_log_at_trace_stays_the_same() {
    for app in ["trace", "trace+global", "unfiltered", "unfiltered+first"] {
        stays_the_same(app);
    }
}

#[test]
fn a_log_of_spans_stays_the_same() {
    for app in ["debug+spans", "trace+spans+first", "unfiltered+spans"] {
        stays_the_same(app);
    }
}

/// `docs/guides/set-up.md` says so, and what to write instead.
#[tokio::test]
async fn a_subscriber_that_fmt_has_finished_cannot_take_the_layer() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("silk.db");
    let silk = Silk::builder().sqlite(&store).build().await.unwrap();
    let finish = || {
        tracing_subscriber::fmt()
            .finish()
            .with(silk.tracing_layer())
    };
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(finish));
    let message = panicked.map(|_| ()).unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("does not currently support filters"),
        "{message}"
    );
    // What the guide says to write instead.
    let layer = tracing_subscriber::fmt::layer().with_filter(LevelFilter::INFO);
    let _subscriber = tracing_subscriber::registry()
        .with(layer)
        .with(silk.tracing_layer());
    let report = silk.shutdown(Duration::from_secs(5)).await;
    assert!(report.is_complete);
}
