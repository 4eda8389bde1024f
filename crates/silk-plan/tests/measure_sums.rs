//! R8, R9, R12 and R13 at their edges: how much is rounding, whose pages and whose cost it is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use silk_plan::{Plan, PlanNode};

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

fn pages(node: &PlanNode) -> Option<f64> {
    node.derived.buffers.map(|buffers| buffers.pages())
}

const COST: &str = "(cost=0.00..9.00 rows=100 width=4)";

/// Lookups, each printed as a thousandth, below a join of one millisecond.
fn lookups(loops: u32) -> Plan {
    read(&format!(
        "Nested Loop  {COST} (actual time=0.010..1.000 rows=0 loops=1)\n  ->  Index Scan using i on b  {COST} (actual time=0.001..0.001 rows=0 loops={loops})\n"
    ))
}

#[test]
fn a_gap_is_rounding_up_to_six_tenths_of_a_thousandth_for_each_loop() {
    // Against 0.0006 × 2,201 and 0.0006 × 2,601.
    for (loops, gap, holds) in [(2_200, 1.2, true), (2_600, 1.6, false)] {
        let plan = lookups(loops);
        near(plan.totals.invariant_gap_ms, gap);
        assert_eq!(plan.totals.invariant_holds, Some(holds), "{loops}");
    }
    // Over three processes a third of it: 0.0006 × (1 + 900 / 3).
    let gathered = |ms: f64| {
        read(&format!(
            "Gather  {COST} (actual time=0.010..1.000 rows=0 loops=1)\n  Workers Launched: 2\n  ->  Nested Loop  {COST} (actual time=0.010..0.100 rows=0 loops=3)\n        ->  Index Scan using i on b  {COST} (actual time=0.001..{ms:.3} rows=0 loops=900)\n"
        ))
    };
    near(gathered(0.004).totals.invariant_gap_ms, 0.2);
    assert_eq!(gathered(0.004).totals.invariant_holds, Some(false));
    assert_eq!(gathered(0.003).totals.invariant_holds, Some(true));
}

#[test]
fn a_gap_of_a_hundredth_is_let_pass() {
    let plan = |below: f64| {
        read(&format!(
            "Sort  {COST} (actual time=0.010..1000.000 rows=0 loops=1)\n  ->  Seq Scan on a  {COST} (actual time=0.010..{below:.3} rows=0 loops=1)\n"
        ))
    };
    assert_eq!(plan(1_009.9).totals.invariant_holds, Some(true));
    assert_eq!(plan(1_010.1).totals.invariant_holds, Some(false));
    assert!(plan(1_010.1).notes[0].contains("10.100 ms off"));
    assert!(plan(1_009.9).notes.is_empty());
}

#[test]
fn what_ran_outside_belongs_to_the_sum() {
    // Of 44.3 ms half is the update's own; without what ran outside there would be 44.3 too much.
    let plan = read(&format!(
        "Result  {COST} (actual time=0.001..0.002 rows=1 loops=1)\n  CTE u\n    ->  Update on t  {COST} (actual time=0.010..44.300 rows=1 loops=1)\n          ->  Seq Scan on s  {COST} (actual time=0.010..22.150 rows=1 loops=1)\n"
    ));
    near(plan.totals.invariant_gap_ms, 0.0);
    assert_eq!(plan.totals.invariant_holds, Some(true));
    near(plan.totals.total_ms, 44.302);
}

#[test]
fn rounding_of_a_node_is_its_own_and_its_childrens() {
    let plan = read(&format!(
        "Gather  {COST} (actual time=1.000..30.000 rows=300 loops=1)\n  Workers Launched: 2\n  ->  Nested Loop  {COST} (actual time=0.010..20.000 rows=300 loops=3)\n        ->  Parallel Seq Scan on a  {COST} (actual time=0.010..2.000 rows=300 loops=3)\n        ->  Index Scan using i on b  {COST} (actual time=0.001..0.010 rows=0 loops=900)\n"
    ));
    near(plan.root.derived.uncertainty_ms, 0.0005 * 4.0);
    near(
        plan.root.children[0].derived.uncertainty_ms,
        0.0005 * (3.0 + 3.0 + 900.0) / 3.0,
    );
    near(on(&plan, "a").derived.uncertainty_ms, 0.0005 * 3.0 / 3.0);
    near(on(&plan, "b").derived.uncertainty_ms, 0.0005 * 900.0 / 3.0);
}

#[test]
fn no_more_than_rounding_is_negligible() {
    let top = |top: f64| {
        read(&format!(
            "Sort  {COST} (actual time=0.000..{top:.3} rows=0 loops=1)\n  ->  Seq Scan on a  {COST} (actual time=0.000..0.000 rows=0 loops=1)\n"
        ))
    };
    // 0.0005 ms for each of the two.
    assert!(top(0.001).root.derived.negligible);
    assert!(!top(0.002).root.derived.negligible);
}

#[test]
fn pages_are_never_below_none() {
    let plan = read(&format!(
        "Sort  {COST} (actual time=0.010..9.000 rows=0 loops=1)\n  Buffers: shared hit=10, temp read=3 written=3\n  ->  Seq Scan on a  {COST} (actual time=0.010..1.000 rows=0 loops=1)\n        Buffers: shared hit=25 read=1\n"
    ));
    let own = plan.root.derived.buffers.unwrap();
    assert!(
        own.shared_hit.abs() < 1e-9 && own.shared_read.abs() < 1e-9,
        "{own:?}"
    );
    near(Some(own.temp_pages()), 6.0);
    near(pages(on(&plan, "a")), 26.0);
}

#[test]
fn two_readers_share_the_pages_of_a_cte() {
    // The first reader asked for 50 of the 60 pages and the second for the rest.
    let plan = read(&format!(
        "Nested Loop  {COST} (actual time=1.000..100.000 rows=1 loops=1)\n  Buffers: shared hit=73\n  CTE c\n    ->  Seq Scan on kept  {COST} (actual time=1.000..30.000 rows=100 loops=1)\n          Buffers: shared hit=60\n  ->  CTE Scan on c x  {COST} (actual time=1.000..29.000 rows=100 loops=1)\n        Buffers: shared hit=50\n  ->  Sort  {COST} (actual time=1.000..9.000 rows=100 loops=1)\n        Buffers: shared hit=20\n        ->  CTE Scan on c y  {COST} (actual time=1.000..5.000 rows=100 loops=1)\n              Buffers: shared hit=12\n"
    ));
    let scans: Vec<Option<f64>> = plan
        .nodes()
        .filter(|node| node.node_type == "CTE Scan")
        .map(pages)
        .collect();
    assert_eq!(scans, [Some(0.0), Some(2.0)]);
    near(pages(on(&plan, "kept")), 60.0);
    near(pages(&plan.root), 3.0);
}

#[test]
fn pages_of_an_init_plan_are_of_who_asked_for_it() {
    // With times, and without: then the pages tell who it was.
    for (root, init, sort, scan) in [
        (
            "time=1.000..99.000 ",
            "time=1.000..8.000 ",
            "time=1.000..90.000 ",
            "time=1.000..50.000 ",
        ),
        ("", "", "", ""),
    ] {
        let plan = read(&format!(
            "Aggregate  {COST} (actual {root}rows=1 loops=1)\n  Buffers: shared hit=105\n  InitPlan 1 (returns $0)\n    ->  Seq Scan on first  {COST} (actual {init}rows=1 loops=1)\n          Buffers: shared hit=30\n  ->  Sort  {COST} (actual {sort}rows=100 loops=1)\n        Buffers: shared hit=101\n        ->  Seq Scan on asks  {COST} (actual {scan}rows=100 loops=1)\n              Filter: (a > $0)\n              Buffers: shared hit=100\n"
        ));
        assert_eq!(on(&plan, "first").derived.paid_by, [on(&plan, "asks").id]);
        near(pages(on(&plan, "asks")), 70.0);
        near(pages(&plan.root), 4.0);
        near(pages(&plan.root.children[1]), 1.0);
    }
}

#[test]
fn the_inner_side_of_a_loop_costs_as_often_as_it_is_read() {
    let cost = |node: &PlanNode| node.derived.exclusive_cost;
    let join = |kind: &str| {
        read(&format!(
            "{kind}  (cost=0.00..1000.00 rows=10 width=4)\n  ->  Seq Scan on a  (cost=0.00..20.00 rows=50 width=4)\n  ->  Index Scan using i on b  (cost=0.00..8.00 rows=1 width=4)\n"
        ))
    };
    let nested = join("Nested Loop");
    near(cost(on(&nested, "b")), 8.0 * 50.0);
    near(cost(&nested.root), 1_000.0 - 20.0 - 400.0);
    // Any other join reads it once.
    let merged = join("Merge Join");
    near(cost(on(&merged, "b")), 8.0);
    near(cost(&merged.root), 1_000.0 - 20.0 - 8.0);
}

#[test]
fn a_subquery_costs_for_every_row_and_a_hashed_one_once() {
    let plan = |filter: &str| {
        read(&format!(
            "Seq Scan on a  (cost=0.00..1000.00 rows=50 width=4)\n  Filter: {filter}\n  SubPlan 1\n    ->  Seq Scan on b  (cost=0.00..8.00 rows=1 width=4)\n"
        ))
    };
    let cost = |plan: &Plan, relation| on(plan, relation).derived.exclusive_cost;
    let asked = plan("(SubPlan 1)");
    near(cost(&asked, "b"), 400.0);
    near(cost(&asked, "a"), 600.0);
    let hashed = plan("(NOT (hashed SubPlan 1))");
    near(cost(&hashed, "b"), 8.0);
    near(cost(&hashed, "a"), 992.0);
}

#[test]
fn what_is_below_a_limit_costs_no_more_than_the_limit() {
    let plan = read(
        "Limit  (cost=0.00..7.00 rows=1 width=4)\n  ->  Seq Scan on a  (cost=0.00..900.00 rows=100 width=4)\n",
    );
    near(plan.root.derived.exclusive_cost, 0.0);
    near(on(&plan, "a").derived.exclusive_cost, 7.0);
    near(on(&plan, "a").derived.cost_share, 1.0);
}
