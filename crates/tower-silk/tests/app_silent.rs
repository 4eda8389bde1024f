//! An app whose sqlx says nothing: statement logging is off, as it often is in production code.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use silk_core::vitals::CaptureStatus;
use sqlx::{ConnectOptions as _, SqlitePool, sqlite::SqliteConnectOptions};
use tower_silk::Silk;

async fn pool(has_logging: bool) -> SqlitePool {
    let options = SqliteConnectOptions::new().in_memory(true);
    let options = if has_logging {
        options
    } else {
        options.disable_statement_logging()
    };
    SqlitePool::connect_with(options).await.unwrap()
}

async fn requests(silk: &Silk, count: usize, pool: Option<&SqlitePool>) {
    for _ in 0..count {
        let work = async {
            if let Some(pool) = pool {
                sqlx::query("SELECT 1").execute(pool).await.unwrap();
            }
        };
        silk.job("request").run(work).await;
    }
    assert!(silk.flush(std::time::Duration::from_secs(60)).await);
}

fn sql(silk: &Silk) -> CaptureStatus {
    let captures = silk.vitals().captures;
    let sql = captures.into_iter().find(|capture| capture.what == "SQL");
    sql.unwrap()
}

#[tokio::test]
async fn case_apps_07_statement_logging_off_shows_nothing() {
    let silk = Silk::builder().in_memory().build().await.unwrap();
    silk.init_tracing();
    let asks = |silk: &Silk| sql(silk).reason.contains("is statement logging off?");
    assert!(!asks(&silk), "nothing is known before the first requests");
    let quiet = pool(false).await;
    requests(&silk, 2, Some(&quiet)).await;
    assert!(!asks(&silk), "two requests say little");
    requests(&silk, 1, Some(&quiet)).await;
    let said = sql(&silk);
    assert_eq!(
        said.reason,
        "no query of sqlx was ever seen in 3 requests. Does the app make none, or is statement \
         logging off?"
    );
    let remedy = said.remedy.unwrap();
    assert!(remedy.contains("disable_statement_logging()"), "{remedy}");
    assert!(remedy.contains("sqlx_logging(true)"), "{remedy}");

    // An app with instrumented pools loses nothing by it.
    let other = Silk::builder().in_memory().build().await.unwrap();
    let _pool = other.pool(quiet.clone());
    requests(&other, 5, None).await;
    assert!(!asks(&other), "{:?}", sql(&other));

    // One word from sqlx is enough, and the app may be silent for ever after.
    requests(&silk, 1, Some(&pool(true).await)).await;
    requests(&silk, 5, None).await;
    assert!(!asks(&silk), "{:?}", sql(&silk));
}

#[tokio::test]
async fn the_installed_profiler_is_found_and_is_none_otherwise() {
    assert!(Silk::global().is_none());
    let silk = Silk::builder().in_memory().build().await.unwrap();
    assert!(silk.install());
    let other = Silk::builder().in_memory().build().await.unwrap();
    assert!(!other.install(), "the first one stays");
    let found = Silk::global().unwrap();
    assert_eq!(found.token(), silk.token());
    drop((found, silk));
    assert!(Silk::global().is_none(), "it does not outlive its handles");
}
