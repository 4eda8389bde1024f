//! Times that no clock should tell: the store answers all the same.

use chrono::{DateTime, Utc};
use silk_core::{
    Fingerprint, PlanObservation, PlanShape, PlanSource, Store,
    store::{Budget, RequestFilter, RequestSort, StatementFilter, StatsWindow},
};

use super::{
    driving::{UNLIMITED, all_pages, retain_all_at},
    fixture::{add_queries, at, batch, id_at, plan, request, statement},
};

/// The ends of time, and what lies near the beginning of it.
fn instants() -> [DateTime<Utc>; 5] {
    [
        DateTime::<Utc>::MIN_UTC,
        DateTime::UNIX_EPOCH,
        at(0),
        // A whole hour, so that no bucket is cut by it.
        at(399_999_996_000),
        // To the microsecond, as all times are kept.
        DateTime::from_timestamp_micros(DateTime::<Utc>::MAX_UTC.timestamp_micros())
            .unwrap_or_default(),
    ]
}

/// One request of each instant, with a query and a sight of a plan.
async fn fill(store: &dyn Store) {
    for (number, started_at) in (1..).zip(instants()) {
        let mut record = request(number, 0);
        record.summary.id = id_at(at(0), number);
        record.summary.started_at = started_at;
        add_queries(&mut record, &statement(1, "threads"), 10, 1, 50);
        let mut batch = batch(vec![record]);
        batch.plan_observations = vec![PlanObservation {
            fingerprint: Fingerprint(1),
            database: plan(1, id_at(at(0), number), 0).database,
            source: PlanSource::Estimated,
            shape: PlanShape(number),
            observed_at: started_at,
            duration_us: Some(1),
        }];
        store.write(&batch).await.unwrap();
    }
}

/// Requests of all times are listed, each once, and come back as they were.
pub async fn requests_of_all_times_are_listed(store: &dyn Store) {
    fill(store).await;
    let mut wanted = instants().to_vec();
    wanted.reverse();
    for limit in [1, 2, 50] {
        let filter = RequestFilter {
            limit,
            ..RequestFilter::default()
        };
        let ids = all_pages(store, &filter).await;
        let mut starts = Vec::new();
        for id in ids {
            let record = store.request(id).await.unwrap().unwrap();
            starts.push(record.summary.started_at);
        }
        assert_eq!(starts, wanted);
    }
    for since in instants() {
        for until in instants() {
            let filter = RequestFilter {
                since: Some(since),
                until: Some(until),
                sort: RequestSort::Duration,
                ..RequestFilter::default()
            };
            let count = store.requests(&filter).await.unwrap().items.len();
            let is_within = |at: &DateTime<Utc>| (since..until).contains(at);
            let wanted = instants().iter().filter(|at| is_within(at)).count();
            assert_eq!(count, wanted, "{since} to {until}");
        }
    }
}

/// A window may be as wide as time, empty, or backwards; it takes what lies in it.
pub async fn any_window_is_taken(store: &dyn Store) {
    fill(store).await;
    for since in instants() {
        for until in instants() {
            for buckets in [0, 1, 7, u32::MAX] {
                let window = StatsWindow {
                    since,
                    until,
                    buckets,
                };
                // Edges are rounded outwards to whole buckets, and the end of time lies in one.
                let is_within = |at: &&DateTime<Utc>| {
                    let is_last = **at == instants()[4] && until == instants()[4];
                    **at >= since && (**at < until || is_last)
                };
                let wanted = instants().iter().filter(is_within).count();
                let routes = store.routes(window).await.unwrap();
                let requests: u64 = routes.iter().map(|route| route.requests).sum();
                assert_eq!(requests, u64::try_from(wanted).unwrap(), "{window:?}");
                for route in &routes {
                    let along: u64 = route.over_time.iter().map(|bucket| bucket.count).sum();
                    assert!(
                        buckets == 0 || since >= until || along == requests,
                        "{window:?}"
                    );
                    assert!(route.over_time.len() <= 1000);
                }
                let detail = store.statement(Fingerprint(1), window).await.unwrap();
                assert_eq!(detail.unwrap().durations.count(), requests, "{window:?}");
                let history = store.plan_history(Fingerprint(1), window).await.unwrap();
                assert_eq!(history.len(), wanted, "{window:?}");
                store.plan_changes(window, u32::MAX).await.unwrap();
            }
        }
    }
}

/// Retention comes to an end whatever the clock tells, and however it jumps.
pub async fn any_clock_is_taken(store: &dyn Store) {
    fill(store).await;
    let unlimited = Budget {
        max_age: std::time::Duration::MAX,
        ..UNLIMITED
    };
    for now in instants().into_iter().take(4) {
        retain_all_at(store, unlimited, now).await;
    }
    // A store may have an age of its own, but the future is not old.
    assert!((1..=5).contains(&store.size().await.unwrap().requests));
    let none = Budget {
        max_requests: 0,
        ..UNLIMITED
    };
    for now in [at(0), at(-1), DateTime::<Utc>::MIN_UTC] {
        retain_all_at(store, none, now).await;
    }
    assert_eq!(store.size().await.unwrap().requests, 0);
}

/// A clock that is ahead for a while costs nothing that is there, and what it dated ahead goes when
/// what was written later does.
pub async fn a_clock_that_ran_ahead_wipes_nothing(store: &dyn Store) {
    const DAY_S: i64 = 86_400;
    let budget = Budget {
        max_age: std::time::Duration::from_secs(7 * 86_400),
        ..UNLIMITED
    };
    let write = async |numbers: std::ops::Range<u64>, seconds: i64| {
        let records = numbers
            .map(|number| {
                let mut record = request(number, seconds);
                add_queries(&mut record, &statement(1, "threads"), 10, 1, 50);
                record
            })
            .collect();
        store.write(&batch(records)).await.unwrap();
    };
    let count = async || store.size().await.unwrap().requests;
    let calls = async || {
        let statements = store.statements(&StatementFilter::default()).await.unwrap();
        statements.items.first().map_or(0, |item| item.calls)
    };
    write(0..20, 0).await;
    retain_all_at(store, budget, at(10)).await;
    // An app that starts 400 days later, and records for an hour.
    for minute in [0_i64, 30, 60] {
        let seconds = 400 * DAY_S + minute * 60;
        retain_all_at(store, budget, at(seconds)).await;
        let first = 100 + minute.unsigned_abs();
        write(first..first + 5, seconds).await;
        retain_all_at(store, budget, at(seconds)).await;
    }
    assert_eq!((count().await, calls().await), (35, 35));
    // And again with the right clock: for a day, then for a week.
    for hour in 1..24_i64 {
        let seconds = hour * 3600;
        write(
            1000 + hour.unsigned_abs()..1001 + hour.unsigned_abs(),
            seconds,
        )
        .await;
        retain_all_at(store, budget, at(seconds)).await;
    }
    assert_eq!(count().await, 58);
    for day in 1..=9_i64 {
        let first = 2000 + day.unsigned_abs();
        write(first..first + 1, day * DAY_S).await;
        retain_all_at(store, budget, at(day * DAY_S)).await;
    }
    let left = store.requests(&RequestFilter::default()).await.unwrap();
    let is_ahead = |started_at| started_at > at(10 * DAY_S);
    assert!(
        !left.items.iter().any(|item| is_ahead(item.started_at)),
        "they are gone with what came after them"
    );
    assert_eq!(left.items.len(), 8, "days 2 to 9");
    assert_eq!(calls().await, 67, "figures stay");
}

/// A clock that is right after a long pause is believed in the end.
pub async fn a_long_pause_only_delays(store: &dyn Store) {
    const DAY_S: i64 = 86_400;
    let budget = Budget {
        max_age: std::time::Duration::from_secs(7 * 86_400),
        ..UNLIMITED
    };
    store
        .write(&batch((0..20).map(|n| request(n, 0)).collect()))
        .await
        .unwrap();
    for hour in 0..26_i64 {
        let seconds = 60 * DAY_S + hour * 3600;
        let number = 100 + hour.unsigned_abs();
        store
            .write(&batch(vec![request(number, seconds)]))
            .await
            .unwrap();
        retain_all_at(store, budget, at(seconds)).await;
    }
    assert_eq!(store.size().await.unwrap().requests, 26);
}
