//! What the environment does to the file, and that the next write works once it is mended.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use silk_core::{
    Store, StoreError, StoreErrorKind,
    store::{Budget, RequestFilter, StatsWindow},
};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{at, batch, maximal, request},
};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

fn config() -> SqliteStoreConfig {
    SqliteStoreConfig::default().busy_timeout(Duration::from_millis(100))
}

fn in_folder() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::new(folder.path().join("silk.db"), config());
    (folder, store)
}

async fn write(store: &SqliteStore, number: u64) -> Result<(), StoreError> {
    store.write(&batch(vec![request(number, 1)])).await
}

async fn count(store: &SqliteStore) -> usize {
    store
        .requests(&RequestFilter::default())
        .await
        .unwrap()
        .items
        .len()
}

async fn open(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap()
}

/// The rights of every file in the folder, by name.
#[cfg(unix)]
fn rights(folder: &Path) -> Vec<(String, u32)> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut rights: Vec<(String, u32)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    rights.sort();
    rights
}

#[cfg(unix)]
#[tokio::test]
async fn files_that_are_made_are_read_by_their_owner_alone() {
    let (folder, store) = in_folder();
    write(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1);
    let all: Vec<(String, u32)> = ["silk.db", "silk.db-shm", "silk.db-wal"]
        .map(|name| (name.to_owned(), 0o600))
        .into();
    assert_eq!(rights(folder.path()), all);
    // Removed while it is open, and made anew.
    fs::remove_file(folder.path().join("silk.db")).unwrap();
    write(&store, 2).await.unwrap();
    assert_eq!(rights(folder.path()), all);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_behind_a_link_is_made_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    std::os::unix::fs::symlink("data/real.db", folder.path().join("silk.db")).unwrap();
    let store = SqliteStore::new(folder.path().join("silk.db"), config());
    write(&store, 1).await.unwrap();
    let rights = rights(&folder.path().join("data"));
    assert!(rights.iter().all(|(_, mode)| *mode == 0o600), "{rights:?}");
    assert!(rights.iter().any(|(name, _)| name == "real.db"));
}

#[cfg(unix)]
#[tokio::test]
async fn rights_that_a_file_has_are_left_to_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    for mode in [0o644, 0o640, 0o600] {
        let (folder, store) = in_folder();
        fs::File::create(store.path()).unwrap();
        fs::set_permissions(store.path(), fs::Permissions::from_mode(mode)).unwrap();
        write(&store, 1).await.unwrap();
        let rights = rights(folder.path());
        assert!(rights.iter().all(|(_, now)| *now == mode), "{rights:?}");
    }
}

/// What was damaged is moved aside as it was; what is made then is its owner's alone.
#[cfg(unix)]
#[tokio::test]
async fn a_file_made_anew_after_damage_is_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, store) = in_folder();
    write(&store, 1).await.unwrap();
    fs::set_permissions(store.path(), fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(store.path(), "this is no database").unwrap();
    assert!(write(&store, 2).await.is_err() || store.check().await.is_err());
    write(&store, 3).await.unwrap();
    let rights = rights(folder.path());
    assert!(rights.len() >= 2, "{rights:?}");
    for (name, mode) in rights {
        let expected = if name.contains("damaged") {
            0o644
        } else {
            0o600
        };
        assert_eq!(mode, expected, "{name}");
    }
}

#[tokio::test]
async fn a_missing_folder_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/silk.db");
    let store = SqliteStore::new(&path, config());
    assert_eq!(
        write(&store, 1).await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
    let error = store.requests(&RequestFilter::default()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    fs::create_dir(folder.path().join("data")).unwrap();
    write(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

#[tokio::test]
async fn a_removed_file_is_made_anew() {
    let (_folder, store) = in_folder();
    for round in 0..3 {
        write(&store, 1).await.unwrap();
        write(&store, 2).await.unwrap();
        assert_eq!(count(&store).await, 2, "round {round}");
        fs::remove_file(store.path()).unwrap();
        // Its log is left behind.
        assert_eq!(count(&store).await, 0);
        write(&store, 3).await.unwrap();
        assert_eq!(count(&store).await, 1);
        fs::remove_file(store.path()).unwrap();
    }
}

#[tokio::test]
async fn a_file_removed_under_steady_writes_loses_no_write_that_was_confirmed_after() {
    let (_folder, store) = in_folder();
    write(&store, 0).await.unwrap();
    let path = store.path().to_owned();
    let remover = tokio::task::spawn_blocking(move || {
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(20));
            let _ = fs::remove_file(&path);
        }
    });
    let mut number = 1;
    while !remover.is_finished() {
        // Between two steps of opening it may fail; never for good.
        let _ = write(&store, number).await;
        number += 1;
    }
    remover.await.unwrap();
    let _ = write(&store, number).await;
    write(&store, number).await.unwrap();
    let id = request(number, 1).summary.id;
    assert!(store.request(id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_replaced_file_is_taken() {
    let (folder, store) = in_folder();
    write(&store, 1).await.unwrap();
    let other = SqliteStore::new(folder.path().join("other.db"), config());
    write(&other, 7).await.unwrap();
    write(&other, 8).await.unwrap();
    other.close().await;
    fs::rename(other.path(), store.path()).unwrap();
    write(&store, 9).await.unwrap();
    assert_eq!(count(&store).await, 3);
}

#[tokio::test]
async fn a_locked_file_is_waited_for_then_told_then_mended() {
    let (_folder, store) = in_folder();
    write(&store, 1).await.unwrap();
    let mut other = open(store.path()).await;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    assert_eq!(
        write(&store, 2).await.unwrap_err().kind(),
        StoreErrorKind::Locked
    );
    assert_eq!(count(&store).await, 1, "reading goes on");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    write(&store, 2).await.unwrap();
    assert_eq!(count(&store).await, 2);
}

#[tokio::test]
async fn a_corrupt_file_is_left_alone_and_told() {
    let (_folder, store) = in_folder();
    let rubbish = b"this is no database, but somebody's letter".repeat(100);
    fs::write(store.path(), &rubbish).unwrap();
    let error = write(&store, 1).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert!(
        error.to_string().contains("move the store's file away"),
        "{error}"
    );
    assert_eq!(
        fs::read(store.path()).unwrap(),
        rubbish,
        "not ours to delete"
    );
    fs::rename(store.path(), store.path().with_extension("bad")).unwrap();
    write(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1);
}

#[tokio::test]
async fn pages_overwritten_in_an_open_file_are_told_and_mended() {
    let (_folder, store) = in_folder();
    for number in 0..50 {
        store.write(&batch(vec![maximal(number)])).await.unwrap();
    }
    store.close().await;
    let mut bytes = fs::read(store.path()).unwrap();
    let middle = 4096..bytes.len();
    bytes[middle].fill(0x5a);
    fs::write(store.path(), bytes).unwrap();
    assert_eq!(
        write(&store, 99).await.unwrap_err().kind(),
        StoreErrorKind::Corrupt
    );
    fs::remove_file(store.path()).unwrap();
    write(&store, 99).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_incompatible_and_left_alone() {
    let (_folder, store) = in_folder();
    write(&store, 1).await.unwrap();
    store.close().await;
    let mut other = open(store.path()).await;
    sqlx::query(
        "INSERT INTO _silk_migrations (version, description, success, checksum, execution_time)
         VALUES (99990101000000, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut other)
    .await
    .unwrap();
    let error = write(&store, 2).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Incompatible);
    sqlx::query("DELETE FROM _silk_migrations WHERE version = 99990101000000")
        .execute(&mut other)
        .await
        .unwrap();
    write(&store, 2).await.unwrap();
    assert_eq!(count(&store).await, 2);
}

#[tokio::test]
async fn a_folder_in_place_of_the_file_is_told() {
    let (_folder, store) = in_folder();
    fs::create_dir(store.path()).unwrap();
    let error = write(&store, 1).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    fs::remove_dir(store.path()).unwrap();
    write(&store, 1).await.unwrap();
}

/// A file system mounted for one test; only root can.
struct Mount(TempDir);

impl Mount {
    fn new(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        run(
            "mount",
            &[
                "-t",
                "tmpfs",
                "-o",
                options,
                "tmpfs",
                folder.path().to_str().unwrap(),
            ],
        )
        .then_some(Self(folder))
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(
            run("mount", &["-o", &options, self.0.path().to_str().unwrap()]),
            "{options}"
        );
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        run("umount", &["-l", self.0.path().to_str().unwrap()]);
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[tokio::test]
#[ignore = "needs the right to mount: run as root with --ignored"]
async fn a_full_disk_is_told_and_mended() {
    let mount = Mount::new("size=2m").expect("mounting needs root");
    let store = SqliteStore::new(mount.0.path().join("silk.db"), config());
    let mut kept = 0;
    let error = loop {
        let records = (0..20).map(|number| maximal(kept + number)).collect();
        match store.write(&batch(records)).await {
            Ok(()) => kept += 20,
            Err(error) => break error,
        }
        assert!(kept < 100_000, "2 MB hold less");
    };
    assert_eq!(error.kind(), StoreErrorKind::Full, "{error}");
    assert!(kept > 0);
    // Making room needs a little room itself: it works, or tells the same.
    let budget = Budget {
        max_age: Duration::from_secs(1 << 40),
        max_requests: kept,
        max_bytes: u64::MAX,
    };
    for day in [0, 1, 20] {
        while let Some(true) = match store.retain(budget, at(day * 86_400)).await {
            Ok(is_more) => Some(is_more),
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Full, "{error}");
                None
            }
        } {}
    }
    let window = StatsWindow {
        since: at(-86_400),
        until: at(86_400),
        buckets: 1,
    };
    let routes = store.routes(window).await.unwrap();
    assert_eq!(routes[0].requests, kept, "figures stay whole");
    mount.remount("size=32m");
    store.write(&batch(vec![maximal(999_999)])).await.unwrap();
    assert_eq!(
        store.size().await.unwrap().requests,
        kept + 1,
        "none lost, none doubled"
    );
}

#[tokio::test]
#[ignore = "needs the right to mount: run as root with --ignored"]
async fn a_read_only_disk_is_told_and_mended() {
    let mount = Mount::new("size=16m").expect("mounting needs root");
    let path = mount.0.path().join("silk.db");
    let store = SqliteStore::new(&path, config());
    write(&store, 1).await.unwrap();
    store.close().await;
    mount.remount("ro");
    let error = write(&store, 2).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::ReadOnly, "{error}");
    // SQLite cannot read a file with a write-ahead log where it cannot make the log.
    let error = store.requests(&RequestFilter::default()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::ReadOnly, "{error}");
    mount.remount("rw");
    write(&store, 2).await.unwrap();
    assert_eq!(count(&store).await, 2);
}

/// Run again as a child, this writes until it is killed.
#[tokio::test]
#[ignore = "the child of a_killed_writer_keeps_what_it_confirmed"]
async fn child_that_writes() {
    let Some(path) = std::env::var_os("SILK_CHILD_STORE") else {
        return;
    };
    let store = SqliteStore::new(path, SqliteStoreConfig::default());
    for batch_number in 0_u64.. {
        let first = batch_number * 10;
        let records = (first..first + 10)
            .map(|number| request(number, 1))
            .collect();
        store.write(&batch(records)).await.unwrap();
        println!("confirmed {batch_number}");
    }
}

#[tokio::test]
async fn a_killed_writer_keeps_what_it_confirmed() {
    use std::io::{BufRead, BufReader};
    let (_folder, store) = in_folder();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child_that_writes", "--nocapture"])
        .env("SILK_CHILD_STORE", store.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let number = |line: &str| {
        line.strip_prefix("confirmed ")
            .and_then(|n| n.parse::<u64>().ok())
    };
    let mut last = None;
    for line in lines.by_ref() {
        last = number(&line.unwrap()).or(last);
        if last >= Some(40) {
            break;
        }
    }
    // SIGKILL on Unix: nothing is flushed.
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines {
        last = line.ok().as_deref().and_then(number).or(last);
    }
    let confirmed = last.unwrap() + 1;
    let kept = store.size().await.unwrap().requests;
    assert_eq!(kept % 10, 0, "whole batches only");
    // The one that was being confirmed when the signal came may be there too.
    assert!(
        kept >= confirmed * 10 && kept <= confirmed * 10 + 10,
        "{kept} of {confirmed} batches"
    );
    // The store goes on where it was.
    store
        .write(&batch(vec![request(1_000_000, 2)]))
        .await
        .unwrap();
    assert_eq!(store.size().await.unwrap().requests, kept + 1);
}

#[tokio::test]
async fn opening_says_what_writing_would_meet() {
    let (folder, store) = in_folder();
    store.open().await.unwrap();
    assert!(store.path().is_file());
    let mut other = open(store.path()).await;
    let mut transaction = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.open().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Locked, "{error}");
    sqlx::query("PRAGMA user_version")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    store.open().await.unwrap();
    write(&store, 1).await.unwrap();
    assert_eq!(count(&store).await, 1);

    let nowhere = SqliteStore::new(folder.path().join("nowhere/silk.db"), config());
    let error = nowhere.open().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().starts_with("could not open: "), "{error}");
    assert!(
        SqliteStore::new(folder.path(), config())
            .open()
            .await
            .is_err()
    );
}
