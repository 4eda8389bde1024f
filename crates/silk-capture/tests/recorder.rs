//! Queue, writer and budget: nothing is lost unseen, and nothing of ours reaches the app.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod support;

use std::{
    convert::Infallible,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty, Full};
use silk_capture::{ActiveRequest, RecorderConfig, in_current_request, record::SqlSource, run_job};
use silk_core::{LossReason, Outcome, RequestKind, StoreErrorKind};
use support::{Fixture, fixture, fixture_with, push_of, query, query_as, store::Mood};
use tower::{Layer as _, ServiceExt as _, service_fn};

async fn send(silk: &Fixture, path: &str) {
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            query("SELECT 1");
            tokio::task::yield_now().await;
            query("SELECT 1");
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok"))))
        }));
    let request = Request::get(path).body(Empty::new()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "ok"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_keep_their_queries_apart() {
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|request: Request<Empty<Bytes>>| async move {
            let number: usize = request.uri().path()[1..].parse().unwrap();
            for step in 0..number {
                let sql = format!("SELECT {number} AS of_{number}_{step}");
                query_as(SqlSource::Shared(sql.into()), Outcome::Completed);
                tokio::task::yield_now().await;
            }
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok"))))
        }));
    let one = |number: usize| {
        let service = service.clone();
        async move {
            let request = Request::get(format!("/{number}"))
                .body(Empty::new())
                .unwrap();
            service
                .oneshot(request)
                .await
                .unwrap()
                .into_body()
                .collect()
                .await
                .unwrap();
        }
    };
    // Half of them on one task, half on tasks of their own.
    let spawned: Vec<_> = (0..32).map(|number| tokio::spawn(one(number))).collect();
    futures_util::future::join_all((32..64).map(one)).await;
    for task in spawned {
        task.await.unwrap();
    }
    let records = silk.records();
    assert_eq!(records.len(), 64);
    for record in records {
        let number: usize = record.summary.path[1..].parse().unwrap();
        assert_eq!(record.detail.queries.len(), number);
        assert!(
            record
                .detail
                .texts
                .iter()
                .all(|text| text.text.contains(&format!("of_{number}_")))
        );
    }
    assert_eq!(silk.vitals().queries, (0..64).sum::<u64>());
}

#[tokio::test]
async fn a_store_in_trouble_costs_records_and_says_which() {
    let cases = [
        (
            Mood::Failing(StoreErrorKind::Unavailable),
            LossReason::StoreUnavailable,
        ),
        (Mood::Failing(StoreErrorKind::Full), LossReason::StoreFull),
        (
            Mood::Failing(StoreErrorKind::ReadOnly),
            LossReason::StoreReadOnly,
        ),
        (
            Mood::Failing(StoreErrorKind::Corrupt),
            LossReason::StoreCorrupt,
        ),
        (
            Mood::Failing(StoreErrorKind::Locked),
            LossReason::StoreLocked,
        ),
        (Mood::Failing(StoreErrorKind::Other), LossReason::StoreError),
        (Mood::Panicking, LossReason::Internal),
    ];
    for (mood, reason) in cases {
        let silk = fixture();
        silk.store.set(mood);
        for _ in 0..5 {
            send(&silk, "/").await;
        }
        silk.flush();
        assert_eq!(silk.vitals().lost, [(reason, 5)], "{mood:?}");
        let (at, _) = silk.vitals().store_error.unwrap();
        assert!((chrono::Utc::now() - at).num_seconds() < 60);
        // It recovers without a restart.
        silk.store.set(Mood::Well);
        tokio::time::sleep(Duration::from_millis(300)).await;
        send(&silk, "/").await;
        assert_eq!(silk.records().len(), 1, "{mood:?}");
        assert_eq!(silk.vitals().memory_bytes, 0);
        assert_eq!(silk.vitals().store_error, None, "{mood:?}: it is well");
    }
}

#[tokio::test]
async fn what_cannot_be_read_back_is_lost_and_not_recorded() {
    for (kind, reason) in [
        (StoreErrorKind::Corrupt, LossReason::StoreCorrupt),
        (StoreErrorKind::Unavailable, LossReason::StoreUnavailable),
    ] {
        let silk = fixture();
        send(&silk, "/").await;
        silk.flush();
        assert_eq!((silk.vitals().recorded, silk.lost()), (1, 0));
        *silk.store.unreadable.lock().unwrap() = Some(kind);
        for _ in 0..3 {
            send(&silk, "/").await;
        }
        silk.flush();
        let vitals = silk.vitals();
        assert_eq!((vitals.recorded, vitals.lost), (1, vec![(reason, 3)]));
        assert!(vitals.store_error.is_some());
        let recorded: u64 = vitals.minutes.iter().map(|minute| minute.recorded).sum();
        assert_eq!(recorded, 1);
        *silk.store.unreadable.lock().unwrap() = None;
        tokio::time::sleep(Duration::from_millis(300)).await;
        send(&silk, "/").await;
        silk.flush();
        assert_eq!((silk.vitals().recorded, silk.lost()), (2, 3));
        assert_eq!(silk.vitals().store_error, None);
    }
}

#[tokio::test]
async fn what_cannot_be_told_yet_is_asked_again() {
    let silk = fixture();
    *silk.store.unreadable.lock().unwrap() = Some(StoreErrorKind::Locked);
    send(&silk, "/").await;
    silk.flush();
    assert_eq!((silk.vitals().recorded, silk.lost()), (1, 0));
    *silk.store.unreadable.lock().unwrap() = Some(StoreErrorKind::Corrupt);
    tokio::time::sleep(Duration::from_millis(300)).await;
    send(&silk, "/").await;
    silk.flush();
    assert_eq!((silk.vitals().recorded, silk.lost()), (0, 2));
}

#[tokio::test]
async fn a_short_lock_loses_nothing() {
    let silk = fixture();
    silk.store.set(Mood::Failing(StoreErrorKind::Locked));
    send(&silk, "/").await;
    while silk.store.writes.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    silk.store.set(Mood::Well);
    assert_eq!(silk.records().len(), 1);
    assert_eq!(silk.lost(), 0);
}

#[tokio::test]
async fn what_is_recorded_and_what_is_lost_is_all_there_was() {
    let silk = fixture_with(RecorderConfig {
        queue_capacity: 8,
        batch_size: 4,
        ..Default::default()
    });
    silk.store.set(Mood::Slow(Duration::from_millis(100)));
    let started = Instant::now();
    for _ in 0..500 {
        send(&silk, "/").await;
    }
    let took = started.elapsed();
    assert!(
        took < Duration::from_secs(2),
        "a slow store held requests up: {took:?}"
    );
    silk.store.set(Mood::Well);
    let recorded = silk.records().len() as u64;
    assert!(recorded >= 8 && silk.lost() > 0);
    assert_eq!(recorded + silk.lost(), 500);
    assert_eq!(silk.vitals().lost[0].0, LossReason::QueueFull);
    assert_eq!(
        (silk.vitals().queue_length, silk.vitals().memory_bytes),
        (0, 0)
    );
}

#[tokio::test]
async fn memory_is_bounded_and_counts_stay_exact() {
    let silk = fixture_with(RecorderConfig {
        memory_bytes: 64 << 10,
        ..Default::default()
    });
    let recorder = silk.recorder.clone();
    run_job(&recorder, RequestKind::Job, "import", async {
        for _ in 0..10_000 {
            query("INSERT INTO t VALUES (?)");
        }
        assert!(silk.vitals().memory_bytes <= 64 << 10);
    })
    .await;
    let record = silk.record();
    assert_eq!(record.summary.query_count, 10_000);
    assert!(record.detail.queries_not_kept > 5_000);
    assert_eq!(
        record.detail.queries.len() as u64 + record.detail.queries_not_kept,
        10_000
    );
    assert_eq!(
        record
            .statements
            .iter()
            .map(|statement| statement.calls)
            .sum::<u64>(),
        10_000
    );
    assert_eq!(record.detail.texts.len(), 1);
    // No room for a request at all.
    let silk = fixture_with(RecorderConfig {
        memory_bytes: 100,
        ..Default::default()
    });
    send(&silk, "/").await;
    assert_eq!(silk.vitals().lost, [(LossReason::MemoryBudget, 1)]);
}

#[tokio::test]
async fn the_cap_on_queries_keeps_counts_exact() {
    let silk = fixture_with(RecorderConfig {
        max_queries: 10,
        ..Default::default()
    });
    run_job(&silk.recorder, RequestKind::Job, "loop", async {
        for number in 0..40 {
            query(if number % 2 == 0 {
                "SELECT 1"
            } else {
                "SELECT a FROM b"
            });
        }
    })
    .await;
    let record = silk.record();
    assert_eq!(
        (record.detail.queries.len(), record.detail.queries_not_kept),
        (10, 30)
    );
    let mut calls: Vec<u64> = record
        .statements
        .iter()
        .map(|statement| statement.calls)
        .collect();
    calls.sort_unstable();
    assert_eq!(calls.iter().sum::<u64>(), 40);
    assert_eq!(calls, [20, 20]);
}

#[tokio::test]
async fn durations_of_calls_are_told_apart_beyond_the_cap_too() {
    // Two requests of nine calls of 1 ms and one of 91 ms, most of them beyond the cap.
    for max_queries in [100, 3, 0] {
        let silk = fixture_with(RecorderConfig {
            max_queries,
            ..Default::default()
        });
        for _ in 0..2 {
            run_job(&silk.recorder, RequestKind::Job, "prefetch", async {
                let active = ActiveRequest::current().unwrap();
                for number in 0..10 {
                    let ms = if number == 4 { 91 } else { 1 };
                    push_of(&active, "SELECT 1", Duration::from_millis(ms));
                }
            })
            .await;
        }
        for record in silk.records() {
            let durations = &record.statements[0].durations;
            let buckets: Vec<_> = durations.buckets().map(|(_, count)| count).collect();
            assert_eq!((durations.count(), durations.max()), (10, 91_000));
            assert_eq!(buckets, [9, 1], "cap of {max_queries}");
            assert_eq!(durations.percentile(50.0) / 100, 10);
        }
    }
}

#[tokio::test]
async fn durations_beyond_the_cap_stay_within_the_memory() {
    let silk = fixture_with(RecorderConfig {
        memory_bytes: 16 << 10,
        max_queries: 10,
        ..Default::default()
    });
    run_job(&silk.recorder, RequestKind::Job, "import", async {
        let active = ActiveRequest::current().unwrap();
        for number in 0..20_000_u64 {
            // More buckets than there is room for.
            push_of(&active, "SELECT 1", Duration::from_micros(number * number));
        }
        assert!(silk.vitals().memory_bytes <= 16 << 10);
    })
    .await;
    let record = silk.record();
    let statement = &record.statements[0];
    assert_eq!(statement.calls, 20_000, "counts stay exact");
    assert!((1..20_000).contains(&statement.durations.count()));
}

#[tokio::test]
async fn switched_off_nothing_is_recorded() {
    let silk = fixture();
    silk.recorder.set_recording(false);
    send(&silk, "/").await;
    assert!(silk.records().is_empty());
    assert_eq!((silk.vitals().seen, silk.vitals().queries), (0, 0));
    silk.recorder.set_recording(true);
    send(&silk, "/").await;
    assert_eq!(silk.records().len(), 1);
}

#[tokio::test]
async fn what_sampling_leaves_out_is_counted() {
    let silk = fixture_with(RecorderConfig {
        sample_share: 0.0,
        ..Default::default()
    });
    send(&silk, "/a").await;
    let counted = silk.counted();
    assert_eq!(counted.len(), 1);
    assert_eq!(
        (counted[0].route.as_str(), counted[0].query_count),
        ("/a", 2)
    );
    assert!(!counted[0].is_failed && counted[0].total_us >= counted[0].sql_us);
    assert_eq!((silk.vitals().not_sampled, silk.vitals().recorded), (1, 0));

    let silk = fixture_with(RecorderConfig {
        skip_paths: vec!["/health".to_owned()],
        ..Default::default()
    });
    send(&silk, "/health/live").await;
    send(&silk, "/heal").await;
    assert_eq!(silk.record().summary.path, "/heal");
    assert_eq!(silk.counted().len(), 1);

    let silk = fixture_with(RecorderConfig {
        sample_share: 0.5,
        ..Default::default()
    });
    for _ in 0..400 {
        send(&silk, "/").await;
    }
    let kept = silk.records().len();
    assert!((120..280).contains(&kept), "{kept} of 400");
    assert_eq!(kept + silk.counted().len(), 400);
}

#[tokio::test]
async fn a_record_waits_for_what_outlives_its_body() {
    let silk = fixture_with(RecorderConfig {
        linger: Duration::from_millis(400),
        ..Default::default()
    });
    for outlives in [Duration::from_millis(100), Duration::from_secs(60)] {
        let before = silk.records().len();
        let service = silk
            .layer()
            .layer(service_fn(move |_: Request<Empty<Bytes>>| async move {
                tokio::spawn(in_current_request(async move {
                    tokio::time::sleep(outlives).await;
                    query("SELECT late");
                }));
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }));
        service
            .oneshot(Request::get("/").body(Empty::new()).unwrap())
            .await
            .unwrap();
        assert_eq!(silk.records().len(), before, "still held");
        tokio::time::sleep(Duration::from_millis(700)).await;
        let records = silk.records();
        assert_eq!(records.len(), before + 1);
        let late = u64::from(outlives < Duration::from_secs(1));
        assert_eq!(records[before].summary.query_count, late);
    }
}

#[tokio::test]
async fn jobs_name_their_parent_and_end_as_they_end() {
    let silk = fixture();
    let recorder = silk.recorder.clone();
    let value = run_job(&silk.recorder, RequestKind::Test, "outer", async {
        query("SELECT outer");
        let outer = ActiveRequest::current().unwrap().id();
        let inner = run_job(&recorder, RequestKind::Job, "inner", async {
            query("SELECT inner");
            7
        })
        .await;
        assert_eq!(ActiveRequest::current().unwrap().id(), outer);
        inner
    })
    .await;
    assert_eq!(value, 7);
    let records = silk.records();
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].summary.parent_id, Some(records[0].summary.id));
    assert_eq!(
        (records[0].summary.route.as_str(), records[0].summary.kind),
        ("outer", RequestKind::Test)
    );
    assert_eq!(records[1].summary.query_count, 1);
    {
        let mut job = Box::pin(run_job(
            &silk.recorder,
            RequestKind::Job,
            "dropped",
            std::future::pending::<()>(),
        ));
        assert!(futures_util::FutureExt::now_or_never(&mut job).is_none());
    }
    assert_eq!(silk.records()[2].summary.outcome, Outcome::Dropped);
}

#[tokio::test]
async fn shutdown_stores_what_there_is_and_may_be_called_again() {
    let silk = fixture();
    for _ in 0..50 {
        send(&silk, "/").await;
    }
    let open = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"open"))))
        }));
    let open = open
        .oneshot(Request::get("/").body(Empty::new()).unwrap())
        .await
        .unwrap();
    let report = silk.recorder.shutdown(Duration::from_secs(10));
    assert!(report.is_complete);
    assert_eq!(
        (report.recorded, report.unwritten, report.still_active),
        (50, 0, 1)
    );
    drop(open);
    let again = silk.recorder.shutdown(Duration::from_secs(10));
    assert_eq!((again.recorded, again.still_active), (50, 0));
    assert_eq!(again.lost, [(LossReason::Shutdown, 1)]);
    send(&silk, "/").await;
    assert_eq!(silk.recorder.shutdown(Duration::ZERO).recorded, 50);
}

#[tokio::test]
async fn a_store_that_never_answers_costs_records_and_no_more() {
    let silk = fixture_with(RecorderConfig {
        queue_capacity: 16,
        ..RecorderConfig::default()
    });
    silk.store.set(Mood::Silent);
    const SENT: u64 = 400;
    for _ in 0..SENT {
        // Each of them answers, whatever becomes of its record.
        send(&silk, "/silent").await;
    }
    let vitals = silk.vitals();
    assert_eq!((vitals.seen, vitals.active), (SENT, 0));
    assert!(
        silk.lost() > 0,
        "what found no room is counted: {vitals:#?}"
    );
    let recorder = silk.recorder.clone();
    let timeout = Duration::from_millis(200);
    let started = Instant::now();
    let report = tokio::task::spawn_blocking(move || recorder.shutdown(timeout))
        .await
        .unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "it comes back in time"
    );
    assert!(!report.is_complete);
    assert_eq!(report.recorded, 0);
    let lost: u64 = report.lost.iter().map(|(_, count)| count).sum();
    // What the writer is stuck with is still counted as queued.
    assert_eq!(lost + report.unwritten, SENT, "{report:#?}");
}
