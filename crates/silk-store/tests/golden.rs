//! A file of each schema, as its version wrote it: every later version must open it.
//!
//! With a migration comes a file: `SILK_GOLDEN=crates/silk-store/tests/golden/NAME.db.zst cargo
//! test -p silk-store --test golden -- --ignored` writes it, and it is added to [`GOLDEN`]. Those
//! that are there stay as they are.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{fs, path::Path, time::Duration};

use silk_core::{
    CountedRequest, DatabaseKind, Fingerprint, Outcome, PlanId, PlanObservation, PlanRecord,
    PlanShape, PlanSource, RequestKind, Severity, Store, ValueState, WriteBatch,
    store::{
        Acceptance, Budget, RequestFilter, RequestSort, RouteName, StatementFilter, StatsWindow,
    },
};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{
        add_queries, as_kept, at, batch, id_at, maximal, plan, request, statement,
    },
};

/// The first keeps figures in a row each, the second packs them. Both have the means of requests
/// for durations of calls: of no call they know how long it took. The third has findings in full,
/// and durations of calls. The fourth follows findings across requests, the fifth knows the errors
/// of requests, the sixth sums lines; until its version is released it may be written anew. Beside
/// each: the calls whose durations it knows, and the
/// requests with a finding that it counted.
const GOLDEN: [(&[u8], u64, u64); 6] = [
    (include_bytes!("golden/first.db.zst"), 0, 0),
    (include_bytes!("golden/second.db.zst"), 0, 0),
    (include_bytes!("golden/third.db.zst"), 5, 0),
    (include_bytes!("golden/fourth.db.zst"), 5, 1),
    (include_bytes!("golden/fifth.db.zst"), 5, 1),
    (include_bytes!("golden/sixth.db.zst"), 5, 1),
];

const UNLIMITED: Budget = Budget {
    max_age: Duration::from_secs(1 << 40),
    max_requests: u64::MAX,
    max_bytes: u64::MAX,
};

const DAY: (i64, i64) = (-86_400, 86_400);

fn window() -> StatsWindow {
    StatsWindow {
        since: at(DAY.0),
        until: at(DAY.1),
        buckets: 2,
    }
}

fn store(path: &Path) -> SqliteStore {
    SqliteStore::new(path, SqliteStoreConfig::default())
}

#[tokio::test]
async fn files_of_every_schema_are_read_and_written_on() {
    for (golden, known_calls, known_sights) in GOLDEN {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silk.db");
        fs::write(&path, zstd::decode_all(golden).unwrap()).unwrap();
        let store = store(&path);
        requests_are_read(&store).await;
        figures_are_read(&store, known_calls).await;
        plans_are_read(&store).await;
        sums_are_read(&store, known_calls, known_sights).await;
        // Retention brings the rows into today's form, without changing what they say.
        while store.retain(UNLIMITED, at(0)).await.unwrap() {}
        requests_are_read(&store).await;
        figures_are_read(&store, known_calls).await;
        sums_are_read(&store, known_calls, known_sights).await;
        it_is_written_on(&store).await;
    }
}

/// Statements are searched in every file, errors only where their requests were written with them.
#[tokio::test]
async fn errors_are_found_in_files_that_have_them() {
    for (at, (golden, ..)) in GOLDEN.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silk.db");
        fs::write(&path, zstd::decode_all(golden).unwrap()).unwrap();
        let store = store(&path);
        for (text, found) in [
            ("from THREADS", 2),
            ("Connection Reset", usize::from(at >= 4)),
        ] {
            let filter = RequestFilter {
                text: Some(text.to_owned()),
                ..RequestFilter::default()
            };
            let page = store.requests(&filter).await.unwrap();
            assert_eq!(page.items.len(), found, "{text} in file {at}");
        }
    }
}

async fn requests_are_read(store: &SqliteStore) {
    let page = store.requests(&RequestFilter::default()).await.unwrap();
    let paths: Vec<_> = page.items.iter().map(|item| &*item.path).collect();
    assert_eq!(paths, ["/threads/1", "/threads/2", "/threads/3"]);
    let slowest = RequestFilter {
        sort: RequestSort::Duration,
        limit: 1,
        ..RequestFilter::default()
    };
    let id = store.requests(&slowest).await.unwrap().items[0].id;
    assert_eq!(id, id_at(at(5), 1));

    let record = store.request(id).await.unwrap().unwrap();
    let (summary, detail) = (&record.summary, &record.detail);
    assert_eq!(
        (summary.status, summary.outcome),
        (Some(503), Outcome::Error)
    );
    assert_eq!(
        (summary.times.total_us, summary.query_count),
        (90_003, 12_345)
    );
    assert_eq!(detail.queries.len(), 6);
    assert_eq!(detail.queries[3].duration_us, u64::MAX);
    assert_eq!(
        detail.queries[3].plan_shape,
        Some(PlanShape(u64::MAX)),
        "the form of its plan"
    );
    let values = detail.queries[3].values.as_ref().unwrap();
    assert_eq!(values.len(), 6);
    assert_eq!(values[2].state, ValueState::Bytes((0..=255).collect()));
    assert_eq!(
        &*detail.texts[0].text,
        "SELECT * FROM threads WHERE id = $1"
    );
    assert_eq!(detail.texts[1].database.kind, DatabaseKind::MySql);
    assert_eq!(detail.call_sites[0].line, 41);
    assert_eq!(detail.request_headers.len(), 2);
    assert_eq!(record.statements[1].calls, 12_342);
    assert_eq!(record.findings[0].severity, Severity::Critical);
}

async fn figures_are_read(store: &SqliteStore, known_calls: u64) {
    let statements = store.statements(&StatementFilter::default()).await.unwrap();
    let told: Vec<_> = statements
        .items
        .iter()
        .map(|item| (item.statement.fingerprint.0, item.calls))
        .collect();
    assert_eq!(told, [(u64::MAX - 3, 12_342), (71, 5)]);
    let routes = store.routes(window()).await.unwrap();
    let counts: Vec<_> = routes.iter().map(|route| route.requests).collect();
    assert_eq!(
        counts,
        [1, 3],
        "one POST; two GET and one that was only counted"
    );
    assert_eq!(routes[0].durations.max(), 90_003);
    let sums: Vec<_> = routes
        .iter()
        .map(|route| (route.total_us, route.queries, route.max_queries))
        .collect();
    assert_eq!(sums, [(90_003, 12_345, 12_345), (2210, 3, 2)]);
    let threads = store.statement(Fingerprint(71), window()).await.unwrap();
    let threads = threads.unwrap();
    let by_route: Vec<_> = threads
        .routes
        .iter()
        .map(|used| (&*used.method, used.requests, used.calls, used.total_us))
        .collect();
    assert_eq!(by_route, [("POST", 1, 3, 450), ("GET", 1, 2, 200)]);
    assert_eq!(threads.call_sites.len(), 1);
    assert_eq!(threads.call_sites[0].calls, 5);
    assert_eq!(
        (threads.durations.count(), threads.slowest.len()),
        (known_calls, 2)
    );
}

/// What is told across requests.
async fn sums_are_read(store: &SqliteStore, known_calls: u64, known_sights: u64) {
    let hotspots = store.hotspots(window(), 9).await.unwrap();
    let threads = hotspots
        .iter()
        .find(|hot| hot.statement.fingerprint.0 == 71);
    let threads = threads.unwrap();
    assert_eq!(
        (threads.calls, threads.total_us, threads.routes),
        (5, 650, 2)
    );
    assert_eq!(threads.most_calls_in_request, 3);
    let name = RouteName {
        kind: RequestKind::Request,
        method: "POST".to_owned(),
        route: threads.route.route.clone(),
    };
    let route = store.route(&name, window()).await.unwrap().unwrap();
    assert_eq!((route.summary.requests, route.statements.len()), (1, 2));
    let known: u64 = route
        .statements
        .iter()
        .map(|used| used.durations.count())
        .sum();
    assert_eq!(known > 0, known_calls > 0);
    let build = &route.builds[0];
    assert_eq!((build.build.as_deref(), build.requests), (Some("4f2a"), 1));
    let lives = store.finding_lives(window(), 9).await.unwrap().items;
    assert!(
        lives
            .iter()
            .all(|life| life.requests == 1 && life.worst.is_some())
    );
    assert_eq!(lives.is_empty(), known_sights == 0);
    assert_eq!(
        store.acceptances().await.unwrap().len(),
        usize::from(known_sights > 0)
    );
}

async fn plans_are_read(store: &SqliteStore) {
    let plans = store.plans_of_statement(Fingerprint(71), 9).await.unwrap();
    assert_eq!(plans.len(), 1);
    let kept = &plans[0];
    assert_eq!(kept.id, PlanId(uuid::Uuid::from_u128(4)));
    assert_eq!(
        (kept.source, kept.shape),
        (PlanSource::AutoExplain, Some(PlanShape(9)))
    );
    assert_eq!((kept.duration_us, kept.total_cost), (Some(777), Some(12.5)));
    assert_eq!(kept.output.raw, "[{\"Plan\":{}}]");
    let history = store.plan_history(Fingerprint(71), window()).await.unwrap();
    assert_eq!((history.len(), history[0].count), (1, 2));
    assert_eq!(history[0].plan, Some(kept.id));
}

/// Like a file of its own.
async fn it_is_written_on(store: &SqliteStore) {
    let mut later = request(4, 60);
    add_queries(&mut later, &statement(71, "threads"), 41, 1, 100);
    store.write(&batch(vec![later.clone()])).await.unwrap();
    let read = store.request(later.summary.id).await.unwrap();
    assert_eq!(read, Some(as_kept(&later)));
    assert_eq!(store.size().await.unwrap().requests, 4);
}

#[tokio::test]
#[ignore = "writes the golden file"]
async fn write_golden() {
    let Some(target) = std::env::var_os("SILK_GOLDEN") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let store = store(&path);
    let plain = request(2, 4);
    let mut queries = request(3, 3);
    add_queries(&mut queries, &statement(71, "threads"), 41, 2, 100);
    let plan = PlanRecord {
        source: PlanSource::AutoExplain,
        shape: Some(PlanShape(9)),
        duration_us: Some(777),
        total_cost: Some(12.5),
        ..plan(4, plain.summary.id, 2)
    };
    let sight = PlanObservation {
        fingerprint: Fingerprint(71),
        database: plan.database.clone(),
        source: plan.source,
        shape: PlanShape(9),
        observed_at: plan.captured_at,
        duration_us: plan.duration_us,
    };
    let batch = WriteBatch {
        counted: vec![CountedRequest {
            started_at: at(1),
            kind: RequestKind::Request,
            method: "GET".to_owned(),
            route: "/threads/{id}".to_owned(),
            is_failed: false,
            total_us: 10,
            sql_us: 1,
            query_count: 1,
        }],
        plan_observations: vec![sight.clone(), sight],
        plans: vec![plan],
        ..batch(vec![maximal(1), plain, queries])
    };
    store.write(&batch).await.unwrap();
    let acceptance = Acceptance {
        id: 0,
        rule: "slow_query".to_owned(),
        route: None,
        fingerprint: Some(Fingerprint(71)),
        call_site: None,
        by: "Ada".to_owned(),
        why: "known".to_owned(),
        until_build: None,
        at: at(9),
    };
    store.accept(&acceptance).await.unwrap();
    store.close().await;
    let packed = zstd::encode_all(&*fs::read(path).unwrap(), 19).unwrap();
    fs::write(target, packed).unwrap();
}
