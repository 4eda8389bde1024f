//! Upkeep that is cut short, and rows and pages that were spoilt: sums stay, nothing panics, and
//! nothing is in the way for ever.
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use silk_core::{
    Fingerprint, PlanObservation, Store,
    store::{Budget, RequestFilter, RequestSort, StatementFilter, StatsWindow},
};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{add_queries, at, batch, maximal, plan, request, statement},
};
use sqlx::{Connection, SqliteConnection};

const UNLIMITED: Budget = Budget {
    max_age: Duration::from_secs(1 << 40),
    max_requests: u64::MAX,
    max_bytes: u64::MAX,
};

const DAY_S: i64 = 86_400;

/// The path of the store that a child of a test works on.
const CHILD_STORE: &str = "SILK_CHILD_STORE";

fn window() -> StatsWindow {
    StatsWindow {
        since: at(-30 * DAY_S),
        until: at(30 * DAY_S),
        buckets: 1,
    }
}

fn open(path: &Path) -> SqliteStore {
    let config = SqliteStoreConfig::default().busy_timeout(Duration::from_secs(60));
    SqliteStore::new(path, config)
}

/// Two days of a request every two minutes.
async fn fill(store: &SqliteStore) {
    let threads = statement(71, "threads");
    let records: Vec<_> = (0..1440_i64)
        .map(|number| {
            let mut record = request(number.unsigned_abs(), number * 120 - 2 * DAY_S);
            record.summary.route = format!("/{}", number % 40);
            add_queries(
                &mut record,
                &threads,
                10,
                2,
                50 + number.unsigned_abs() % 90,
            );
            record
        })
        .collect();
    for part in records.chunks(300) {
        store.write(&batch(part.to_vec())).await.unwrap();
    }
}

/// Run again as a child, this looks after a store step by step until it is killed.
#[tokio::test]
#[ignore = "the child of upkeep_that_is_killed_changes_no_sum"]
async fn child_that_looks_after() {
    let Some(path) = std::env::var_os(CHILD_STORE) else {
        return;
    };
    let store = open(Path::new(&path));
    // Each day makes more of it due.
    for day in 0_i64.. {
        while store.retain(UNLIMITED, at(day * DAY_S)).await.unwrap() {
            println!("step");
        }
        if day > 12 {
            break;
        }
    }
    println!("done");
}

/// Leaves figures as an earlier version wrote them.
async fn forget_lines(path: &Path) {
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", path.display()))
        .await
        .unwrap();
    sqlx::raw_sql(
        "DELETE FROM figures WHERE statement_id IN (-9223372036854775807, -9223372036854775806);
         INSERT INTO unsummed_figures SELECT DISTINCT width_s, bucket_us FROM figures;",
    )
    .execute(&mut other)
    .await
    .unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn upkeep_that_is_killed_changes_no_sum() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let read = async || {
        let store = open(&path);
        let routes = store.routes(window()).await.unwrap();
        let of_statement = store.statement(Fingerprint(71), window()).await.unwrap();
        let lines = store.hotspots(window(), 9).await.unwrap();
        let route = store.route(&lines[0].route, window()).await.unwrap();
        store.close().await;
        (routes, of_statement.unwrap(), lines, route.unwrap())
    };
    let store = open(&path);
    fill(&store).await;
    store.close().await;
    let before = read().await;
    assert_eq!(before.0.len(), 40);
    assert_eq!((before.2[0].calls, before.2[0].routes), (2880, 40));
    assert_eq!(before.3.statements[0].durations.count(), 72);
    forget_lines(&path).await;
    assert!(read().await == before, "lines are read from statements");
    let mut is_done = false;
    // From another step on each time, and in the middle of one.
    for steps in [1, 1, 2, 3, 4, usize::MAX] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "child_that_looks_after",
                "--nocapture",
            ])
            .env(CHILD_STORE, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        for line in lines.map_while(Result::ok) {
            // libtest may write before it on the line.
            seen += usize::from(line.ends_with("step"));
            is_done = line.ends_with("done");
            if seen >= steps || is_done {
                break;
            }
        }
        // SIGKILL on Unix: nothing is finished.
        child.kill().unwrap();
        child.wait().unwrap();
        let after = read().await;
        assert!(after.0 == before.0, "routes after {steps} steps");
        assert!(after.1 == before.1, "statement after {steps} steps");
        assert!(after.2 == before.2, "lines after {steps} steps");
        assert!(after.3 == before.3, "one route after {steps} steps");
    }
    assert!(is_done, "the last child came to its end");
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("silk.db"));
    fill(&store).await;
    let sight = PlanObservation {
        fingerprint: Fingerprint(71),
        database: plan(1, request(1, 1).summary.id, 1).database,
        source: silk_core::PlanSource::AutoExplain,
        shape: silk_core::PlanShape(1),
        observed_at: at(-120),
        duration_us: Some(7),
    };
    let mut again = batch(vec![request(5000, -120)]);
    again.plan_observations = vec![sight.clone()];
    store.write(&again).await.unwrap();
    store.close().await;
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", store.path().display()))
        .await
        .unwrap();
    for sql in [
        "UPDATE figures SET figures = x'ff0102'",
        "UPDATE plan_stats SET durations = x''",
        "INSERT INTO route_stats VALUES (60, 60000000, 1, 1, 1, 0, 1, 1, 1, 1, x'09')",
    ] {
        sqlx::query(sql).execute(&mut other).await.unwrap();
    }
    // The minute that is being written, and the hour of the plan, are begun anew.
    let mut more = batch(vec![request(5001, -120)]);
    more.plan_observations = vec![sight];
    store.write(&more).await.unwrap();
    for day in [0, 3, 20] {
        while store.retain(UNLIMITED, at(day * DAY_S)).await.unwrap() {}
    }
    let routes = store.routes(window()).await.unwrap();
    assert_eq!((routes.len(), routes[0].requests), (1, 1));
    let history = store.plan_history(Fingerprint(71), window()).await.unwrap();
    assert_eq!((history.len(), history[0].count), (1, 1));
}

#[tokio::test]
async fn any_page_may_be_spoilt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silk.db");
    let store = open(&path);
    let mut first = batch((0..40).map(maximal).collect());
    first.plans = vec![plan(1, maximal(1).summary.id, 5)];
    store.write(&first).await.unwrap();
    store.close().await;
    let good = fs::read(&path).unwrap();
    let page = 4096;
    assert!(good.len() / page > 20);
    let mut told = 0;
    for number in 0..good.len() / page {
        for (offset, byte) in [(0, 0x5a_u8), (page / 2, 0xff)] {
            let mut bytes = good.clone();
            let start = number * page + offset;
            bytes[start..start + page / 2].fill(byte);
            let path = folder.path().join("spoilt.db");
            fs::write(&path, bytes).unwrap();
            // Whatever is answered, an error or what is left: no panic, and an end.
            told += ask_all(&open(&path)).await;
            for suffix in ["", "-wal", "-shm"] {
                let mut name = path.clone().into_os_string();
                name.push(suffix);
                let _ = fs::remove_file(name);
            }
        }
    }
    assert!(told > 20, "{told} calls failed");
}

/// Makes every call, and tells how many failed.
async fn ask_all(store: &SqliteStore) -> usize {
    let id = maximal(1).summary.id;
    let mut failed = 0;
    for &sort in RequestSort::ALL {
        let filter = RequestFilter {
            sort,
            fingerprint: Some(Fingerprint(71)),
            ..RequestFilter::default()
        };
        failed += usize::from(store.requests(&filter).await.is_err());
    }
    failed += usize::from(store.size().await.is_err());
    failed += usize::from(store.request(id).await.is_err());
    failed += usize::from(store.routes(window()).await.is_err());
    failed += usize::from(store.statements(&StatementFilter::default()).await.is_err());
    let fingerprint = Fingerprint(71);
    failed += usize::from(store.statement(fingerprint, window()).await.is_err());
    failed += usize::from(store.plans_of_request(id).await.is_err());
    failed += usize::from(store.plans_of_statement(fingerprint, 9).await.is_err());
    failed += usize::from(store.plan_history(fingerprint, window()).await.is_err());
    failed += usize::from(store.plan_changes(window(), 9).await.is_err());
    failed += usize::from(store.write(&batch(vec![maximal(99)])).await.is_err());
    for day in [0, 40, 400] {
        for _ in 0..200 {
            match store.retain(UNLIMITED, at(day * DAY_S)).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => {
                    failed += 1;
                    break;
                }
            }
        }
    }
    store.close().await;
    failed
}
