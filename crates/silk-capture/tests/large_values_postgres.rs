//! Four queries at once with 50 MB of values each stay within the budget of memory, and are kept. A
//! program of its own: the memory of the process is what is looked at.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod support;

use silk_capture::sql::pool::PgPool;
use sqlx::postgres::PgPoolOptions;
use support::seen::{record, recorder};

const BYTES: usize = 50 << 20;
/// What all that is not yet stored may take.
const BUDGET_KB: u64 = 64 << 10;

/// The most memory that this process ever held, in kB.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let mut words = line.unwrap().split_whitespace();
    words.nth(1).unwrap().parse().unwrap()
}

macro_rules! four_at_once {
    ($pool:expr) => {{
        let value = vec![7_u8; BYTES];
        let query = || sqlx::query("select length($1)").bind(&value[..]);
        let results = tokio::join!(
            query().execute($pool),
            query().execute($pool),
            query().execute($pool),
            query().execute($pool),
        );
        for result in [results.0, results.1, results.2, results.3] {
            result.unwrap();
        }
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_pool_12_four_queries_of_50_mb_stay_within_the_budget() {
    let url = std::env::var("SILK_TEST_POSTGRES").expect("it names a server");
    let connect = || PgPoolOptions::new().max_connections(4).connect(&url);
    let raw = connect().await.unwrap();
    four_at_once!(&raw);
    raw.close().await;
    let of_the_app = peak_kb();
    let pool = PgPool::new(recorder(), connect().await.unwrap());
    let ((), seen) = record(&recorder(), async { four_at_once!(&pool) }).await;
    let ours = peak_kb() - of_the_app;
    assert!(ours < BUDGET_KB, "{ours} kB beside the app's {of_the_app}");
    assert_eq!(seen.queries.len(), 4);
    assert_eq!(seen.record.detail.queries_not_kept, 0);
    assert!(seen.queries.iter().all(|query| query.values.is_some()));
}
