//! What each rule names, and what looks like it and is not.

use std::sync::Arc;

use super::*;
use crate::{
    Database, DatabaseKind, Finding, Histogram, RequestKind, RequestStatement, SqlText, Statement,
    Value, ValueState, testing,
};

fn statement(number: u64, command: &str, table: &str) -> Arc<Statement> {
    let sql = format!("{command} … {table} WHERE id = ?");
    let one = testing::statement(number, DatabaseKind::Postgres, &sql, &[table]);
    Arc::new(Statement {
        command: command.to_owned(),
        ..(*one).clone()
    })
}

fn request(number: u64) -> RequestRecord {
    let mut record = testing::request();
    let summary = &mut record.summary;
    summary.id = RequestId(uuid::Uuid::from_u128(number.into()));
    summary.started_at += chrono::TimeDelta::seconds(number.cast_signed());
    "/x".clone_into(&mut summary.route);
    "/x".clone_into(&mut summary.path);
    record
}

fn uses(record: &mut RequestRecord, statement: &Arc<Statement>, calls: u64, rows: u64) {
    let used = testing::calls(Arc::clone(statement), None, calls, 100);
    record.statements.push(RequestStatement { rows, ..used });
}

/// Requests that run a list once, and another statement so often.
fn lists(count: u64, rows: impl Fn(u64) -> u64, calls: impl Fn(u64) -> u64) -> Sample {
    let (list, each) = (
        statement(1, "SELECT", "list"),
        statement(2, "SELECT", "each"),
    );
    let requests = (0..count).map(|number| {
        let mut record = request(number);
        uses(&mut record, &list, 1, rows(number));
        uses(&mut record, &each, calls(number), calls(number));
        record
    });
    Sample {
        requests: requests.collect(),
    }
}

fn growing(sample: &Sample) -> Vec<AcrossFinding> {
    find(&[], sample, &AcrossThresholds::default())
        .into_iter()
        .filter(|found| found.rule == GROWING_QUERIES)
        .collect()
}

#[test]
fn calls_that_follow_rows_grow() {
    let found = growing(&lists(20, |n| n % 5 + 1, |n| n % 5 + 1));
    assert_eq!(found.len(), 1);
    let found = &found[0];
    assert_eq!(found.fingerprint, Some(Fingerprint(2)));
    assert_eq!((found.requests, found.of_requests), (20, 20));
    assert_eq!(
        found.title,
        "The query on each runs about once per row of the query on list: 1 to 5 times a request."
    );
    // 0 + 1 + 2 + 3 + 4 calls too many, four times over.
    assert_eq!(found.lost_us, Some(4_000));
    // Some rows of the list need no look-up.
    assert_eq!(
        growing(&lists(40, |n| n % 7 + 1, |n| (n % 7).div_ceil(2) * 2 + 1)).len(),
        1
    );
}

#[test]
fn calls_that_follow_no_rows_do_not_grow() {
    let of =
        |count, rows: fn(u64) -> u64, calls: fn(u64) -> u64| growing(&lists(count, rows, calls));
    assert_eq!(of(19, |n| n % 5 + 1, |n| n % 5 + 1), [], "too few requests");
    assert_eq!(of(40, |n| n % 5 + 1, |_| 5), [], "always as often");
    assert_eq!(of(40, |_| 5, |n| n % 5 + 1), [], "always as many rows");
    assert_eq!(of(40, |n| n % 2 * 5, |n| n % 2 * 5 + 1), [], "two sizes");
    assert_eq!(
        of(40, |n| n % 5 + 1, |n| (n * 7 + 3) % 11 + 1),
        [],
        "by chance"
    );
    assert_eq!(of(40, |n| 40 - n, |n| n + 1), [], "the other way round");
    assert_eq!(
        of(40, |n| (n + 1) * 100, |n| n + 1),
        [],
        "chunks of a hundred"
    );
    assert_eq!(of(40, |n| n % 2 + 1, |n| n % 2 + 1), [], "up to two");
}

#[test]
fn other_routes_and_what_has_a_finding_do_not_grow() {
    let mut sample = lists(20, |n| n % 5 + 1, |n| n % 5 + 1);
    let mut told = sample.clone();
    told.requests[7].findings.push(Finding {
        rule: "repeated_statement".to_owned(),
        severity: Severity::Warning,
        title: String::new(),
        detail: String::new(),
        remedy: None,
        call_site: None,
        fingerprint: Some(Fingerprint(2)),
        query: None,
        lost_us: None,
    });
    assert_eq!(growing(&told), []);
    sample.requests[3].summary.route = "/y".to_owned();
    assert_eq!(growing(&sample), [], "19 of one route");
}

/// A request that reads `table` by `value`.
fn read(number: u64, command: &str, table: &str, value: u8) -> RequestRecord {
    let statement = statement(7, command, table);
    let mut record = request(number);
    uses(&mut record, &statement, 1, 1);
    record.summary.times.sql_us = 100;
    record.detail.texts.push(SqlText {
        text: format!("{command} {table} $1").into(),
        statement,
        database: Arc::new(Database {
            kind: DatabaseKind::Postgres,
            name: "shop".to_owned(),
        }),
        has_literals: false,
        is_redacted: false,
    });
    let mut query = testing::query(1, 0, 100);
    query.values = Some(vec![Value {
        type_name: "INT4".to_owned(),
        state: ValueState::Bytes(vec![value]),
    }]);
    record.detail.queries.push(query);
    record
}

fn reads(count: u64, value: impl Fn(u64) -> u8) -> Sample {
    let requests = (0..count).map(|number| read(number, "SELECT", "setting", value(number)));
    Sample {
        requests: requests.collect(),
    }
}

fn identical(sample: &Sample) -> Vec<AcrossFinding> {
    find(&[], sample, &AcrossThresholds::default())
}

#[test]
fn reads_that_others_made_before_are_named() {
    let found = identical(&reads(20, |_| 1));
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].title,
        "20 requests read the same rows of setting, with always the same values."
    );
    assert_eq!(
        (found[0].rule, found[0].lost_us),
        (IDENTICAL_READS, Some(1_900))
    );
    assert_eq!(
        found[0].route.as_ref().map(|route| &*route.route),
        Some("/x")
    );
    let found = identical(&reads(25, |n| u8::try_from(n % 5).unwrap()));
    assert!(
        found[0].detail.contains("20 of 25 reads"),
        "{}",
        found[0].detail
    );
}

#[test]
fn reads_that_are_not_the_same_are_not_named() {
    assert_eq!(identical(&reads(19, |_| 1)), [], "too few requests");
    let differ = reads(40, |n| u8::try_from(n).unwrap());
    assert_eq!(identical(&differ), []);
    let some = reads(40, |n| u8::try_from(n % 10).unwrap());
    assert_eq!(identical(&some), [], "three of four");
    let changed = |change: &dyn Fn(&mut RequestRecord)| {
        let mut sample = reads(40, |_| 1);
        change(&mut sample.requests[20]);
        identical(&sample)
    };
    let none: [AcrossFinding; 0] = [];
    let writes = |record: &mut RequestRecord| {
        uses(record, &statement(9, "UPDATE", "setting"), 1, 0);
    };
    assert_eq!(changed(&writes), none, "the table is written to");
    let other = |record: &mut RequestRecord| {
        uses(record, &statement(9, "UPDATE", "other"), 1, 0);
    };
    assert_eq!(changed(&other).len(), 1, "another table is");
    let grown = |record: &mut RequestRecord| record.detail.queries[0].rows_returned = 2;
    assert_eq!(changed(&grown), none, "the rows changed");

    let all = |change: &dyn Fn(&mut RequestRecord)| {
        let mut sample = reads(40, |_| 1);
        sample.requests.iter_mut().for_each(change);
        identical(&sample)
    };
    let value = |record: &mut RequestRecord, state: ValueState| {
        if let Some(values) = &mut record.detail.queries[0].values {
            values[0].state = state;
        }
    };
    assert_eq!(all(&|record| record.detail.queries[0].values = None), none);
    assert_eq!(all(&|record| value(record, ValueState::Redacted)), none);
    assert_eq!(
        all(&|record| record.detail.queries[0].transaction = Some(0)),
        none
    );
    assert_eq!(
        all(&|record| {
            let set = SqlText {
                statement: statement(3, "SET", "search_path"),
                ..record.detail.texts[0].clone()
            };
            record.detail.texts.push(set);
        }),
        none,
        "each may read another schema"
    );
    assert_eq!(
        all(&|record| record.summary.times.sql_us = 10_000),
        none,
        "cheap"
    );
}

fn route(durations: &[(u64, u64)]) -> RouteSummary {
    let mut histogram = Histogram::default();
    for (us, count) in durations {
        histogram.record_n(*us, *count);
    }
    RouteSummary {
        kind: RequestKind::Request,
        method: "GET".to_owned(),
        route: "/x".to_owned(),
        requests: histogram.count(),
        errors: 0,
        total_us: 0,
        sql_us: 0,
        queries: 0,
        max_queries: 0,
        durations: histogram,
        over_time: Vec::new(),
    }
}

fn slow(route: RouteSummary) -> Option<AcrossFinding> {
    find(&[route], &Sample::default(), &AcrossThresholds::default()).pop()
}

#[test]
fn a_route_is_slow_by_more_than_chance() {
    let found = slow(route(&[(10_000, 90), (400_000, 12)])).unwrap();
    assert_eq!((found.requests, found.of_requests), (12, 102));
    assert_eq!(
        (found.rule, found.severity),
        (SLOW_ROUTE, Severity::Warning)
    );
    assert!(
        found.detail.contains("12 of 102 requests"),
        "{}",
        found.detail
    );
    let far = slow(route(&[(10_000, 90), (1_000_000, 12)])).unwrap();
    assert_eq!(far.severity, Severity::Critical);
    assert_eq!(
        slow(route(&[(10_000, 94), (400_000, 6)])),
        None,
        "may be chance"
    );
    assert_eq!(
        slow(route(&[(10_000, 999), (9_000_000, 1)])),
        None,
        "one of 1,000"
    );
    assert_eq!(slow(route(&[(250_000, 1000)])), None, "below the target");
    assert_eq!(slow(route(&[(400_000, 19)])), None, "too few");
    assert!(slow(route(&[(400_000, 20)])).is_some());
    let job = RouteSummary {
        kind: RequestKind::Job,
        ..route(&[(400_000, 20)])
    };
    assert_eq!(slow(job), None);
}

#[test]
fn each_rule_has_a_name_and_a_label_of_its_own() {
    let all = || RULES.iter().chain(crate::finding::rules::RULES);
    for rule in RULES {
        assert_eq!(all().filter(|other| other.name == rule.name).count(), 1);
        assert_eq!(all().filter(|other| other.label == rule.label).count(), 1);
        assert!(rule.about.ends_with('.'));
    }
}
