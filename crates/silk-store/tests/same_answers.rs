//! That all stores answer alike: whatever is written, asked for, sorted and paged, the store in
//! memory (plain scans) is the model, and the SQLite store must say the same.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::time::Duration;

use proptest::{
    collection::vec,
    option,
    prelude::{Just, Strategy, any, prop_oneof},
    prop_assert_eq, proptest,
    sample::{select, subsequence},
    test_runner::{Config, TestCaseError},
};
use silk_core::{
    DatabaseKind, Finding, Fingerprint, Outcome, PlanObservation, PlanRecord, PlanShape,
    PlanSource, RequestKind, RequestRecord, RunId, RunRecord, Severity, Store, WriteBatch,
    store::{
        Budget, RequestFilter, RequestSort, RouteName, StatementFilter, StatementSort, StatsWindow,
    },
};
use silk_store::{
    MemoryStore, SqliteStore, SqliteStoreConfig,
    contract::fixture::{add_queries, at, batch, call_site, plan, request, statement},
};

const RULES: [&str; 3] = ["repeated_statement", "slow_query", "any"];
const ROUTES: [&str; 5] = ["/", "/threads", "/threads/{id}", "/Threads", "nightly*"];
const PATTERNS: [&str; 8] = [
    "/",
    "/*",
    "/threads*",
    "/threads/1*",
    "/nowhere",
    "nightly*",
    "*",
    "",
];
const METHODS: [&str; 3] = ["GET", "POST", ""];
const TEXTS: [&str; 5] = [
    "FROM threads",
    "Users",
    "gave UP",
    "nowhere",
    "4bf90000000000000000000000000003",
];
const TABLES: [&str; 3] = ["threads", "messages", "Users"];

/// Statements run from a line: number, line, calls, microseconds each.
type Uses = Vec<(u64, u32, u32, u64)>;

fn uses() -> impl Strategy<Value = Uses> {
    vec((1..6_u64, 1..4_u32, 1..5_u32, 0..3000_u64), 0..4)
}

fn record() -> impl Strategy<Value = RequestRecord> {
    let what = (
        select(RequestKind::ALL),
        select(METHODS.to_vec()),
        select(ROUTES.to_vec()),
        option::of(select(vec![200_u16, 204, 404, 500, 503])),
        select(Outcome::ALL),
        subsequence(RULES.to_vec(), 0..=2),
    );
    let numbers = (
        0..40_u64,
        0..400_i64,
        0..4000_u64,
        0..4000_u64,
        any::<bool>(),
        1..3_u128,
    );
    (what, numbers, uses()).prop_map(|(what, numbers, uses)| {
        let (kind, method, route, status, outcome, rules) = what;
        let (number, seconds, total_us, sql_us, is_route, run) = numbers;
        let mut record = request(number, seconds);
        for (statement_number, line, calls, each_us) in uses {
            let table = TABLES[usize::try_from(statement_number).unwrap() % TABLES.len()];
            let statement = statement(statement_number, table);
            add_queries(&mut record, &statement, line, calls, each_us);
        }
        let summary = &mut record.summary;
        (summary.kind, summary.status, summary.outcome) = (kind, status, outcome);
        method.clone_into(&mut summary.method);
        route.clone_into(&mut summary.route);
        if is_route {
            route.clone_into(&mut summary.path);
        }
        summary.times.total_us = total_us;
        summary.times.sql_us = sql_us;
        summary.findings = rules.iter().copied().map(str::to_owned).collect();
        if number % 4 == 1 {
            record.detail.error = Some(format!("Gave up\0 on {number}"));
        }
        summary.trace_id = Some(format!(
            "{:032x}",
            0x4bf9_u128 << 112 | u128::from(number % 9)
        ));
        summary.run_id = RunId(uuid::Uuid::from_u128(run));
        for rule in rules {
            record.findings.push(Finding {
                rule: rule.to_owned(),
                severity: Severity::Warning,
                title: format!("Seen by {number}."),
                detail: String::new(),
                fingerprint: (number % 3 > 0).then_some(Fingerprint(number % 3)),
                remedy: None,
                call_site: is_route.then(|| call_site(3)),
                query: None,
                lost_us: Some(total_us),
            });
        }
        record
    })
}

fn sight() -> impl Strategy<Value = PlanObservation> {
    let source = select(vec![PlanSource::AutoExplain, PlanSource::Estimated]);
    (
        1..4_u64,
        source,
        1..4_u64,
        0..20_000_i64,
        option::of(0..900_u64),
    )
        .prop_map(
            |(number, source, shape, seconds, duration_us)| PlanObservation {
                fingerprint: Fingerprint(number),
                database: plan(1, request(1, 1).summary.id, 1).database,
                source,
                shape: PlanShape(shape),
                observed_at: at(seconds),
                duration_us,
            },
        )
}

fn batches() -> impl Strategy<Value = Vec<WriteBatch>> {
    let build = select(vec![None, Some("a"), Some("b")]);
    let one = (vec(record(), 0..8), vec(sight(), 0..4), build);
    let one = one.prop_map(|(requests, sights, build)| {
        let plans: Vec<PlanRecord> = sights
            .iter()
            .map(|sight| PlanRecord {
                fingerprint: Some(sight.fingerprint),
                source: sight.source,
                shape: Some(sight.shape),
                captured_at: sight.observed_at,
                duration_us: sight.duration_us,
                ..plan(uuid::Uuid::now_v7().as_u128(), request(1, 1).summary.id, 1)
            })
            .collect();
        let batch = WriteBatch {
            plans,
            plan_observations: sights,
            ..batch(requests)
        };
        let number = build.map_or(90, |build: &str| 91 + build.len() as u128);
        let run = RunRecord {
            id: RunId(uuid::Uuid::from_u128(
                number + u128::from(build == Some("b")),
            )),
            build: build.map(str::to_owned),
            ..batch.run
        };
        WriteBatch { run, ..batch }
    });
    vec(one, 1..4)
}

fn text(texts: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    option::weighted(0.3, select(texts).prop_map(str::to_owned))
}

fn request_filter() -> impl Strategy<Value = RequestFilter> {
    let texts = (
        text(&METHODS),
        text(&PATTERNS),
        text(&PATTERNS),
        text(&RULES),
        text(&TEXTS),
    );
    let numbers = (
        option::weighted(
            0.3,
            select(vec![(404_u16, 404_u16), (200, 299), (500, 599), (600, 1)]),
        ),
        option::weighted(0.3, 0..4000_u64),
        option::weighted(0.3, 0..10_u64),
        option::weighted(0.2, 1..7_u64),
        option::weighted(0.3, 0..400_i64),
        option::weighted(0.3, 0..400_i64),
    );
    let kind = option::weighted(0.3, select(RequestKind::ALL));
    (kind, texts, numbers, select(RequestSort::ALL), 1..9_u32).prop_map(
        |(kind, (method, route, path, finding, text), numbers, sort, limit)| {
            let (status, min_duration_us, min_queries, fingerprint, since, until) = numbers;
            RequestFilter {
                kind,
                method,
                route,
                path,
                status,
                min_duration_us,
                min_queries,
                finding,
                fingerprint: fingerprint.map(Fingerprint),
                text,
                since: since.map(at),
                until: until.map(at),
                sort,
                limit,
                cursor: None,
            }
        },
    )
}

fn statement_filter() -> impl Strategy<Value = StatementFilter> {
    let texts = (
        text(&["from", "MESSAGES", "=", "no such", "%", ""]),
        text(&TABLES),
        text(&["SELECT", "INSERT"]),
    );
    let database = prop_oneof![
        3 => Just(None),
        1 => Just(Some(DatabaseKind::Postgres)),
        1 => Just(Some(DatabaseKind::Sqlite)),
    ];
    (
        texts,
        database,
        select(StatementSort::ALL),
        0..4_u32,
        0..6_u32,
    )
        .prop_map(
            |((text, table, command), database, sort, limit, offset)| StatementFilter {
                text,
                table,
                command,
                database,
                sort,
                limit,
                offset,
            },
        )
}

fn window() -> impl Strategy<Value = StatsWindow> {
    (-100..500_i64, -50..20_000_i64, 0..6_u32).prop_map(|(since, length, buckets)| StatsWindow {
        since: at(since),
        until: at(since + length),
        buckets,
    })
}

/// Both stores say the same to the lists that filters ask for, page after page.
async fn same_lists(
    stores: (&MemoryStore, &SqliteStore),
    filters: &[RequestFilter],
    statements: &[StatementFilter],
) -> Result<(), TestCaseError> {
    let (model, store) = stores;
    for filter in filters {
        let mut filter = filter.clone();
        loop {
            let wanted = model.requests(&filter).await.unwrap();
            prop_assert_eq!(
                &store.requests(&filter).await.unwrap(),
                &wanted,
                "{:?}",
                filter
            );
            for item in &wanted.items {
                let record = model.request(item.id).await.unwrap();
                prop_assert_eq!(store.request(item.id).await.unwrap(), record);
            }
            let Some(next) = wanted.next else { break };
            filter.cursor = Some(next);
        }
    }
    for filter in statements {
        let wanted = model.statements(filter).await.unwrap();
        prop_assert_eq!(
            store.statements(filter).await.unwrap(),
            wanted,
            "{:?}",
            filter
        );
    }
    Ok(())
}

/// Both stores say the same of routes, statements and plans within windows.
async fn same_sums(
    (model, store): (&MemoryStore, &SqliteStore),
    windows: &[StatsWindow],
) -> Result<(), TestCaseError> {
    for &window in windows {
        let wanted = model.routes(window).await.unwrap();
        prop_assert_eq!(store.routes(window).await.unwrap(), wanted.clone());
        for route in wanted {
            let name = RouteName {
                kind: route.kind,
                method: route.method,
                route: route.route,
            };
            let wanted = model.route(&name, window).await.unwrap();
            prop_assert_eq!(store.route(&name, window).await.unwrap(), wanted);
        }
        for limit in [2, 500] {
            let wanted = model.hotspots(window, limit).await.unwrap();
            prop_assert_eq!(store.hotspots(window, limit).await.unwrap(), wanted);
            let wanted = model.finding_lives(window, limit).await.unwrap();
            let mut found = store.finding_lives(window, limit).await.unwrap();
            // Of requests that lost the same, any.
            for (found, wanted) in found.items.iter_mut().zip(&wanted.items) {
                prop_assert_eq!(found.worst.is_some(), wanted.worst.is_some());
                found.worst = wanted.worst;
            }
            prop_assert_eq!(found, wanted);
        }
        for number in 1..7 {
            let fingerprint = Fingerprint(number);
            let wanted = model.statement(fingerprint, window).await.unwrap();
            prop_assert_eq!(store.statement(fingerprint, window).await.unwrap(), wanted);
        }
    }
    Ok(())
}

async fn same_plans(
    (model, store): (&MemoryStore, &SqliteStore),
    windows: &[StatsWindow],
) -> Result<(), TestCaseError> {
    for number in 1..4 {
        let fingerprint = Fingerprint(number);
        let wanted = model.plans_of_statement(fingerprint, 3).await.unwrap();
        prop_assert_eq!(
            store.plans_of_statement(fingerprint, 3).await.unwrap(),
            wanted
        );
        for &window in windows {
            let mut wanted = model.plan_history(fingerprint, window).await.unwrap();
            let mut found = store.plan_history(fingerprint, window).await.unwrap();
            // What began at one instant comes in any order.
            for history in [&mut wanted, &mut found] {
                history.sort_by_key(|one| {
                    (
                        one.started_at,
                        one.first_at,
                        one.source.as_str(),
                        one.shape.0,
                    )
                });
            }
            prop_assert_eq!(found, wanted);
        }
    }
    Ok(())
}

async fn same_size((model, store): (&MemoryStore, &SqliteStore)) -> Result<(), TestCaseError> {
    let (wanted, size) = (model.size().await.unwrap(), store.size().await.unwrap());
    prop_assert_eq!(
        (size.requests, size.statements, size.oldest),
        (wanted.requests, wanted.statements, wanted.oldest)
    );
    Ok(())
}

proptest! {
    #![proptest_config(Config {
        cases: 48,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    })]

    #[test]
    fn memory_and_sqlite_say_the_same(
        batches in batches(),
        filters in vec(request_filter(), 12),
        statements in vec(statement_filter(), 6),
        windows in vec(window(), 3),
        max_age_s in 0..500_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            // Time enough on any machine.
            let config = SqliteStoreConfig::default()
                .scan_time(Duration::from_secs(60))
                .read_timeout(Duration::from_secs(120));
            let store = SqliteStore::new(folder.path().join("silk.db"), config);
            let model = MemoryStore::default();
            let both = (&model, &store);
            for batch in &batches {
                model.write(batch).await.unwrap();
                store.write(batch).await.unwrap();
            }
            same_size(both).await?;
            same_lists(both, &filters, &statements).await?;
            same_sums(both, &windows).await?;
            same_plans(both, &windows).await?;

            let budget = Budget {
                max_age: Duration::from_secs(max_age_s),
                max_requests: u64::MAX,
                max_bytes: u64::MAX,
            };
            while model.retain(budget, at(500)).await.unwrap() {}
            while store.retain(budget, at(500)).await.unwrap() {}
            same_size(both).await?;
            same_lists(both, &filters, &statements).await?;
            same_sums(both, &windows).await?;

            model.clear().await.unwrap();
            store.clear().await.unwrap();
            same_size(both).await?;
            same_lists(both, &filters, &statements).await?;
            store.close().await;
            Ok::<(), TestCaseError>(())
        })?;
    }
}
