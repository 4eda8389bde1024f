//! Nothing that is read may take more than linear time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "the growth of time is worth reading")]

use std::fmt::Write;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use silk_plan::{JudgeContext, Plan, PlanError, findings};

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
        // The kernel counts in ticks: a few of them are no difference.
        ratio = large / small.max(0.012);
        // Nor does it make a linear one look like this: no need to try again.
        if !(100.0..120.0).contains(&ratio) {
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

/// What hangs on one node, or stands in one text: each is looked for in all the others.
#[test]
fn time_grows_with_the_size_of_one_node() {
    // Without times and costs no node is known to be light.
    grows_linearly("subqueries asked for every row", |nodes| {
        let ran = "(actual rows=120 loops=200)";
        let mut text = format!("Seq Scan on t  {ran}\n  Filter: (");
        for at in 0..nodes {
            write!(text, "(NOT (ANY (a = (SubPlan {at}).col1))) OR ").unwrap();
        }
        text.push_str("a)\n");
        for at in 0..nodes {
            writeln!(text, "  SubPlan {at}\n    ->  Seq Scan on u  {ran}").unwrap();
        }
        text
    });
    let filter = |filter: &str| {
        format!(
            "Seq Scan on t  (cost=0.00..9000.00 rows=9 width=4) (actual time=0.1..9000.0 rows=9 loops=1)\n  Filter: {filter}\n  Rows Removed by Filter: 9000000\n  InitPlan 1 (returns $0)\n    ->  Result  {NUMBERS}\n"
        )
    };
    grows_linearly("values that never end", |size| {
        filter(&"(InitPlan ".repeat(size * 20))
    });
    grows_linearly("calls that never end", |size| {
        filter(&format!("{} = 1", "COALESCE(".repeat(size)))
    });
    grows_linearly("casts of nothing", |size| {
        filter(&"A)::B = ".repeat(size * 20))
    });
    grows_linearly("columns of one condition", |size| {
        let columns: Vec<String> = (0..size)
            .map(|at| format!("lower(column_{at}) = 1"))
            .collect();
        filter(&columns.join(" OR "))
    });
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
