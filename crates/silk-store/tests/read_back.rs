//! What happens to the files of a store while an app runs: it is noticed with the next read or
//! check, what can be saved is, and recording goes on.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use silk_core::{
    Store, StoreErrorKind,
    store::{Budget, RequestFilter},
};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{at, batch, maximal},
};
use tempfile::TempDir;

const UNLIMITED: Budget = Budget {
    max_age: Duration::from_secs(1 << 40),
    max_requests: u64::MAX,
    max_bytes: u64::MAX,
};

fn in_folder() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::new(folder.path().join("silk.db"), SqliteStoreConfig::default());
    (folder, store)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

async fn write(store: &SqliteStore, numbers: std::ops::Range<u64>) {
    for number in numbers {
        store.write(&batch(vec![maximal(number)])).await.unwrap();
    }
}

async fn count(store: &SqliteStore) -> u64 {
    store.size().await.unwrap().requests
}

/// Bytes that are the same each time and look like nothing.
fn rubbish(length: u64) -> Vec<u8> {
    let mut mixed = 7_u64;
    (0..length)
        .map(|_| {
            mixed = mixed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            mixed.to_be_bytes()[0]
        })
        .collect()
}

fn overwrite(path: &Path, from: u64, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(bytes).unwrap();
}

#[tokio::test]
async fn a_log_unlinked_under_a_running_app_costs_nothing() {
    for suffixes in [&["-wal", "-shm"][..], &["-wal"], &["-shm"]] {
        for reads_first in [true, false] {
            let (_folder, store) = in_folder();
            write(&store, 0..30).await;
            assert_eq!(count(&store).await, 30);
            for round in 1..4 {
                for suffix in suffixes {
                    fs::remove_file(beside(store.path(), suffix)).unwrap();
                }
                if reads_first {
                    assert_eq!(count(&store).await, 30 + (round - 1) * 10, "{suffixes:?}");
                }
                let first = 30 + (round - 1) * 10;
                write(&store, first..first + 10).await;
                store.check().await.unwrap();
                assert_eq!(count(&store).await, 30 + round * 10, "{suffixes:?}");
            }
            store.close().await;
            // In the file itself, whatever opens it.
            let copy = store.path().with_extension("copy");
            fs::copy(store.path(), &copy).unwrap();
            let again = SqliteStore::new(copy, SqliteStoreConfig::default());
            assert_eq!(count(&again).await, 60, "{suffixes:?}");
            assert!(
                again
                    .request(maximal(7).summary.id)
                    .await
                    .unwrap()
                    .is_some()
            );
        }
    }
}

#[tokio::test]
async fn a_file_overwritten_is_noticed_moved_aside_and_begun_anew() {
    type Harm = (&'static str, fn(&Path));
    let harms: [Harm; 7] = [
        ("random bytes", |path| {
            let length = fs::metadata(path).unwrap().len();
            overwrite(path, 0, &rubbish(length));
        }),
        ("random bytes at the beginning", |path| {
            overwrite(path, 0, &rubbish(512));
        }),
        ("nothing", |path| fs::write(path, []).unwrap()),
        ("a letter", |path| {
            fs::write(path, "this is no database").unwrap();
        }),
        ("zeros", |path| {
            let length = fs::metadata(path).unwrap().len();
            overwrite(path, 0, &vec![0; usize::try_from(length).unwrap()]);
        }),
        ("half of it", |path| {
            let length = fs::metadata(path).unwrap().len();
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(length / 2).unwrap();
        }),
        ("random bytes but for the beginning", |path| {
            let length = fs::metadata(path).unwrap().len();
            overwrite(path, 8192, &rubbish(length - 8192));
        }),
    ];
    for (name, harm) in harms {
        let (_folder, store) = in_folder();
        write(&store, 0..200).await;
        store.check().await.unwrap();
        assert_eq!(count(&store).await, 200);
        harm(store.path());
        // A write may be the first to notice.
        let written = store.write(&batch(vec![maximal(500)])).await;
        let told = match written {
            Ok(()) => store.check().await,
            failed => failed,
        };
        let error = told.expect_err(name);
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{name}: {error}");
        assert!(error.to_string().contains("damaged"), "{name}: {error}");
        assert!(beside(store.path(), ".damaged").exists(), "{name}");
        write(&store, 600..603).await;
        store.check().await.unwrap();
        assert_eq!(count(&store).await, 3, "{name}");
        let page = store.requests(&RequestFilter::default()).await.unwrap();
        assert_eq!(page.items.len(), 3, "{name}");
    }
}

#[tokio::test]
async fn an_older_copy_put_over_the_file_is_told_or_changes_nothing() {
    let mut told = 0;
    for more in [1, 40, 100, 200, 300, 600] {
        let (_folder, store) = in_folder();
        write(&store, 0..20).await;
        store.close().await;
        let backup = fs::read(store.path()).unwrap();
        write(&store, 20..20 + more).await;
        store.check().await.unwrap();
        // As `cp backup silk.db` does: into the same file.
        fs::write(store.path(), backup).unwrap();
        let answer = match store.write(&batch(vec![maximal(1000)])).await {
            Ok(()) => store.check().await,
            failed => failed,
        };
        write(&store, 2000..2002).await;
        store.check().await.unwrap();
        let kept = count(&store).await;
        match answer {
            // The log holds all that came after the copy.
            Ok(()) => assert_eq!(kept, 20 + more + 3, "{more}"),
            Err(error) => {
                told += 1;
                assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{more}: {error}");
                // Those of the copy, or of a new file where it was spoilt.
                assert!([2, 22].contains(&kept), "{more}: {kept} after {error}");
            }
        }
        let mut filter = RequestFilter {
            limit: 500,
            ..RequestFilter::default()
        };
        let mut read = 0;
        loop {
            let page = store.requests(&filter).await.unwrap();
            for item in &page.items {
                assert!(store.request(item.id).await.unwrap().is_some());
                read += 1;
            }
            let Some(next) = page.next else { break };
            filter.cursor = Some(next);
        }
        assert_eq!(read, kept, "{more}");
    }
    assert!(told > 0, "the log was cut at least once");
}

#[tokio::test]
async fn a_file_renamed_away_is_begun_anew_and_the_old_one_stays_whole() {
    let (folder, store) = in_folder();
    write(&store, 0..30).await;
    let away = folder.path().join("away.db");
    fs::rename(store.path(), &away).unwrap();
    write(&store, 30..32).await;
    store.check().await.unwrap();
    assert_eq!(count(&store).await, 2);
    let old = SqliteStore::new(away, SqliteStoreConfig::default());
    assert_eq!(count(&old).await, 30);
}

#[tokio::test]
async fn what_the_store_does_itself_is_no_damage() {
    let (_folder, store) = in_folder();
    store.check().await.unwrap();
    write(&store, 0..50).await;
    store.check().await.unwrap();
    store.clear().await.unwrap();
    store.check().await.unwrap();
    write(&store, 0..50).await;
    let none = Budget {
        max_requests: 0,
        ..UNLIMITED
    };
    for day in [0, 400] {
        while store.retain(none, at(day * 86_400)).await.unwrap() {}
        store.check().await.unwrap();
    }
    write(&store, 50..60).await;
    store.close().await;
    store.check().await.unwrap();
    assert_eq!(count(&store).await, 10);
}

#[tokio::test]
async fn another_app_on_the_file_is_no_damage() {
    let (_folder, store) = in_folder();
    let other = SqliteStore::new(store.path(), SqliteStoreConfig::default());
    for round in 0..10 {
        write(&store, round * 20..round * 20 + 10).await;
        let mut theirs = batch((round * 20 + 10..round * 20 + 20).map(maximal).collect());
        theirs.run.id = silk_core::RunId(uuid::Uuid::from_u128(7));
        other.write(&theirs).await.unwrap();
        store.check().await.unwrap();
        other.check().await.unwrap();
    }
    assert_eq!(count(&store).await, 200);
    write(&store, 1000..1001).await;
    other.clear().await.unwrap();
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_file_that_was_never_a_store_is_left_alone() {
    let (_folder, store) = in_folder();
    let letter = b"this is no database, but somebody's letter".repeat(100);
    fs::write(store.path(), &letter).unwrap();
    for _ in 0..2 {
        let error = store.write(&batch(vec![maximal(1)])).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        store.check().await.unwrap();
    }
    assert_eq!(fs::read(store.path()).unwrap(), letter);
    assert!(!beside(store.path(), ".damaged").exists());
}
