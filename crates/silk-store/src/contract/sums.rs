//! Figures of routes and statements.

use silk_core::{
    DatabaseKind, Fingerprint, Histogram, Store,
    store::{StatementFilter, StatementSort, StatsWindow},
};

use super::{
    driving::{all_day, counted},
    fixture::{add_queries, at, batch, batch_id, call_site, request, run, statement},
};

/// Counts, sums, largest and percentiles per route, by total time.
pub async fn routes_are_summed(store: &dyn Store) {
    // Of 1 to 100 ms, over several batches and minutes.
    let records: Vec<_> = (1..=100_u64)
        .map(|number| {
            let mut record = request(number, i64::try_from(number).unwrap() * 3);
            record.summary.times.total_us = number * 1000;
            record.summary.times.sql_us = number;
            record.summary.query_count = number % 10;
            if number.is_multiple_of(20) {
                record.summary.status = Some(500);
            }
            record
        })
        .collect();
    for part in records.chunks(9) {
        store.write(&batch(part.to_vec())).await.unwrap();
    }
    let mut other = request(999, 10);
    other.summary.method = "POST".to_owned();
    store.write(&batch(vec![other])).await.unwrap();

    let routes = store.routes(all_day()).await.unwrap();
    assert_eq!(routes.len(), 2);
    let [route, other] = &*routes else {
        unreachable!("two routes")
    };
    assert_eq!((&*route.method, &*route.route), ("GET", "/threads/{id}"));
    assert_eq!((route.requests, route.errors), (100, 5));
    assert_eq!((route.total_us, route.sql_us), (5_050_000, 5050));
    assert_eq!((route.queries, route.max_queries), (450, 9));
    for (percent, truth) in [
        (50.0, 50_000),
        (95.0, 95_000),
        (99.0, 99_000),
        (100.0, 100_000),
    ] {
        let got = route.durations.percentile(percent);
        assert!(
            got >= truth && got <= truth + truth / 31,
            "p{percent}: {got}"
        );
    }
    assert_eq!(route.over_time.len(), 4);
    assert_eq!(
        route
            .over_time
            .iter()
            .map(|bucket| bucket.count)
            .sum::<u64>(),
        100
    );
    assert_eq!((&*other.method, other.requests), ("POST", 1));
}

/// Requests that sampling left out count in the figures of their route only.
pub async fn counted_requests_count(store: &dyn Store) {
    let batch = silk_core::WriteBatch {
        id: batch_id(),
        run: run(),
        requests: vec![request(1, 1)],
        counted: vec![counted(2), counted(3)],
        plans: Vec::new(),
        plan_observations: Vec::new(),
    };
    store.write(&batch).await.unwrap();
    let routes = store.routes(all_day()).await.unwrap();
    assert_eq!(routes.len(), 1);
    assert_eq!((routes[0].requests, routes[0].errors), (3, 2));
    assert_eq!((routes[0].total_us, routes[0].max_queries), (6000, 3));
    assert_eq!(store.size().await.unwrap().requests, 1);
}

/// A window takes the minutes that it touches, and no others.
pub async fn windows_are_kept(store: &dyn Store) {
    let records = (0..10_i64).map(|minute| request(7, minute * 60)).collect();
    store.write(&batch(records)).await.unwrap();
    let count = async |since, until| {
        let window = StatsWindow {
            since: at(since),
            until: at(until),
            buckets: 3,
        };
        let routes = store.routes(window).await.unwrap();
        routes.first().map_or(0, |route| {
            let along: u64 = route.over_time.iter().map(|bucket| bucket.count).sum();
            assert_eq!(along, route.requests);
            route.requests
        })
    };
    assert_eq!(count(0, 600).await, 10);
    assert_eq!(count(120, 240).await, 2);
    assert_eq!(count(600, 700).await, 0);
    assert_eq!(count(-60, 0).await, 0);
    assert_eq!(count(240, 120).await, 0);
}

/// Statements are counted, filtered, sorted and paged.
pub async fn statements_are_listed_and_sorted(store: &dyn Store) {
    for number in 1..=5_u64 {
        let mut record = request(number, 1);
        // One is run often and fast, four seldom and slowly.
        add_queries(&mut record, &statement(1, "threads"), 10, 40, 10);
        add_queries(
            &mut record,
            &statement(10 + number % 4, "messages"),
            20,
            1,
            500 * number,
        );
        store.write(&batch(vec![record])).await.unwrap();
    }
    let list = async |filter: StatementFilter| {
        let page = store.statements(&filter).await.unwrap();
        let ids: Vec<u64> = page
            .items
            .iter()
            .map(|item| item.statement.fingerprint.0)
            .collect();
        (ids, page)
    };
    let sorted = |sort| StatementFilter {
        sort,
        ..StatementFilter::default()
    };
    let (ids, page) = list(sorted(StatementSort::Total)).await;
    // 11 ran in requests 1 and 5, for 3000 us; 1 for 2000.
    assert_eq!(ids, [11, 1, 10, 13, 12]);
    assert_eq!((page.total, page.next), (Some(5), None));
    let first = &page.items[0];
    assert_eq!((first.calls, first.requests, first.total_us), (2, 2, 3000));
    assert_eq!((first.max_us, first.rows, first.errors), (2500, 2, 0));
    assert_eq!(first.last_seen_at, at(1));
    assert_eq!(list(sorted(StatementSort::Calls)).await.0[0], 1);
    assert_eq!(list(sorted(StatementSort::Calls)).await.0[1], 11);
    assert_eq!(
        list(sorted(StatementSort::Mean)).await.0,
        [10, 11, 13, 12, 1]
    );
    assert_eq!(
        list(sorted(StatementSort::Max)).await.0,
        [11, 10, 13, 12, 1]
    );
    assert_eq!(list(sorted(StatementSort::CallsPerRequest)).await.0[0], 1);

    let none = StatementFilter::default;
    let by_table = StatementFilter {
        table: Some("threads".to_owned()),
        ..none()
    };
    assert_eq!(list(by_table).await.0, [1]);
    let by_text = StatementFilter {
        text: Some("FROM MESS".to_owned()),
        ..none()
    };
    assert_eq!(list(by_text).await.0.len(), 4);
    let by_command = StatementFilter {
        command: Some("INSERT".to_owned()),
        ..none()
    };
    assert_eq!(list(by_command).await.0.len(), 0);
    let by_database = StatementFilter {
        database: Some(DatabaseKind::Postgres),
        ..none()
    };
    assert_eq!(list(by_database).await.0.len(), 5);
    let by_other = StatementFilter {
        database: Some(DatabaseKind::Sqlite),
        ..none()
    };
    assert_eq!(list(by_other).await.0.len(), 0);

    let (ids, page) = list(StatementFilter { limit: 2, ..none() }).await;
    assert_eq!(
        (ids, page.next.map(|next| next.key)),
        (vec![11, 1], Some(2))
    );
    let (ids, page) = list(StatementFilter {
        limit: 2,
        offset: 4,
        ..none()
    })
    .await;
    assert_eq!((ids, page.next), (vec![12], None));
}

/// A statement tells routes, call sites, slowest requests and its course.
pub async fn a_statement_tells_who_runs_it(store: &dyn Store) {
    let threads = statement(1, "threads");
    let mut records = Vec::new();
    for number in 1..=30_u64 {
        let mut record = request(number, 1);
        add_queries(&mut record, &threads, 10, 2, 100 * number);
        add_queries(&mut record, &threads, 20, 1, 10);
        if number > 20 {
            record.summary.route = "/other".to_owned();
        }
        records.push(record);
    }
    store.write(&batch(records.clone())).await.unwrap();
    let detail = store
        .statement(Fingerprint(1), all_day())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(detail.summary.statement, threads);
    assert_eq!((detail.summary.calls, detail.summary.requests), (90, 30));
    assert_eq!(detail.durations.count(), 90);
    let routes: Vec<_> = detail
        .routes
        .iter()
        .map(|used| (&*used.route, used.requests, used.calls))
        .collect();
    assert_eq!(routes, [("/other", 10, 30), ("/threads/{id}", 20, 60)]);
    let sites: Vec<_> = detail
        .call_sites
        .iter()
        .map(|used| (used.call_site.clone(), used.calls))
        .collect();
    assert_eq!(
        sites,
        [(Some(call_site(10)), 60), (Some(call_site(20)), 30)]
    );
    assert_eq!(detail.slowest.len(), 20);
    let slowest = &detail.slowest[0];
    assert_eq!(slowest.request_id, records[29].summary.id);
    assert_eq!(
        (slowest.calls, slowest.max_us, slowest.total_us),
        (3, 3000, 6010)
    );
    assert_eq!((&*slowest.route, slowest.started_at), ("/other", at(1)));
    assert!(
        detail
            .slowest
            .is_sorted_by(|one, other| one.max_us >= other.max_us)
    );
    assert_eq!(
        detail
            .over_time
            .iter()
            .map(|bucket| bucket.count)
            .sum::<u64>(),
        90
    );

    let elsewhere = StatsWindow {
        since: at(3600),
        until: at(7200),
        buckets: 2,
    };
    let detail = store
        .statement(Fingerprint(1), elsewhere)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((detail.routes.len(), detail.durations.count()), (0, 0));
    assert_eq!(
        store.statement(Fingerprint(2), all_day()).await.unwrap(),
        None
    );
}

/// Percentiles of a statement are of its calls, not of the means of the requests that made them.
pub async fn percentiles_of_a_statement_are_of_calls(store: &dyn Store) {
    // Nine calls of 1 ms and one of 91: the mean is 10.
    let records = (1..=2).map(|number| {
        let mut record = request(number, number.cast_signed() * 90);
        add_queries(&mut record, &statement(1, "threads"), 10, 10, 10_000);
        let used = &mut record.statements[0];
        used.max_us = 91_000;
        used.durations = Histogram::default();
        used.durations.record_n(1000, 9);
        used.durations.record(91_000);
        record
    });
    for record in records {
        store.write(&batch(vec![record])).await.unwrap();
    }
    let detail = store.statement(Fingerprint(1), all_day()).await.unwrap();
    let detail = detail.unwrap();
    assert_eq!((detail.summary.calls, detail.durations.count()), (20, 20));
    for (percent, truth) in [(50.0, 1000), (90.0, 1000), (95.0, 91_000), (99.0, 91_000)] {
        let got = detail.durations.percentile(percent);
        assert!(
            got >= truth && got <= truth + truth / 31,
            "p{percent}: {got}"
        );
    }
    let p95 = detail.over_time.iter().map(|bucket| bucket.p95_us).max();
    assert_eq!(p95, Some(91_000));
}

/// Calls of which no duration is known count, and are in no percentile.
pub async fn calls_without_a_duration_are_in_no_percentile(store: &dyn Store) {
    let mut record = request(1, 1);
    add_queries(&mut record, &statement(1, "threads"), 10, 10, 10_000);
    record.statements[0].durations = Histogram::default();
    store.write(&batch(vec![record])).await.unwrap();
    let detail = store.statement(Fingerprint(1), all_day()).await.unwrap();
    let detail = detail.unwrap();
    assert_eq!((detail.summary.calls, detail.durations.count()), (10, 0));
    let counts: u64 = detail.over_time.iter().map(|bucket| bucket.count).sum();
    assert_eq!(counts, 10);
    assert!(detail.over_time.iter().all(|bucket| bucket.p95_us == 0));
}
