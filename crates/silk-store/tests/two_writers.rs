//! Two apps on one file: both make it, both write, none loses or spoils what the other keeps.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{path::Path, time::Duration};

use silk_core::{
    PlanShape, RunId, Store, WriteBatch,
    store::{Budget, LifeState, StatsWindow},
};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{add_queries, as_kept, at, batch, maximal, plan, request, statement},
};
use tokio::sync::Barrier;

const DAY: StatsWindow = StatsWindow {
    since: chrono::DateTime::from_timestamp(1_768_400_000, 0).unwrap(),
    until: chrono::DateTime::from_timestamp(1_768_600_000, 0).unwrap(),
    buckets: 1,
};

/// Waits for the other as long as a busy machine takes.
fn open(path: &Path) -> SqliteStore {
    let config = SqliteStoreConfig::default().busy_timeout(Duration::from_secs(60));
    SqliteStore::new(path, config)
}

/// Twenty requests of one app's run, each with a query, a count and a sight of a plan.
fn work(app: u64, part: u64) -> WriteBatch {
    let first = app * 100_000 + part * 20;
    let records = (first..first + 20)
        .map(|number| {
            let mut record = request(number, i64::try_from(part).unwrap());
            record.summary.run_id = RunId(uuid::Uuid::from_u128(app.into()));
            add_queries(&mut record, &statement(71, "threads"), 10, 2, 50);
            record
        })
        .collect::<Vec<_>>();
    let plan = plan(u128::from(first) + 1, records[0].summary.id, 0);
    let plan = silk_core::PlanRecord {
        shape: Some(PlanShape(app)),
        ..plan
    };
    let mut batch = batch(records);
    batch.run.id = RunId(uuid::Uuid::from_u128(app.into()));
    batch.plan_observations = vec![silk_core::PlanObservation {
        fingerprint: plan.fingerprint.unwrap(),
        database: plan.database.clone(),
        source: plan.source,
        shape: PlanShape(5),
        observed_at: plan.captured_at,
        duration_us: None,
    }];
    batch.plans = vec![plan];
    batch
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_make_the_file_and_write_and_nothing_is_lost() {
    for round in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silk.db");
        let barrier = std::sync::Arc::new(Barrier::new(2));
        let apps: Vec<_> = (1..=2)
            .map(|app| {
                let (path, barrier) = (path.clone(), std::sync::Arc::clone(&barrier));
                tokio::spawn(async move {
                    let store = open(&path);
                    barrier.wait().await;
                    for part in 0..20 {
                        store.write(&work(app, part)).await.unwrap();
                    }
                    store
                })
            })
            .collect();
        for app in apps {
            let store = app.await.unwrap();
            assert!(
                store.size().await.unwrap().requests >= 400,
                "its own at least"
            );
        }
        let store = open(&path);
        assert_eq!(store.size().await.unwrap().requests, 800, "round {round}");
        let routes = store.routes(DAY).await.unwrap();
        assert_eq!((routes.len(), routes[0].requests), (1, 800));
        let fingerprint = silk_core::Fingerprint(71);
        let detail = store.statement(fingerprint, DAY).await.unwrap().unwrap();
        assert_eq!((detail.summary.calls, detail.summary.requests), (1600, 800));
        let calls: u64 = detail.routes.iter().map(|used| used.calls).sum();
        assert_eq!(calls, 1600);
        // Sights of one form by both are one row.
        let history = store.plan_history(fingerprint, DAY).await.unwrap();
        assert_eq!(
            history
                .iter()
                .map(|bucket| bucket.count)
                .collect::<Vec<_>>(),
            [40]
        );
        assert_eq!(
            store
                .plans_of_statement(fingerprint, 9)
                .await
                .unwrap()
                .len(),
            2
        );
    }
}

#[tokio::test]
async fn what_one_clears_the_other_no_longer_points_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let (one, other) = (open(&path), open(&path));
    one.write(&work(1, 0)).await.unwrap();
    other.write(&work(2, 0)).await.unwrap();
    other.clear().await.unwrap();
    // Other numbers for the same things.
    let mut decoy = request(7, 1);
    decoy.summary.route = "/decoy".to_owned();
    other.write(&batch(vec![decoy])).await.unwrap();
    let batch = work(1, 1);
    one.write(&batch).await.unwrap();
    let wanted = &batch.requests[0];
    assert_eq!(
        other.request(wanted.summary.id).await.unwrap().as_ref(),
        Some(&as_kept(wanted))
    );
    let routes = one.routes(DAY).await.unwrap();
    let mut counts: Vec<_> = routes.iter().map(|route| route.requests).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 20], "nothing of before the clearing");
}

#[tokio::test]
async fn one_moves_figures_of_the_first_schema_while_the_other_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let first = zstd::decode_all(&include_bytes!("golden/first.db.zst")[..]).unwrap();
    std::fs::write(&path, first).unwrap();
    let (one, other) = (open(&path), open(&path));
    let budget = Budget {
        max_age: Duration::from_secs(1 << 40),
        max_requests: u64::MAX,
        max_bytes: u64::MAX,
    };
    let count = async |store: &SqliteStore| -> u64 {
        let routes = store.routes(DAY).await.unwrap();
        routes.iter().map(|route| route.requests).sum()
    };
    assert_eq!(count(&one).await, 4);
    for part in 0..10 {
        // Into the very minute that is moved and compacted.
        one.write(&work(1, part)).await.unwrap();
        assert_eq!(count(&other).await, 4 + (part + 1) * 20);
        other.retain(budget, at(3 * 3600)).await.unwrap();
        assert_eq!(count(&one).await, 4 + (part + 1) * 20);
    }
}

#[tokio::test]
async fn one_removes_and_compacts_while_the_other_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let (one, other) = (open(&path), open(&path));
    let budget = Budget {
        max_age: Duration::from_secs(1 << 40),
        max_requests: 50,
        max_bytes: u64::MAX,
    };
    for part in 0..30 {
        one.write(&work(1, part)).await.unwrap();
        while other.retain(budget, at(3 * 3600)).await.unwrap() {}
    }
    let size = one.size().await.unwrap();
    assert_eq!(size.requests, 50);
    let routes = one.routes(DAY).await.unwrap();
    assert_eq!((routes.len(), routes[0].requests), (1, 600));
}

/// Two builds of an app on one file, one after the other and then side by side: each tells what the
/// other served.
#[tokio::test]
async fn builds_on_one_file_tell_what_became_of_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let (old, new) = (open(&path), open(&path));
    let work = |build: &str, part: u64, with_it: bool| {
        let app = u64::from(build.as_bytes()[0]);
        let mut batch = work(app, part * 60);
        batch.run.build = Some(build.to_owned());
        for record in &mut batch.requests {
            if with_it {
                record.findings = maximal(1).findings;
                record.findings.truncate(1);
            }
        }
        batch
    };
    old.write(&work("a", 1, true)).await.unwrap();
    let state = async |store: &SqliteStore| {
        let lives = store.finding_lives(DAY, 9).await.unwrap().items;
        assert_eq!(lives.len(), 1);
        lives[0].state.clone()
    };
    let open = LifeState::Open { requests_since: 0 };
    assert_eq!(state(&new).await, open);
    new.write(&work("b", 2, false)).await.unwrap();
    let fixed = |requests_since| LifeState::Fixed {
        build: "b".to_owned(),
        requests_since,
    };
    assert_eq!(state(&old).await, fixed(20));
    // The old one still runs, and still has it: what the new one serves says more.
    old.write(&work("a", 3, true)).await.unwrap();
    assert_eq!(state(&new).await, open);
    new.write(&work("b", 4, false)).await.unwrap();
    for store in [&old, &new] {
        assert_eq!(state(store).await, fixed(40));
    }
    // Removed by one, it is not brought back by what the other remembers.
    old.clear().await.unwrap();
    new.write(&work("b", 5, false)).await.unwrap();
    assert_eq!(new.finding_lives(DAY, 9).await.unwrap().items, []);
    old.write(&work("a", 6, true)).await.unwrap();
    let lives = new.finding_lives(DAY, 9).await.unwrap().items;
    assert_eq!((lives[0].requests, lives[0].of_requests), (20, 40));
}
