//! What every process prints for itself, put together.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use silk_plan::{JudgeContext, Plan, PlanNode, findings};

fn read(text: &str) -> Plan {
    Plan::detect_and_parse(text).unwrap()
}

fn node<'a>(plan: &'a Plan, kind: &str) -> &'a PlanNode {
    plan.nodes().find(|node| node.node_type == kind).unwrap()
}

fn rules(plan: &Plan) -> Vec<&'static str> {
    findings::judge(plan, &JudgeContext::default())
        .iter()
        .map(|finding| finding.rule)
        .collect()
}

/// A parallel plan with one node below its Gather.
fn gathered(line: &str, below: &str) -> Plan {
    read(&format!(
        "Gather  (cost=0.00..900.00 rows=10 width=4) (actual time=1.000..100.000 rows=30 loops=1)\n  Workers Planned: 2\n  Workers Launched: 2\n  ->  {line}  (cost=0.00..900.00 rows=10 width=4) (actual time=1.000..99.000 rows=10 loops=3)\n{below}"
    ))
}

fn json(kind: &str, own: &str, workers: &[&str]) -> Plan {
    read(&format!(
        r#"[{{"Plan": {{"Node Type": "Gather", "Total Cost": 900, "Plan Rows": 10, "Actual Total Time": 100, "Actual Rows": 30, "Actual Loops": 1,
            "Plans": [{{"Node Type": "{kind}", "Parent Relationship": "Outer", "Strategy": "Hashed", "Total Cost": 900, "Plan Rows": 10, "Actual Total Time": 99, "Actual Rows": 10, "Actual Loops": 3{own},
            "Workers": [{}]}}]}}}}]"#,
        workers.join(", ")
    ))
}

#[test]
fn a_cache_is_the_sum_of_its_processes() {
    let hits = "        Hits: 100  Misses: 50  Evictions: 20  Overflows: 0  Memory Usage: 25kB\n";
    let workers = "        Worker 0:  Hits: 10  Misses: 900  Evictions: 880  Overflows: 1  Memory Usage: 65kB\n        Worker 1:  actual time=1.000..98.000 rows=10 loops=1\n          Hits: 7  Misses: 900  Evictions: 881  Overflows: 2  Memory Usage: 64kB\n";
    for plan in [
        gathered("Memoize", &format!("{hits}{workers}")),
        json(
            "Memoize",
            r#", "Cache Hits": 100, "Cache Misses": 50, "Cache Evictions": 20, "Cache Overflows": 0, "Peak Memory Usage": 25"#,
            &[
                r#"{"Worker Number": 0, "Cache Hits": 10, "Cache Misses": 900, "Cache Evictions": 880, "Cache Overflows": 1, "Peak Memory Usage": 65}"#,
                r#"{"Worker Number": 1, "Actual Total Time": 98, "Actual Rows": 10, "Actual Loops": 1, "Cache Hits": 7, "Cache Misses": 900, "Cache Evictions": 881, "Cache Overflows": 2, "Peak Memory Usage": 64}"#,
            ],
        ),
    ] {
        let memoize = node(&plan, "Memoize");
        let all = memoize.derived.counters;
        assert_eq!(
            (
                all.cache_hits,
                all.cache_misses,
                all.cache_evictions,
                all.cache_overflows
            ),
            (Some(117.0), Some(1850.0), Some(1781.0), Some(3.0))
        );
        assert_eq!(all.peak_memory_kb, Some(65.0));
        // What the leader printed stays as it was.
        assert_eq!(memoize.counters.cache_hits, Some(100.0));
        assert_eq!(rules(&plan), ["memoize_thrashes"]);
    }
    // By the leader alone the cache is well used.
    assert!(rules(&gathered("Memoize", hits)).is_empty());
    // A leader that did nothing prints nothing.
    let plan = gathered("Memoize", workers);
    assert_eq!(
        node(&plan, "Memoize").derived.counters.cache_hits,
        Some(17.0)
    );
    assert_eq!(rules(&plan), ["memoize_thrashes"]);
}

#[test]
fn a_hash_aggregate_spills_where_any_process_does() {
    let own = "        Group Key: a\n        Batches: 1  Memory Usage: 24kB\n";
    let workers = "        Worker 0:  Batches: 5  Memory Usage: 4145kB  Disk Usage: 2720kB\n        Worker 1:  Batches: 9  Memory Usage: 4145kB  Disk Usage: 1000kB\n";
    for plan in [
        gathered("Partial HashAggregate", &format!("{own}{workers}")),
        json(
            "Aggregate",
            r#", "Group Key": ["a"], "HashAgg Batches": 1, "Peak Memory Usage": 24, "Disk Usage": 0"#,
            &[
                r#"{"Worker Number": 0, "HashAgg Batches": 5, "Peak Memory Usage": 4145, "Disk Usage": 2720}"#,
                r#"{"Worker Number": 1, "HashAgg Batches": 9, "Peak Memory Usage": 4145, "Disk Usage": 1000}"#,
            ],
        ),
    ] {
        let all = node(&plan, "Aggregate").derived.counters;
        assert_eq!(
            (all.hash_batches, all.disk_kb, all.peak_memory_kb),
            (Some(9.0), Some(3720.0), Some(4145.0))
        );
        assert_eq!(rules(&plan), ["hash_spills"]);
    }
    assert!(rules(&gathered("Partial HashAggregate", own)).is_empty());
}

#[test]
fn a_sort_is_on_disk_where_any_process_had_it_there() {
    let own = "        Sort Key: a\n        Sort Method: quicksort  Memory: 9000kB\n";
    let workers = "        Worker 0:  Sort Method: quicksort  Memory: 25kB\n        Worker 1:  Sort Method: external merge  Disk: 4000kB\n";
    let plan = gathered("Sort", &format!("{own}{workers}"));
    let sort = node(&plan, "Sort");
    assert_eq!(
        (
            sort.derived.counters.sort_on_disk,
            sort.derived.counters.sort_space_kb
        ),
        (Some(true), Some(4000.0))
    );
    let found = findings::judge(&plan, &JudgeContext::default());
    assert_eq!(found[0].rule, "sort_on_disk");
    assert!(
        found[0].evidence.starts_with("external merge by a"),
        "{}",
        found[0].evidence
    );
    assert!(found[0].action.contains("10,000 kB"), "{}", found[0].action);
    let quick = gathered("Sort", own);
    assert_eq!(
        node(&quick, "Sort").derived.counters.sort_space_kb,
        Some(9000.0)
    );
    assert!(rules(&quick).is_empty());
}

#[test]
fn what_a_worker_sorted_may_stand_apart_from_what_it_did() {
    // Up to 12 the list of workers is printed twice.
    let plan = json(
        "Sort",
        r#", "Sort Key": ["a"], "Sort Method": "quicksort", "Sort Space Used": 900, "Sort Space Type": "Memory",
            "Workers": [{"Worker Number": 0, "Sort Method": "external merge", "Sort Space Used": 3376, "Sort Space Type": "Disk"},
                        {"Worker Number": 1, "Sort Method": "quicksort", "Sort Space Used": 25, "Sort Space Type": "Memory"}]"#,
        &[
            r#"{"Worker Number": 0, "Actual Total Time": 98, "Actual Rows": 10, "Actual Loops": 1}"#,
            r#"{"Worker Number": 1, "Actual Total Time": 2, "Actual Rows": 1, "Actual Loops": 1}"#,
        ],
    );
    let sort = node(&plan, "Sort");
    assert_eq!(sort.workers.len(), 2);
    let first = &sort.workers[0];
    assert_eq!(
        (first.sort.as_ref(), first.sort_on_disk),
        (Some(&("external merge".to_owned(), 3376.0)), true)
    );
    assert_eq!(first.actual.unwrap().total_ms, Some(98.0));
    assert!(!sort.workers[1].sort_on_disk);
    assert_eq!(sort.derived.workers_ms, Some((2.0, 98.0)));
    assert_eq!(rules(&plan), ["sort_on_disk"]);
}

#[test]
fn an_incremental_sort_is_on_disk_at_its_peak() {
    let own = "        Sort Key: a, b\n        Presorted Key: a\n        Full-sort Groups: 1  Sort Method: quicksort  Average Memory: 25kB  Peak Memory: 25kB\n";
    let worker = "        Worker 0:  Full-sort Groups: 1  Sort Method: quicksort  Average Memory: 25kB  Peak Memory: 25kB\n          Pre-sorted Groups: 2  Sort Methods: quicksort, external merge  Average Memory: 25kB  Peak Memory: 25kB  Average Disk: 500kB  Peak Disk: 900kB\n";
    for plan in [
        gathered("Incremental Sort", &format!("{own}{worker}")),
        json(
            "Incremental Sort",
            r#", "Sort Key": ["a", "b"]"#,
            &[
                r#"{"Worker Number": 0, "Pre-sorted Groups": {"Group Count": 2, "Sort Methods Used": ["quicksort", "external merge"], "Sort Space Disk": {"Average Sort Space Used": 500, "Peak Sort Space Used": 900}}}"#,
            ],
        ),
    ] {
        let all = node(&plan, "Incremental Sort").derived.counters;
        assert_eq!(
            (all.sort_on_disk, all.sort_space_kb),
            (Some(true), Some(900.0))
        );
        assert_eq!(rules(&plan), ["sort_on_disk"]);
    }
}

#[test]
fn pages_of_a_bitmap_are_those_of_all() {
    // From 18 on every process prints its own.
    let plan = gathered(
        "Parallel Bitmap Heap Scan on t",
        "        Recheck Cond: (a < 5)\n        Heap Blocks: exact=10 lossy=1\n        Worker 0:  Heap Blocks: exact=5 lossy=100\n        Worker 1:  Heap Blocks: exact=5\n",
    );
    let all = node(&plan, "Bitmap Heap Scan").derived.counters;
    assert_eq!(
        (all.exact_blocks, all.lossy_blocks),
        (Some(20.0), Some(101.0))
    );
    assert_eq!(rules(&plan), ["lossy_bitmap"]);
}
