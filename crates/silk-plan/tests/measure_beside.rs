//! The rules of measuring about what is not simply above or below: who pays, what rounding does,
//! what stands beside the tree, whose pages are whose.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use silk_plan::{Direction, Plan, PlanNode};

fn read(text: &str) -> Plan {
    Plan::detect_and_parse(text).unwrap()
}

fn near(got: Option<f64>, wanted: f64) {
    let got = got.unwrap();
    assert!((got - wanted).abs() < 1e-6, "{got} is not {wanted}");
}

fn on<'a>(plan: &'a Plan, relation: &str) -> &'a PlanNode {
    plan.nodes()
        .find(|node| node.relation.as_deref() == Some(relation))
        .unwrap()
}

fn kind<'a>(plan: &'a Plan, kind: &str) -> &'a PlanNode {
    plan.nodes().find(|node| node.node_type == kind).unwrap()
}

const COST: &str = "(cost=0.00..9.00 rows=100 width=4)";

/// An InitPlan of 8 ms on an Append whose parts mention its value.
fn append(parts: &[(&str, &str)]) -> Plan {
    let mut text = format!(
        "Append  {COST} (actual time=1.000..100.000 rows=100 loops=1)\n  InitPlan 1 (returns $0)\n    ->  Seq Scan on first  {COST} (actual time=1.000..8.000 rows=1 loops=1)\n"
    );
    for (relation, ran) in parts {
        text.push_str(&format!(
            "  ->  Seq Scan on {relation}  {COST} {ran}\n        Filter: (a > $0)\n"
        ));
    }
    read(&text)
}

#[test]
fn of_those_who_ask_for_a_value_the_one_with_most_time_paid() {
    let plan = append(&[
        ("never", "(never executed)"),
        ("small", "(actual time=1.000..2.000 rows=100 loops=1)"),
        ("middle", "(actual time=1.000..12.000 rows=100 loops=1)"),
        ("large", "(actual time=1.000..50.000 rows=100 loops=1)"),
    ]);
    assert_eq!(on(&plan, "first").derived.paid_by, [on(&plan, "large").id]);
    near(on(&plan, "large").derived.exclusive_ms, 42.0);
    near(on(&plan, "middle").derived.exclusive_ms, 12.0);
    near(plan.root.derived.exclusive_ms, 100.0 - 2.0 - 12.0 - 50.0);
    // None of those who ask had the time: another part had it, and the text does not say which.
    let plan = append(&[("small", "(actual time=1.000..2.000 rows=100 loops=1)")]);
    assert_eq!(on(&plan, "first").derived.paid_by, [plan.root.id]);
    near(plan.root.derived.exclusive_ms, 100.0 - 2.0 - 8.0);
}

#[test]
fn the_outermost_gather_works_values_out() {
    let plan = read(&format!(
        "Aggregate  {COST} (actual time=1.000..100.000 rows=1 loops=1)\n  InitPlan 1 (returns $0)\n    ->  Seq Scan on first  {COST} (actual time=1.000..8.000 rows=1 loops=1)\n  ->  Gather  {COST} (actual time=1.000..90.000 rows=100 loops=1)\n        Workers Launched: 1\n        ->  Append  {COST} (actual time=1.000..60.000 rows=100 loops=2)\n              ->  Gather Merge  {COST} (actual time=1.000..50.000 rows=100 loops=2)\n                    Workers Launched: 1\n                    ->  Seq Scan on deep  {COST} (actual time=1.000..20.000 rows=100 loops=4)\n                          Filter: (a > $0)\n"
    ));
    assert_eq!(
        on(&plan, "first").derived.paid_by,
        [kind(&plan, "Gather").id]
    );
    near(
        kind(&plan, "Gather").derived.exclusive_ms,
        90.0 - 60.0 - 8.0,
    );
    near(kind(&plan, "Gather Merge").derived.exclusive_ms, 30.0);
    near(Some(on(&plan, "deep").derived.participants), 4.0);
}

#[test]
fn workers_of_an_init_plan_leave_after_all_is_done() {
    // Its value was there after 70 ms, which the scan waited for; its workers left at the end.
    let plan = |gather: &str| {
        read(&format!(
            "Aggregate  {COST} (actual time=76.000..85.000 rows=1 loops=1)\n  Buffers: shared hit=51\n  InitPlan 1 (returns $0)\n    ->  Aggregate  {COST} (actual time=70.000..79.000 rows=1 loops=1)\n          Buffers: shared hit=40\n          ->  {gather}  {COST} (actual time=69.000..77.000 rows=2 loops=1)\n                Buffers: shared hit=40\n  ->  Seq Scan on asks  {COST} (actual time=71.000..74.000 rows=50 loops=1)\n        Filter: (a > $0)\n        Buffers: shared hit=50\n"
        ))
    };
    let gathered = plan("Gather");
    near(on(&gathered, "asks").derived.exclusive_ms, 4.0);
    near(gathered.root.derived.exclusive_ms, 85.0 - 74.0 - 9.0);
    let init = &gathered.root.children[0];
    assert_eq!(init.derived.paid_by, [on(&gathered, "asks").id, 0]);
    assert_eq!(gathered.totals.invariant_holds, Some(true));
    // The pages were read when the value was worked out.
    let pages = |node: &PlanNode| node.derived.buffers.map(|buffers| buffers.pages());
    near(pages(on(&gathered, "asks")), 10.0);
    near(pages(&gathered.root), 1.0);
    // Without workers nobody leaves later: the figures do not fit together.
    assert_eq!(plan("Append").totals.invariant_holds, Some(false));
}

#[test]
fn what_rounding_does_is_no_fault_of_the_plan() {
    // 1,400 loops of some 0.6 us, each printed as 1 us.
    let plan = read(&format!(
        "Nested Loop  {COST} (actual time=0.010..1.000 rows=0 loops=1)\n  ->  Seq Scan on a  {COST} (actual time=0.010..0.010 rows=1400 loops=1)\n  ->  Index Scan using i on b  {COST} (actual time=0.001..0.001 rows=0 loops=1400)\n"
    ));
    near(plan.totals.invariant_gap_ms, 0.41);
    assert_eq!(plan.totals.invariant_holds, Some(true));
    assert!(plan.notes.is_empty());
    near(plan.root.derived.exclusive_ms, 0.0);
    near(plan.root.derived.uncertainty_ms, 0.0005 * 1_402.0);
    near(on(&plan, "b").derived.uncertainty_ms, 0.0005 * 1_400.0);
    assert!(plan.root.derived.negligible && !on(&plan, "b").derived.negligible);
    // The same gap in a single loop is none of rounding's.
    let plan = read(&format!(
        "Sort  {COST} (actual time=0.010..1.000 rows=0 loops=1)\n  ->  Seq Scan on a  {COST} (actual time=0.010..1.410 rows=1400 loops=1)\n"
    ));
    assert_eq!(plan.totals.invariant_holds, Some(false));
}

#[test]
fn shares_are_of_the_whole_execution() {
    let scan = format!("Seq Scan on a  {COST} (actual time=0.010..20.000 rows=1 loops=1)\n");
    let plan = read(&format!("{scan}Execution Time: 80.000 ms\n"));
    near(plan.totals.total_ms, 80.0);
    near(plan.root.derived.share, 0.25);
    // The log's duration, where nothing else is said; the tree, where not even that is.
    let plan = read(&format!("LOG:  duration: 40.000 ms  plan:\n{scan}"));
    near(plan.root.derived.share, 0.5);
    near(read(&scan).root.derived.share, 1.0);
}

#[test]
fn what_stands_beside_the_tree_has_rows_of_its_own() {
    let plan = read(&format!(
        "Seq Scan on a  {COST} (actual time=8.800..50.000 rows=1 loops=1)\nPlanning Time: 3.000 ms\nSerialization: time=2.000 ms  output=9kB  format=text\nJIT:\n  Functions: 4\n  Options: Inlining true, Optimization true, Expressions true, Deforming true\n  Timing: Generation 1.000 ms (Deform 0.200 ms), Inlining 4.000 ms, Optimization 5.000 ms, Emission 8.600 ms, Total 18.600 ms\nExecution Time: 70.000 ms\n"
    ));
    let outside: Vec<(&str, f64)> = plan
        .totals
        .outside
        .iter()
        .map(|part| (part.label.as_str(), part.ms))
        .collect();
    // Emission is within the scan, as its start-up time; planning is no part of the execution.
    assert_eq!(
        outside,
        [
            ("Serialization", 2.0),
            ("JIT", 10.0),
            ("Executor start and end", 8.0)
        ]
    );
    near(plan.totals.remainder_ms, 20.0);
    near(plan.planning_ms, 3.0);
    near(plan.totals.outside_ms, 0.0);
}

#[test]
fn checks_of_a_constraint_ran_after_the_rows() {
    // Half of what either place has room for: only that it is a constraint's tells when it ran.
    for trigger in [
        "Trigger RI_ConstraintTrigger_a_1 for constraint a_fk",
        "Trigger for constraint a_fk",
        "Trigger RI_ConstraintTrigger_a_1 for constraint a_fk on a",
    ] {
        let plan = read(&format!(
            "Delete on a  {COST} (actual time=10.000..10.000 rows=0 loops=1)\n{trigger}: time=5.000 calls=60\nExecution Time: 20.000 ms\n"
        ));
        assert_eq!(plan.triggers[0].constraint.as_deref(), Some("a_fk"));
        let part = &plan.totals.outside[0];
        assert!(part.label.starts_with("Trigger "), "{trigger}");
        near(Some(part.ms), 5.0);
    }
}

#[test]
fn estimates_that_tell_nothing_are_not_compared() {
    let gathered = |rows: u32| {
        read(&format!(
            "Gather  {COST} (actual time=1.000..30.000 rows=300 loops=1)\n  Workers Launched: 2\n  ->  Parallel Seq Scan on a  {COST} (actual time=0.010..20.000 rows={rows} loops=3)\n"
        ))
    };
    // Processes share rows out unevenly.
    assert_eq!(on(&gathered(250), "a").derived.estimate_factor, None);
    near(on(&gathered(300), "a").derived.estimate_factor, 3.0);
    assert_eq!(
        on(&gathered(300), "a").derived.direction,
        Some(Direction::Under)
    );
    // These print no rows, whatever they found.
    let plan = read(&format!(
        "Bitmap Heap Scan on a  {COST} (actual time=1.000..30.000 rows=100 loops=1)\n  ->  BitmapOr  {COST} (actual time=1.000..1.000 rows=0 loops=1)\n        ->  Bitmap Index Scan on i  {COST} (actual time=1.000..1.000 rows=100 loops=1)\n"
    ));
    assert_eq!(kind(&plan, "BitmapOr").derived.estimate_factor, None);
    near(
        kind(&plan, "Bitmap Index Scan").derived.estimate_factor,
        1.0,
    );
}

#[test]
fn pages_belong_to_who_touched_them() {
    let pages = |node: &PlanNode| node.derived.buffers.map(|buffers| buffers.pages());
    // Totals over all processes: never divided by them.
    let plan = read(&format!(
        "Gather  {COST} (actual time=1.000..30.000 rows=300 loops=1)\n  Workers Launched: 2\n  Buffers: shared hit=70 read=30\n  ->  Parallel Seq Scan on a  {COST} (actual time=0.010..20.000 rows=300 loops=3)\n        Buffers: shared hit=65 read=25\n"
    ));
    near(pages(&plan.root), 10.0);
    near(pages(on(&plan, "a")), 90.0);
    // A CTE's are its reader's as well, an InitPlan's those of who asked for it, a SubPlan's its
    // node's.
    let plan = read(&format!(
        "Aggregate  {COST} (actual time=1.000..100.000 rows=1 loops=1)\n  Buffers: shared hit=200\n  CTE c\n    ->  Seq Scan on kept  {COST} (actual time=1.000..30.000 rows=100 loops=1)\n          Buffers: shared hit=60\n  InitPlan 2 (returns $1)\n    ->  Seq Scan on first  {COST} (actual time=1.000..8.000 rows=1 loops=1)\n          Buffers: shared hit=20\n  ->  CTE Scan on c  {COST} (actual time=1.000..90.000 rows=100 loops=1)\n        Filter: ((a > $1) AND (b = (SubPlan 3)))\n        Buffers: shared hit=195\n        SubPlan 3\n          ->  Seq Scan on asked  {COST} (actual time=0.010..0.100 rows=1 loops=100)\n                Buffers: shared hit=100\n"
    ));
    near(pages(&plan.root), 5.0);
    near(pages(kind(&plan, "CTE Scan")), 195.0 - 60.0 - 20.0 - 100.0);
    near(
        kind(&plan, "CTE Scan").derived.exclusive_ms,
        90.0 - 30.0 - 8.0 - 10.0,
    );
}
