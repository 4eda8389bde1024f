//! An app that keeps sqlx's own pool, as an ORM does, and names it for EXPLAIN.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::time::Duration;

use silk_core::{DatabaseKind, RequestRecord, store::RequestFilter, vitals::CaptureLevel};
use sqlx::postgres::PgPoolOptions;
use tower_silk::{Silk, Thresholds};

async fn records(silk: &Silk) -> Vec<RequestRecord> {
    assert!(silk.flush(Duration::from_secs(60)).await);
    let store = silk.store();
    let page = store.requests(&RequestFilter::default()).await.unwrap();
    let mut records = Vec::new();
    for summary in page.items {
        records.push(store.request(summary.id).await.unwrap().unwrap());
    }
    records
}

#[tokio::test]
#[ignore = "needs PostgreSQL: run cargo xtask test"]
async fn case_apps_08_explain_with_is_not_seen_by_health() {
    let thresholds = Thresholds {
        min_calls: 5,
        min_lost: Duration::ZERO,
        ..Thresholds::default()
    };
    let silk = Silk::builder().in_memory().findings(thresholds);
    let silk = silk.layer_call_sites(true).build().await.unwrap();
    silk.init_tracing();
    let capture = |what: &str| {
        let captures = silk.vitals().captures;
        captures
            .into_iter()
            .find(|capture| capture.what == what)
            .unwrap()
    };
    let before = capture("EXPLAIN");
    assert_eq!(before.level, CaptureLevel::Off);
    let remedy = before.remedy.unwrap();
    assert!(remedy.contains("silk.explain_with(&pool);"), "{remedy}");

    let url = std::env::var("SILK_TEST_POSTGRES").unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect(&url)
        .await
        .unwrap();
    silk.explain_with(&pool);
    let after = capture("EXPLAIN");
    assert_ne!(after.level, CaptureLevel::Off);
    assert_eq!(after.remedy, None, "{}", after.reason);
    assert!(after.reason.contains("explain_with"), "{}", after.reason);
    assert_ne!(capture("plans").level, CaptureLevel::Off);
    assert_eq!(
        capture("values").remedy,
        None,
        "an ORM's pool cannot be ours"
    );

    sqlx::query("create temp table apps_08(id int, name text)")
        .execute(&pool)
        .await
        .unwrap();
    let work = async {
        for id in 0..20 {
            sqlx::query("select name from apps_08 where id = $1")
                .bind(id)
                .fetch_optional(&pool)
                .await
                .unwrap();
        }
    };
    let line = line!() - 5;
    silk.job("list").run(work).await;
    let record = records(&silk).await.pop().unwrap();
    let database = &record.detail.texts[0].database;
    assert_eq!(database.kind, DatabaseKind::Postgres);
    assert!(!database.name.is_empty());
    assert!(
        format!("{:?}", record.findings).contains("ANY("),
        "{:#?}",
        record.findings
    );
    let sites = &record.detail.call_sites;
    assert_eq!(sites.len(), 1, "{sites:?}");
    assert!(sites[0].file.ends_with("app_explained.rs"));
    assert!(
        sites[0].line.abs_diff(line) <= 2,
        "{:?}, and the query is at {line}",
        sites[0]
    );
}
