//! Nothing that is read may panic or overflow the stack.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write, sync::LazyLock};

use proptest::prelude::*;
use silk_plan::{JudgeContext, MAX_DEPTH, Plan, PlanError, PlanFormat, findings};

const FORMATS: [PlanFormat; 5] = [
    PlanFormat::PostgresJson,
    PlanFormat::PostgresText,
    PlanFormat::MySqlJson,
    PlanFormat::MySqlTree,
    PlanFormat::SqliteRows,
];

fn read_every_way(text: &str) {
    let judge = |plan: Result<Plan, PlanError>| {
        if let Ok(plan) = plan {
            let _ = findings::judge(&plan, &JudgeContext::default());
            assert!(
                plan.nodes()
                    .all(|node| node.derived.exclusive_ms.is_none_or(|ms| ms >= 0.0))
            );
        }
    };
    judge(Plan::detect_and_parse(text));
    for format in FORMATS {
        judge(Plan::parse(format, text));
    }
}

static SEEDS: LazyLock<[&str; 6]> = LazyLock::new(|| {
    [
        plan_corpus::plan("postgres-15/initplan_gather.json"),
        plan_corpus::plan("postgres-15/cte_two_readers.txt"),
        plan_corpus::plan("postgres-15/jit.txt"),
        plan_corpus::plan("mariadb-10.11/subquery.analyze.json"),
        plan_corpus::plan("mysql-8/analyze_nested.txt"),
        plan_corpus::plan("sqlite/cte.txt"),
    ]
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        read_every_way(&text);
    }

    #[test]
    fn words_of_plans(words in prop::collection::vec(prop::sample::select(vec![
        "->", "  ", "\n", "Seq Scan on t", "(cost=0.00..1.00 rows=1 width=4)", "(actual time=1..2 rows=3 loops=4)",
        "(never executed)", "SubPlan 1", "InitPlan 1 (returns $0)", "CTE x", "CTE Scan on x", "Worker 0:", "Filter: ",
        "Buffers: shared hit=1", "JIT:", "{", "}", "[", "]", "\"Plan\":", "\"Node Type\":", "\"Plans\":", ",", "\"",
        "query_block", "1|0|", "SCAN t", "|--", "`--", ":", "$0", "é", "(", ")", "\t", "Planning Time: 1 ms", "+---+", "| ",
    ]), 0..60)) {
        read_every_way(&words.concat());
    }

    #[test]
    fn edited_plans(seed in 0..SEEDS.len(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>(), any::<bool>()), 1..12)) {
        let mut chars: Vec<char> = SEEDS[seed].chars().collect();
        for (at, c, is_removed) in edits {
            if chars.is_empty() { break; }
            let at = at.index(chars.len());
            if is_removed { chars.remove(at); } else { chars[at] = c; }
        }
        read_every_way(&chars.into_iter().collect::<String>());
    }
}

#[test]
fn every_cut_of_a_plan() {
    for seed in *SEEDS {
        for at in (0..seed.len())
            .step_by(101)
            .filter(|at| seed.is_char_boundary(*at))
        {
            read_every_way(&seed[..at]);
            read_every_way(&seed[at..]);
        }
    }
}

fn judged(text: &str) -> Result<Plan, PlanError> {
    let plan = Plan::detect_and_parse(text);
    if let Ok(plan) = &plan {
        let mut context = JudgeContext::default();
        context.is_top_statement = true;
        let _ = findings::judge(plan, &context);
    }
    plan
}

/// Numbers no database prints.
#[test]
fn hostile_numbers_stay_finite() {
    let numbers = [
        "NaN",
        "nan",
        "inf",
        "-inf",
        "Infinity",
        "-1",
        "-0.0",
        "1e308",
        "-1e308",
        "1e-308",
        "1e999",
        "9999999999999999999999999999",
        "0",
        "0.0000000000000001",
        "1_000",
        "1,5",
        "٣",
        "0x10",
        "",
    ];
    for first in numbers {
        for second in numbers {
            let text = format!(
                "Gather  (cost={first}..{second} rows={first} width={second}) (actual time={first}..{second} rows={second} loops={first})\n  Workers Planned: {second}\n  Workers Launched: {first}\n  ->  Gather Merge  (cost=0..{second} rows={second} width=4) (actual time={first}..{second} rows={first} loops={second})\n        Rows Removed by Filter: {first}\n        Heap Fetches: {second}\n        Buffers: shared hit={first} read={second}, temp read={second}\n        ->  Parallel Seq Scan on t  (cost={second}..{first} rows={first} width=4) (actual time={second}..{first} rows={second} loops={first})\n              Filter: (a = 1)\nPlanning Time: {first} ms\nTrigger x: time={second} calls={first}\nExecution Time: {second} ms\n"
            );
            finite(&text);
            let json = |number: &str| {
                if number.parse::<f64>().is_ok_and(f64::is_finite)
                    && !number.starts_with(['.', '+'])
                {
                    number.to_owned()
                } else {
                    format!("\"{number}\"")
                }
            };
            let (first, second) = (json(first), json(second));
            finite(&format!(
                "[{{\"Plan\": {{\"Node Type\": \"Gather\", \"Actual Total Time\": {first}, \"Actual Rows\": {second}, \"Actual Loops\": {first}, \"Plan Rows\": {second}, \"Total Cost\": {first}, \"Shared Hit Blocks\": {second}, \"Workers\": [{{\"Worker Number\": {first}, \"Actual Total Time\": {second}, \"Actual Loops\": {first}}}], \"Plans\": [{{\"Node Type\": \"Seq Scan\", \"Parallel Aware\": true, \"Actual Total Time\": {second}, \"Actual Rows\": {first}, \"Actual Loops\": {second}, \"Rows Removed by Filter\": {first}}}]}}, \"Execution Time\": {first}}}]"
            ));
            finite(&format!(
                "{{\"query_block\": {{\"r_loops\": {first}, \"r_total_time_ms\": {second}, \"table\": {{\"table_name\": \"t\", \"access_type\": \"ALL\", \"rows\": {second}, \"filtered\": {first}, \"r_loops\": {second}, \"r_rows\": {first}, \"r_filtered\": {second}, \"r_table_time_ms\": {first}, \"attached_condition\": \"a\"}}}}}}"
            ));
            finite(&format!(
                "-> Filter: (a = 1)  (cost={first} rows={second}) (actual time={first}..{second} rows={first} loops={second})\n    -> Table scan on t  (cost=1 rows={first}) (actual time=1..{second} rows=1 loops={first})\n"
            ));
        }
    }
}

/// Every number that is shown is one.
fn finite(text: &str) {
    let Ok(plan) = judged(text) else { return };
    let totals = &plan.totals;
    for node in plan.nodes() {
        let derived = &node.derived;
        let shown = [
            Some(derived.participants),
            derived.inclusive_ms,
            derived.exclusive_ms,
            derived.uncertainty_ms,
            derived.share,
            derived.rows,
            derived.removed,
            derived.discarded,
            derived.estimate_factor,
            derived.exclusive_cost,
            derived.cost_share,
            totals.total_ms,
            totals.root_ms,
            totals.outside_ms,
            totals.remainder_ms,
            totals.invariant_gap_ms,
        ];
        for number in shown.into_iter().flatten() {
            assert!(
                number.is_finite() && number >= 0.0,
                "{number} in\n{text}\n{plan:#?}"
            );
        }
    }
    assert!(serde_json::to_string(&plan).is_ok());
}

/// One plan, in the clothes it may come in: it stays the same.
#[test]
fn the_same_plan_in_odd_clothes() {
    let json = plan_corpus::plan("lab-18/quoted.json");
    let text = plan_corpus::plan("lab-18/quoted.txt");
    let wanted = Plan::detect_and_parse(json).unwrap();
    let within = serde_json::to_string(json).unwrap();
    let width = json.lines().map(str::len).max().unwrap();
    let continued: String = json
        .lines()
        .map(|line| format!(" {line:width$} +\n"))
        .collect();
    for raw in [
        json.replace('\n', "\r\n"),
        json.replace("  ", "\t"),
        format!("\u{feff}{json}"),
        format!("  QUERY PLAN\n{}\n{continued}(1 row)\n", "-".repeat(width)),
        format!("[[{}]]", json.trim()),
        within.clone(),
        format!("{{\"plan\": {within}}}"),
        format!("[{{\"QUERY PLAN\": {}}}]", json.trim()),
        format!(
            "2026-01-02 03:04:05.678 UTC [123] app@db LOG:  duration: 12.500 ms  plan:\n{json}"
        ),
        format!("psql=# EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1;\n{json}\npsql=# "),
        format!("```json\n{json}\n```"),
    ] {
        let plan = Plan::detect_and_parse(&raw).unwrap_or_else(|error| panic!("{error}\n{raw}"));
        assert_eq!(plan.shape, wanted.shape, "{raw}");
        assert_eq!(plan.totals.root_ms, wanted.totals.root_ms, "{raw}");
    }
    let wanted = Plan::detect_and_parse(text).unwrap();
    let within = serde_json::to_string(text).unwrap();
    for raw in [
        text.replace('\n', "\r\n"),
        format!("\u{feff}{text}"),
        within.clone(),
        format!("{{\"plan\": {within}}}"),
        text.lines().map(|line| format!("    {line}\n")).collect(),
        text.lines().map(|line| format!("│ {line} │\n")).collect(),
        text.lines().map(|line| format!("> {line}\n")).collect(),
        text.lines()
            .map(|line| format!("\"{}\"\n", line.replace('"', "\"\"")))
            .collect(),
        format!("SET\nBEGIN\n{text}ROLLBACK\n"),
    ] {
        let plan = Plan::detect_and_parse(&raw).unwrap_or_else(|error| panic!("{error}\n{raw}"));
        assert_eq!(plan.shape, wanted.shape, "{raw}");
        assert_eq!(plan.totals.root_ms, wanted.totals.root_ms, "{raw}");
        assert_eq!(plan.root.relation.as_deref(), Some("Odd Name"), "{raw}");
    }
}

/// Keys that come twice, names in any script, text cut within a character's escape.
#[test]
fn odd_json_is_read_or_refused() {
    let plan = judged("[{\"Plan\": {\"Node Type\": \"Seq Scan\", \"Node Type\": \"Sort\", \"Relation Name\": \"tábla \\ud83d\\ude00 表\", \"Plans\": [{\"Node Type\": \"Result\"}], \"Plans\": [{\"Node Type\": \"Limit\"}]}}]").unwrap();
    assert_eq!(plan.root.relation.as_deref(), Some("tábla 😀 表"));
    let text = judged("Seq Scan on \"表 \"\"x\"\" using\" ünï  (cost=0.00..1.00 rows=1 width=4)\n  Filter: (\"ключ\" = 'значение'::text)").unwrap();
    assert_eq!(text.root.relation.as_deref(), Some("表 \"x\" using"));
    assert_eq!(text.root.alias.as_deref(), Some("ünï"));
    for raw in [
        "{\"Plan\": \"\\u12",
        "[{\"Plan\": {\"Node Type\": \"\\ud83d\"}}]",
        "{\"Plan\": {\"Node Type\": 5}}",
        "{\"Plan\": null}",
        "{\"query_block\": []}",
        "[{\"Plan\": {\"Node Type\": \"Sort\", \"Plans\": [5, null, \"x\"]}}]",
    ] {
        read_every_way(raw);
    }
}

fn deep_text(levels: usize) -> String {
    let mut text = String::new();
    for level in 0..levels {
        let (indent, arrow) = if level == 0 {
            (0, "")
        } else {
            (6 * level - 4, "->  ")
        };
        writeln!(
            text,
            "{:indent$}{arrow}Materialize  (cost=0.00..1.00 rows=1 width=4)",
            ""
        )
        .unwrap();
    }
    text
}

#[test]
fn deep_plans_are_read_or_refused() {
    assert_eq!(
        judged(&deep_text(MAX_DEPTH)).unwrap().totals.nodes,
        MAX_DEPTH
    );
    assert_eq!(judged(&deep_text(MAX_DEPTH + 1)), Err(PlanError::TooDeep));
    let json = |levels: usize| {
        let open = "{\"Node Type\":\"Materialize\",\"Plans\":[".repeat(levels - 1);
        format!(
            "[{{\"Plan\":{open}{{\"Node Type\":\"Result\"}}{}}}]",
            "]}".repeat(levels - 1)
        )
    };
    assert_eq!(judged(&json(MAX_DEPTH)).unwrap().totals.nodes, MAX_DEPTH);
    assert_eq!(judged(&json(200_000)), Err(PlanError::TooDeep));
    assert!(judged(&"[".repeat(1_000_000)).is_err());
    assert!(judged(&"{".repeat(1_000_000)).is_err());
    assert!(judged(&"{\"a\":".repeat(1_000_000)).is_err());
}

#[test]
fn what_is_no_plan_is_told_so() {
    assert_eq!(Plan::detect_and_parse(" \n "), Err(PlanError::Empty));
    for text in ["{\"a\": 1}", "[]", "hello\nworld", "a: relation", "1,2,3"] {
        assert_eq!(
            Plan::detect_and_parse(text),
            Err(PlanError::Unrecognised),
            "{text}"
        );
    }
    let cut = Plan::detect_and_parse("[{\"Plan\": {\"Node Type\": \"Seq Scan\",").unwrap_err();
    assert!(cut.to_string().contains("broken JSON"), "{cut}");
}
