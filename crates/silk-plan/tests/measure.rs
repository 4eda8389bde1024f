//! The rules of measuring, one by one, on plans small enough to work out by hand.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use silk_plan::{Direction, Execution, Plan, PlanNode};

fn read(text: &str) -> Plan {
    Plan::detect_and_parse(text).unwrap()
}

fn near(got: Option<f64>, wanted: f64) {
    let got = got.unwrap();
    assert!((got - wanted).abs() < 1e-6, "{got} is not {wanted}");
}

fn node<'a>(plan: &'a Plan, title: &str) -> &'a PlanNode {
    plan.nodes().find(|node| node.title() == title).unwrap()
}

fn gather(launched: u32, loops: u32, single: &str) -> Plan {
    read(&format!(
        "Gather  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..30.000 rows=1 loops=1)\n  Workers Planned: 2\n  Workers Launched: {launched}\n{single}  ->  Parallel Seq Scan on t  (cost=0.00..9.00 rows=100 width=4) (actual time=0.010..28.000 rows=50 loops={loops})\n        Filter: a\n        Rows Removed by Filter: 7\nExecution Time: 31.000 ms\n"
    ))
}

#[test]
fn participants_are_loops_not_workers() {
    for (launched, loops, single) in [
        (2, 3, ""),
        (2, 2, ""),
        (1, 1, "  Single Copy: true\n"),
        (0, 1, ""),
    ] {
        let plan = gather(launched, loops, single);
        let scan = node(&plan, "Parallel Seq Scan");
        near(Some(scan.derived.participants), f64::from(loops));
        near(scan.derived.inclusive_ms, 28.0);
        near(plan.root.derived.exclusive_ms, 2.0);
        // True rows are never divided.
        near(scan.derived.rows, 50.0 * f64::from(loops));
        near(scan.derived.removed, 7.0 * f64::from(loops));
        assert_eq!(plan.totals.invariant_holds, Some(true));
        near(plan.totals.remainder_ms, 1.0);
    }
}

#[test]
fn parts_of_a_parallel_plan_ran_in_as_many_processes_as_they_could() {
    let plan = |part: &str, loops: u32, ms: f64, filter: &str| {
        read(&format!(
            "Gather  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..30.000 rows=3 loops=1)\n  Workers Planned: 2\n  Workers Launched: 2\n  ->  Parallel Seq Scan on t  (cost=0.00..9.00 rows=100 width=4) (actual time=0.010..20.000 rows=50 loops=3)\n        Filter: {filter}\n        {part}\n          ->  Result  (cost=0.00..0.01 rows=1 width=4) (actual time=0.010..{ms:.3} rows=1 loops={loops})\n"
        ))
    };
    // An InitPlan ran once in each process that asked for its value, in all or in one of them.
    for loops in [1, 2, 3] {
        let plan = plan("InitPlan 1 (returns $0)", loops, 6.0, "(a > $0)");
        let init = &node(&plan, "Result").derived;
        near(Some(init.participants), f64::from(loops));
        near(init.inclusive_ms, 6.0);
        near(node(&plan, "Parallel Seq Scan").derived.exclusive_ms, 14.0);
    }
    // A SubPlan's loops are spread over the processes of the node that asks it.
    let plan = plan("SubPlan 1", 300, 0.1, "(a = (SubPlan 1))");
    let asked = &node(&plan, "Result").derived;
    near(Some(asked.participants), 3.0);
    near(asked.inclusive_ms, 10.0);
    near(node(&plan, "Parallel Seq Scan").derived.exclusive_ms, 10.0);
    assert_eq!(plan.totals.invariant_holds, Some(true));
}

#[test]
fn loops_multiply_and_rounding_is_known() {
    let plan = read(
        "Nested Loop  (cost=0.00..9.00 rows=1000 width=4) (actual time=0.010..9.000 rows=1000 loops=1)\n  ->  Seq Scan on a  (cost=0.00..9.00 rows=1000 width=4) (actual time=0.010..1.000 rows=1000 loops=1)\n  ->  Index Scan using i on b  (cost=0.00..0.01 rows=1 width=4) (actual time=0.001..0.005 rows=0 loops=1000)\n",
    );
    let inner = node(&plan, "Index Scan");
    near(inner.derived.inclusive_ms, 5.0);
    near(plan.root.derived.exclusive_ms, 3.0);
    near(inner.derived.uncertainty_ms, 0.5);
    near(inner.derived.rows, 0.0);
    near(inner.derived.rows_at_most, 500.0);
    assert_eq!(inner.derived.direction, None);
    // R13: 9 - 9 is clamped, and the inner side gets what is left.
    assert!(
        plan.nodes()
            .all(|node| node.derived.exclusive_cost.unwrap() >= 0.0)
    );
}

#[test]
fn readers_pay_for_a_cte() {
    let plan = read(
        "Hash Join  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..70.000 rows=1 loops=1)\n  CTE c\n    ->  Seq Scan on t  (cost=0.00..9.00 rows=1 width=4) (actual time=0.010..58.700 rows=1 loops=1)\n  ->  CTE Scan on c  (cost=0.00..9.00 rows=1 width=4) (actual time=0.010..58.475 rows=1 loops=1)\n  ->  Hash  (cost=0.00..9.00 rows=1 width=4) (actual time=0.010..2.000 rows=1 loops=1)\n        ->  CTE Scan on c c_1  (cost=0.00..9.00 rows=1 width=4) (actual time=0.010..0.680 rows=1 loops=1)\n",
    );
    let scans: Vec<&PlanNode> = plan
        .nodes()
        .filter(|node| node.node_type == "CTE Scan")
        .collect();
    near(scans[0].derived.exclusive_ms, 0.0);
    near(scans[1].derived.exclusive_ms, 0.455);
    near(Some(scans[1].derived.paid[0].ms), 0.225);
    near(plan.root.derived.exclusive_ms, 70.0 - 58.475 - 2.0);
    assert_eq!(plan.totals.invariant_holds, Some(true));
    near(plan.totals.outside_ms, 0.0);
}

#[test]
fn a_writing_cte_nobody_reads_is_outside() {
    let plan = read(
        "Result  (cost=0.00..0.01 rows=1 width=4) (actual time=0.001..0.002 rows=1 loops=1)\n  CTE u\n    ->  Update on t  (cost=0.00..9.00 rows=1 width=4) (actual time=0.010..44.300 rows=1 loops=1)\n          ->  Seq Scan on t  (cost=0.00..9.00 rows=1 width=4) (actual time=0.010..1.000 rows=1 loops=1)\nExecution Time: 44.400 ms\n",
    );
    near(plan.totals.outside_ms, 44.3);
    near(plan.root.derived.exclusive_ms, 0.002);
    near(plan.totals.total_ms, 44.4);
    assert_eq!(plan.totals.outside[0].label, "CTE u");
    assert_eq!(plan.totals.invariant_holds, Some(true));
}

#[test]
fn an_init_plan_is_paid_where_it_is_needed() {
    for (hang, condition) in [
        ("InitPlan 1 (returns $0)", "(a > $0)"),
        ("InitPlan 1", "(a > (InitPlan 1).col1)"),
    ] {
        let plan = read(&format!(
            "Sort  (cost=0.00..9.00 rows=1 width=4) (actual time=20.000..21.000 rows=1 loops=1)\n  {hang}\n    ->  Aggregate  (cost=0.00..9.00 rows=1 width=4) (actual time=8.000..8.000 rows=1 loops=1)\n  ->  Unique  (cost=0.00..9.00 rows=1 width=4) (actual time=8.000..20.000 rows=1 loops=1)\n        ->  Seq Scan on t  (cost=0.00..9.00 rows=1 width=4) (actual time=8.000..19.000 rows=1 loops=1)\n              Filter: {condition}\n",
        ));
        near(node(&plan, "Seq Scan").derived.exclusive_ms, 11.0);
        near(plan.root.derived.exclusive_ms, 1.0);
        assert_eq!(
            node(&plan, "Aggregate").derived.paid_by,
            [node(&plan, "Seq Scan").id]
        );
        assert_eq!(plan.totals.invariant_holds, Some(true));
    }
    // $1 is not $10, and the outermost Gather works values out before it starts workers.
    let plan = read(
        "Aggregate  (cost=0.00..9.00 rows=1 width=4) (actual time=20.000..21.000 rows=1 loops=1)\n  InitPlan 1 (returns $1)\n    ->  Seq Scan on u  (cost=0.00..9.00 rows=1 width=4) (actual time=8.000..8.000 rows=1 loops=1)\n  ->  Gather  (cost=0.00..9.00 rows=1 width=4) (actual time=8.000..20.000 rows=1 loops=1)\n        Params Evaluated: $1\n        ->  Parallel Seq Scan on t  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..10.000 rows=1 loops=2)\n              Filter: ((a > $1) AND (b < $10))\n",
    );
    near(node(&plan, "Gather").derived.exclusive_ms, 2.0);
    near(node(&plan, "Parallel Seq Scan").derived.exclusive_ms, 10.0);
}

#[test]
fn a_deficit_moves_up_and_nothing_is_lost() {
    let plan = read(
        "Sort  (cost=0.00..9.00 rows=1 width=4) (actual time=9.000..10.000 rows=1 loops=1)\n  ->  Materialize  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..5.000 rows=1 loops=1)\n        ->  Seq Scan on t  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..7.000 rows=1 loops=1)\n",
    );
    near(node(&plan, "Materialize").derived.exclusive_ms, 0.0);
    near(plan.root.derived.exclusive_ms, 3.0);
    assert_eq!(plan.totals.invariant_holds, Some(true));
    let cut = read(
        "Sort  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..2.000 rows=1 loops=1)\n  ->  Seq Scan on t  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..7.000 rows=1 loops=1)\n",
    );
    assert_eq!(cut.totals.invariant_holds, Some(false));
    assert!(cut.notes[0].contains("do not add up"), "{:?}", cut.notes);
}

#[test]
fn estimates_are_per_loop_and_stops_are_no_mistakes() {
    let plan = read(
        "Limit  (cost=0.00..9.00 rows=10 width=4) (actual time=0.010..1.000 rows=10 loops=1)\n  ->  Nested Loop  (cost=0.00..9.00 rows=9000 width=4) (actual time=0.010..0.900 rows=10 loops=1)\n        ->  Sort  (cost=0.00..9.00 rows=1 width=4) (actual time=0.010..0.500 rows=40 loops=1)\n              ->  Seq Scan on a  (cost=0.00..9.00 rows=4000 width=4) (actual time=0.010..0.400 rows=40 loops=1)\n        ->  Index Scan using i on b  (cost=0.00..9.00 rows=2 width=4) (actual time=0.001..0.002 rows=2 loops=40)\n        ->  Seq Scan on c  (cost=0.00..9.00 rows=2 width=4) (never executed)\n",
    );
    let derived = |title: &str| &node(&plan, title).derived;
    assert!(derived("Nested Loop").stopped_early);
    assert_eq!(derived("Nested Loop").direction, None);
    assert_eq!(derived("Sort").direction, Some(Direction::Under));
    // A sort reads everything, whatever is above it.
    assert_eq!(derived("Seq Scan").direction, Some(Direction::Over));
    near(derived("Seq Scan").estimate_factor, 100.0);
    near(derived("Index Scan").estimate_factor, 1.0);
    let never = plan
        .nodes()
        .find(|node| node.relation.as_deref() == Some("c"))
        .unwrap();
    assert_eq!(never.derived.execution, Execution::Never);
    assert_eq!(
        (
            never.derived.exclusive_ms,
            never.derived.rows,
            never.derived.estimate_factor
        ),
        (None, None, None)
    );
}

#[test]
fn what_is_read_on_demand_stops_early() {
    // A CTE is read no further than its readers go, also through another CTE.
    let cte = |top: &str| {
        read(&format!(
            "{top}  (cost=0.00..9.00 rows=5 width=4) (actual time=0.010..1.000 rows=5 loops=1)\n  CTE a\n    ->  Seq Scan on t  (cost=0.00..9.00 rows=9000 width=4) (actual time=0.010..0.100 rows=5 loops=1)\n  CTE b\n    ->  CTE Scan on a  (cost=0.00..9.00 rows=9000 width=4) (actual time=0.010..0.200 rows=5 loops=1)\n  ->  CTE Scan on b  (cost=0.00..9.00 rows=9000 width=4) (actual time=0.010..0.300 rows=5 loops=1)\n"
        ))
    };
    let limited = cte("Limit");
    assert!(
        limited
            .nodes()
            .filter(|node| node.id > 0)
            .all(|node| node.derived.stopped_early && node.derived.direction.is_none()),
        "{limited:#?}"
    );
    let sorted = cte("Sort");
    assert_eq!(
        node(&sorted, "Seq Scan").derived.direction,
        Some(Direction::Over)
    );
    // EXISTS is an InitPlan where nothing correlates it.
    let exists = |rows: u32| {
        read(&format!(
            "Result  (cost=0.00..9.00 rows=1 width=4) (actual time=0.010..1.000 rows=1 loops=1)\n  InitPlan 1 (returns $0)\n    ->  Seq Scan on t  (cost=0.00..9.00 rows=9000 width=4) (actual time=0.010..0.100 rows={rows} loops=1)\n"
        ))
    };
    let derived = |plan: &Plan| node(plan, "Seq Scan").derived.clone();
    assert!(derived(&exists(1)).stopped_early);
    assert_eq!(derived(&exists(90)).direction, Some(Direction::Over));
}

#[test]
fn workers_are_told_apart() {
    let plan = read(
        "Gather  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..30.000 rows=1 loops=1)\n  Workers Planned: 2\n  Workers Launched: 2\n  ->  Parallel Append  (cost=0.00..9.00 rows=100 width=4) (actual time=0.010..28.000 rows=50 loops=3)\n        Worker 0:  actual time=0.008..26.000 rows=43 loops=1\n        Worker 1:  actual time=0.008..29.000 rows=43 loops=1\n        ->  Seq Scan on t  (cost=0.00..9.00 rows=100 width=4) (actual time=0.010..27.000 rows=50 loops=1)\n",
    );
    let append = &node(&plan, "Parallel Append").derived;
    assert_eq!(
        (append.ran_in, append.workers_ms),
        (Some(3.0), Some((26.0, 29.0)))
    );
    let scan = &node(&plan, "Seq Scan").derived;
    assert_eq!((scan.participants, scan.ran_in), (3.0, Some(1.0)));
    near(scan.inclusive_ms, 9.0);
    assert_eq!(plan.root.derived.ran_in, None);
}

#[test]
fn triggers_after_the_rows_are_outside() {
    let plan = read(
        "Insert on t  (cost=0.00..9.00 rows=0 width=0) (actual time=56.990..56.990 rows=0 loops=1)\n  ->  Result  (cost=0.00..0.01 rows=1 width=4) (actual time=0.001..0.790 rows=1 loops=1)\nPlanning Time: 0.100 ms\nTrigger a_after: time=56.100 calls=5\nTrigger b_before: time=56.200 calls=5\nExecution Time: 113.200 ms\n",
    );
    let outside: Vec<(&str, f64)> = plan
        .totals
        .outside
        .iter()
        .map(|part| (part.label.as_str(), part.ms))
        .collect();
    // Both fit into either place: what is known is that one of them ran after.
    assert!(outside[0].0.starts_with("Triggers a_after, b_before"));
    near(Some(outside[0].1), 56.1);
    assert_eq!(outside.len(), 2, "{outside:?}");
    let one = |node: f64, execution: f64| {
        let plan = read(&format!(
            "Insert on t  (cost=0.00..9.00 rows=0 width=0) (actual time={node:.3}..{node:.3} rows=0 loops=1)\nTrigger x: time=50.000 calls=5\nExecution Time: {execution:.3} ms\n",
        ));
        plan.totals.outside[0].clone()
    };
    assert_eq!(one(1.0, 51.2).label, "Trigger x");
    near(Some(one(1.0, 51.2).ms), 50.0);
    assert_eq!(one(50.5, 51.2).label, "Executor start and end");
    // Without RETURNING no rows are no news.
    assert_eq!(plan.root.derived.estimate_factor, None);
}

#[test]
fn maria_db_times_are_totals_and_siblings() {
    let plan = read(plan_corpus::plan("mariadb-10.11/join.analyze.json"));
    let lookup = node(&plan, "Index lookup");
    near(lookup.derived.rows, 20_000.0);
    near(
        lookup.derived.inclusive_ms,
        lookup.derived.exclusive_ms.unwrap(),
    );
    near(lookup.derived.discarded, 0.98);
    assert_eq!(plan.totals.invariant_holds, Some(true));
}

#[test]
fn the_shape_is_without_numbers() {
    let of = |text: &str| read(text).shape;
    let plan = "Seq Scan on t  (cost=0.00..9.00 rows=1 width=4) (actual time=1.000..7.000 rows=1 loops=1)\n  Filter: (a = 1)\n";
    assert_eq!(
        of(plan),
        of("Seq Scan on t  (cost=0.00..8.00 rows=9 width=8)\n  Filter: (a = 2)\n")
    );
    assert_ne!(of(plan), of(&plan.replace("on t", "on u")));
    assert_ne!(of(plan), of(&plan.replace("Seq Scan", "Parallel Seq Scan")));
    assert_ne!(
        of(plan),
        of(&plan.replace("Seq Scan", "Index Scan using i"))
    );
    let nested = "Append  (cost=0.00..9.00 rows=1 width=4)\n  ->  Sort  (cost=0.00..9.00 rows=1 width=4)\n        ->  Seq Scan on a  (cost=0.00..9.00 rows=1 width=4)\n";
    let siblings = nested.replace("        ->", "  ->");
    assert_ne!(of(nested), of(&siblings));
}
