//! A store in trouble changes no answer, and everything is either recorded or counted as lost.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use common::weave::{Start, Weave, lost, sqlite};
use tempfile::TempDir;

/// Sends `count` requests over several connections; every answer must be right.
fn send(weave: &Weave, count: usize) {
    const SENDERS: usize = 16;
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            scope.spawn(move || {
                for _ in (sender..count).step_by(SENDERS) {
                    let answer = weave.get("/hello");
                    assert_eq!(
                        (answer.status, answer.text().as_str()),
                        (200, "Hello from weave.\n")
                    );
                }
            });
        }
    });
}

/// Memory that the process holds, in kB.
fn memory_kb(weave: &Weave) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", weave.process())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Waits until something more is recorded; sends a request each time, so that there is something.
fn recovers(weave: &Weave) {
    let recorded = |weave: &Weave| weave.health()["recorded"].as_u64().unwrap();
    let before = recorded(weave);
    let until = Instant::now() + Duration::from_secs(60);
    while recorded(weave) <= before {
        assert!(
            Instant::now() < until,
            "it does not recover: {}",
            weave.health()
        );
        weave.get("/hello");
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn ten_thousand_requests_are_recorded_or_counted_as_lost() {
    let weave = Weave::start(&Start::on(&sqlite()));
    send(&weave, 10_000);
    let (recorded, lost) = weave.settled(10_000);
    assert_eq!(recorded + lost, 10_000, "{}", weave.health());
    // The question itself is seen too while it is being answered; its record is discarded then.
    let health = weave.health();
    let seen = health["seen"].as_u64().unwrap() - health["active"].as_u64().unwrap();
    assert_eq!(seen, 10_000, "{health}");
}

#[test]
fn a_store_that_cannot_be_opened_changes_nothing_for_the_app() {
    let store = PathBuf::from("/proc/nowhere/silk.db");
    let weave = Weave::start(&Start {
        store: Some(store),
        ..Start::on(&sqlite())
    });
    send(&weave, 200);
    assert_eq!(weave.get("/api/messages/list_some").status, 200);
    let (recorded, lost) = weave.settled(201);
    assert_eq!((recorded, lost), (0, 201), "{}", weave.health());
    assert_ne!(weave.get("/silk").status, 500);
    assert_eq!(weave.get("/silk/health").status, 200);
}

#[test]
fn a_store_that_is_removed_under_load_comes_back() {
    let weave = Weave::start(&Start::on(&sqlite()));
    send(&weave, 200);
    for name in ["silk.db", "silk.db-wal", "silk.db-shm"] {
        let _ = fs::remove_file(weave.folder.path().join(name));
    }
    send(&weave, 500);
    recovers(&weave);
    let (recorded, lost) = weave.settled(700);
    assert!(recorded + lost >= 700);
    let id = weave.get("/hello");
    assert_eq!(
        weave.record_of(&id)["request"]["route"],
        "/hello",
        "the new file is read from"
    );
}

#[test]
fn a_store_that_is_locked_counts_losses_and_recovers() {
    use sqlx::Connection as _;
    let weave = Weave::start(&Start::on(&sqlite()));
    send(&weave, 10);
    weave.settled(10);
    let url = format!("sqlite:{}", weave.folder.path().join("silk.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql("BEGIN EXCLUSIVE")
            .execute(&mut connection)
            .await
            .unwrap();
        let started = Instant::now();
        send(&weave, 500);
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the app does not wait for the store"
        );
        thread::sleep(Duration::from_secs(1));
        sqlx::raw_sql("ROLLBACK")
            .execute(&mut connection)
            .await
            .unwrap();
    });
    recovers(&weave);
    let (recorded, lost) = weave.settled(510);
    assert!(recorded + lost >= 510);
}

#[test]
fn a_store_overwritten_under_load_changes_nothing_for_the_app() {
    use std::io::{Seek as _, Write as _};

    let weave = Weave::start(&Start::on(&sqlite()));
    send(&weave, 200);
    weave.settled(200);
    let path = weave.folder.path().join("silk.db");
    thread::scope(|scope| {
        let load = scope.spawn(|| send(&weave, 2_000));
        for name in ["silk.db", "silk.db-wal"] {
            let path = path.with_file_name(name);
            let Ok(mut file) = fs::File::options().write(true).open(&path) else {
                continue;
            };
            let length = file.metadata().unwrap().len();
            file.rewind().unwrap();
            for _ in 0..length / 16 {
                file.write_all(b"only words now. ").unwrap();
            }
        }
        load.join().unwrap();
    });
    let (recorded, lost) = weave.settled(2_200);
    assert!(recorded + lost >= 2_200, "{}", weave.health());
    assert_eq!(weave.get("/silk/health").status, 200);
    weave.get("/silk");
    assert!(!weave.log().contains("panicked"), "{}", weave.log());
    weave.stop();
}

#[test]
fn a_store_of_nonsense_changes_nothing_for_the_app() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("silk.db"),
        b"this is no database, only words. ".repeat(500),
    )
    .unwrap();
    let weave = Weave::start_in(folder, &Start::on(&sqlite()));
    send(&weave, 100);
    let (recorded, lost) = weave.settled(100);
    assert_eq!(recorded + lost, 100);
}

#[test]
#[ignore = "mounts a small tmpfs as root: run cargo xtask test"]
fn a_full_disk_loses_records_with_the_reason_and_keeps_memory_flat() {
    let disk = TempDir::new().unwrap();
    fs::set_permissions(disk.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(disk.path())
        .status()
        .is_ok_and(|status| status.success());
    assert!(mounted, "no right to mount a tmpfs");
    let outcome = std::panic::catch_unwind(|| {
        let store = disk.path().join("silk.db");
        let weave = Weave::start(&Start {
            store: Some(store),
            ..Start::on(&sqlite())
        });
        send(&weave, 1_000);
        let before = memory_kb(&weave);
        for _ in 0..40 {
            assert_eq!(weave.get("/api/parallel?people=20").status, 200);
            send(&weave, 500);
        }
        let health = weave.health();
        assert!(lost(&health) > 0, "the disk is full: {health}");
        assert!(
            health["lost"]["store_full"].as_u64().unwrap_or(0) > 0,
            "{health}"
        );
        assert!(
            memory_kb(&weave) < before + 150_000,
            "{before} kB before, {} after",
            memory_kb(&weave)
        );
    });
    let _ = Command::new("umount").arg("-l").arg(disk.path()).status();
    outcome.unwrap();
}

#[test]
#[ignore = "mounts a small tmpfs as root: run cargo xtask test"]
fn a_store_that_becomes_read_only_loses_records_with_the_reason_and_recovers() {
    let mount = |options: &str, folder: &TempDir| {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(folder.path())
            .status();
        status.is_ok_and(|status| status.success())
    };
    let unmount = |folder: &TempDir| {
        Command::new("umount")
            .arg("-l")
            .arg(folder.path())
            .status()
            .is_ok_and(|status| status.success())
    };
    let disk = TempDir::new().unwrap();
    assert!(mount("size=64m", &disk), "no right to mount a tmpfs");
    let outcome = std::panic::catch_unwind(|| {
        let weave = Weave::start(&Start {
            store: Some(disk.path().join("silk.db")),
            ..Start::on(&sqlite())
        });
        send(&weave, 50);
        weave.settled(50);
        // What is open cannot be turned read-only; another file system in its place can be.
        assert!(mount("ro,size=1m", &disk));
        let is_over = std::panic::catch_unwind(|| {
            send(&weave, 3_000);
            let until = Instant::now() + Duration::from_secs(60);
            while lost(&weave.health()) == 0 {
                assert!(Instant::now() < until, "{}", weave.health());
                send(&weave, 500);
            }
            let health = weave.health();
            let of = |reason: &str| health["lost"][reason].as_u64().unwrap_or(0);
            assert!(
                of("store_read_only") + of("store_unavailable") > 0,
                "{health}"
            );
            assert_eq!(weave.get("/api/messages/list_some").status, 200);
            assert_eq!(weave.get("/silk/health").status, 200);
        });
        assert!(unmount(&disk));
        is_over.unwrap();
        recovers(&weave);
        let answer = weave.get("/hello");
        assert_eq!(weave.record_of(&answer)["request"]["route"], "/hello");
    });
    unmount(&disk);
    outcome.unwrap();
}

#[test]
fn after_kill_9_every_record_that_was_readable_is_still_there() {
    let weave = Weave::start(&Start::on(&sqlite()));
    for _ in 0..3 {
        weave.get("/api/messages/list_some");
    }
    send(&weave, 300);
    weave.settled(303);
    // Records that could be read were in a committed batch.
    let kept: Vec<String> = weave.get("/silk/api/requests?limit=500").json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kept.len(), 303);
    // Killed while it writes.
    let folder = thread::scope(|scope| {
        let address = weave.address.clone();
        scope.spawn(
            move || {
                while common::http::send(&address, "GET", "/hello", &[], b"").is_ok() {}
            },
        );
        thread::sleep(Duration::from_millis(300));
        weave.kill()
    });
    let weave = Weave::start_in(folder, &Start::on(&sqlite()));
    for id in kept {
        let record = weave.get(&format!("/silk/api/requests/{id}"));
        assert_eq!(record.status, 200, "{id}: {}", record.text());
    }
    let answer = weave.get("/hello");
    weave.record_of(&answer);
}

#[test]
fn stopping_in_order_writes_what_is_left() {
    let weave = Weave::start(&Start::on(&sqlite()));
    send(&weave, 500);
    let folder = weave.stop();
    let weave = Weave::start_in(folder, &Start::on(&sqlite()));
    let items = weave.get("/silk/api/requests?limit=500").json();
    assert_eq!(items["items"].as_array().unwrap().len(), 500);
}
