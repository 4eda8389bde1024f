//! Comparisons of made-up requests, and what holds of all of them.

use proptest::prelude::*;

use super::*;
use crate::{
    Body, DatabaseKind, Finding, Histogram, PlanShape, RequestRecord, RequestStatement, Severity,
    testing,
};

/// Statement number, calls, time of each in µs, line.
type Part = (u64, u64, u64, u32);

fn request(total_us: u64, parts: &[Part]) -> RequestRecord {
    let mut record = testing::request();
    record.statements = parts.iter().map(part).collect();
    let sql_us: u64 = record.statements.iter().map(|part| part.total_us).sum();
    record.summary.times.total_us = total_us;
    record.summary.times.sql_us = sql_us.min(total_us);
    record.summary.query_count = record.statements.iter().map(|part| part.calls).sum();
    record
}

fn part(&(n, calls, each_us, line): &Part) -> RequestStatement {
    let sql = format!("SELECT a FROM t{n} WHERE b = $1 || '|'");
    testing::calls(
        testing::statement(n, DatabaseKind::Postgres, &sql, &[&format!("t{n}")]),
        Some(testing::call_site("list", "src/list.rs", line)),
        calls,
        each_us,
    )
}

/// The request of the talk, and the one with the join.
fn talk() -> (Side, Side) {
    let mut slow = request(88_200, &[(1, 1, 2_900, 80), (2, 100, 592, 88)]);
    slow.findings.push(Finding {
        rule: "repeated_statement".to_owned(),
        severity: Severity::Warning,
        title: "The same query on person ran 100 times".to_owned(),
        detail: String::new(),
        remedy: None,
        call_site: None,
        fingerprint: Some(Fingerprint(2)),
        query: Some(2),
        lost_us: Some(58_600),
    });
    slow.detail.response_body = Some(Body {
        content_type: None,
        total_bytes: 18_204,
        text: None,
        is_truncated: false,
        is_redacted: false,
    });
    let fast = request(9_000, &[(3, 1, 4_100, 104)]);
    (Side::of_request(&slow), Side::of_request(&fast))
}

fn changes(comparison: &Comparison<'_>) -> Vec<(u64, Change)> {
    let mut changes: Vec<_> = (comparison.statements.iter())
        .map(|one| (one.statement.fingerprint.0, one.change))
        .collect();
    changes.sort_by_key(|(n, _)| *n);
    changes
}

#[test]
fn the_loop_and_the_join_read_as_the_slides_do() {
    let (a, b) = talk();
    let comparison = compare(&a, &b);
    assert_eq!(
        comparison.verdict(),
        "101 → 1 queries, 62.1 → 4.10 ms in SQL, 88.2 → 9.00 ms in total (1 request each)."
    );
    assert_eq!(
        changes(&comparison),
        [(1, Change::Gone), (2, Change::Gone), (3, Change::Added)]
    );
    assert_eq!(
        comparison.statements[0].statement.fingerprint.0, 2,
        "largest first"
    );
    assert!(comparison.findings[0].a.is_some() && comparison.findings[0].b.is_none());
    let markdown = comparison.markdown(Names {
        a: "GET /list_some",
        b: "GET /list_some_joined",
    });
    for line in [
        "**101 → 1 queries, 62.1 → 4.10 ms in SQL, 88.2 → 9.00 ms in total (1 request each).**",
        "|  | `GET /list_some` | `GET /list_some_joined` |  |",
        "| queries per request | 101 | 1 | −100 |",
        "| SQL | 62.1 ms | 4.10 ms | −58.0 ms (−93 %) |",
        "| response body | 18.2 kB | – |  |",
        r"| `SELECT a FROM t2 WHERE b = $1 \|\| '\|'` | gone | 100 | – | 59.2 ms | – | `src/list.rs:88` |",
        "- N+1 query (58.6 ms)",
    ] {
        assert!(markdown.contains(line), "{line}\n{markdown}");
    }
}

#[test]
fn one_request_each_claims_no_speed() {
    let side = |us| Side::of_request(&request(us, &[(1, 1, us / 2, 1)]));
    let (a, b) = (side(500_000), side(5_000));
    let comparison = compare(&a, &b);
    assert_eq!(comparison.speed, Speed::TooFew);
    assert_eq!(changes(&comparison), [(1, Change::Unclear)]);
    assert!(!comparison.verdict().to_lowercase().contains("faster"));
}

#[test]
fn enough_requests_say_which_is_faster() {
    let many = |each: u64, n: u64| {
        let records: Vec<_> = (0..n)
            .map(|n| request(each + n, &[(1, 2, each / 4 + n, 1), (2, 1, 100, 2)]))
            .collect();
        Side::of_requests(&records)
    };
    let (a, b) = (many(42_000, 12), many(8_000, 9));
    let comparison = compare(&a, &b);
    assert_eq!(comparison.speed, Speed::Faster);
    assert_eq!(
        comparison.verdict(),
        "Faster: median 42.0 → 8.01 ms (12 and 9 requests). Per request: 3 queries on both sides, 21.1 → 4.11 ms in SQL."
    );
    assert_eq!(
        changes(&comparison),
        [(1, Change::Faster), (2, Change::Unchanged)]
    );
    let few = many(8_000, 5);
    assert_eq!(
        compare(&a, &few).verdict(),
        "Too few requests to tell which is faster (12 and 5 requests): median 42.0 → 8.00 ms. Per request: 3 queries on both sides, 21.1 → 4.10 ms in SQL."
    );
}

#[test]
fn what_is_rare_is_not_gone() {
    let mut records: Vec<_> = (0..50).map(|_| request(1_000, &[(1, 1, 100, 1)])).collect();
    records[0] = request(1_000, &[(1, 1, 100, 1), (2, 1, 100, 2)]);
    for record in &mut records[..20] {
        record.statements.push(part(&(3, 1, 100, 3)));
    }
    let a = Side::of_requests(&records);
    let b = Side::of_requests(&records[30..]);
    assert_eq!(
        changes(&compare(&a, &b)),
        [
            (1, Change::Unchanged),
            (2, Change::Unclear),
            (3, Change::Gone)
        ]
    );
}

#[test]
fn a_side_that_failed_is_said_to() {
    let mut failed = request(400, &[]);
    failed.summary.status = Some(500);
    let (a, b) = (
        Side::of_request(&request(9_000, &[(1, 1, 4_000, 1)])),
        Side::of_request(&failed),
    );
    let verdict = compare(&a, &b).verdict();
    assert!(
        verdict.ends_with("(1 request each). B failed, so its time says little."),
        "{verdict}"
    );
    let verdict = compare(&b, &b).verdict();
    assert!(
        verdict.ends_with("Both failed, so their times say little."),
        "{verdict}"
    );
    let verdict = compare(&a, &Side::default()).verdict();
    assert_eq!(verdict, "Nothing was recorded on side B.");
}

#[test]
fn plans_of_one_source_are_compared_and_others_are_not() {
    let record = request(9_000, &[(1, 1, 4_000, 1)]);
    let with = |source, shape| {
        let mut side = Side::of_request(&record);
        let plan = SidePlan {
            source,
            shape: PlanShape(shape),
            id: None,
        };
        side.add_plan(Fingerprint(1), plan);
        side
    };
    let estimated = with(PlanSource::Estimated, 7);
    let plan = |a: &Side, b: &Side| compare(a, b).statements[0].plan;
    assert_eq!(
        plan(&estimated, &with(PlanSource::AutoExplain, 8)),
        PlanDifference::Unknown
    );
    assert_eq!(
        plan(&estimated, &with(PlanSource::Estimated, 7)),
        PlanDifference::Same
    );
    let other = with(PlanSource::Estimated, 8);
    assert!(matches!(
        plan(&estimated, &other),
        PlanDifference::Changed { .. }
    ));
}

#[test]
fn durations_come_from_the_queries_where_the_store_kept_them_one_by_one() {
    let mut record = request(9_000, &[(1, 3, 4_000, 1)]);
    let summed = Side::of_request(&record);
    assert_eq!(summed.statements[0].durations.count(), 3);
    record.statements[0].durations = Histogram::default();
    assert_eq!(Side::of_request(&record).statements[0].durations.count(), 0);
}

fn side() -> impl Strategy<Value = Side> {
    let part = (0_u64..6, 1_u64..5, 0_u64..3_000, 1_u32..4);
    let record = (0_u64..20_000, prop::collection::vec(part, 0..6));
    prop::collection::vec(record, 0..14).prop_map(|records| {
        let records: Vec<_> = (records.iter())
            .map(|(total_us, parts)| request(*total_us, parts))
            .collect();
        Side::of_requests(&records)
    })
}

proptest! {
    #[test]
    fn each_statement_is_there_once_and_times_add_up(a in side(), b in side()) {
        let comparison = compare(&a, &b);
        let mut seen: Vec<_> = comparison.statements.iter().map(|one| one.statement.fingerprint).collect();
        seen.sort_unstable();
        let count = seen.len();
        seen.dedup();
        prop_assert_eq!(seen.len(), count);
        let sum = |of: fn(&StatementDifference<'_>) -> u64| comparison.statements.iter().map(of).sum::<u64>();
        let all = |side: &Side| side.statements.iter().map(|one| one.calls).sum::<u64>();
        prop_assert_eq!(sum(|one| one.a.map_or(0, |a| a.calls)), all(&a));
        prop_assert_eq!(sum(|one| one.b.map_or(0, |b| b.calls)), all(&b));
        for one in &comparison.statements {
            prop_assert!(one.a.is_some() || one.b.is_some());
            prop_assert!(one.change != Change::Gone || one.b.is_none());
            prop_assert!(one.change != Change::Added || one.a.is_none());
        }
        prop_assert!(!comparison.verdict().is_empty());
        let names = Names { a: "a", b: "b" };
        prop_assert!(!comparison.markdown(names).contains("NaN"));
    }

    #[test]
    fn the_other_way_round_each_change_is_its_opposite(a in side(), b in side()) {
        let opposite = |change| match change {
            Change::Gone => Change::Added,
            Change::Added => Change::Gone,
            Change::MoreCalls => Change::FewerCalls,
            Change::FewerCalls => Change::MoreCalls,
            Change::Slower => Change::Faster,
            Change::Faster => Change::Slower,
            same => same,
        };
        let there = changes(&compare(&a, &b));
        let back = changes(&compare(&b, &a));
        let turned: Vec<_> = back.into_iter().map(|(n, change)| (n, opposite(change))).collect();
        prop_assert_eq!(there, turned);
    }

    #[test]
    fn a_side_does_not_differ_from_itself(a in side()) {
        let comparison = compare(&a, &a);
        for one in &comparison.statements {
            prop_assert_eq!(one.change, Change::Unchanged);
        }
        let is_none = matches!(comparison.speed, Speed::Same | Speed::TooFew);
        prop_assert!(is_none);
    }

    #[test]
    fn a_side_written_and_read_is_the_same(a in side()) {
        let text = serde_json::to_string(&a).unwrap();
        prop_assert_eq!(serde_json::from_str::<Side>(&text).unwrap(), a);
    }
}
