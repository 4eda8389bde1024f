//! The example `measure`, as the process that people run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// `cargo test` builds examples beside the tests; `cargo test --test example` does not.
fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("measure{}", std::env::consts::EXE_SUFFIX));
    if !path.exists() {
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--package",
                "silk-plan",
                "--example",
                "measure",
            ])
            .status()
            .unwrap();
        assert!(built.success());
    }
    path
}

fn measure(input: &[u8]) -> Output {
    let mut child = Command::new(program())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program().display()));
    // It may have refused before it read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn measured(input: &str) -> Value {
    let output = measure(input.as_bytes());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}\n{input}");
    assert!(error.is_empty(), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

const PER_PLAN: [&str; 7] = [
    "total_ms",
    "planning_ms",
    "execution_ms",
    "outside_ms",
    "invariant_holds",
    "notes",
    "findings",
];
const PER_NODE: [&str; 11] = [
    "type",
    "relation",
    "index",
    "inclusive_ms",
    "exclusive_ms",
    "rows",
    "loops",
    "estimate_factor",
    "direction",
    "buffers",
    "findings",
];

#[test]
fn every_format_is_measured() {
    for (format, raw) in [
        (
            "postgres_json",
            plan_corpus::plan("lab-18/top_n_parallel.json"),
        ),
        (
            "postgres_text",
            plan_corpus::plan("lab-18/top_n_parallel.txt"),
        ),
        (
            "postgres_json",
            plan_corpus::plan("auto-explain-15/log.json.txt"),
        ),
        (
            "postgres_text",
            plan_corpus::plan("auto-explain-15/log.text.txt"),
        ),
        ("mysql_json", plan_corpus::plan("mariadb-10.11/join.json")),
        (
            "mysql_json",
            plan_corpus::plan("mariadb-10.11/join.analyze.json"),
        ),
        ("mysql_json", plan_corpus::plan("mysql-8/analyze_v2.json")),
        ("mysql_tree", plan_corpus::plan("mysql-8/analyze_tree.txt")),
        ("sqlite_rows", plan_corpus::plan("sqlite/join.rows.txt")),
        ("sqlite_rows", plan_corpus::plan("sqlite/join.txt")),
    ] {
        let plan = measured(raw);
        assert_eq!(plan["format"], format, "{raw}");
        for key in PER_PLAN {
            assert!(plan.get(key).is_some(), "{format}: no {key}");
        }
        let mut open = vec![&plan["root"]];
        let mut count = 0_u64;
        while let Some(node) = open.pop() {
            count += 1;
            for key in PER_NODE {
                assert!(node.get(key).is_some(), "{format}: no {key} in {node}");
            }
            open.extend(node["children"].as_array().unwrap());
        }
        assert_eq!(plan["nodes"], count);
    }
}

#[test]
fn numbers_are_those_of_the_rules() {
    let plan = measured(
        "Nested Loop  (cost=0.00..9.00 rows=10 width=4) (actual time=0.010..9.000 rows=1000 loops=1)\n  ->  Seq Scan on a  (cost=0.00..9.00 rows=10 width=4) (actual time=0.010..1.000 rows=1000 loops=1)\n        Filter: (x = 1)\n        Rows Removed by Filter: 50\n  ->  Index Scan using i on b  (cost=0.00..0.01 rows=1 width=4) (actual time=0.001..0.005 rows=1 loops=1000)\n        Buffers: shared hit=3000\nPlanning Time: 0.250 ms\nExecution Time: 9.500 ms\n",
    );
    assert_eq!(plan["total_ms"], 9.5);
    assert_eq!(plan["planning_ms"], 0.25);
    assert_eq!(plan["outside_ms"], 0.0);
    assert_eq!(plan["invariant_holds"], true);
    let (outer, inner) = (&plan["root"]["children"][0], &plan["root"]["children"][1]);
    assert_eq!(plan["root"]["exclusive_ms"], 3.0);
    assert_eq!(outer["rows"], 1000.0);
    assert_eq!(outer["estimate_factor"], 100.0);
    assert_eq!(outer["direction"], "under");
    assert_eq!(inner["inclusive_ms"], 5.0);
    assert_eq!(
        (&inner["loops"], &inner["index"]),
        (&1000.0.into(), &"i".into())
    );
    assert_eq!(inner["buffers"]["shared_hit"], 3000.0);
    assert_eq!(outer["findings"], serde_json::json!(["row_misestimate"]));
}

#[test]
fn what_is_no_plan_ends_with_one_and_a_reason() {
    for (input, reason) in [
        (&b""[..], "the input is empty"),
        (b"  \n\t", "the input is empty"),
        (b"SELECT 1", "this is a statement; run it with EXPLAIN"),
        (
            b"ERROR:  relation \"x\" does not exist",
            "an error of the database",
        ),
        (b"hello", "looks like none of"),
        (
            b"[{\"Plan\": {\"Node Type\": \"Seq Scan\",",
            "broken JSON at byte",
        ),
        (b"{\"query_block\": {", "broken JSON at byte"),
        (b"\xff\xfe\x00", "looks like none of"),
    ] {
        let output = measure(input);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{input:?}");
        assert!(output.stdout.is_empty(), "{input:?}");
        assert!(
            error.starts_with("measure: no plan: ") && error.contains(reason),
            "{input:?}: {error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
