//! The plans that two talks on query plans print, pasted as they stand there: read, measured, and
//! judged as the talks judge them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use silk_plan::{
    Direction, Execution, JudgeContext, Plan, PlanFinding, PlanFormat, PlanNode, findings,
};

fn read(raw: &str) -> (Plan, Vec<PlanFinding>) {
    let plan = Plan::detect_and_parse(raw).unwrap();
    assert_ne!(plan.totals.invariant_holds, Some(false));
    let found = findings::judge(&plan, &JudgeContext::default());
    (plan, found)
}

fn near(got: Option<f64>, wanted: f64) {
    let got = got.unwrap();
    assert!((got - wanted).abs() < 1e-6, "{got} is not {wanted}");
}

fn titles(plan: &Plan) -> Vec<String> {
    plan.nodes().map(PlanNode::title).collect()
}

fn rules(found: &[PlanFinding]) -> Vec<&str> {
    found.iter().map(|finding| finding.rule).collect()
}

/// A quick sort over a sequential scan of a small table: nothing to say.
#[test]
fn sort_over_a_sequential_scan() {
    let (plan, found) = read(plan_corpus::plan("pasted/sort_over_scan.txt"));
    assert_eq!(titles(&plan), ["Sort", "Seq Scan"]);
    let scan = &plan.root.children[0];
    assert_eq!(scan.relation.as_deref(), Some("weave_person"));
    near(plan.root.derived.exclusive_ms, 0.493);
    near(scan.derived.exclusive_ms, 0.207);
    near(plan.totals.total_ms, 0.815);
    assert_eq!(plan.root.detail("Sort Method"), Some("quicksort"));
    assert_eq!(plan.root.counters.sort_on_disk, Some(false));
    assert!(found.is_empty(), "{found:#?}");
}

/// Only the best hundred are kept, in two processes, and merged: cheap, and no mistake of the
/// planner, although it expected 58,824 rows.
#[test]
fn top_n_sort_under_a_gather_merge() {
    let (plan, found) = read(plan_corpus::plan("pasted/top_n_under_gather_merge.txt"));
    assert_eq!(
        titles(&plan),
        ["Limit", "Gather Merge", "Sort", "Parallel Seq Scan"]
    );
    let nodes: Vec<&PlanNode> = plan.nodes().collect();
    assert_eq!(nodes[2].detail("Sort Method"), Some("top-N heapsort"));
    assert_eq!(nodes[2].counters.sort_on_disk, Some(false));
    for node in &nodes[2..] {
        near(Some(node.derived.participants), 2.0);
    }
    near(nodes[3].derived.rows, 100_000.0);
    near(nodes[3].derived.inclusive_ms, 6.247);
    near(nodes[2].derived.exclusive_ms, 24.418 - 6.247);
    near(nodes[1].derived.exclusive_ms, 30.607 - 24.418);
    assert!(nodes[1].derived.stopped_early && nodes[2].derived.stopped_early);
    assert_eq!(nodes[2].derived.workers_ms, Some((21.752, 21.752)));
    assert_eq!(rules(&found), ["sorts_all_for_first_rows"]);
}

/// One query for messages and their authors; the sort of wide rows takes most.
#[test]
fn hash_join_under_a_gather_merge() {
    let (plan, found) = read(plan_corpus::plan("pasted/join_under_gather_merge.txt"));
    assert_eq!(
        titles(&plan),
        [
            "Limit",
            "Gather Merge",
            "Sort",
            "Hash Join",
            "Parallel Seq Scan",
            "Hash",
            "Seq Scan"
        ]
    );
    let join = plan.node(3).unwrap();
    assert_eq!(
        join.condition("Hash Cond"),
        Some("(weave_message.sent_by_id = weave_person.id)")
    );
    near(join.derived.exclusive_ms, 36.358 - 7.257 - 0.591);
    near(plan.node(6).unwrap().derived.rows, 2_000.0);
    assert_eq!(rules(&found), ["sorts_all_for_first_rows"]);
}

/// Counting all messages that are not deleted reads every one of them.
#[test]
fn count_over_a_sequential_scan() {
    let (plan, found) = read(plan_corpus::plan("pasted/count_over_scan.txt"));
    assert_eq!(titles(&plan), ["Aggregate", "Seq Scan"]);
    let scan = &plan.root.children[0];
    near(scan.derived.rows, 89_964.0);
    near(scan.derived.removed, 10_036.0);
    near(scan.derived.exclusive_ms, 17.689);
    assert_eq!(
        scan.condition("Filter"),
        Some("(NOT weave_message.deleted)")
    );
    // Nine of ten are wanted: it is the counting that is dear, not the filter.
    assert_eq!(rules(&found), ["counts_everything"]);
    assert!(found[0].action.contains("reltuples"), "{}", found[0].action);
    assert!(found[0].action.contains("index"), "{}", found[0].action);
}

/// The index alone answers: no row was looked up in the table.
#[test]
fn count_over_an_index_only_scan() {
    let (plan, found) = read(plan_corpus::plan("pasted/count_over_index_only_scan.txt"));
    let scan = &plan.root.children[0];
    assert_eq!(scan.node_type, "Index Only Scan");
    assert_eq!(
        scan.index.as_deref(),
        Some("weave_message_deleted_9517d20b")
    );
    assert_eq!(
        scan.condition("Index Cond"),
        Some("(weave_message.deleted = false)")
    );
    near(scan.counters.heap_fetches, 0.0);
    near(scan.derived.exclusive_ms, 11.037);
    assert_eq!(rules(&found), ["counts_everything"]);
    // It has its covering index already.
    assert!(
        !found[0].action.contains("small index"),
        "{}",
        found[0].action
    );
}

/// The same from a partial index: no condition is left to be checked.
#[test]
fn count_over_a_partial_index() {
    let (plan, found) = read(plan_corpus::plan("pasted/count_over_partial_index.txt"));
    let scan = &plan.root.children[0];
    assert_eq!(scan.index.as_deref(), Some("soft_deletes_ignore"));
    assert!(scan.conditions.is_empty());
    near(scan.counters.heap_fetches, 0.0);
    assert_eq!(rules(&found), ["counts_everything"]);
}

/// A session with the plan before and the one after: the first is read, and judged as it was there,
/// by an index; not a partial one, as the statement is not there to tell of a constant.
#[test]
fn sequential_scan_with_a_filter() {
    let (plan, found) = read(plan_corpus::plan("pasted/deleted_messages_shell.txt"));
    assert_eq!(titles(&plan), ["Sort", "Seq Scan"]);
    assert!(
        plan.notes[0].contains("more than one plan"),
        "{:?}",
        plan.notes
    );
    let scan = &plan.root.children[0];
    near(scan.derived.removed, 89_964.0);
    near(scan.derived.rows, 10_036.0);
    assert_eq!(rules(&found), ["seq_scan_filters_most"]);
    assert_eq!(found[0].node, Some(scan.id));
    assert!(
        found[0]
            .action
            .starts_with("an index that begins with deleted"),
        "{}",
        found[0].action
    );
    assert!(!found[0].action.contains("partial"), "{}", found[0].action);
    assert!(!found[0].verified && !found[0].estimated);
    assert!(found[0].saves_ms.unwrap() > 10.0);
}

/// The plan after it: the bitmap finds the pages, the rows are read page by page.
#[test]
fn bitmap_heap_scan() {
    let (plan, found) = read(plan_corpus::plan("pasted/deleted_messages_bitmap.txt"));
    assert_eq!(
        titles(&plan),
        ["Sort", "Bitmap Heap Scan", "Bitmap Index Scan"]
    );
    let (heap, index) = (plan.node(1).unwrap(), plan.node(2).unwrap());
    near(heap.counters.exact_blocks, 1_676.0);
    assert_eq!(heap.counters.lossy_blocks, None);
    near(heap.derived.exclusive_ms, 9.371 - 0.871);
    assert_eq!(
        index.index.as_deref(),
        Some("weave_message_deleted_9517d20b")
    );
    assert_eq!(index.relation, None);
    assert_eq!(heap.condition("Filter"), Some("deleted"));
    assert!(found.is_empty(), "{found:#?}");
}

/// A node whose numbers a slide put on lines of their own.
#[test]
fn index_scan_on_three_lines() {
    let (plan, found) = read(plan_corpus::plan("pasted/wrapped_index_scan.txt"));
    assert_eq!(titles(&plan), ["Index Scan"]);
    assert_eq!(plan.root.relation.as_deref(), Some("pg_class"));
    assert_eq!(
        plan.root.index.as_deref(),
        Some("pg_class_relname_nsp_index")
    );
    near(plan.root.estimate.unwrap().total_cost, 8.29);
    near(plan.totals.total_ms, 0.046);
    assert!(found.is_empty());
}

/// One line of a plan, with one space before its cost.
#[test]
fn an_aggregate_alone() {
    let (plan, found) = read(plan_corpus::plan("pasted/aggregate_alone.txt"));
    assert_eq!(titles(&plan), ["Aggregate"]);
    near(plan.totals.total_ms, 11.506);
    assert!(found.is_empty());
}

/// What a shell printed as a string, with its line ends escaped: nothing to say of so small a table,
/// and nothing of the cast, which is harmless for varchar.
#[test]
fn a_string_with_a_sequential_scan() {
    for (raw, expected, factor) in [
        (plan_corpus::plan("pasted/string_seq_scan.txt"), 2.0, 2.0),
        (
            plan_corpus::plan("pasted/string_seq_scan_small.txt"),
            1.0,
            1.0,
        ),
    ] {
        let (plan, found) = read(raw);
        assert_eq!(titles(&plan), ["Seq Scan"]);
        near(plan.root.estimate.unwrap().rows, expected);
        near(plan.root.derived.removed, 2.0);
        near(plan.root.derived.estimate_factor, factor);
        assert_eq!(
            plan.root.derived.direction,
            (factor > 1.0).then_some(Direction::Over)
        );
        assert_eq!(
            plan.root.condition("Filter"),
            Some("((comment)::text = '123'::text)")
        );
        assert!(plan.planning_ms.is_some() && plan.execution_ms.is_some());
        let mut context = JudgeContext::default();
        context.is_top_statement = true;
        assert!(found.is_empty() && findings::judge(&plan, &context).is_empty());
    }
}

#[test]
fn a_string_with_an_index_scan() {
    let (plan, found) = read(plan_corpus::plan("pasted/string_index_scan.txt"));
    assert_eq!(
        plan.root.index.as_deref(),
        Some("services_subscription_comment_e751ca44_like")
    );
    near(plan.root.derived.rows, 1.0);
    near(plan.planning_ms, 1.152);
    assert!(found.is_empty());
}

#[test]
fn a_string_with_a_composite_index() {
    let (plan, found) = read(plan_corpus::plan("pasted/string_composite_index.txt"));
    assert_eq!(plan.root.node_type, "Index Scan");
    assert_eq!(
        plan.root.condition("Index Cond"),
        Some("(((field_a)::text = '12'::text) AND ((field_b)::text = '13'::text))")
    );
    assert_eq!(plan.root.derived.execution, Execution::Ran);
    near(plan.root.derived.rows, 0.0);
    assert!(found.is_empty());
}

#[test]
fn a_string_with_a_bitmap() {
    let (plan, found) = read(plan_corpus::plan("pasted/string_bitmap.txt"));
    assert_eq!(titles(&plan), ["Bitmap Heap Scan", "Bitmap Index Scan"]);
    assert_eq!(
        plan.root.children[0].index.as_deref(),
        Some("services_su_field_a_155836_idx")
    );
    near(plan.root.derived.exclusive_ms, 0.003);
    assert!(found.is_empty());
}

#[test]
fn a_text_that_is_cut_off_is_said_to_be() {
    let is_cut = |raw: &str| {
        let plan = Plan::parse(PlanFormat::PostgresText, raw).unwrap();
        plan.notes.iter().any(|note| note.contains("cut off"))
    };
    let whole = "Limit  (cost=0.00..1.00 rows=1 width=4)\n  ->  Seq Scan on x  (cost=0.00..1.00 rows=1 width=4) (actual time=0.010..0.020 rows=1 loops=1)\n        Filter: ((a = ':('::text) AND (\"b(\" > 1))\n";
    assert!(!is_cut(whole));
    for cut in [
        "Seq Scan on x (cost=0.00..1 rows=",
        "Seq Scan on x  (cost=0.00..1.00 rows=1 width=4) (actual time=0.0",
        "Seq Scan on x  (cost=0.00..1.00 rows=1 width=4)\n  Filter: ((a = 1) AND (b",
        "Limit  (cost=0.00..1.00 rows=1 width=4)\n  ->  Seq Scan on x  (co",
        "Limit  (cost=0.00..1.00 rows=1 width=4)\n  ->",
    ] {
        assert!(is_cut(cut), "{cut}");
    }
    // What stands below the end of a plan is no part of it.
    for tail in [
        "Execution Time: 1.0 ms\n(2 row",
        "(3 rows)\n",
        "  Output: a, 'it''s :('\n",
    ] {
        assert!(!is_cut(&format!("{whole}{tail}")), "{tail}");
    }
}
