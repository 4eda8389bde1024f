//! Numbers are what they are called: caps are shown, what transactions cost is named, a search that
//! was cut short does not say that there is nothing, and every count has separators and its word.

mod support;

use std::sync::Arc;

use silk_core::{
    CallSite, ConnectionWait, Holder, LogRecord, PoolUse, QueryError, RequestRecord,
    TransactionEnd, TransactionRecord, store::Searched,
};
use support::{
    TestStore,
    client::{app, get, page},
    finish, query, request, sql,
};

fn wait(started_us: u64) -> ConnectionWait {
    ConnectionWait {
        started_us,
        duration_us: 100,
        error: None,
        pool: None,
        holders: Vec::new(),
    }
}

fn transaction(end: TransactionEnd, begin_us: u64, end_us: u64) -> TransactionRecord {
    TransactionRecord {
        started_us: 1_000,
        duration_us: 15_000,
        begin_us,
        end_us,
        depth: 1,
        end,
        error: None,
    }
}

/// One query in a transaction.
fn short(n: u128) -> RequestRecord {
    let mut record = request(n, "POST", "/api/messages", "/api/messages");
    record.detail.texts = vec![sql("SELECT 1", "SELECT", &["message"], 0xa1)];
    record.detail.queries.push(query(1, 0, 3_000, 1_000));
    record
}

async fn shown(record: RequestRecord) -> (String, serde_json::Value) {
    let id = record.summary.id;
    let app = app(&TestStore::of(vec![record]));
    let html = page(&app, &format!("/silk/requests/{id}")).await;
    let json = get(&app, &format!("/silk/api/requests/{id}")).await.json();
    (html, json)
}

#[tokio::test]
async fn case_pages_03_waits_beyond_the_cap_are_told() {
    let mut record = short(1);
    record.detail.waits = (0..10_000).map(wait).collect();
    record.detail.waits_not_kept = 112;
    record.detail.transactions_not_kept = 3;
    record.detail.spans_not_kept = 1;
    record.detail.logs_not_kept = 1_204;
    record.detail.queries_not_kept = 2_000;
    record.detail.logs = vec![LogRecord {
        at_us: 1,
        level: "WARN".to_owned(),
        target: "weave".to_owned(),
        message: "slow".to_owned(),
        fields: Vec::new(),
    }];
    finish(&mut record, 20_000);
    let (html, json) = shown(record).await;
    for text in [
        "10,000 waits kept, 112 more",
        "×10,000</span> <span class=\"q\">and 112 more",
        "112 waits, 3 transactions, 1 span and 2,000 queries",
        "1,204 events more came than a request keeps",
    ] {
        assert!(html.contains(text), "{text}");
    }
    for (name, n) in [
        ("waits_not_kept", 112),
        ("transactions_not_kept", 3),
        ("spans_not_kept", 1),
        ("logs_not_kept", 1_204),
        ("queries_not_kept", 2_000),
    ] {
        assert_eq!(json[name], n, "{name}");
    }
}

#[tokio::test]
async fn what_is_within_its_cap_is_only_counted() {
    let mut record = short(1);
    record.detail.waits = vec![wait(0)];
    finish(&mut record, 20_000);
    let (html, json) = shown(record).await;
    assert!(html.contains("1 wait<") && html.contains("1 query"));
    assert!(!html.contains("waits kept") && !html.contains("keeps no more"));
    assert_eq!(json["waits_not_kept"], 0);
}

#[tokio::test]
async fn case_pages_05_begin_commit_and_rollback_are_named() {
    let mut record = short(1);
    record.detail.transactions = vec![
        transaction(TransactionEnd::Committed, 2_000, 7_000),
        transaction(TransactionEnd::RolledBack, 0, 11_000),
    ];
    finish(&mut record, 71_600);
    let (html, _) = shown(record).await;
    for text in [
        "1 query · BEGIN 2.00 ms · COMMIT 7.00 ms · ROLLBACK 11.0 ms",
        "committed",
        "· COMMIT 7.00 ms",
        "· ROLLBACK 11.0 ms",
        "queries, and BEGIN, COMMIT and ROLLBACK",
    ] {
        assert!(html.contains(text), "{text}");
    }
}

#[tokio::test]
async fn a_transaction_that_failed_says_why() {
    let mut record = short(1);
    let mut failed = transaction(TransactionEnd::Failed, 0, 7_000);
    failed.error = Some(QueryError {
        message: "could not serialize <access>".to_owned(),
        code: Some("40001".to_owned()),
    });
    record.detail.transactions = vec![failed];
    finish(&mut record, 20_000);
    let (html, json) = shown(record).await;
    assert!(html.contains("40001 could not serialize &#60;access&#62;"));
    assert_eq!(json["transactions"][0]["end"], "failed");
    assert_eq!(json["transactions"][0]["error"]["code"], "40001");
}

#[tokio::test]
async fn rows_read_stand_beside_rows_given_where_they_differ() {
    let mut record = short(1);
    let query = &mut record.detail.queries[0];
    (query.rows_returned, query.rows_read, query.server_us) = (1, 10_000, Some(800));
    finish(&mut record, 20_000);
    let id = record.summary.id;
    let app = app(&TestStore::of(vec![record]));
    let html = page(&app, &format!("/silk/requests/{id}")).await;
    assert!(html.contains("1 row, 10,000 read"));
    let html = page(&app, &format!("/silk/requests/{id}/queries/1")).await;
    assert!(html.contains("rows read by the driver") && html.contains("server time"));
    let json = get(&app, &format!("/silk/api/requests/{id}")).await.json();
    assert_eq!(json["queries"][0]["rows_read"], 10_000);
    assert_eq!(json["queries"][0]["server_us"], 800);
}

#[tokio::test]
async fn waits_name_who_held_the_connections() {
    let holder = |route: &str, line, held_us, idle| Holder {
        route: route.to_owned(),
        fingerprint: None,
        normalized: Some("SELECT ...".to_owned()),
        call_site: Some(CallSite {
            function: "weave::f".to_owned(),
            file: "src/routes/messages.rs".to_owned(),
            line,
        }),
        connections: 2,
        idle_in_transaction: idle,
        held_us,
    };
    let mut record = short(1);
    let mut long = wait(0);
    long.duration_us = 9_000;
    long.pool = Some(PoolUse {
        open: 3,
        idle: 0,
        most: 3,
    });
    long.holders = vec![
        holder("GET /api/messages", 75, 7_500, 1),
        holder("", 9, 2_500, 0),
    ];
    record.detail.waits = vec![long];
    finish(&mut record, 20_000);
    let (html, json) = shown(record).await;
    assert!(html.contains(
        "held by GET /api/messages, routes/messages.rs:75 (75 %), idle in a transaction"
    ));
    assert!(html.contains("code outside of any request"));
    assert_eq!(json["waits"][0]["holders"][0]["route"], "GET /api/messages");
}

#[tokio::test]
async fn a_search_that_was_cut_short_never_says_that_nothing_fits() {
    let store = TestStore::of(vec![short(1)]);
    *store.cut.lock().unwrap() = Some(Searched {
        looked_at: 20_000,
        of: 57_909,
    });
    let app = app(&store);
    let uri = "/silk/requests?path=/never*";
    let html = page(&app, uri).await;
    assert!(html.contains("Looked at 20,000 of 57,909 requests so far: none yet."));
    assert!(html.contains("rel=\"next\">Continue</a>") && html.contains("cursor="));
    assert!(!html.contains("No request fits"));
    let json = get(&app, "/silk/api/requests?path=/never*").await.json();
    assert_eq!(json["searched"]["looked_at"], 20_000);
    assert_eq!(json["searched"]["of"], 57_909);
    assert_eq!(json["is_partial"], true);
    *store.cut.lock().unwrap() = None;
    assert!(page(&app, uri).await.contains("No request fits"));
}

#[tokio::test]
async fn one_is_one_and_thousands_are_apart() {
    let mut record = short(693);
    finish(&mut record, 20_000);
    let one = app(&TestStore::of(vec![record]));
    let html = page(&one, "/silk/").await;
    assert!(html.contains("<b>1</b> request "), "{html}");
    assert!(html.contains("1 route."), "{html}");
    assert!(!html.contains("1 requests") && !html.contains("1 routes"));
    for uri in ["/silk/requests", "/silk/statements", "/silk/health/clear"] {
        let html = page(&one, uri).await;
        for odd in ["1 requests", "1 statements", "1 queries"] {
            assert!(!html.contains(odd), "{uri}: {odd}");
        }
    }
    let store: Arc<TestStore> = support::rich();
    let html = page(&app(&store), "/silk/requests").await;
    assert!(!html.contains(" 1 requests"));
}

#[tokio::test]
async fn health_says_when_the_store_failed() {
    let app = app(&TestStore::of(Vec::new()));
    let json = get(&app, "/silk/api/health").await.json();
    assert_eq!(json["store"]["error"], "database is locked");
    assert!(json["store"]["error_at"].as_str().unwrap().ends_with('Z'));
    let html = page(&app, "/silk/health").await;
    assert!(html.contains("It failed <time"));
}

#[tokio::test]
async fn case_pages_01_percentiles_of_a_statement_are_of_its_calls() {
    let records = (1..=2).map(|n| {
        let mut record = short(n);
        record.detail.queries = (0..10)
            .map(|seq| {
                let duration_us = if seq == 9 { 91_000 } else { 1_000 };
                query(seq + 1, 0, u64::from(seq) * 2_000, duration_us)
            })
            .collect();
        finish(&mut record, 200_000);
        let part = &mut record.statements[0];
        for query in &record.detail.queries {
            part.durations.record(query.duration_us);
        }
        record
    });
    let app = app(&TestStore::of(records.collect()));
    let uri = "statements/00000000000000a1?window=24h";
    let json = get(&app, &format!("/silk/api/{uri}")).await.json();
    // A histogram tells times to one in 32.
    let figure = |name: &str| {
        json[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {json}"))
    };
    assert!((1_000..=1_032).contains(&figure("p50_us")), "{json}");
    assert!((91_000..=93_935).contains(&figure("p95_us")), "{json}");
    assert_eq!(figure("percentile_calls"), 20);
    let html = page(&app, &format!("/silk/{uri}")).await;
    assert!(html.contains("p95") && html.contains("91.0"), "{html}");
}

#[tokio::test]
async fn case_faults_a_path_is_a_pattern_and_one_that_is_none_is_refused() {
    let mut one = request(1, "GET", "/threads/{id}", "/threads/1995");
    let mut two = request(2, "GET", "/threads/{id}", "/threads/7");
    finish(&mut one, 1_000);
    finish(&mut two, 1_000);
    let app = app(&TestStore::of(vec![one, two]));
    let json = get(&app, "/silk/api/requests?path=*99*").await.json();
    assert_eq!(json["items"].as_array().unwrap().len(), 1, "{json}");
    assert_eq!(json["items"][0]["path"], "/threads/1995");
    let refused = get(
        &app,
        &format!("/silk/api/requests?path={}", "*a".repeat(10)),
    )
    .await;
    assert_eq!(refused.status.as_u16(), 400);
    let message = refused.json()["error"]["message"].to_string();
    assert!(message.contains("at most 8 `*`"), "{message}");
}

#[tokio::test]
async fn case_apps_02_a_query_past_the_pool_says_what_to_write_instead() {
    let mut record = short(1);
    record.detail.queries[0].is_past_pool = true;
    finish(&mut record, 20_000);
    let id = record.summary.id;
    let app = app(&TestStore::of(vec![record]));
    let html = page(&app, &format!("/silk/requests/{id}/queries/1")).await;
    for text in [
        "&amp;sqlx::PgPool or &amp;mut sqlx::PgConnection",
        "&amp;tower_silk::PgPool or &amp;mut tower_silk::PgConnection",
    ] {
        assert!(
            html.contains(text) || html.contains(&text.replace("&amp;", "&#38;")),
            "{text}"
        );
    }
}
