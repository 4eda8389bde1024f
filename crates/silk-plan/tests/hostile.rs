//! Nothing that is read may panic, overflow the stack or take more than linear time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::time::{Duration, Instant};

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

const SEEDS: [&str; 6] = [
    include_str!("plans/postgres-15/initplan_gather.json"),
    include_str!("plans/postgres-15/cte_two_readers.txt"),
    include_str!("plans/postgres-15/jit.txt"),
    include_str!("plans/mariadb-10.11/subquery.analyze.json"),
    include_str!("plans/mysql-8/analyze_nested.txt"),
    include_str!("plans/sqlite/cte.txt"),
];

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
    for seed in SEEDS {
        for at in (0..seed.len())
            .step_by(37)
            .filter(|at| seed.is_char_boundary(*at))
        {
            read_every_way(&seed[..at]);
            read_every_way(&seed[at..]);
        }
    }
}

fn quick(name: &str, text: &str) -> Result<Plan, PlanError> {
    let before = Instant::now();
    let plan = Plan::detect_and_parse(text);
    if let Ok(plan) = &plan {
        let _ = findings::judge(plan, &JudgeContext::default());
    }
    let took = before.elapsed();
    // Milliseconds where it is optimised; quadratic time would take minutes.
    assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    plan
}

fn wide(children: usize) -> String {
    let mut text =
        "Append  (cost=0.00..1.00 rows=1 width=4) (actual time=0.100..90000.000 rows=1 loops=1)\n"
            .to_owned();
    for at in 0..children {
        writeln!(text, "  ->  Seq Scan on t{at}  (cost=0.00..1.00 rows=1 width=4) (actual time=0.001..0.002 rows=1 loops=1)").unwrap();
        writeln!(text, "        Filter: (a = $0)").unwrap();
    }
    text
}

#[test]
fn wide_plans_are_quick() {
    assert_eq!(quick("wide", &wide(100_000)).unwrap().totals.nodes, 100_001);
}

#[test]
fn many_parts_with_many_readers_are_quick() {
    let mut text =
        "Append  (cost=0.00..1.00 rows=1 width=4) (actual time=0.100..90000.000 rows=1 loops=1)\n"
            .to_owned();
    for _ in 0..20_000 {
        text.push_str("  InitPlan 1 (returns $0)\n    ->  Result  (cost=0.00..1.00 rows=1 width=4) (actual time=0.001..1.000 rows=1 loops=1)\n");
        text.push_str("  CTE x\n    ->  Result  (cost=0.00..1.00 rows=1 width=4) (actual time=0.001..1.000 rows=1 loops=1)\n");
        text.push_str("  ->  CTE Scan on x  (cost=0.00..1.00 rows=1 width=4) (actual time=0.001..0.002 rows=1 loops=1)\n        Filter: (a = $0)\n");
    }
    assert!(quick("parts", &text).is_ok());
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
        quick("deep", &deep_text(MAX_DEPTH)).unwrap().totals.nodes,
        MAX_DEPTH
    );
    assert_eq!(
        quick("too deep", &deep_text(MAX_DEPTH + 1)),
        Err(PlanError::TooDeep)
    );
    let json = |levels: usize| {
        let open = "{\"Node Type\":\"Materialize\",\"Plans\":[".repeat(levels - 1);
        format!(
            "[{{\"Plan\":{open}{{\"Node Type\":\"Result\"}}{}}}]",
            "]}".repeat(levels - 1)
        )
    };
    assert_eq!(
        quick("deep json", &json(MAX_DEPTH)).unwrap().totals.nodes,
        MAX_DEPTH
    );
    assert_eq!(
        quick("too deep json", &json(200_000)),
        Err(PlanError::TooDeep)
    );
    assert!(quick("brackets", &"[".repeat(1_000_000)).is_err());
    assert!(quick("braces", &"{".repeat(1_000_000)).is_err());
    assert!(quick("objects", &"{\"a\":".repeat(1_000_000)).is_err());
}

#[test]
fn what_is_no_plan_is_told_so() {
    assert_eq!(Plan::detect_and_parse(" \n "), Err(PlanError::Empty));
    for text in [
        "SELECT 1",
        "{\"a\": 1}",
        "[]",
        "hello\nworld",
        "error: relation does not exist",
        "<html>",
        "1,2,3",
    ] {
        assert_eq!(
            Plan::detect_and_parse(text),
            Err(PlanError::Unrecognised),
            "{text}"
        );
    }
    let cut = Plan::detect_and_parse("[{\"Plan\": {\"Node Type\": \"Seq Scan\",").unwrap_err();
    assert!(cut.to_string().contains("broken JSON"), "{cut}");
}
