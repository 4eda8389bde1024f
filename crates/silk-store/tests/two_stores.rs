//! Two stores of one process on one file, and what happens to the file meanwhile.
//!
//! SQLite keeps one index of the log for all connections of a process, so that a store that closes
//! and opens its own while another stays open meets what the other still has.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use silk_core::{RunId, Store, WriteBatch};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{batch, maximal},
};
use sqlx::{Connection, SqliteConnection};

fn open(path: &Path) -> SqliteStore {
    SqliteStore::new(
        path,
        SqliteStoreConfig::default().busy_timeout(Duration::from_secs(20)),
    )
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A request of the run that a store is for: each has its own recorder.
fn work(store: &SqliteStore, number: u64) -> WriteBatch {
    let run = RunId(uuid::Uuid::from_u128(
        std::ptr::from_ref(store).addr() as u128
    ));
    let mut record = maximal(number);
    record.summary.run_id = run;
    let mut batch = batch(vec![record]);
    batch.run.id = run;
    batch
}

async fn write(store: &SqliteStore, numbers: std::ops::Range<u64>) {
    for number in numbers {
        store.write(&work(store, number)).await.unwrap();
    }
}

async fn count(store: &SqliteStore) -> u64 {
    store.size().await.unwrap().requests
}

/// Whether all requests can be read from the file alone, and it is whole.
async fn is_whole(path: &Path, numbers: std::ops::Range<u64>) {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    let found: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(found, "ok");
    connection.close().await.unwrap();
    let store = open(path);
    for number in numbers {
        let id = maximal(number).summary.id;
        assert!(store.request(id).await.unwrap().is_some(), "{number}");
    }
    store.close().await;
}

#[tokio::test]
async fn two_stores_write_and_read_by_turns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    // One path may be written in two ways.
    let (one, other) = (open(&path), open(&folder.path().join("./silk.db")));
    for round in 0..20 {
        write(&one, round * 4..round * 4 + 2).await;
        assert_eq!(count(&other).await, round * 4 + 2);
        write(&other, round * 4 + 2..round * 4 + 4).await;
        assert_eq!(count(&one).await, round * 4 + 4);
    }
    one.check().await.unwrap();
    other.check().await.unwrap();
    one.close().await;
    write(&other, 80..82).await;
    assert_eq!(count(&one).await, 82);
    one.close().await;
    other.close().await;
    is_whole(&path, 0..82).await;
}

#[tokio::test]
async fn a_log_unlinked_under_two_stores_costs_nothing() {
    for suffixes in [&["-wal", "-shm"][..], &["-wal"], &["-shm"]] {
        for turn in 0..4 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("silk.db");
            let (one, other) = (open(&path), open(&path));
            write(&one, 0..10).await;
            write(&other, 10..20).await;
            assert_eq!((count(&one).await, count(&other).await), (20, 20));
            for round in 0..3 {
                let told = format!("{suffixes:?}, turn {turn}, round {round}");
                for suffix in suffixes {
                    fs::remove_file(beside(&path, suffix)).unwrap();
                }
                let first = 20 + round * 10;
                // Whoever comes first, by reading or by writing.
                let (early, late) = if turn % 2 == 0 {
                    (&one, &other)
                } else {
                    (&other, &one)
                };
                if turn < 2 {
                    assert_eq!(count(early).await, first, "{told}");
                }
                write(early, first..first + 5).await;
                early.check().await.expect(&told);
                late.check().await.expect(&told);
                assert_eq!(count(late).await, first + 5, "{told}");
                write(late, first + 5..first + 10).await;
                early.check().await.expect(&told);
                assert_eq!(count(early).await, first + 10, "{told}");
            }
            one.close().await;
            other.close().await;
            assert!(!beside(&path, ".damaged").exists(), "nothing was damaged");
            is_whole(&path, 0..50).await;
        }
    }
}

#[tokio::test]
async fn a_store_opened_after_the_log_was_unlinked_finds_what_was_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let one = open(&path);
    write(&one, 0..20).await;
    fs::remove_file(beside(&path, "-wal")).unwrap();
    let late = open(&path);
    assert_eq!(count(&late).await, 20);
    write(&late, 20..25).await;
    write(&one, 25..30).await;
    assert_eq!((count(&one).await, count(&late).await), (30, 30));
    one.close().await;
    late.close().await;
    is_whole(&path, 0..30).await;
}

#[tokio::test]
async fn a_file_overwritten_under_two_stores_is_set_aside_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let (one, other) = (open(&path), open(&path));
    write(&one, 0..30).await;
    write(&other, 30..40).await;
    assert_eq!((count(&one).await, count(&other).await), (40, 40));
    let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    fs::write(&path, vec![0x5a; length]).unwrap();
    let error = one.check().await.unwrap_err().to_string();
    assert!(error.contains("silk.db.damaged"), "{error}");
    // Both go on in the new one, and what was moved aside stays as it was found.
    let mut told = 0;
    for (number, store) in [(50, &other), (51, &one), (52, &other)] {
        let record = work(store, number);
        if store.write(&record).await.is_err() {
            told += 1;
            store.write(&record).await.unwrap();
        }
    }
    assert!(told <= 1, "the other may tell it, once");
    assert_eq!((count(&one).await, count(&other).await), (3, 3));
    one.check().await.unwrap();
    other.check().await.unwrap();
    one.close().await;
    other.close().await;
    is_whole(&path, 50..53).await;
}

#[tokio::test]
async fn an_older_copy_put_in_place_under_two_stores_leaves_a_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let (one, other) = (open(&path), open(&path));
    write(&one, 0..5).await;
    one.close().await;
    let copy = fs::read(&path).unwrap();
    write(&one, 5..30).await;
    write(&other, 30..40).await;
    assert_eq!((count(&one).await, count(&other).await), (40, 40));
    fs::write(&path, copy).unwrap();
    // Where the log holds all that came since, nothing was lost; else that is reported.
    let _ = one.check().await;
    let _ = other.check().await;
    for (number, store) in [(50, &other), (51, &one)] {
        store.write(&work(store, number)).await.unwrap();
    }
    assert!(count(&one).await >= 7);
    assert_eq!(count(&one).await, count(&other).await);
    one.close().await;
    other.close().await;
    is_whole(&path, 0..5).await;
}

#[tokio::test]
async fn a_file_removed_under_two_stores_is_made_anew_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let (one, other) = (open(&path), open(&path));
    for _ in 0..3 {
        write(&one, 0..5).await;
        write(&other, 5..10).await;
        assert_eq!((count(&one).await, count(&other).await), (10, 10));
        fs::remove_file(&path).unwrap();
        assert_eq!(count(&other).await, 0);
        write(&one, 20..23).await;
        write(&other, 23..26).await;
        assert_eq!((count(&one).await, count(&other).await), (6, 6));
        fs::remove_file(&path).unwrap();
        let _ = (count(&one).await, count(&other).await);
    }
}
