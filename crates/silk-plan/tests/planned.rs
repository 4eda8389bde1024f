//! What the planner expected: costs node by node, and what is judged by them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use silk_plan::{JudgeContext, Plan, PlanNode, findings};

fn read(text: &str) -> Plan {
    Plan::detect_and_parse(text).unwrap()
}

fn node<'a>(plan: &'a Plan, kind: &str) -> &'a PlanNode {
    plan.nodes().find(|node| node.node_type == kind).unwrap()
}

fn own_cost(plan: &Plan, kind: &str) -> f64 {
    node(plan, kind).derived.exclusive_cost.unwrap()
}

fn near(got: f64, wanted: f64) {
    assert!((got - wanted).abs() < 1e-6, "{got} is not {wanted}");
}

fn rules(text: &str) -> Vec<&'static str> {
    findings::judge(&read(text), &JudgeContext::default())
        .iter()
        .map(|finding| finding.rule)
        .collect()
}

#[test]
fn what_is_repeated_repeats_all_that_is_below_it() {
    let plan = read(
        "Nested Loop  (cost=0.00..9120.00 rows=1000 width=4)\n  ->  Seq Scan on a  (cost=0.00..20.00 rows=1000 width=4)\n  ->  Aggregate  (cost=0.00..9.00 rows=1 width=4)\n        ->  Index Scan using i on b  (cost=0.00..8.00 rows=1 width=4)\n",
    );
    near(own_cost(&plan, "Nested Loop"), 100.0);
    near(own_cost(&plan, "Seq Scan"), 20.0);
    near(own_cost(&plan, "Aggregate"), 1_000.0);
    near(own_cost(&plan, "Index Scan"), 8_000.0);
    near(
        node(&plan, "Index Scan").derived.cost_share.unwrap(),
        8_000.0 / 9_120.0,
    );
}

#[test]
fn kept_rows_are_made_once_and_read_again() {
    // The planner's own sum: 20 + (25 + 999 × 2.5) + 17,500 for the join's filter.
    let plan = read(
        "Nested Loop  (cost=0.00..20042.50 rows=1999 width=0)\n  Join Filter: ((a.id = b.id) OR (a.name = b.name))\n  ->  Index Scan using i on a  (cost=0.00..20.00 rows=1000 width=4)\n  ->  Materialize  (cost=0.00..25.00 rows=1000 width=4)\n        ->  Seq Scan on b  (cost=0.00..20.00 rows=1000 width=4)\n",
    );
    near(own_cost(&plan, "Nested Loop"), 17_500.0);
    near(own_cost(&plan, "Materialize"), 2_502.5);
    near(own_cost(&plan, "Seq Scan"), 20.0);
}

#[test]
fn a_limit_cuts_short_all_that_is_below_it() {
    let plan = read(
        "Limit  (cost=0.00..10.00 rows=1 width=4)\n  ->  Subquery Scan on x  (cost=0.00..1000.00 rows=100 width=4)\n        ->  Seq Scan on a  (cost=0.00..900.00 rows=100 width=4)\n",
    );
    near(own_cost(&plan, "Limit"), 0.0);
    near(own_cost(&plan, "Subquery Scan"), 1.0);
    near(own_cost(&plan, "Seq Scan"), 9.0);
}

#[test]
fn parts_without_a_cost_pass_it_on() {
    // MySQL: the loop has none, the sort only its own.
    let plan = read(plan_corpus::plan("mysql-8/explain.json"));
    let share = |kind| node(&plan, kind).derived.cost_share.unwrap();
    near(share("Table scan"), 2_053.25 / 4_341.15);
    near(share("Unique index lookup"), 2_187.9 / 4_341.15);
    near(share("Query block"), 100.0 / 4_341.15);
    assert_eq!(node(&plan, "Filesort").estimate, None);
    let found = findings::judge(&plan, &JudgeContext::default());
    assert_eq!(found[0].rule, "seq_scan_filters_most");
    assert!(found[0].estimated);
    // 19,890 rows read, a tenth of them kept.
    assert_eq!(
        found[0].evidence,
        "about 17,901 rows thrown away by (`silk`.`m`.`status` = 'flagged'), about 1,989 kept (estimated)"
    );
}

#[test]
fn a_subquery_is_expected_to_run_for_every_row() {
    let plan = |rows: u32, output: &str| {
        format!(
            "Seq Scan on public.a  (cost=0.00..99999.00 rows={rows} width=4)\n  Output: a.id, {output}\n  SubPlan 1\n    ->  Seq Scan on public.b  (cost=0.00..400.00 rows=1 width=4)\n          Filter: (b.a = a.id)\n"
        )
    };
    let every = plan(200, "(SubPlan 1)");
    assert_eq!(rules(&every), ["correlated_subquery"]);
    let found = findings::judge(&read(&every), &JudgeContext::default());
    assert_eq!(
        found[0].title,
        "The subquery on b will run about 200 times (estimated)"
    );
    assert_eq!(found[0].evidence, "about 200 loops (estimated)");
    // Few rows; and one that is read once into a hash.
    assert!(rules(&plan(20, "(SubPlan 1)")).is_empty());
    assert!(rules(&plan(200, "(ANY (a.id = (hashed SubPlan 1).col1))")).is_empty());
    // Up to 13 the planner leaves it to the run which of two it is.
    assert!(rules(&plan(200, "(alternatives: SubPlan 1 or hashed SubPlan 2)")).is_empty());
}

#[test]
fn mysql_filters_stand_above_their_table() {
    let plan = |kept: u32, filter_ms: f64| {
        format!(
            "-> Filter: (film.rating = 'PG')  (cost=10300 rows=10000) (actual time=0.061..{filter_ms:.3} rows={kept} loops=1)\n    -> Table scan on film  (cost=10300 rows=100000) (actual time=0.057..30.0 rows=100000 loops=1)\n"
        )
    };
    let hit = plan(194, 40.0);
    assert_eq!(rules(&hit), ["seq_scan_filters_most"]);
    let found = findings::judge(&read(&hit), &JudgeContext::default());
    assert_eq!(found[0].node, Some(1), "at the table");
    assert_eq!(
        found[0].evidence,
        "99,806 rows thrown away by (film.rating = 'PG'), 194 kept"
    );
    assert!(rules(&plan(50_000, 40.0)).is_empty());
    // An index that finds too much, 200 rows for each of 100 loops.
    let lookup = "-> Nested loop inner join  (cost=586 rows=100) (actual time=0.100..40.000 rows=100 loops=1)\n    -> Table scan on a  (cost=101 rows=100) (actual time=0.050..1.000 rows=100 loops=1)\n    -> Filter: (b.x > 3)  (cost=0.25 rows=1) (actual time=0.015..0.380 rows=1 loops=100)\n        -> Index lookup on b using i (k=a.k)  (cost=0.25 rows=200) (actual time=0.010..0.300 rows=200 loops=100)\n";
    assert_eq!(rules(lookup), ["index_scan_filters_many"]);
    assert!(rules(&lookup.replace("rows=200", "rows=2")).is_empty());
    // Estimated: a tenth is expected to pass.
    let expected = "-> Filter: (film.rating = 'PG')  (cost=10300 rows=5000)\n    -> Table scan on film  (cost=10300 rows=100000)\n";
    assert_eq!(rules(expected), ["seq_scan_filters_most"]);
    assert!(rules(&expected.replace("rows=5000", "rows=50000")).is_empty());
}

#[test]
fn maria_db_counts_the_pairs_of_a_block_join() {
    let plan = read(plan_corpus::plan("mariadb-10.11/block_join.analyze.json"));
    let join = node(&plan, "Block nested loop join");
    // 49 rows with each of 20,000, none of them kept; 21.527 ms of unpacking and 23.645 of the rest.
    near(join.derived.removed.unwrap(), 980_000.0);
    near(join.derived.rows.unwrap(), 0.0);
    near(
        join.derived.exclusive_ms.unwrap(),
        21.526_672_24 + 23.645_256_56,
    );
    assert_eq!(join.condition("Join Filter"), Some("a.`status` = b.`body`"));
    let found = findings::judge(&plan, &JudgeContext::default());
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].rule, found[0].node),
        ("join_filter_discards", Some(join.id))
    );
    assert!(found[0].saves_ms.unwrap() > 30.0);
}
