//! Lines of code, and a route from build to build.

use silk_core::{
    CallSite, RequestKind, RequestRecord, RunId, RunRecord, Store, WriteBatch,
    across::Sample,
    store::{Acceptance, MAX_ACCEPTANCES, MAX_OWN_STATEMENTS, RouteName, StatsWindow},
};

use super::{
    driving::{all_day, counted},
    fixture::{add_queries, at, batch, call_site, request, run, statement},
};

/// The route of all fixtures.
pub(super) fn threads() -> RouteName {
    route_named("/threads/{id}")
}

pub(super) fn route_named(route: &str) -> RouteName {
    RouteName {
        kind: RequestKind::Request,
        method: "GET".to_owned(),
        route: route.to_owned(),
    }
}

/// A run of a build, started `seconds` after noon.
pub(super) fn run_of(build: Option<&str>, seconds: i64) -> RunRecord {
    let number = u128::try_from(seconds + 1_000_000).unwrap_or(0) << 64;
    let name = build.unwrap_or("none").bytes();
    let name = name.fold(0, |sum, byte| sum * 31 + u128::from(byte));
    RunRecord {
        id: RunId(uuid::Uuid::from_u128(number | name)),
        started_at: at(seconds),
        build: build.map(str::to_owned),
        ..run()
    }
}

/// A batch of another run.
pub(super) fn batch_of(run: &RunRecord, batch: WriteBatch) -> WriteBatch {
    let mut batch = WriteBatch {
        run: run.clone(),
        ..batch
    };
    for record in &mut batch.requests {
        record.summary.run_id = run.id;
    }
    batch
}

/// Lines are summed over statements, routes and requests, and what the newest requests tell of them
/// is told.
pub async fn lines_are_summed(store: &dyn Store) {
    assert_eq!(store.hotspots(all_day(), 10).await.unwrap(), []);
    let (one, two) = (statement(1, "threads"), statement(2, "people"));
    let mut first = request(1, 0);
    add_queries(&mut first, &one, 10, 1, 100);
    add_queries(&mut first, &two, 20, 30, 10);
    add_queries(&mut first, &one, 20, 2, 40);
    let mut second = request(2, 70);
    second.summary.route = "/other".to_owned();
    add_queries(&mut second, &two, 20, 1, 15);
    let mut third = request(3, 71);
    add_queries(&mut third, &one, 30, 1, 5);
    third.statements[0].call_site = None;
    store
        .write(&batch(vec![first, second, third]))
        .await
        .unwrap();

    let hotspots = store.hotspots(all_day(), 10).await.unwrap();
    let lines: Vec<_> = hotspots
        .iter()
        .map(|hot| {
            let line = hot.call_site.as_ref().map(|site| site.line);
            (line, hot.calls, hot.total_us, hot.statements, hot.routes)
        })
        .collect();
    assert_eq!(
        lines,
        [
            (Some(20), 33, 395, 2, 2),
            (Some(10), 1, 100, 1, 1),
            (None, 1, 5, 1, 1),
        ]
    );
    let loops = &hotspots[0];
    assert_eq!(loops.call_site, Some(call_site(20)));
    assert_eq!((&loops.statement, loops.statement_us), (&two, 315));
    assert_eq!((&loops.route, loops.route_us), (&threads(), 380));
    assert_eq!((loops.rows, loops.errors), (33, 0));
    assert_eq!(
        (
            loops.requests_seen,
            loops.calls_seen,
            loops.most_calls_in_request
        ),
        (2, 33, 32)
    );
    assert_eq!(hotspots[1].most_calls_in_request, 1);
    assert_eq!(
        hotspots[2].requests_seen, 1,
        "of lines that were not captured"
    );

    assert_eq!(store.hotspots(all_day(), 1).await.unwrap(), hotspots[..1]);
    assert_eq!(store.hotspots(all_day(), 0).await.unwrap(), []);
    let later = StatsWindow {
        since: at(60),
        ..all_day()
    };
    let hotspots = store.hotspots(later, 10).await.unwrap();
    assert_eq!((hotspots.len(), hotspots[0].calls), (2, 1));
    assert_eq!(hotspots[0].most_calls_in_request, 1);
}

/// Of lines that took the same, the order is that of their names, and so is what is named of each.
pub async fn lines_of_the_same_time_keep_their_order(store: &dyn Store) {
    let mut records = Vec::new();
    for (number, line) in [(3, 12), (1, 40), (2, 7)] {
        let mut record = request(number, 0);
        record.summary.route = format!("/{}", 9 - number);
        add_queries(&mut record, &statement(9 - number, "a"), line, 1, 50);
        add_queries(&mut record, &statement(50, "b"), line, 1, 50);
        records.push(record);
    }
    store.write(&batch(records)).await.unwrap();
    let hotspots = store.hotspots(all_day(), 10).await.unwrap();
    let told: Vec<_> = hotspots
        .iter()
        .map(|hot| {
            let line = hot.call_site.as_ref().map_or(0, |site| site.line);
            (line, hot.statement.fingerprint.0)
        })
        .collect();
    assert_eq!(told, [(7, 7), (12, 6), (40, 8)]);
}

/// Of many statements of a line those that took most have sums of their own; the rest is told.
pub async fn the_rest_of_many_statements_is_told(store: &dyn Store) {
    let most = u64::try_from(MAX_OWN_STATEMENTS).unwrap();
    // In two batches and two minutes: the rest is of each minute.
    for (number, seconds) in [(1, 0), (2, 1), (3, 60)] {
        let mut record = request(number, seconds);
        for one in 1..=most + 10 {
            add_queries(&mut record, &statement(one, "made_up"), 20, 1, 100 + one);
        }
        add_queries(&mut record, &statement(1, "made_up"), 30, 1, 5000);
        store.write(&batch(vec![record])).await.unwrap();
    }
    let hotspots = store.hotspots(all_day(), 10).await.unwrap();
    let whole: u64 = (1..=most + 10).map(|one| 100 + one).sum();
    let told: Vec<_> = hotspots
        .iter()
        .map(|hot| {
            (
                hot.calls,
                hot.total_us,
                hot.statements,
                hot.has_more_statements,
            )
        })
        .collect();
    let calls = 3 * (most + 10);
    assert_eq!(
        told,
        [(calls, 3 * whole, most, true), (3, 15_000, 1, false)]
    );
    assert_eq!(hotspots[0].statement.fingerprint.0, most + 10);

    let detail = store.route(&threads(), all_day()).await.unwrap().unwrap();
    // The first is known from its other line.
    assert_eq!(detail.statements.len(), MAX_OWN_STATEMENTS + 1);
    let first = &detail.statements[0];
    assert_eq!((first.statement.fingerprint.0, first.calls), (1, 3));
    let second = &detail.statements[1];
    assert_eq!((second.calls, second.durations.count()), (3, 3));
    let other = detail.other_statements.unwrap();
    assert_eq!((other.calls, other.max_us), (30, 110));
    let own: u64 = detail.statements.iter().map(|one| one.total_us).sum();
    assert_eq!(own + other.total_us, 3 * whole + 15_000);
}

/// Writes requests of a route under two builds and under none: the build that sorts first came
/// later, and the other one ran twice.
async fn write_builds(store: &dyn Store) {
    let (one, two) = (statement(1, "threads"), statement(2, "people"));
    let mut number = 0;
    let mut requests = |seconds: i64, calls: u32, each_us: u64| {
        number += 1;
        let mut record = request(number, seconds);
        add_queries(&mut record, &one, 10, 1, 100);
        add_queries(&mut record, &two, 20, calls, each_us);
        add_queries(&mut record, &two, 21, 1, each_us);
        record
    };
    let old = vec![requests(-300, 4, 50), requests(-290, 4, 50)];
    let new = vec![requests(0, 1, 50)];
    let again = vec![requests(120, 4, 60)];
    let mut other = requests(130, 1, 1);
    other.summary.route = "/other".to_owned();
    let mut waiting = requests(140, 1, 1);
    waiting.summary.times.wait_us = 70;
    let unnamed = vec![other, waiting];
    for (build, started, records) in [
        (Some("b"), -301, old),
        (Some("a"), -30, new),
        (Some("b"), 119, again),
        (None, 125, unnamed),
    ] {
        let batch = batch_of(&run_of(build, started), batch(records));
        store.write(&batch).await.unwrap();
    }
    let mut sampled = batch_of(&run_of(Some("a"), -30), batch(Vec::new()));
    sampled.counted.push(counted(2));
    store.write(&sampled).await.unwrap();
    // Counted once, however often it is written.
    store.write(&sampled).await.unwrap();
}

/// Figures of a route are told by build, in order of first use.
pub async fn a_route_tells_its_builds(store: &dyn Store) {
    write_builds(store).await;
    let detail = store.route(&threads(), all_day()).await.unwrap().unwrap();
    let builds: Vec<_> = detail
        .builds
        .iter()
        .map(|build| {
            let name = build.build.as_deref();
            (name, build.requests, build.errors, build.queries)
        })
        .collect();
    assert_eq!(
        builds,
        [(Some("b"), 3, 0, 18), (Some("a"), 2, 1, 5), (None, 1, 0, 3),]
    );
    let b = &detail.builds[0];
    assert_eq!((b.first_at, b.last_at), (at(-300), at(120)));
    assert_eq!(b.durations.count(), 3);
    assert_eq!((b.max_queries, b.sql_us), (6, 350 + 350 + 400));
    // A bucket may begin before the run did.
    assert_eq!(detail.builds[1].first_at, at(0));
    assert_eq!(detail.builds[2].first_at, at(125));
    let later = StatsWindow {
        since: at(60),
        ..all_day()
    };
    let detail = store.route(&threads(), later).await.unwrap().unwrap();
    assert_eq!(detail.builds.len(), 2);
    assert_eq!((detail.summary.requests, detail.newest.requests), (2, 2));
}

/// A route has its figures, as the list of routes tells them, and its statements.
pub async fn a_route_tells_what_it_ran(store: &dyn Store) {
    assert_eq!(store.route(&threads(), all_day()).await.unwrap(), None);
    write_builds(store).await;
    let detail = store.route(&threads(), all_day()).await.unwrap().unwrap();
    let routes = store.routes(all_day()).await.unwrap();
    let listed = routes.iter().find(|route| route.route == "/threads/{id}");
    assert_eq!(Some(&detail.summary), listed);
    let statements: Vec<_> = detail
        .statements
        .iter()
        .map(|used| {
            (
                used.statement.fingerprint.0,
                used.calls,
                used.requests,
                used.total_us,
                used.call_sites,
                used.durations.count(),
            )
        })
        .collect();
    assert_eq!(statements, [(2, 19, 5, 902, 2, 19), (1, 5, 5, 500, 1, 5)]);
    let newest = detail.newest;
    assert_eq!((newest.requests, newest.waited, newest.wait_us), (5, 1, 70));
    for unknown in [
        route_named("/nowhere"),
        RouteName {
            kind: RequestKind::Job,
            ..threads()
        },
    ] {
        assert_eq!(store.route(&unknown, all_day()).await.unwrap(), None);
    }
}

/// A sample holds the newest requests of a route, whole, whatever stands in its name.
pub async fn a_sample_is_of_the_newest(store: &dyn Store) {
    let starred = route_named("/1*2*3*4*5*6*7*8*9*10*/x");
    let mut records = Vec::new();
    for number in 0..30 {
        let mut record = request(number, number.cast_signed());
        add_queries(&mut record, &statement(1, "threads"), 10, 2, 5);
        match number % 3 {
            0 => record.summary.route = "/other".to_owned(),
            1 => record.summary.route.clone_from(&starred.route),
            _ => {}
        }
        records.push(record);
    }
    store.write(&batch(records.clone())).await.unwrap();
    let ids = |sample: Sample| {
        let is_whole = |record: &RequestRecord| record.detail.queries.len() == 2;
        assert!(sample.requests.iter().all(is_whole));
        let ids = sample.requests.iter().map(|record| record.summary.id);
        ids.collect::<Vec<_>>()
    };
    let of = |numbers: &[usize]| -> Vec<_> {
        numbers.iter().map(|at| records[*at].summary.id).collect()
    };
    let day = all_day();
    let sample = Sample::newest(store, day, Some(&threads()), 3).await;
    assert_eq!(ids(sample.unwrap()), of(&[29, 26, 23]));
    let sample = Sample::newest(store, day, Some(&starred), 2).await;
    assert_eq!(ids(sample.unwrap()), of(&[28, 25]));
    let sample = Sample::newest(store, day, None, u32::MAX).await;
    assert_eq!(sample.unwrap().requests.len(), 30);
    let until = at(10);
    let sample = Sample::newest(store, StatsWindow { until, ..day }, None, 2).await;
    assert_eq!(ids(sample.unwrap()), of(&[9, 8]));
}

/// An acceptance of everything that can be named.
fn acceptance() -> Acceptance {
    Acceptance {
        id: 0,
        rule: "slow_query".to_owned(),
        route: Some(threads()),
        fingerprint: Some(silk_core::Fingerprint(u64::MAX)),
        call_site: Some(CallSite {
            function: "f".to_owned(),
            file: "src/ä.rs".to_owned(),
            line: u32::MAX,
        }),
        by: "Ada".to_owned(),
        why: "'; --".to_owned(),
        until_build: Some("5c".to_owned()),
        at: at(3),
    }
}

/// What is accepted comes back in full, newest first, until it is withdrawn; clearing leaves it.
pub async fn what_is_accepted_stays_until_withdrawn(store: &dyn Store) {
    assert_eq!(store.acceptances().await.unwrap(), []);
    let full = acceptance();
    let bare = Acceptance {
        route: None,
        fingerprint: None,
        call_site: None,
        until_build: None,
        at: at(9),
        ..acceptance()
    };
    let first = store.accept(&full).await.unwrap();
    let second = store.accept(&bare).await.unwrap();
    assert_ne!(first, second);
    let wanted = [
        Acceptance { id: second, ..bare },
        Acceptance { id: first, ..full },
    ];
    assert_eq!(store.acceptances().await.unwrap(), wanted);
    store.clear().await.unwrap();
    store.close().await.unwrap();
    assert_eq!(store.acceptances().await.unwrap(), wanted);
    assert!(store.withdraw(second).await.unwrap());
    assert!(!store.withdraw(second).await.unwrap());
    assert_eq!(store.acceptances().await.unwrap(), wanted[1..]);
    // A number is not given again: a page may still show the old one.
    let third = store.accept(&acceptance()).await.unwrap();
    assert!(third > second, "{third}");
}

/// So many are kept, and one more is refused.
pub async fn acceptances_are_bounded(store: &dyn Store) {
    for _ in 0..MAX_ACCEPTANCES {
        store.accept(&acceptance()).await.unwrap();
    }
    let refused = store.accept(&acceptance()).await.unwrap_err();
    assert!(refused.to_string().contains("1000 findings are accepted"));
    let newest = store.acceptances().await.unwrap()[0].id;
    assert!(store.withdraw(newest).await.unwrap());
    store.accept(&acceptance()).await.unwrap();
}
