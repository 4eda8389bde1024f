//! What plans of the real runs add to each query on PostgreSQL, beside the same pool without them.
//!
//! `SILK_TEST_POSTGRES=postgres://… cargo run --release -p silk-capture --features postgres
//! --example plan_cost`
//!
//! Three pools run the same statements in turns, and differences are taken within a turn: sqlx's
//! own, Silk's, and Silk's with the hook.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, run by hand"
)]

use std::{sync::Arc, time::Instant};

use silk_capture::{
    Plans, Recorder, RecorderConfig, SilkTracingLayer, run_job,
    sql::{plans::auto_explain_setup, pool::PgPool},
};
use silk_core::{Redactor, RequestKind, Vitals as _};
use sqlx::postgres::PgPoolOptions;
use tracing_subscriber::layer::SubscriberExt as _;

/// Statements, whether their value is a text, and how often each runs in a turn.
const STATEMENTS: [(&str, &str, bool, u32); 3] = [
    (
        "row by key",
        "SELECT note FROM plan_cost WHERE id = $1",
        false,
        100,
    ),
    (
        "100 rows",
        "SELECT note FROM plan_cost WHERE id > $1 ORDER BY id LIMIT 100",
        false,
        30,
    ),
    (
        "count of 100,000",
        "SELECT count(*)::text FROM plan_cost WHERE note <> $1",
        true,
        3,
    ),
];
const TURNS: usize = 60;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::var("SILK_TEST_POSTGRES").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let recorder = |plans| {
        let config = RecorderConfig {
            plans,
            ..RecorderConfig::default()
        };
        let store = silk_store::MemoryStore::new(silk_core::store::Budget::default());
        Recorder::start(
            config,
            Arc::new(store),
            Arc::new(Redactor::default()),
            runtime.handle().clone(),
        )
        .unwrap()
    };
    let (silent, telling) = (recorder(Plans::off()), recorder(Plans::on_demand()));
    let subscriber = tracing_subscriber::registry().with(SilkTracingLayer::new(telling.clone()));
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let one = || PgPoolOptions::new().max_connections(1);
    let raw: sqlx::PgPool = one().connect(&url).await.unwrap();
    sqlx::raw_sql(
        "DROP TABLE IF EXISTS plan_cost; CREATE TABLE plan_cost(id bigint PRIMARY KEY, note text); \
         INSERT INTO plan_cost SELECT i, 'note ' || i FROM generate_series(1, 100000) i",
    )
    .execute(&raw)
    .await
    .unwrap();
    sqlx::query("VACUUM ANALYZE plan_cost")
        .execute(&raw)
        .await
        .unwrap();
    let plain = PgPool::new(silent.clone(), one().connect(&url).await.unwrap());
    let told = auto_explain_setup::pool_options(&telling, one())
        .connect(&url)
        .await
        .unwrap();
    let hooked = PgPool::new(telling.clone(), told);

    println!("µs per query: median of {TURNS} paired differences, and the quartiles\n");
    println!("| statement | sqlx's own | Silk's pool adds | plans of the runs add |");
    println!("|---|---|---|---|");
    for (name, sql, is_text, times) in STATEMENTS {
        let (mut base, mut pool, mut plans) = (Vec::new(), Vec::new(), Vec::new());
        for turn in 0..=TURNS {
            let kind = RequestKind::Job;
            let first = run_raw(&raw, sql, is_text, times).await;
            let second = run_job(&silent, kind, "silent", run(&plain, sql, is_text, times)).await;
            let third = run_job(&telling, kind, "told", run(&hooked, sql, is_text, times)).await;
            // The first turn prepares statements and fills caches.
            if turn > 0 {
                base.push(first);
                pool.push(second - first);
                plans.push(third - second);
            }
        }
        println!(
            "| {name} | {} | {} | {} |",
            middle(&mut base),
            middle(&mut pool),
            middle(&mut plans)
        );
    }
    let captures = telling.snapshot().captures;
    let plans = captures.iter().find(|capture| capture.what == "plans");
    println!("\n{}", plans.unwrap().reason);
    sqlx::query("DROP TABLE plan_cost")
        .execute(&raw)
        .await
        .unwrap();
    runtime.shutdown_background();
}

macro_rules! runner {
    ($name:ident, $pool:ty) => {
        /// Microseconds per query.
        async fn $name(pool: &$pool, sql: &'static str, is_text: bool, times: u32) -> f64 {
            let mut connection = pool.acquire().await.unwrap();
            let started = Instant::now();
            for number in 0..times {
                let query = sqlx::query(sql);
                let query = if is_text {
                    query.bind("no such note")
                } else {
                    query.bind(i64::from(number) * 7 + 1)
                };
                query.fetch_all(&mut *connection).await.unwrap();
            }
            started.elapsed().as_secs_f64() * 1e6 / f64::from(times)
        }
    };
}

runner!(run_raw, sqlx::PgPool);
runner!(run, PgPool);

/// Median and quartiles.
fn middle(figures: &mut [f64]) -> String {
    figures.sort_by(f64::total_cmp);
    let at = |share: usize| figures[figures.len() * share / 4];
    format!("{:+.1} ({:+.1} … {:+.1})", at(2), at(1), at(3))
}
