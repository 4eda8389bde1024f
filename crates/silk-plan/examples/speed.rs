//! How long plans take to be read, measured and judged, and how that grows with their size.
//!
//! ```text
//! cargo run --release -p silk-plan --example speed
//! ```
//!
//! Each line is one kind of plan: for 5,000, 10,000 and 20,000 nodes the least of some runs, in ms
//! (read and measured + judged + what indexes it wants), and the last against the one before it:
//! 2 is linear, 4 would be quadratic.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use silk_plan::{JudgeContext, Plan, PlanError, advice, findings};

const SIZES: [usize; 3] = [5_000, 10_000, 20_000];
const RUNS: usize = 7;

/// Makes a plan of about so many nodes.
type Make = fn(usize) -> Result<String, std::fmt::Error>;

const KINDS: [(&str, Make); 18] = [
    ("postgres json", postgres_json),
    ("postgres text", postgres_text),
    ("mariadb json", mariadb_json),
    ("mysql json 2", mysql_json_2),
    ("mysql tree", mysql_tree),
    ("sqlite rows", sqlite_rows),
    ("sqlite drawing", sqlite_drawing),
    ("json: 4 workers a node", json_workers),
    ("text: 4 workers a node", text_workers),
    ("json: a trigger a node", json_triggers),
    ("text: a trigger a node", text_triggers),
    ("text: 9 conditions a node", text_conditions),
    ("text: one condition, all columns", text_one_condition),
    ("text: init plans", text_init_plans),
    ("text: ctes, two readers each", text_ctes),
    ("text: readers of one cte", text_one_cte),
    ("text: subplans of one node", text_subplans),
    ("text: the same, without figures", text_subplans_bare),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:34} {:>22} {:>22} {:>22}  growth",
        "ms: read + judged + wants", "5,000", "10,000", "20,000"
    )?;
    for (name, make) in KINDS {
        write!(out, "{name:34}")?;
        let mut totals = Vec::new();
        for size in SIZES {
            let times = best(&make(size)?)?;
            let cell = format!("{:.1} + {:.1} + {:.1}", times[0], times[1], times[2]);
            write!(out, " {cell:>22}")?;
            out.flush()?;
            totals.push(times.iter().sum::<f64>());
        }
        writeln!(out, "  {:.2}", totals[2] / totals[1])?;
    }
    Ok(())
}

/// The least time of each step, in ms.
fn best(text: &str) -> Result<[f64; 3], PlanError> {
    let mut context = JudgeContext::default();
    context.is_top_statement = true;
    let mut least = [f64::INFINITY; 3];
    for _ in 0..RUNS {
        let start = Instant::now();
        let plan = Plan::detect_and_parse(black_box(text))?;
        let read = start.elapsed();
        black_box(findings::judge(&plan, &context));
        let judged = start.elapsed();
        black_box(advice::wants_of_any(&plan));
        let wanted = start.elapsed();
        let steps = [read, judged - read, wanted - judged];
        for (least, step) in least.iter_mut().zip(steps) {
            *least = least.min(step.as_secs_f64() * 1e3);
        }
    }
    Ok(least)
}

const NUMBERS: &str =
    "(cost=0.43..8.45 rows=12 width=36) (actual time=0.010..0.020 rows=120 loops=200)";
const TOP: &str =
    "Append  (cost=0.00..90000.00 rows=9 width=4) (actual time=0.1..90000.0 rows=9 loops=1)\n";

fn scan(out: &mut String, at: usize) -> std::fmt::Result {
    writeln!(
        out,
        "  ->  Index Scan using i{at} on public.t{at} a{at}  {NUMBERS}"
    )?;
    writeln!(
        out,
        "        Output: a{at}.id, a{at}.name, lower(a{at}.name)"
    )?;
    writeln!(out, "        Index Cond: (a{at}.id = $0)")?;
    writeln!(out, "        Filter: ((a{at}.name)::text ~~ 'x%'::text)")?;
    writeln!(out, "        Rows Removed by Filter: 90")?;
    writeln!(out, "        Buffers: shared hit=400 read=3")
}

fn postgres_text(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = TOP.to_owned();
    for at in 1..nodes {
        scan(&mut out, at)?;
    }
    out.push_str("Planning Time: 1.000 ms\nExecution Time: 90001.000 ms\n");
    Ok(out)
}

fn json_node(out: &mut String, at: usize, kind: &str, more: &str) -> std::fmt::Result {
    write!(
        out,
        "{{\"Node Type\": \"{kind}\", \"Parent Relationship\": \"Member\", \"Relation Name\": \"t{at}\", \"Schema\": \"public\", \"Alias\": \"a{at}\", \"Startup Cost\": 0.4, \"Total Cost\": 8.4, \"Plan Rows\": 12, \"Plan Width\": 36, \"Actual Startup Time\": 0.01, \"Actual Total Time\": 0.02, \"Actual Rows\": 120, \"Actual Loops\": 200, \"Output\": [\"a{at}.id\", \"a{at}.name\"], \"Filter\": \"((a{at}.name)::text ~~ 'x%'::text)\", \"Rows Removed by Filter\": 90, \"Shared Hit Blocks\": 400, \"Shared Read Blocks\": 3{more}}}"
    )
}

fn json(nodes: usize, more: &str, beside: &str) -> Result<String, std::fmt::Error> {
    let mut out = "[{\"Plan\": {\"Node Type\": \"Append\", \"Total Cost\": 90000, \"Plan Rows\": 9, \"Actual Total Time\": 90000.0, \"Actual Rows\": 9, \"Actual Loops\": 1, \"Plans\": [".to_owned();
    for at in 1..nodes {
        if at > 1 {
            out.push(',');
        }
        json_node(&mut out, at, "Seq Scan", more)?;
    }
    write!(
        out,
        "]}}, \"Planning Time\": 1.0{beside}, \"Execution Time\": 90001.0}}]"
    )?;
    Ok(out)
}

fn postgres_json(nodes: usize) -> Result<String, std::fmt::Error> {
    json(nodes, "", "")
}

fn json_workers(nodes: usize) -> Result<String, std::fmt::Error> {
    let workers: Vec<String> = (0..4)
        .map(|at| format!("{{\"Worker Number\": {at}, \"Actual Startup Time\": 0.01, \"Actual Total Time\": 0.02, \"Actual Rows\": 30, \"Actual Loops\": 50, \"Shared Hit Blocks\": 100}}"))
        .collect();
    json(
        nodes,
        &format!(", \"Workers\": [{}]", workers.join(",")),
        "",
    )
}

fn json_triggers(nodes: usize) -> Result<String, std::fmt::Error> {
    // One more each: what is decided of one leaves room for the next.
    let triggers: Vec<String> = (0..nodes)
        .map(|at| format!("{{\"Trigger Name\": \"g{at}\", \"Relation\": \"t{at}\", \"Time\": {at}.5, \"Calls\": 9}}"))
        .collect();
    json(
        nodes,
        "",
        &format!(", \"Triggers\": [{}]", triggers.join(",")),
    )
}

fn text_triggers(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out =
        "Update on t  (cost=0.00..9.00 rows=0 width=0) (actual time=900.0..900.0 rows=0 loops=1)\n"
            .to_owned();
    out.push_str(
        "  ->  Append  (cost=0.00..9.00 rows=9 width=4) (actual time=0.1..100.0 rows=9 loops=1)\n",
    );
    for at in 2..nodes {
        writeln!(out, "        ->  Seq Scan on t{at}  {NUMBERS}")?;
    }
    // Each leaves too little room for the one before it.
    for at in 0..nodes {
        writeln!(out, "Trigger g{at} on t: time={}.000 calls=1", nodes - at)?;
    }
    writeln!(out, "Execution Time: 100000000.000 ms")?;
    Ok(out)
}

fn text_workers(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = TOP.to_owned();
    for at in 1..nodes {
        writeln!(out, "  ->  Sort  {NUMBERS}")?;
        writeln!(out, "        Sort Key: a{at}")?;
        writeln!(out, "        Sort Method: quicksort  Memory: 25kB")?;
        for worker in 0..4 {
            writeln!(
                out,
                "        Worker {worker}:  actual time=0.010..0.020 rows=30 loops=50"
            )?;
            writeln!(out, "          Sort Method: external merge  Disk: 400kB")?;
            writeln!(out, "          Buffers: shared hit=100")?;
        }
    }
    Ok(out)
}

fn text_conditions(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = TOP.to_owned();
    for at in 1..nodes {
        writeln!(out, "  ->  Bitmap Heap Scan on t{at}  {NUMBERS}")?;
        for kind in [
            "Recheck Cond",
            "Filter",
            "Join Filter",
            "Sort Key",
            "Group Key",
            "Hash Cond",
            "Merge Cond",
            "Cache Key",
            "Order By",
        ] {
            writeln!(
                out,
                "        {kind}: ((t{at}.a = 1) AND (lower(t{at}.b) = 'x'::text) AND ((t{at}.c)::numeric > 5.0))"
            )?;
        }
    }
    Ok(out)
}

fn text_one_condition(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = "Seq Scan on t  (cost=0.00..90000.00 rows=9 width=4) (actual time=0.1..90000.0 rows=9 loops=1)\n  Filter: ((lower(x) = 'y'::text)".to_owned();
    for at in 0..nodes {
        write!(
            out,
            " OR (column_{at} = {at}) OR ((other_{at})::numeric = {at})"
        )?;
    }
    out.push_str(")\n  Rows Removed by Filter: 9000000\n");
    Ok(out)
}

fn text_init_plans(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = TOP.to_owned();
    for at in 0..nodes / 4 {
        writeln!(out, "  InitPlan {at} (returns ${at})")?;
        writeln!(out, "    ->  Aggregate  {NUMBERS}")?;
        writeln!(out, "          ->  Seq Scan on u{at}  {NUMBERS}")?;
        writeln!(out, "  ->  Sort  {NUMBERS}")?;
        writeln!(out, "        ->  Seq Scan on t{at}  {NUMBERS}")?;
        writeln!(
            out,
            "              Filter: ((a > ${at}) AND (b < (InitPlan {at}).col1))"
        )?;
    }
    Ok(out)
}

fn text_ctes(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = TOP.to_owned();
    for at in 0..nodes / 4 {
        writeln!(out, "  CTE c{at}")?;
        writeln!(out, "    ->  Aggregate  {NUMBERS}")?;
        writeln!(out, "          ->  Seq Scan on u{at}  {NUMBERS}")?;
        for _ in 0..2 {
            writeln!(out, "  ->  CTE Scan on c{at}  {NUMBERS}")?;
            writeln!(out, "        Filter: (a = 1)")?;
            writeln!(out, "        Rows Removed by Filter: 5000")?;
        }
    }
    Ok(out)
}

fn text_one_cte(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = TOP.to_owned();
    writeln!(out, "  CTE c\n    ->  Append  {NUMBERS}")?;
    for at in 0..nodes / 2 {
        writeln!(out, "          ->  Seq Scan on u{at}  {NUMBERS}")?;
    }
    for _ in 0..nodes / 2 {
        writeln!(out, "  ->  CTE Scan on c  {NUMBERS}")?;
        writeln!(
            out,
            "        Filter: (a = 1)\n        Rows Removed by Filter: 5000"
        )?;
    }
    Ok(out)
}

fn subplans(nodes: usize, numbers: &str) -> Result<String, std::fmt::Error> {
    let mut out = format!("Seq Scan on t  {numbers}\n  Filter: (");
    for at in 1..nodes {
        write!(
            out,
            "(SubPlan {at}) OR (NOT (ANY (a = (SubPlan {at}).col1))) OR "
        )?;
    }
    out.push_str("a)\n");
    for at in 1..nodes {
        writeln!(out, "  SubPlan {at}\n    ->  Seq Scan on u{at}  {numbers}")?;
    }
    Ok(out)
}

fn text_subplans(nodes: usize) -> Result<String, std::fmt::Error> {
    subplans(nodes, NUMBERS)
}

/// Without times and costs no node is known to be light, and all are judged.
fn text_subplans_bare(nodes: usize) -> Result<String, std::fmt::Error> {
    subplans(nodes, "(actual rows=120 loops=200)")
}

fn mariadb_json(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out =
        "{\"query_block\": {\"r_total_time_ms\": 90000, \"r_loops\": 1, \"nested_loop\": ["
            .to_owned();
    for at in 1..nodes {
        if at > 1 {
            out.push(',');
        }
        write!(
            out,
            "{{\"table\": {{\"table_name\": \"t{at}\", \"access_type\": \"ref\", \"key\": \"i{at}\", \"rows\": 9, \"r_loops\": 90, \"r_rows\": 90, \"r_table_time_ms\": 0.1, \"r_other_time_ms\": 0.1, \"r_filtered\": 50, \"attached_condition\": \"t{at}.a = 1 and t{at}.b like '%x'\"}}}}"
        )?;
    }
    out.push_str("]}}");
    Ok(out)
}

fn mysql_json_2(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = "{\"query\": \"select 1\", \"operation\": \"Append\", \"access_type\": \"append\", \"actual_rows\": 9, \"actual_loops\": 1, \"actual_last_row_ms\": 90000, \"inputs\": [".to_owned();
    for at in 1..nodes {
        if at > 1 {
            out.push(',');
        }
        write!(
            out,
            "{{\"operation\": \"Table scan on t{at}\", \"table_name\": \"t{at}\", \"access_type\": \"table\", \"actual_rows\": 90, \"actual_loops\": 9, \"actual_last_row_ms\": 0.9, \"actual_first_row_ms\": 0.1, \"estimated_rows\": 9, \"estimated_total_cost\": 9}}"
        )?;
    }
    out.push_str("]}");
    Ok(out)
}

fn mysql_tree(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out =
        "-> Append  (cost=9000 rows=9) (actual time=0.1..90000.0 rows=9 loops=1)\n".to_owned();
    for at in 0..nodes / 2 {
        writeln!(
            out,
            "    -> Filter: (t{at}.a = 1)  (cost=1.0 rows=9) (actual time=0.1..0.2 rows=9 loops=90)"
        )?;
        writeln!(
            out,
            "        -> Table scan on t{at}  (cost=1.0 rows=90) (actual time=0.1..0.2 rows=90 loops=90)"
        )?;
    }
    Ok(out)
}

fn sqlite_rows(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    for at in 1..=nodes {
        let parent = if at % 90 == 0 { 0 } else { at - 1 };
        writeln!(
            out,
            "{at}|{parent}|0|SEARCH t{at} USING INDEX i{at} (a=? AND b>?)"
        )?;
    }
    Ok(out)
}

fn sqlite_drawing(nodes: usize) -> Result<String, std::fmt::Error> {
    let mut out = "QUERY PLAN\n".to_owned();
    for at in 1..nodes {
        writeln!(out, "|--SEARCH t{at} USING INDEX i{at} (a=? AND b>?)")?;
    }
    Ok(out)
}
