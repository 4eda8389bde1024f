//! `silk check` on recordings of a slow and a fast variant of one route.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

mod support;

use std::{fs, path::Path};

use serde_json::{Value, json};
use support::silk;

fn statement(fingerprint: &str, sql: &str, calls: u64) -> Value {
    json!({
        "fingerprint": fingerprint, "database": "sqlite", "sql": sql, "command": "SELECT",
        "tables": ["person"], "calls": calls, "errors": 0, "rows": calls, "total_us": 10,
        "max_us": 10, "plans": [],
        "call_sites": [{
            "function": "people", "file": "src/people.rs", "line": 61, "calls": calls, "total_us": 10
        }],
    })
}

/// Writes the one recording of a folder.
fn record(folder: &Path, statements: &[Value]) {
    let queries: u64 = statements
        .iter()
        .filter_map(|one| one["calls"].as_u64())
        .sum();
    let recording = json!({
        "version": 1, "package": "app", "target": "people", "test": "lists_people", "number": 1,
        "kind": "request", "method": "GET", "route": "/people", "status": 200,
        "outcome": "completed", "queries": queries, "query_errors": 0, "waits": 0,
        "total_us": 42_000, "sql_us": 30_000, "wait_us": 0, "statements": statements,
        "findings": [],
    });
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("one.json"), recording.to_string()).unwrap();
}

#[tokio::test]
async fn the_slow_variant_fails_against_the_fast_one_and_not_the_other_way_round() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name).display().to_string();
    let (slow, fast) = (path("slow"), path("fast"));
    record(
        Path::new(&slow),
        &[
            statement("00000000000000a1", "SELECT id FROM person", 1),
            statement(
                "00000000000000a2",
                "SELECT name FROM person WHERE id = ?",
                25,
            ),
        ],
    );
    record(
        Path::new(&fast),
        &[statement("00000000000000a3", "SELECT name FROM person", 1)],
    );
    for (from, to) in [(&slow, "slow.json"), (&fast, "fast.json")] {
        let to = path(to);
        silk(&["check", from, "--baseline", &to, "--write-baseline"])
            .await
            .done();
    }
    let worse = silk(&["check", &slow, "--baseline", &path("fast.json")]).await;
    assert_eq!(worse.code, 1, "{}", worse.out);
    for part in [
        "failed, 1 problem",
        "26 queries, 1 before",
        "ran 25×",
        "src/people.rs:61",
    ] {
        assert!(worse.out.contains(part), "{part}: {}", worse.out);
    }
    let better = silk(&["check", &fast, "--baseline", &path("slow.json")])
        .await
        .done();
    assert!(
        better.contains("passed") && better.contains("new SQL"),
        "{better}"
    );
    let same = silk(&["check", &slow, "--baseline", &path("slow.json")])
        .await
        .done();
    assert!(!same.contains("Changed"), "{same}");

    let many = silk(&["check", &slow, "--max-queries", "25"]).await;
    assert_eq!(many.code, 1, "{}", many.out);
    silk(&["check", &slow, "--max-queries", "26", "--max-p95", "42"])
        .await
        .done();
    let late = silk(&["check", &slow, "--max-p95", "41"]).await;
    assert_eq!(late.code, 1, "{}", late.out);
    let missing = path("missing");
    let told = silk(&["check", &missing]).await.failed(2);
    assert!(told.contains("SILK_RECORD"), "{told}");
}
