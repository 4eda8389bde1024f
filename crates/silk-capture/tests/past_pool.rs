//! Queries that pass an instrumented pool by (`&sqlx::PgPool`, `&mut sqlx::PgConnection`) are
//! counted, said, and belong to the transaction that they ran in; and the tracing layer tells where
//! the app ran them.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

mod support;

use std::sync::OnceLock;

use silk_capture::{Recorder, SilkTracingLayer};
use silk_core::{CapturedBy, Vitals as _, vitals::CaptureLevel};
use support::seen::{record, recorder};
use tokio::sync::Mutex;
use tracing_subscriber::layer::SubscriberExt as _;

fn silk() -> &'static Recorder {
    static SILK: OnceLock<Recorder> = OnceLock::new();
    SILK.get_or_init(|| {
        let recorder = recorder();
        let subscriber =
            tracing_subscriber::registry().with(SilkTracingLayer::new(recorder.clone()));
        tracing::subscriber::set_global_default(subscriber).unwrap();
        recorder
    })
}

/// One at a time: they look at figures of the whole recorder.
static ONE: Mutex<()> = Mutex::const_new(());

macro_rules! past_the_pool {
    ($(#[$attribute:meta])* $name:ident, $raw:ty, $raw_connection:ty, $pool:ty, $options:ty, $url:expr, $has_lines:expr) => {
        $(#[$attribute])*
        #[tokio::test]
        async fn $name() {
            async fn by_pool(pool: &$raw) -> i32 {
                sqlx::query_scalar("select 1")
                    .fetch_one(pool)
                    .await
                    .unwrap()
            }
            async fn by_connection(connection: &mut $raw_connection) -> i32 {
                sqlx::query_scalar("select 2")
                    .fetch_one(connection)
                    .await
                    .unwrap()
            }
            let _one = ONE.lock().await;
            let recorder = silk();
            let Some(url) = $url else { return };
            let raw = <$options>::new()
                .max_connections(2)
                .connect(&url)
                .await
                .unwrap();
            let pool = <$pool>::new(recorder.clone(), raw);
            let before = past(recorder);
            let before_without = without_line(recorder);
            let ((), seen) = record(recorder, async {
                by_pool(&pool).await;
                let mut connection = pool.acquire().await.unwrap();
                by_connection(&mut connection).await;
                drop(connection);
                let mut tx = pool.begin().await.unwrap();
                by_connection(&mut tx).await;
                sqlx::query("select 3").execute(&mut *tx).await.unwrap();
                by_connection(tx.as_mut()).await;
                tx.commit().await.unwrap();
                sqlx::query("select 4").execute(&pool).await.unwrap();
            })
            .await;
            let queries = &seen.record.detail.queries;
            let what: Vec<_> = queries
                .iter()
                .map(|query| (query.is_past_pool, query.captured_by, query.transaction))
                .collect();
            let past_pool = |transaction| (true, CapturedBy::Layer, transaction);
            let ours = |transaction| (false, CapturedBy::Pool, transaction);
            assert_eq!(
                what,
                [
                    past_pool(None),
                    past_pool(None),
                    past_pool(Some(0)),
                    ours(Some(0)),
                    past_pool(Some(0)),
                    ours(None),
                ]
            );
            let databases: Vec<_> = seen
                .record
                .detail
                .texts
                .iter()
                .map(|t| &t.database)
                .collect();
            assert!(
                databases.iter().all(|d| *d == databases[0]),
                "{databases:?}"
            );
            assert_eq!(past(recorder) - before, 4);
            // Those whose line the tracing layer knows are not counted against call sites.
            let without = without_line(recorder) - before_without;
            assert_eq!(without, if $has_lines { 0 } else { 4 });
            let health = recorder.snapshot().captures;
            let said = health
                .iter()
                .find(|c| c.what == "queries past Silk")
                .unwrap();
            assert!(said.reason.contains("&mut sqlx::"), "{}", said.reason);
            assert!(said.remedy.as_ref().unwrap().contains("&tower_silk::"));
            let values = health.iter().find(|c| c.what == "values").unwrap();
            assert_eq!(values.level, CaptureLevel::Partial);
            if $has_lines {
                for query in queries.iter().filter(|query| query.is_past_pool) {
                    let site = &seen.record.detail.call_sites
                        [usize::try_from(query.call_site.unwrap()).unwrap()];
                    assert!(
                        site.file.ends_with("past_pool.rs"),
                        "{site:?}"
                    );
                    let function = if query.seq == 1 {
                        "by_pool"
                    } else {
                        "by_connection"
                    };
                    assert!(site.function.contains(function), "{site:?}");
                }
            }
        }
    };
}

/// How many queries past the pool have no line, as the entry of call sites says.
fn without_line(recorder: &Recorder) -> u64 {
    let captures = recorder.snapshot().captures;
    let sites = captures.iter().find(|c| c.what == "call sites").unwrap();
    match sites.reason.split_once(" past them, ") {
        Some((_, rest)) => {
            assert_eq!(sites.level, CaptureLevel::Partial);
            rest.split(' ').next().unwrap().parse().unwrap()
        }
        None => {
            assert_eq!(sites.level, CaptureLevel::Full);
            0
        }
    }
}

fn past(recorder: &Recorder) -> u64 {
    let captures = recorder.snapshot().captures;
    let said = captures.iter().find(|c| c.what == "queries past Silk");
    said.map_or(0, |said| {
        said.reason.split(' ').next().unwrap().parse().unwrap()
    })
}

#[cfg(feature = "sqlite")]
past_the_pool!(
    case_apps_02_coerced_silently_sqlite,
    sqlx::SqlitePool,
    sqlx::SqliteConnection,
    silk_capture::sql::pool::SqlitePool,
    sqlx::sqlite::SqlitePoolOptions,
    Some("sqlite::memory:".to_owned()),
    false
);
#[cfg(feature = "postgres")]
past_the_pool!(
    #[ignore = "needs a server: run cargo xtask test"]
    case_apps_02_coerced_silently_postgres,
    sqlx::PgPool,
    sqlx::PgConnection,
    silk_capture::sql::pool::PgPool,
    sqlx::postgres::PgPoolOptions,
    std::env::var("SILK_TEST_POSTGRES").ok(),
    true
);
#[cfg(feature = "mysql")]
past_the_pool!(
    #[ignore = "needs a server: run cargo xtask test"]
    case_apps_02_coerced_silently_mysql,
    sqlx::MySqlPool,
    sqlx::MySqlConnection,
    silk_capture::sql::pool::MySqlPool,
    sqlx::mysql::MySqlPoolOptions,
    std::env::var("SILK_TEST_MYSQL").ok(),
    true
);
