//! A verdict stands on top of a request: why it failed, else the largest cause by measured time,
//! else where the time went. Pages and API say the same.

mod support;

use axum::Router;
use silk_core::{
    ConnectionWait, Finding, Fingerprint, Holder, LogRecord, Outcome, PlanRecord, PlanSource,
    PoolUse, QueryRef, RequestId, RequestRecord, Severity,
};
use support::{
    TestStore,
    client::{app, get, page},
    finish, plans, query, request, site, sql,
};
use uuid::Uuid;

/// Sorts a whole table for a page of rows; without times, as auto_explain tells it.
const SORT: &str = "\
Limit  (cost=5515.46..5515.71 rows=100 width=104) (actual rows=100 loops=1)
  ->  Sort  (cost=5515.45..5765.45 rows=100000 width=104) (actual rows=100 loops=1)
        Sort Key: updated DESC
        Sort Method: top-N heapsort  Memory: 50kB
        ->  Seq Scan on message  (cost=0.00..2267.24 rows=100000 width=104) (actual rows=100000 loops=1)
";

fn n_plus_one(lost_us: u64) -> Finding {
    Finding {
        rule: "repeated_statement".to_owned(),
        severity: Severity::Critical,
        title: "The same query on person ran 100 times, from src/routes/messages.rs:88.".to_owned(),
        detail: "The 100 queries took 26 ms in total.".to_owned(),
        remedy: None,
        call_site: None,
        fingerprint: Some(Fingerprint(0xb2)),
        query: None,
        lost_us: Some(lost_us),
    }
}

/// README's first example: a sort of 637 ms, and an N+1 of 26 ms.
fn first_example() -> RequestRecord {
    let mut record = request(
        693,
        "GET",
        "/api/messages/list_some",
        "/api/messages/list_some",
    );
    let detail = &mut record.detail;
    detail.texts = vec![
        sql(
            "SELECT id, text FROM message ORDER BY updated DESC LIMIT 100",
            "SELECT",
            &["message"],
            0xa1,
        ),
        sql(
            "SELECT * FROM person WHERE id = $1",
            "SELECT",
            &["person"],
            0xb2,
        ),
    ];
    for text in &mut detail.texts {
        text.database = plans::postgres().into();
    }
    detail.call_sites = vec![
        site("weave::list_some", "src/routes/messages.rs", 75),
        site("weave::list_some", "src/routes/messages.rs", 88),
    ];
    let mut first = query(1, 0, 2_000, 637_000);
    (first.rows_returned, first.rows_read) = (100, 100);
    first.call_site = Some(0);
    detail.queries.push(first);
    for seq in 2..=101_u32 {
        let mut each = query(seq, 1, 640_000 + u64::from(seq) * 300, 260);
        each.call_site = Some(1);
        detail.queries.push(each);
    }
    finish(&mut record, 726_000);
    record.findings = vec![n_plus_one(25_800)];
    record.sum_findings();
    record
}

fn sort_of(record: &RequestRecord, n: u128) -> PlanRecord {
    let mut plan = plans::record(n, PlanSource::AutoExplain, SORT);
    plan.fingerprint = Some(Fingerprint(0xa1));
    plan.database = plans::postgres();
    plan.query = Some(QueryRef {
        request_id: record.summary.id,
        seq: 1,
    });
    plan
}

fn shown(records: Vec<RequestRecord>, kept: Vec<PlanRecord>) -> Router {
    let store = TestStore::of(records);
    for plan in kept {
        store.keep(&plan);
    }
    app(&store)
}

/// The record as JSON, and the text of its page's verdict, which must agree.
async fn looked_at(app: &Router, id: RequestId) -> (serde_json::Value, String, String) {
    let html = page(app, &format!("/silk/requests/{id}")).await;
    let json = get(app, &format!("/silk/api/requests/{id}")).await.json();
    let at = html.find("<section class=\"verdict").expect("is there");
    let top = html[at..]
        .split("</section>")
        .next()
        .expect("ends")
        .to_owned();
    let escaped = |text: &serde_json::Value| {
        let text = text.as_str().expect("is text");
        (text.replace('&', "&#38;"))
            .replace('\'', "&#39;")
            .replace('"', "&#34;")
            .replace('<', "&#60;")
            .replace('>', "&#62;")
    };
    let sentence = escaped(&json["verdict"]["sentence"]);
    assert!(top.contains(&sentence), "{sentence}: {top}");
    let at_top = json["verdict"]["finding"].as_u64();
    let findings = json["findings"].as_array().expect("is a list");
    let mut reached = u64::MAX;
    for (finding, at) in findings.iter().zip(0..) {
        assert!(html.contains(&escaped(&finding["evidence"])), "{finding}");
        assert!(
            at_top == Some(at) || html.contains(&escaped(&finding["title"])),
            "{finding}"
        );
        let lost_us = finding["lost_us"].as_u64().unwrap_or(0);
        let total_us = json["request"]["duration_us"]
            .as_u64()
            .expect("is a number");
        assert!(lost_us <= total_us && lost_us <= reached, "{findings:#?}");
        reached = lost_us;
    }
    (json, html, top)
}

#[tokio::test]
async fn the_largest_cause_by_measured_time_comes_first_with_its_index() {
    let record = first_example();
    let id = record.summary.id;
    let plan = sort_of(&record, 1);
    let app = shown(vec![record], vec![plan]);
    let (json, html, top) = looked_at(&app, id).await;
    assert_eq!(json["verdict"]["kind"], "finding");
    let sentence = json["verdict"]["sentence"].as_str().expect("is text");
    assert!(
        sentence.ends_with(
            "of 726 ms: query 1 sorts all 100,000 rows of message to give the first 100 \
             (routes/messages.rs:75)."
        ),
        "{sentence}"
    );
    let first = &json["findings"][0];
    assert_eq!(first["rule"], "sorts_all_for_first_rows");
    assert_eq!(
        (&first["source"], &first["sql_is"]),
        (&"plan".into(), &"index".into())
    );
    assert_eq!(first["call_site"]["line"], 75);
    assert_eq!(first["is_verified"], true);
    let lost_us = first["lost_us"].as_u64().expect("is a number");
    assert!((500_000..=637_000).contains(&lost_us), "{lost_us}");
    let sql = first["sql"].as_str().expect("is text");
    assert!(
        sql.starts_with("CREATE INDEX") && sql.ends_with(';'),
        "{sql}"
    );
    for part in ["Create this index:", "verified", "data-copy", "CREATE"] {
        assert!(top.contains(part), "{part}: {top}");
    }
    let second = &json["findings"][1];
    assert_eq!(second["rule"], "repeated_statement");
    assert_eq!(second["severity"], "info", "a thirtieth of the request");
    assert_eq!(second["sql_is"], "query");
    assert!(
        second["sql"]
            .as_str()
            .is_some_and(|sql| sql.contains("= ANY($1)")),
        "{second}"
    );
    assert!(html.contains("Also found"), "{html}");
    // The page of the query says it too, that of another does not.
    let one = page(&app, &format!("/silk/requests/{id}/queries/1")).await;
    assert!(one.contains("Sorts all 100,000 rows of message"), "{one}");
    let other = page(&app, &format!("/silk/requests/{id}/queries/2")).await;
    assert!(!other.contains("Sorts all"), "{other}");
    // So do statement and overview, each with the SQL.
    for uri in ["/silk/", "/silk/statements/00000000000000a1"] {
        let html = page(&app, uri).await;
        assert!(
            html.contains("Sorts all 100,000 rows of message"),
            "{uri}: {html}"
        );
        assert!(html.contains("Create this index:"), "{uri}: {html}");
    }
}

#[tokio::test]
async fn case_08_a_saving_is_never_above_the_time_that_its_queries_cover() {
    let mut record = request(1, "GET", "/api/parallel", "/api/parallel");
    let detail = &mut record.detail;
    detail.texts = vec![sql(
        "SELECT * FROM person WHERE id = $1",
        "SELECT",
        &["person"],
        0xb2,
    )];
    // 50 queries at once over 10 connections, 251 ms in sum and 96.9 ms from end to end.
    for seq in 1..=50_u32 {
        let started = u64::from((seq - 1) / 10) * 19_380;
        let each = if seq % 10 == 0 { 19_380 } else { 3_424 };
        detail.queries.push(query(seq, 0, 10_000 + started, each));
    }
    finish(&mut record, 133_000);
    record.findings = vec![Finding {
        lost_us: Some(246_000),
        ..n_plus_one(0)
    }];
    record.sum_findings();
    let id = record.summary.id;
    let (json, ..) = looked_at(&shown(vec![record], Vec::new()), id).await;
    assert_eq!(json["findings"][0]["lost_us"], 96_900);
    assert!(
        json["verdict"]["sentence"].as_str().is_some_and(
            |sentence| sentence.starts_with("96.9 of 133 ms: the same query on person")
        ),
        "{}",
        json["verdict"]
    );
}

#[tokio::test]
async fn case_07_a_plan_of_another_run_is_not_called_this_runs() {
    let mut other = first_example();
    other.summary.id = RequestId(Uuid::from_u128(0x0193_4f5e_3333_7000_8000_0000_0000_0000));
    let mut plan = sort_of(&other, 1);
    plan.duration_us = Some(125_000);
    let mut record = first_example();
    record.detail.queries[0].duration_us = 69_800;
    record.detail.queries[0].plan_shape = plan.shape;
    let id = record.summary.id;
    let app = shown(vec![record, other], vec![plan]);
    let html = page(&app, &format!("/silk/requests/{id}/queries/1")).await;
    assert!(
        html.contains(
            "Same plan shape, from another run, which took 125 ms (this one took 69.8 ms)."
        ),
        "{html}"
    );
    assert!(!html.contains(">actual<"), "{html}");
    let html = page(&app, &format!("/silk/requests/{id}")).await;
    assert!(html.contains("same shape, plan from another run"), "{html}");
    let html = page(&app, &format!("/silk/plans/{}", plans::id(1))).await;
    assert!(
        !html.contains("this run took") && html.contains("that run took"),
        "{html}"
    );
}

#[tokio::test]
async fn request_and_query_page_agree_on_the_plan() {
    let mut other = first_example();
    other.summary.id = RequestId(Uuid::from_u128(0x0193_4f5e_3333_7000_8000_0000_0000_0000));
    let mut plan = sort_of(&other, 1);
    plan.source = PlanSource::Estimated;
    let record = first_example();
    let id = record.summary.id;
    let app = shown(vec![record, other], vec![plan]);
    let href = format!("/silk/plans/{}?of=00000000000000a1", plans::id(1));
    for (uri, words) in [
        (format!("/silk/requests/{id}"), "plan from another run"),
        (
            format!("/silk/requests/{id}/queries/1"),
            "Plan from another run; that of this run is not known.",
        ),
    ] {
        let html = page(&app, &uri).await;
        assert!(
            html.contains(&href) && html.contains(words),
            "{uri}: {html}"
        );
    }
}

#[tokio::test]
async fn server_time_stands_beside_client_time() {
    let mut record = first_example();
    record.detail.queries[1].server_us = Some(43);
    let id = record.summary.id;
    let app = shown(vec![record], Vec::new());
    let html = page(&app, &format!("/silk/requests/{id}/queries/2")).await;
    assert!(
        html.contains("server time") && html.contains("43 µs"),
        "{html}"
    );
    let html = page(&app, &format!("/silk/requests/{id}/queries/3")).await;
    assert!(!html.contains("in the server"), "{html}");
}

#[tokio::test]
async fn a_failed_request_says_what_failed() {
    let failing = support::transaction(692);
    let mut panicked = first_example();
    panicked.summary.id = RequestId(Uuid::from_u128(0x0193_4f5e_4444_7000_8000_0000_0000_0000));
    panicked.summary.outcome = Outcome::Panicked;
    panicked.summary.status = None;
    panicked.detail.error = Some("a panic on purpose".to_owned());
    let mut logged = first_example();
    logged.summary.id = RequestId(Uuid::from_u128(0x0193_4f5e_5555_7000_8000_0000_0000_0000));
    logged.summary.status = Some(503);
    let mut unknown = logged.clone();
    unknown.summary.id = RequestId(Uuid::from_u128(0x0193_4f5e_6666_7000_8000_0000_0000_0000));
    logged.detail.logs.push(LogRecord {
        at_us: 5,
        level: "ERROR".to_owned(),
        target: "app".to_owned(),
        message: "the mail server is away".to_owned(),
        fields: Vec::new(),
    });
    // What is found elsewhere costs time, and does not say why it failed.
    for (record, words) in [
        (
            failing,
            "Failed with 500: query 8 UPDATE thread: could not serialize access due to concurrent \
             update (40001).",
        ),
        (panicked, "Panicked: a panic on purpose"),
        (
            logged,
            "Failed with 503. The app logged: the mail server is away",
        ),
        (unknown, "Failed with 503. Why is not known."),
    ] {
        let id = record.summary.id;
        let (json, html, top) = looked_at(&shown(vec![record], Vec::new()), id).await;
        assert_eq!(json["verdict"]["kind"], "failure");
        assert_eq!(json["verdict"]["sentence"], words);
        assert!(top.contains("verdict bad"), "{top}");
        assert_eq!(html.matches("It failed").count(), 0, "said once: {html}");
    }
}

#[tokio::test]
async fn a_failed_query_of_the_rules_is_the_verdict_only_where_the_request_failed() {
    for status in [500, 200] {
        let mut record = first_example();
        record.summary.status = Some(status);
        record.findings.push(Finding {
            rule: "failed_query".to_owned(),
            severity: Severity::Critical,
            title: "INSERT thread failed from errors.rs:40: duplicate key (code 23505).".to_owned(),
            detail: "It took 1.00 ms.".to_owned(),
            remedy: None,
            call_site: Some(site("weave::error", "src/errors.rs", 40)),
            fingerprint: None,
            query: Some(3),
            lost_us: Some(1_000),
        });
        record.sum_findings();
        let id = record.summary.id;
        let app = shown(vec![record], Vec::new());
        let json = get(&app, &format!("/silk/api/requests/{id}")).await.json();
        let kind = if status == 500 {
            "failure"
        } else {
            "unexplained"
        };
        assert_eq!(json["verdict"]["kind"], kind, "{}", json["verdict"]);
        let first = if status == 500 {
            "failed_query"
        } else {
            "repeated_statement"
        };
        assert_eq!(json["findings"][0]["rule"], first);
    }
}

#[tokio::test]
async fn what_takes_most_and_is_not_understood_is_told() {
    let record = first_example();
    let id = record.summary.id;
    let (json, html, top) = looked_at(&shown(vec![record], Vec::new()), id).await;
    assert_eq!(json["verdict"]["kind"], "unexplained");
    assert_eq!(
        json["verdict"]["sentence"],
        "637 of 726 ms: query 1 SELECT message (routes/messages.rs:75)."
    );
    assert!(top.contains("no plan of it is kept"), "{top}");
    assert!(
        html.contains(">Findings</h2>"),
        "the N+1 is one all the same: {html}"
    );
    // Quick ones need no explanation.
    let mut record = first_example();
    record.detail.queries[0].duration_us = 19_000;
    record.statements.clear();
    finish(&mut record, 60_000);
    let id = record.summary.id;
    let (json, ..) = looked_at(&shown(vec![record], Vec::new()), id).await;
    assert_eq!(json["verdict"]["kind"], "finding", "{}", json["verdict"]);
}

/// A request that ran a query 40 times and waited for a connection meanwhile.
fn waited(wait_us: u64, total_us: u64, lost_us: u64) -> RequestRecord {
    let mut record = first_example();
    record.detail.queries.remove(0);
    for query in &mut record.detail.queries {
        query.started_us = u64::from(query.seq) * 100;
        query.duration_us = 100;
    }
    record.detail.waits = vec![ConnectionWait {
        started_us: 100,
        duration_us: wait_us,
        error: None,
        pool: Some(PoolUse {
            open: 1,
            idle: 0,
            most: 5,
        }),
        holders: Vec::new(),
    }];
    record.statements.clear();
    finish(&mut record, total_us);
    record.summary.times.wait_us = wait_us;
    record.findings = vec![n_plus_one(lost_us)];
    record.sum_findings();
    record
}

#[tokio::test]
async fn a_wait_that_takes_most_is_the_first_line() {
    let record = waited(11_500, 20_200, 3_420);
    let id = record.summary.id;
    let (json, _, top) = looked_at(&shown(vec![record], Vec::new()), id).await;
    assert_eq!(json["verdict"]["kind"], "wait", "{}", json["verdict"]);
    assert_eq!(
        json["verdict"]["sentence"],
        "11.5 of 20.2 ms: waiting for a connection; the pool opened a new one."
    );
    assert!(top.contains("min_connections"), "{top}");
    // A check, a quick start, a small share, and less than what the finding explains.
    for (wait_us, total_us, lost_us) in [
        (400, 12_000, 300),
        (4_900, 14_000, 3_420),
        (11_500, 60_000, 3_420),
        (8_000, 30_000, 9_500),
    ] {
        let record = waited(wait_us, total_us, lost_us);
        let id = record.summary.id;
        let (json, ..) = looked_at(&shown(vec![record], Vec::new()), id).await;
        assert_eq!(json["verdict"]["kind"], "finding", "{}", json["verdict"]);
    }
}

#[tokio::test]
async fn findings_now_name_who_held_the_connections() {
    let mut record = waited(41_600, 42_700, 0);
    record.detail.waits[0].holders = vec![Holder {
        route: "GET /hold".to_owned(),
        fingerprint: None,
        normalized: None,
        call_site: Some(site("app::hold", "src/hold.rs", 30)),
        connections: 2,
        idle_in_transaction: 2,
        held_us: 80_000,
    }];
    record.findings = vec![Finding {
        rule: "connection_wait".to_owned(),
        title: "Spent 41.6 of 42.7 ms waiting for a free connection.".to_owned(),
        fingerprint: None,
        ..n_plus_one(41_600)
    }];
    record.sum_findings();
    let html = page(&shown(vec![record], Vec::new()), "/silk/").await;
    assert!(
        html.contains("Held by GET /hold, src/hold.rs:30."),
        "{html}"
    );
}

#[tokio::test]
async fn where_nothing_is_found_the_time_is_told() {
    let mut record = first_example();
    record.findings.clear();
    record.detail.queries.truncate(1);
    record.detail.queries[0].duration_us = 8_000;
    record.statements.clear();
    finish(&mut record, 10_000);
    let id = record.summary.id;
    let (json, _, top) = looked_at(&shown(vec![record], Vec::new()), id).await;
    assert_eq!(json["verdict"]["kind"], "nothing");
    assert_eq!(
        json["verdict"]["sentence"],
        "No findings. 8.00 of 10.0 ms (80 %) went into SQL; largest: query 1 SELECT message \
         (routes/messages.rs:75), 8.00 ms."
    );
    assert!(top.contains("verdict good"), "{top}");
    let idle = request(2, "GET", "/hello", "/hello");
    let id = idle.summary.id;
    let (json, ..) = looked_at(&shown(vec![idle], Vec::new()), id).await;
    let sentence = json["verdict"]["sentence"].as_str().expect("is text");
    assert!(
        sentence
            .starts_with("No findings. 600 µs of 1.00 ms (60 %) went into waiting for something"),
        "{sentence}"
    );
}

#[tokio::test]
async fn case_04_findings_now_counts_all_requests_of_the_window() {
    let records = (0..154)
        .map(|n| {
            let mut record = first_example();
            record.summary.id =
                RequestId(Uuid::from_u128((0x0193_4f5e_7777_7000_8000_u128 << 48) + n));
            record
        })
        .collect();
    let html = page(&shown(records, Vec::new()), "/silk/").await;
    assert!(html.contains(">154 requests</a>"), "{html}");
    // 25.8 ms each.
    assert!(html.contains(">3.97 s</b> in"), "{html}");
    let now = html.find("Findings now").expect("is there");
    let routes = html.find("list routes").expect("is there");
    assert!(now < routes, "on top of the page");
}
