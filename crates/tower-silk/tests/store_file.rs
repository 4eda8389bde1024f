//! What is left of the store's file when the profiler goes: one file, whole, without a log; and what
//! the Health page says of one that was damaged.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

mod support;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use axum::Router;
use silk_core::{Store, store::RequestFilter};
use silk_store::{SqliteStore, SqliteStoreConfig};
use tempfile::TempDir;
use tower_silk::Silk;

const LONG: Duration = Duration::from_secs(30);

async fn silk() -> (TempDir, PathBuf, Silk) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let silk = Silk::builder().sqlite(&path).build().await.unwrap();
    (folder, path, silk)
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // The dashboard's, for the next start.
        .filter(|name| name != "silk.db-token")
        .collect();
    names.sort();
    names
}

/// The requests in a file, over a store of its own that is closed again.
async fn stored(path: &Path) -> usize {
    let store = SqliteStore::new(path, SqliteStoreConfig::default());
    let page = store.requests(&RequestFilter::default()).await.unwrap();
    store.close().await;
    page.items.len()
}

#[tokio::test]
async fn shutdown_leaves_one_whole_file() {
    let (folder, path, silk) = silk().await;
    for _ in 0..3 {
        silk.job("report").run(async {}).await;
    }
    // A reader is open too.
    assert!(silk.flush(LONG).await);
    assert_eq!(silk.store().size().await.unwrap().requests, 3);
    assert!(files(folder.path()).len() > 1, "the log is in use");
    let report = silk.shutdown(LONG).await;
    assert!(report.is_complete);
    assert_eq!(files(folder.path()), ["silk.db"]);
    assert_eq!(stored(&path).await, 3);
    // The dashboard still answers.
    assert_eq!(silk.store().size().await.unwrap().requests, 3);
}

#[tokio::test]
async fn dropping_leaves_one_whole_file_and_others_record_on() {
    let (folder, path, silk) = silk().await;
    silk.job("report").run(async {}).await;
    let late = silk.job("late");
    drop(silk);
    // It waits for a second; a slow disk may take longer.
    let deadline = Instant::now() + LONG;
    while files(folder.path()) != ["silk.db"] {
        assert!(Instant::now() < deadline, "{:?}", files(folder.path()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(stored(&path).await, 1);
    late.run(async {}).await;
    let deadline = Instant::now() + LONG;
    while stored(&path).await < 2 {
        assert!(Instant::now() < deadline, "it is recorded on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn health_says_where_a_damaged_file_went_and_that_nothing_is_left_to_do() {
    let (folder, path, silk) = silk().await;
    silk.job("before").run(async {}).await;
    assert!(silk.flush(LONG).await);
    let app = support::serve_with(silk, Router::new()).await;
    let health = async || app.ask("GET /silk/health", b"").await;
    assert!(!health().await.contains("It failed"));

    std::fs::write(&path, "this is no database").unwrap();
    app.silk.job("lost").run(async {}).await;
    let deadline = Instant::now() + LONG;
    let mut page = health().await;
    while !page.contains("silk.db.damaged") {
        assert!(Instant::now() < deadline, "{page}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        page = health().await;
    }
    assert!(
        page.contains("It failed") && page.contains("the file was damaged while it was in use"),
        "{page}"
    );
    assert!(page.contains("recording goes on in a new one"), "{page}");
    assert!(page.contains("nothing is left to do"), "{page}");
    assert!(folder.path().join("silk.db.damaged").exists());

    // Once the new file takes records, the failure is over, and what it cost still stands there.
    while page.contains("It failed") {
        assert!(Instant::now() < deadline, "{page}");
        app.silk.job("after").run(async {}).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        page = health().await;
    }
    assert!(
        page.contains("file was damaged. If it was in use, Silk has renamed it"),
        "{page}"
    );
    assert!(page.contains("nothing is left to do"), "{page}");
}
