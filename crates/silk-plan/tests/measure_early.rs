//! R11 where a plan gives fewer rows than expected: who was not asked for more, and who was wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use silk_plan::{Derived, Direction, Plan};

const MANY: &str = "(cost=0.00..9.00 rows=9000 width=4) (actual time=0.010..1.000 rows=5 loops=1)";
const RIGHT: &str = "(cost=0.00..9.00 rows=5 width=4) (actual time=0.010..9.000 rows=5 loops=1)";

fn read(text: &str) -> Plan {
    Plan::detect_and_parse(text).unwrap()
}

fn on(plan: &Plan, relation: &str) -> Derived {
    let mut nodes = plan.nodes();
    nodes
        .find(|node| node.relation.as_deref() == Some(relation))
        .unwrap()
        .derived
        .clone()
}

fn stopped(plan: &Plan, relation: &str) {
    let derived = on(plan, relation);
    assert!(derived.stopped_early, "{relation}: {plan:#?}");
    assert_eq!(derived.direction, None, "{relation}: {plan:#?}");
    assert_eq!(derived.estimate_factor, Some(1800.0), "{relation}");
}

fn overestimated(plan: &Plan, relation: &str) {
    let derived = on(plan, relation);
    assert!(!derived.stopped_early, "{relation}: {plan:#?}");
    assert_eq!(derived.direction, Some(Direction::Over), "{relation}");
}

/// A node over one scan.
fn above(top: &str) -> Plan {
    read(&format!("{top}  {RIGHT}\n  ->  Seq Scan on t  {MANY}\n"))
}

/// A join of two scans.
fn join(kind: &str) -> Plan {
    read(&format!(
        "{kind}  {RIGHT}\n  ->  Seq Scan on a  {MANY}\n  ->  Seq Scan on b  {MANY}\n"
    ))
}

#[test]
fn a_limit_asks_for_no_more() {
    stopped(&above("Limit"), "t");
    for top in ["Sort", "Aggregate", "HashAggregate", "Unique", "Append"] {
        overestimated(&above(top), "t");
    }
    // Through what passes rows on as they come, and not through what reads all before it does.
    let below = |between: &str| {
        read(&format!(
            "Limit  {RIGHT}\n  ->  {between}  {RIGHT}\n        ->  Seq Scan on t  {MANY}\n"
        ))
    };
    for passes in ["Append", "Unique", "GroupAggregate", "Materialize", "SetOp"] {
        stopped(&below(passes), "t");
    }
    for reads_all in ["Sort", "Aggregate", "HashAggregate", "HashSetOp Except"] {
        overestimated(&below(reads_all), "t");
    }
}

#[test]
fn the_first_match_is_enough_for_a_semi_and_an_anti_join() {
    for kind in ["Nested Loop Semi Join", "Nested Loop Anti Join"] {
        let plan = join(kind);
        stopped(&plan, "b");
        overestimated(&plan, "a");
    }
    for kind in ["Nested Loop", "Nested Loop Left Join", "Hash Join"] {
        let plan = join(kind);
        overestimated(&plan, "a");
        overestimated(&plan, "b");
    }
}

#[test]
fn a_hash_holds_all_there_was() {
    for top in ["Hash Semi Join", "Hash Anti Join", "Hash Join"] {
        let plan = read(&format!(
            "Limit  {RIGHT}\n  ->  {top}  {RIGHT}\n        ->  Seq Scan on a  {MANY}\n        ->  Hash  {MANY}\n              ->  Seq Scan on b  {MANY}\n"
        ));
        stopped(&plan, "a");
        overestimated(&plan, "b");
        let hash = plan.nodes().find(|node| node.node_type == "Hash").unwrap();
        assert_eq!(hash.derived.direction, Some(Direction::Over), "{top}");
    }
}

#[test]
fn a_merge_join_ends_with_its_shorter_side() {
    let plan = join("Merge Join");
    stopped(&plan, "a");
    stopped(&plan, "b");
}

#[test]
fn exists_stops_at_the_first_row_and_a_hash_does_not() {
    let plan = |filter: &str| {
        read(&format!(
            "Seq Scan on a  {RIGHT}\n  Filter: {filter}\n  SubPlan 1\n    ->  Seq Scan on b  {MANY}\n"
        ))
    };
    stopped(&plan("(SubPlan 1)"), "b");
    stopped(&plan("EXISTS(SubPlan 1)"), "b");
    overestimated(&plan("(hashed SubPlan 1)"), "b");
    // Up to 13 both are planned, and one of them runs.
    let both = |first: &str, second: &str| {
        read(&format!(
            "Seq Scan on a  {RIGHT}\n  Filter: (alternatives: SubPlan 1 or hashed SubPlan 2)\n  SubPlan 1\n    ->  Seq Scan on b  {first}\n  SubPlan 2\n    ->  Seq Scan on c  {second}\n"
        ))
    };
    stopped(&both(MANY, "(never executed)"), "b");
    overestimated(&both("(never executed)", MANY), "c");
}

#[test]
fn an_append_that_was_left_is_no_mistake() {
    let append = |top: &str| {
        read(&format!(
            "{top}  {RIGHT}\n  ->  Append  {MANY}\n        ->  Seq Scan on a  {MANY}\n        ->  Seq Scan on b  (cost=0.00..9.00 rows=9000 width=4) (never executed)\n"
        ))
    };
    stopped(&append("Limit"), "a");
    overestimated(&append("Sort"), "a");
}

#[test]
fn what_writes_gives_no_rows_unless_it_returns_them() {
    let update = |output: &str, rows: u32| {
        read(&format!(
            "Update on public.t  (cost=0.00..9.00 rows=9000 width=4) (actual time=0.010..9.000 rows={rows} loops=1)\n{output}  ->  Seq Scan on public.u  {RIGHT}\n"
        ))
    };
    // Up to 13 the rows it writes are printed as expected.
    assert_eq!(on(&update("", 0), "t").estimate_factor, None);
    let returning = "  Output: t.id\n";
    overestimated(&update(returning, 5), "t");
    assert_eq!(on(&update(returning, 0), "t").estimate_factor, Some(9000.0));
}
