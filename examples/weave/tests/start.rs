//! Starting: what is said, where it may be started, and what it may be given.

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use common::weave::{Start, Weave, sqlite};
use tempfile::TempDir;

/// Issue 8, section 7: paths are relative to the workspace wherever the app is started.
#[test]
fn call_sites_are_named_from_the_workspace_wherever_it_is_started() {
    const FILE: &str = "examples/weave/src/routes/messages.rs";
    let database = sqlite();
    let elsewhere = TempDir::new().unwrap();
    // A folder that looks like a workspace of its own must not be taken for ours.
    fs::write(elsewhere.path().join("Cargo.lock"), "").unwrap();
    for folder in [
        PathBuf::from("/"),
        elsewhere.path().to_owned(),
        PathBuf::from(env!("CARGO_MANIFEST_DIR")),
    ] {
        let weave = Weave::start(&Start {
            current_dir: Some(folder.clone()),
            ..Start::on(&database)
        });
        let record = weave.record_of(&weave.get("/api/messages/list_some"));
        for query in record["queries"].as_array().unwrap() {
            let file = &query["call_site"]["file"];
            assert_eq!(file, FILE, "started in {}", folder.display());
        }
        let id = record["request"]["id"].as_str().unwrap();
        let page = weave.get(&format!("/silk/requests/{id}/queries/2")).text();
        assert!(
            page.contains("fetch_one"),
            "no source, started in {}: {page}",
            folder.display()
        );
    }
}

/// Issue 8, section 4: a store that cannot be opened is said on the console.
#[test]
fn a_store_that_cannot_be_opened_is_said_at_start() {
    let folder = TempDir::new().unwrap();
    let a_folder = folder.path().join("folder.db");
    fs::create_dir(&a_folder).unwrap();
    let no_database = folder.path().join("text.db");
    fs::write(
        &no_database,
        "this is no database, and long enough. ".repeat(99),
    )
    .unwrap();
    for store in [
        PathBuf::from("/proc/nowhere/silk.db"),
        a_folder,
        no_database,
    ] {
        for subscriber in ["on", "off"] {
            let weave = Weave::start(&Start {
                store: Some(store.clone()),
                subscriber,
                ..Start::on(&sqlite())
            });
            // The address was printed after it.
            let log = weave.log();
            let said = format!("silk: nothing is recorded in {}", store.display());
            assert!(log.contains(&said), "{subscriber}: {log}");
            assert_eq!(log.matches("nothing is recorded").count(), 1, "{log}");
            assert_eq!(weave.get("/hello").status, 200);
            assert_eq!(weave.get("/silk/health").status, 200);
        }
    }
    let well = Weave::start(&Start::on(&sqlite()));
    assert!(!well.log().contains("silk:"), "{}", well.log());
}

/// Issue 8, section 4: `--store` takes a path or a URL.
#[test]
fn the_store_takes_a_path_or_a_url() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("by url.db");
    let url = format!("sqlite://{}", file.display()).replace(' ', "%20");
    for (store, is_file) in [(url.as_str(), true), ("sqlite::memory:", false)] {
        let weave = Weave::start(&Start {
            store: Some(store.into()),
            current_dir: Some(folder.path().to_owned()),
            ..Start::on(&sqlite())
        });
        let record = weave.record_of(&weave.get("/hello"));
        assert_eq!(record["request"]["route"], "/hello", "{store}");
        assert_eq!(file.is_file(), is_file, "{store}");
        weave.stop();
        let _ = fs::remove_file(&file);
    }
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().contains("sqlite"))
        .collect();
    assert!(left.is_empty(), "a URL was taken for a path: {left:?}");

    for store in ["postgres://silk:hunter2@localhost/silk", "redis://hunter2"] {
        let output = Command::new(env!("CARGO_BIN_EXE_weave"))
            .args(["--listen", "127.0.0.1:0", "--database", &sqlite()])
            .arg(format!("--store={store}"))
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{store}");
        assert!(said.contains("give a path"), "{store}: {said}");
        assert!(!said.contains("hunter2"), "a password shows: {said}");
    }
}

/// Issue 8, section 7: weave says what it does while it fills its database.
#[test]
fn the_first_start_says_what_it_waits_for() {
    let folder = TempDir::new().unwrap();
    let database = format!("sqlite:{}", folder.path().join("new.db").display());
    let started = Instant::now();
    let first = Weave::start(&Start::on(&database));
    assert!(started.elapsed() < Duration::from_secs(300));
    for words in [
        "100,000 messages",
        "Only the first start",
        "filled its database in",
    ] {
        assert!(first.log().contains(words), "{words}: {}", first.log());
    }
    let second = Weave::start(&Start::on(&database));
    assert!(!second.log().contains("fill"), "{}", second.log());
}

#[test]
fn the_link_stays_the_same_at_the_next_start() {
    let database = sqlite();
    let start = Start::on(&database);
    let weave = Weave::start(&start);
    let token = weave.token().to_owned();
    weave.get("/hello");
    let folder = weave.stop();
    let file = folder.path().join("silk.db-token");
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{mode:o}");
    let weave = Weave::start_in(folder, &start);
    assert_eq!(weave.token(), token);
    weave.get("/hello");

    // One that others can read is not one.
    let folder = weave.stop();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let weave = Weave::start_in(folder, &start);
    assert_ne!(weave.token(), token);
    assert!(weave.log().contains("other users"), "{}", weave.log());

    let mine = Weave::start(&Start {
        token: Some("a-token-of-my-own"),
        ..Start::on(&sqlite())
    });
    assert_eq!(mine.token(), "a-token-of-my-own");
    assert!(!mine.folder.path().join("silk.db-token").exists());
    assert_eq!(mine.get("/silk/health").status, 200);
}
