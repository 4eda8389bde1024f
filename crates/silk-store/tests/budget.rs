//! That a SQLite store keeps to its budget while it is written to, file and log together.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use silk_core::{
    RequestRecord, Store, StoreErrorKind,
    store::{Budget, RequestFilter},
};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{add_queries, at, batch, request, statement},
};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

const UNLIMITED: Budget = Budget {
    max_age: Duration::from_secs(1 << 40),
    max_requests: u64::MAX,
    max_bytes: u64::MAX,
};

const MIB: u64 = 1 << 20;

fn store(config: SqliteStoreConfig) -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::new(folder.path().join("silk.db"), config);
    (folder, store)
}

fn bytes(path: &Path, suffix: &str) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    fs::metadata(name).map_or(0, |metadata| metadata.len())
}

/// A request with a query, and with some kilobytes that do not compress.
fn large(number: u64) -> RequestRecord {
    let mut record = request(number, i64::try_from(number / 100).unwrap());
    add_queries(&mut record, &statement(number % 50, "threads"), 10, 1, 50);
    let mut mixed = number;
    let noise: String = (0..1000)
        .map(|_| {
            mixed = mixed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from_u32(0x4e00 + u32::try_from((mixed >> 33) % 20_000).unwrap()).unwrap()
        })
        .collect();
    record.detail.error = Some(noise);
    record
}

fn batch_of(first: u64, count: u64) -> silk_core::WriteBatch {
    batch((first..first + count).map(large).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_and_log_keep_to_the_bytes_while_pages_are_read() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    let store = Arc::new(store);
    store.write(&batch_of(0, 100)).await.unwrap();
    let is_done = Arc::new(AtomicBool::new(false));
    // One page after the other, so that there is nearly always a reader.
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (store, is_done) = (Arc::clone(&store), Arc::clone(&is_done));
            tokio::spawn(async move {
                while !is_done.load(Ordering::Relaxed) {
                    store.requests(&RequestFilter::default()).await.unwrap();
                }
            })
        })
        .collect();
    let budget = Budget {
        max_bytes: 6 * MIB,
        ..UNLIMITED
    };
    let mut largest = (0, 0);
    // About 20 MB.
    for part in 1..80 {
        store.write(&batch_of(part * 100, 100)).await.unwrap();
        // The recorder gives removing as much time as writing.
        for _ in 0..4 {
            if !store.retain(budget, at(0)).await.unwrap() {
                break;
            }
        }
        largest.0 = bytes(store.path(), "").max(largest.0);
        largest.1 = bytes(store.path(), "-wal").max(largest.1);
    }
    is_done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(largest.0 <= 7 * MIB, "file {largest:?}");
    assert!(largest.1 <= 40 * MIB, "log {largest:?}");
    while store.retain(budget, at(0)).await.unwrap() {}
    assert!(bytes(store.path(), "") <= 6 * MIB);
    let size = store.size().await.unwrap();
    assert!(size.requests > 500, "{size:?}");
    // Those that are left are the newest.
    let newest = large(7999).summary.id;
    assert!(store.request(newest).await.unwrap().is_some());
    store.close().await;
    assert_eq!(bytes(store.path(), "-wal"), 0);
}

#[tokio::test]
async fn a_reader_that_stays_stops_the_log_at_its_limit() {
    let config = SqliteStoreConfig::default()
        .busy_timeout(Duration::from_millis(50))
        .max_log_bytes(2 * MIB);
    let (_folder, store) = store(config);
    store.write(&batch_of(0, 10)).await.unwrap();
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", store.path().display()))
        .await
        .unwrap();
    for sql in ["BEGIN", "SELECT count(*) FROM requests"] {
        sqlx::query(sql).execute(&mut other).await.unwrap();
    }
    let mut written = 1;
    let error = loop {
        match store.write(&batch_of(written * 10, 10)).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1000, "the log is at its limit long before");
    };
    assert_eq!(error.kind(), StoreErrorKind::Locked, "{error}");
    let log = bytes(store.path(), "-wal");
    assert!((MIB..=3 * MIB).contains(&log), "{log}");
    // Pages are read all the same.
    let size = store.size().await.unwrap();
    assert_eq!(size.requests, written * 10);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    store.write(&batch_of(written * 10, 10)).await.unwrap();
    assert_eq!(store.size().await.unwrap().requests, written * 10 + 10);
    assert!(bytes(store.path(), "-wal") < MIB);
}

#[tokio::test]
async fn the_number_is_kept_to_in_small_steps() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    for part in 0..30 {
        let records = (part * 100..part * 100 + 100)
            .map(|number| request(number, 0))
            .collect();
        store.write(&batch(records)).await.unwrap();
    }
    let budget = Budget {
        max_requests: 700,
        ..UNLIMITED
    };
    let mut before = store.size().await.unwrap().requests;
    while store.retain(budget, at(0)).await.unwrap() {
        let after = store.size().await.unwrap().requests;
        assert!(before - after <= 500, "{before} to {after} in one step");
        before = after;
    }
    assert_eq!(before, 700);
}

#[tokio::test]
async fn figures_are_compacted_while_requests_come_as_fast_as_they_go() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    // A request a minute for three hours, a day ago.
    let old = (0..180)
        .map(|number| request(number, -86_400 + i64::try_from(number).unwrap() * 60))
        .collect();
    store.write(&batch(old)).await.unwrap();
    let budget = Budget {
        max_requests: 50,
        ..UNLIMITED
    };
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", store.path().display()))
        .await
        .unwrap();
    let mut number = 1000;
    for _ in 0..1000 {
        let records = (number..number + 60).map(|number| request(number, 0));
        store.write(&batch(records.collect())).await.unwrap();
        number += 60;
        let is_more = store.retain(budget, at(0)).await.unwrap();
        assert!(is_more, "never done");
        let minutes: i64 =
            sqlx::query_scalar("SELECT count(*) FROM figures WHERE width_s = 60 AND bucket_us < ?")
                .bind(at(-7200).timestamp_micros())
                .fetch_one(&mut other)
                .await
                .unwrap();
        if minutes == 0 {
            return;
        }
    }
    unreachable!("figures are compacted though there are always requests to remove");
}

#[tokio::test]
async fn a_clock_that_was_wrong_costs_no_later_request() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    let years = 4 * 365 * 86_400;
    let ahead = (0..10).map(|number| request(number, years)).collect();
    store.write(&batch(ahead)).await.unwrap();
    let budget = Budget {
        max_requests: 100,
        ..UNLIMITED
    };
    for part in 1..10 {
        let records = (part * 100..part * 100 + 100)
            .map(|number| request(number, 1))
            .collect();
        store.write(&batch(records)).await.unwrap();
        while store.retain(budget, at(2)).await.unwrap() {}
        let size = store.size().await.unwrap();
        assert_eq!((size.requests, size.oldest), (100, Some(at(1))));
    }
}

/// Small budgets are kept as large ones: file and log together, in a stated bound while much is
/// written, and within the budget when nothing is.
#[tokio::test]
async fn small_budgets_are_kept() {
    for budget_mib in [1, 4, 8] {
        let (_folder, store) = store(SqliteStoreConfig::default());
        let max_bytes = budget_mib * MIB;
        let budget = Budget {
            max_bytes,
            ..UNLIMITED
        };
        // The recorder looks first when it starts, then every ten seconds.
        store.retain(budget, at(0)).await.unwrap();
        let per_batch = 50;
        let mut largest = 0;
        let mut before = 0;
        let mut batch_bytes = 0;
        // About 12 MB.
        for part in 0..100 {
            store
                .write(&batch_of(part * per_batch, per_batch))
                .await
                .unwrap();
            let taken = bytes(store.path(), "") + bytes(store.path(), "-wal");
            if part < 5 {
                batch_bytes = batch_bytes.max(taken.saturating_sub(before));
                before = taken;
            }
            largest = largest.max(taken);
            if part % 30 == 29 {
                store.retain(budget, at(0)).await.unwrap();
            }
        }
        let bound = max_bytes + (2 * batch_bytes).max(max_bytes / 20);
        assert!(largest <= bound, "{budget_mib} MiB: {largest} of {bound}");
        // Nothing is written any more; a reader has the file open.
        assert!(store.size().await.unwrap().requests > 0);
        while store.retain(budget, at(0)).await.unwrap() {}
        let taken = bytes(store.path(), "") + bytes(store.path(), "-wal");
        assert!(
            taken <= max_bytes + max_bytes / 100,
            "{budget_mib} MiB: {taken}"
        );
        println!("{budget_mib} MiB: {largest} while writing, {taken} after, batch {batch_bytes}");
    }
}
