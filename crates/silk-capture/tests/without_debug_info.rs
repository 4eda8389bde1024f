//! Call sites of a program without debug information: a function of the app's own crate where the
//! symbol table names it, else none; never a function of a library or of the C runtime.
//!
//! This program copies itself, takes out what a stripped build lacks, and runs the copy.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use silk_capture::sql::pool::SqlitePool;
use sqlx::{Executor as _, sqlite::SqlitePoolOptions};
use support::seen::{record, recorder};

async fn in_a_handler(pool: &SqlitePool) {
    sqlx::query("select 1").fetch_one(pool).await.unwrap();
}

async fn in_a_transaction(pool: &SqlitePool) {
    let mut tx = pool.begin().await.unwrap();
    tx.execute("select 2").await.unwrap();
    tx.commit().await.unwrap();
}

/// Run in a copy, this prints what is known of each query's call site.
#[tokio::test]
#[ignore = "the copies of this program run it"]
async fn child_that_queries() {
    let options = SqlitePoolOptions::new().max_connections(1);
    let raw = options.connect("sqlite::memory:").await.unwrap();
    let pool = SqlitePool::new(recorder(), raw);
    let ((), seen) = record(&recorder(), async {
        in_a_handler(&pool).await;
        in_a_transaction(&pool).await;
    })
    .await;
    for query in seen.queries {
        match query.call_site {
            Some(site) => println!("site: {} {} {}", site.function, site.file, site.line),
            None => println!("site: none"),
        }
    }
}

/// The call sites of a copy of this program called `name`, after `strip` with `option`.
fn sites(folder: &Path, name: &str, option: Option<&str>) -> Vec<String> {
    let copy = folder.join(name);
    fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    if let Some(option) = option {
        let stripped = Command::new("strip").arg(option).arg(&copy).status();
        assert!(stripped.expect("binutils are there").success());
    }
    let output = Command::new(&copy)
        .args(["--ignored", "--exact", "child_that_queries", "--nocapture"])
        .output()
        .unwrap();
    fs::remove_file(&copy).unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    let lines = text.lines().filter_map(|line| line.split_once("site: "));
    lines.map(|(_, site)| site.trim_end().to_owned()).collect()
}

fn own_name() -> String {
    let path: PathBuf = std::env::current_exe().unwrap();
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn case_pool_14_call_site_without_debuginfo() {
    let folder = tempfile::tempdir().unwrap();
    let name = own_name();
    // As it is: functions with their lines.
    let whole = sites(folder.path(), &name, None);
    assert_eq!(whole.len(), 2, "{whole:?}");
    assert!(
        whole[0].starts_with("without_debug_info::in_a_handler ") && whole[0].contains(".rs "),
        "{whole:?}"
    );

    // `debug = 0` or `strip = "debuginfo"`: the symbol table is left, and the functions in it.
    let without_lines = sites(folder.path(), &name, Some("--strip-debug"));
    assert_eq!(
        without_lines,
        [
            "without_debug_info::in_a_handler  0",
            "without_debug_info::in_a_transaction  0"
        ]
    );

    // `strip = "symbols"`: nothing is known, and nothing is said.
    let stripped = sites(folder.path(), &name, Some("--strip-all"));
    assert_eq!(stripped, ["none", "none"]);

    // Under another name the program's own crate cannot be recognised by its name.
    let renamed = sites(folder.path(), "server", Some("--strip-debug"));
    assert_eq!(renamed.len(), 2);
    for site in renamed {
        assert!(
            site == "none" || site.starts_with("without_debug_info::in_a_"),
            "{site}"
        );
    }
}
