//! Nothing that is read may panic, overflow the stack or take more than linear time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "the growth of time is worth reading")]

use std::fmt::Write;
use std::sync::OnceLock;
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

/// Time this thread has had on a processor: what else the machine does is not in it.
fn on_processor() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = statistics
        .split(' ')
        .next()
        .and_then(|text| text.parse().ok());
    nanos.map_or_else(
        || {
            static START: OnceLock<Instant> = OnceLock::new();
            START.get_or_init(Instant::now).elapsed()
        },
        Duration::from_nanos,
    )
}

/// Time that one run took.
fn cost(text: &str) -> f64 {
    let before = on_processor();
    judged(text).unwrap();
    (on_processor() - before).as_secs_f64()
}

/// Sixteen times the input takes about sixteen times as long: 256 times would be quadratic.
///
/// A busy machine makes any run slower and none faster: what counts is the least of some.
fn grows_linearly(name: &str, make: impl Fn(usize) -> String) {
    const SMALL: usize = 1_250;
    const LARGE: usize = 16 * SMALL;
    let (small_text, large_text) = (make(SMALL), make(LARGE));
    let (mut small, mut large) = (f64::INFINITY, f64::INFINITY);
    let mut ratio = f64::INFINITY;
    for _ in 0..8 {
        small = small.min(cost(&small_text));
        large = large.min(cost(&large_text));
        // The kernel counts in ticks: less than a few of them is not told apart.
        ratio = large / small.max(0.012);
        if ratio < 100.0 {
            break;
        }
    }
    println!(
        "{name}: {LARGE} in {:.1} ms, {ratio:.1} times {SMALL}",
        large * 1e3
    );
    assert!(ratio < 100.0, "{name}: {small} s, then {large} s");
}

const NUMBERS: &str = "(cost=0.00..1.00 rows=1 width=4) (actual time=0.001..0.002 rows=1 loops=1)";

#[test]
fn time_grows_with_the_size_in_every_format() {
    let node = |at: usize, below: &str| {
        format!(
            "{{\"Node Type\": \"Nested Loop\", \"Parent Relationship\": \"Inner\", \"Actual Total Time\": {at}.5, \"Actual Rows\": 1, \"Actual Loops\": 1, \"Total Cost\": 7.5, \"Plan Rows\": 3, \"Filter\": \"(a{at} = $0)\"{below}}}"
        )
    };
    grows_linearly("postgres json", |nodes| {
        let children: Vec<String> = (0..nodes).map(|at| node(at, "")).collect();
        let below = format!(", \"Plans\": [{}]", children.join(","));
        format!("[{{\"Plan\": {}}}]", node(90_000, &below))
    });
    grows_linearly("postgres json, chains", |nodes| {
        let chains: Vec<String> = (0..nodes / 100)
            .map(|_| {
                (0..100).fold(node(1, ""), |below, at| {
                    node(at, &format!(", \"Plans\": [{below}]"))
                })
            })
            .collect();
        let below = format!(", \"Plans\": [{}]", chains.join(","));
        format!("[{{\"Plan\": {}}}]", node(90_000, &below))
    });
    grows_linearly("postgres text", wide);
    grows_linearly("postgres text, subqueries of one node", |nodes| {
        let mut text = format!("Seq Scan on t  {NUMBERS}\n  Filter: (");
        for at in 0..nodes {
            write!(text, "(SubPlan {at}) OR (hashed SubPlan {at}) OR ").unwrap();
        }
        text.push_str("a)\n");
        for at in 0..nodes {
            writeln!(text, "  SubPlan {at}\n    ->  Result  {NUMBERS}").unwrap();
        }
        text
    });
    grows_linearly("postgres text, init plans", |nodes| {
        let mut text = format!("Seq Scan on t  {NUMBERS}\n  Filter: (a > $0)\n");
        for at in 0..nodes {
            writeln!(
                text,
                "  InitPlan {at} (returns ${at})\n    ->  Result  {NUMBERS}"
            )
            .unwrap();
        }
        text
    });
    grows_linearly("postgres text, ctes that read ctes", |nodes| {
        let mut text = format!("Limit  {NUMBERS}\n");
        for at in 0..nodes {
            writeln!(
                text,
                "  CTE c{at}\n    ->  CTE Scan on c{}  {NUMBERS}",
                at + 1
            )
            .unwrap();
        }
        text
    });
    grows_linearly("a log without a plan's end", |nodes| {
        let line = "2026-01-02 03:04:05 UTC [1] LOG:  statement: SELECT { [ ( \"x\n";
        format!("{}Seq Scan on t  {NUMBERS}\n", line.repeat(nodes))
    });
    grows_linearly("mariadb json", |nodes| {
        let tables: Vec<String> = (0..nodes)
            .map(|at| format!("{{\"table\": {{\"table_name\": \"t{at}\", \"access_type\": \"ALL\", \"rows\": 9, \"r_loops\": 1, \"r_rows\": 9, \"r_table_time_ms\": 0.1, \"r_filtered\": 50, \"attached_condition\": \"a = 1\"}}}}"))
            .collect();
        format!(
            "{{\"query_block\": {{\"r_total_time_ms\": 90000, \"r_loops\": 1, \"nested_loop\": [{}]}}}}",
            tables.join(",")
        )
    });
    grows_linearly("mysql tree", |nodes| {
        let mut text =
            "-> Append  (cost=1.0 rows=9) (actual time=0.1..9000.0 rows=1 loops=1)\n".to_owned();
        for at in 0..nodes {
            writeln!(text, "    -> Filter: (t{at}.a = 1)  (cost=1.0 rows=9) (actual time=0.1..0.2 rows=1 loops=1)").unwrap();
            writeln!(text, "        -> Table scan on t{at}  (cost=1.0 rows=9) (actual time=0.1..0.2 rows=1 loops=1)").unwrap();
        }
        text
    });
    grows_linearly("sqlite rows", |nodes| {
        (1..=nodes).fold(String::new(), |mut text, at| {
            writeln!(
                text,
                "{at}|{}|SCAN t{at}",
                if at % 90 == 0 { 0 } else { at - 1 }
            )
            .unwrap();
            text
        })
    });
    grows_linearly("sqlite drawing", |nodes| {
        let mut text = "QUERY PLAN\n".to_owned();
        for at in 0..nodes {
            writeln!(text, "|--SCAN t{at}").unwrap();
        }
        text
    });
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
    let json = include_str!("plans/lab-18/quoted.json");
    let text = include_str!("plans/lab-18/quoted.txt");
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
    assert_eq!(judged(&wide(100_000)).unwrap().totals.nodes, 100_001);
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
    assert!(judged(&text).is_ok());
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
