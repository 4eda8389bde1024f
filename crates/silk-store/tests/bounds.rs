//! That every table of a SQLite store is bounded: by age, and by its share of the bytes.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::time::Duration;

use silk_core::{
    CountedRequest, Finding, Fingerprint, PlanObservation, PlanRecord, PlanShape, PlanSource,
    RequestKind, Store, WriteBatch,
    store::{Budget, StatsWindow},
};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{at, batch, maximal, plan, request},
};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, query_scalar};
use tempfile::TempDir;

const UNLIMITED: Budget = Budget {
    max_age: Duration::from_secs(1 << 40),
    max_requests: u64::MAX,
    max_bytes: u64::MAX,
};

const DAY_S: i64 = 86_400;
const MIB: i64 = 1 << 20;

fn store(config: SqliteStoreConfig) -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::new(folder.path().join("silk.db"), config);
    (folder, store)
}

async fn number(store: &SqliteStore, sql: &str) -> i64 {
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", store.path().display()))
        .await
        .unwrap();
    query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_one(&mut other)
        .await
        .unwrap()
}

async fn retain_all(store: &SqliteStore, budget: Budget, seconds: i64) {
    while store.retain(budget, at(seconds)).await.unwrap() {}
}

/// A text that does not compress, of about so many bytes.
fn noise(seed: u64, bytes: usize) -> String {
    let mut mixed = seed;
    (0..bytes / 3)
        .map(|_| {
            mixed = mixed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from_u32(0x4e00 + u32::try_from((mixed >> 33) % 20_000).unwrap()).unwrap()
        })
        .collect()
}

fn caught(number: u64, seconds: i64, bytes: usize) -> (PlanRecord, PlanObservation) {
    let mut plan = PlanRecord {
        fingerprint: Some(Fingerprint(number)),
        source: PlanSource::AutoExplain,
        shape: Some(PlanShape(number)),
        captured_at: at(seconds),
        ..plan(u128::from(number) + 1, request(1, 1).summary.id, seconds)
    };
    plan.output.raw = noise(number, bytes);
    let sight = PlanObservation {
        fingerprint: Fingerprint(number),
        database: plan.database.clone(),
        source: plan.source,
        shape: PlanShape(number),
        observed_at: at(seconds),
        duration_us: Some(1000 + number),
    };
    (plan, sight)
}

/// A request of a route of its own that sampling left out.
fn counted(number: u64, seconds: i64) -> CountedRequest {
    CountedRequest {
        started_at: at(seconds),
        kind: RequestKind::Job,
        method: String::new(),
        route: format!("import {number}"),
        is_failed: false,
        total_us: 1000 + number,
        sql_us: 0,
        query_count: 0,
    }
}

#[tokio::test]
async fn names_that_are_made_up_are_bounded_and_requests_stay() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    let mut jobs = Vec::new();
    for part in 0..13_u64 {
        let mut job = request(part, 1);
        job.summary.kind = RequestKind::Job;
        job.summary.route = format!("job {part}");
        job.summary.path.clone_from(&job.summary.route);
        let numbers = part * 1000..part * 1000 + 1000;
        let batch = WriteBatch {
            counted: numbers.map(|number| counted(number, 1)).collect(),
            ..batch(vec![job.clone()])
        };
        store.write(&batch).await.unwrap();
        jobs.push(job);
    }
    assert_eq!(number(&store, "SELECT count(*) FROM routes").await, 10_001);
    let hour = StatsWindow {
        since: at(0),
        until: at(3600),
        buckets: 1,
    };
    let routes = store.routes(hour).await.unwrap();
    let requests: u64 = routes.iter().map(|route| route.requests).sum();
    assert_eq!(requests, 13_013, "all are counted");
    let named = store.request(jobs[0].summary.id).await.unwrap().unwrap();
    assert_eq!(named, jobs[0]);
    let other = store.request(jobs[12].summary.id).await.unwrap().unwrap();
    let told = (&*other.summary.route, &*other.summary.path);
    assert_eq!(told, ("(other routes)", "job 12"));
    // A route that is known keeps its name.
    store.close().await;
    let again = WriteBatch {
        counted: vec![counted(3, 2)],
        ..batch(Vec::new())
    };
    store.write(&again).await.unwrap();
    let routes = store.routes(hour).await.unwrap();
    let known = routes.iter().find(|route| route.route == "import 3");
    assert_eq!(known.unwrap().requests, 2);
}

#[tokio::test]
async fn what_is_old_leaves_every_table() {
    let (_folder, store) = store(SqliteStoreConfig::default().stats_age(Duration::ZERO));
    let (plan, sight) = caught(1, 0, 100);
    let formless = PlanRecord {
        shape: None,
        id: silk_core::PlanId(uuid::Uuid::from_u128(77)),
        ..plan.clone()
    };
    let batch = WriteBatch {
        plans: vec![plan, formless],
        plan_observations: vec![sight],
        ..batch((1..30).map(maximal).collect())
    };
    store.write(&batch).await.unwrap();
    let budget = Budget {
        max_age: Duration::from_secs(86_400),
        ..UNLIMITED
    };
    let tables = "SELECT group_concat(name) FROM sqlite_master WHERE type = 'table'
                  AND name NOT LIKE 'sqlite_%' AND name <> '_silk_migrations'";
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", store.path().display()))
        .await
        .unwrap();
    let names: String = query_scalar(tables).fetch_one(&mut other).await.unwrap();
    let mut filled = 0;
    for table in names.split(',') {
        let count = format!("SELECT count(*) FROM {table}");
        filled += i64::from(number(&store, &count).await > 0);
    }
    // All but those of the first schema's figures, the thresholds of long lists, and what people
    // accept.
    assert_eq!(filled, 16, "{names}");
    // A leap of the clock is doubted for a seventh of the age.
    for hour in 0..5 {
        retain_all(&store, budget, 100 * DAY_S + hour * 3600).await;
    }
    for table in names.split(',') {
        let left = number(&store, &format!("SELECT count(*) FROM {table}")).await;
        // An app's databases are few, and blobs point at them that are not looked into.
        assert_eq!(left, i64::from(table == "databases") * 2, "{table}");
    }
}

#[tokio::test]
async fn figures_keep_to_their_share_and_requests_stay() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    // Three thousand routes, each of them every minute.
    for minute in 0..40_i64 {
        let batch = WriteBatch {
            counted: (0..3000)
                .map(|number| counted(number, minute * 60))
                .collect(),
            ..batch(vec![request(minute.unsigned_abs(), minute * 60)])
        };
        store.write(&batch).await.unwrap();
    }
    let bytes = "SELECT sum(length(figures) + 40) FROM figures";
    assert!(number(&store, bytes).await > MIB, "more than the share");
    let budget = Budget {
        max_bytes: 4 << 20,
        ..UNLIMITED
    };
    retain_all(&store, budget, 2400).await;
    let left = number(&store, bytes).await;
    assert!((MIB / 2..=MIB).contains(&left), "{left} bytes of figures");
    let last_minute = StatsWindow {
        since: at(39 * 60),
        until: at(40 * 60),
        buckets: 1,
    };
    let routes = store.routes(last_minute).await.unwrap();
    assert_eq!(routes.len(), 3001, "the newest figures stay");
    assert_eq!(store.size().await.unwrap().requests, 40);
}

#[tokio::test]
async fn requests_are_not_removed_for_plans() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    let requests = (0..500).map(|number| request(number, 1)).collect();
    store.write(&batch(requests)).await.unwrap();
    for part in 0..10 {
        let (plans, plan_observations) = (part * 10..part * 10 + 10)
            .map(|number| caught(number, i64::try_from(number).unwrap(), 100_000))
            .unzip();
        let batch = WriteBatch {
            plans,
            plan_observations,
            ..batch(Vec::new())
        };
        store.write(&batch).await.unwrap();
    }
    let bytes = "SELECT sum(length(raw)) FROM plans";
    assert!(number(&store, bytes).await > 5 * MIB);
    let budget = Budget {
        max_bytes: 4 << 20,
        ..UNLIMITED
    };
    retain_all(&store, budget, 200).await;
    assert!(number(&store, bytes).await <= MIB / 2);
    assert_eq!(store.size().await.unwrap().requests, 500);
}

#[tokio::test]
async fn sights_of_plans_keep_to_their_share() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    for hour in 0..60 {
        let sights = (0..100)
            .map(|number| caught(number, hour * 3600, 10).1)
            .collect();
        let batch = WriteBatch {
            plan_observations: sights,
            ..batch(Vec::new())
        };
        store.write(&batch).await.unwrap();
    }
    let bytes = "SELECT sum(length(durations) + 140) FROM plan_stats";
    assert!(number(&store, bytes).await > MIB / 2);
    let budget = Budget {
        max_bytes: 4 << 20,
        ..UNLIMITED
    };
    retain_all(&store, budget, 60 * 3600).await;
    assert!((MIB / 4..=MIB / 2).contains(&number(&store, bytes).await));
    let newest = StatsWindow {
        since: at(59 * 3600),
        until: at(60 * 3600),
        buckets: 1,
    };
    let history = store.plan_history(Fingerprint(7), newest).await.unwrap();
    assert_eq!(history.len(), 1, "the newest stay");
}

#[tokio::test]
async fn names_of_findings_keep_to_their_share() {
    let (_folder, store) = store(SqliteStoreConfig::default());
    for minute in 0..80 {
        let mut record = request(1, minute * 60);
        record.findings = (0..100)
            .map(|number| Finding {
                title: noise(number, 900),
                fingerprint: Some(Fingerprint(
                    u64::try_from(minute).unwrap() * 100 + number + 1,
                )),
                ..maximal(1).findings[0].clone()
            })
            .collect();
        store.write(&batch(vec![record])).await.unwrap();
    }
    let bytes = "SELECT sum(length(title) + 120) FROM finding_lives";
    assert!(number(&store, bytes).await > MIB / 2);
    let budget = Budget {
        max_bytes: 8 << 20,
        ..UNLIMITED
    };
    retain_all(&store, budget, 80 * 60).await;
    assert!((MIB / 4..=MIB / 2).contains(&number(&store, bytes).await));
    let all = StatsWindow {
        since: at(-DAY_S),
        until: at(DAY_S),
        buckets: 1,
    };
    let lives = store.finding_lives(all, u32::MAX).await.unwrap().items;
    assert!((100..8000).contains(&lives.len()), "{} lives", lives.len());
    let newest = lives.iter().map(|life| life.last_at).max().unwrap();
    assert_eq!(newest, at(79 * 60), "the newest stay");
}
