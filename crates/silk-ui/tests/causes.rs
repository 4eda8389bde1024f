//! Whoever opens a slow request sees its cause there: what plans tell, and what was waited for.

mod support;

use std::sync::Arc;

use axum::{Router, body::Body};
use chrono::{TimeDelta, Utc};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use silk_core::{
    ConnectionWait, DatabaseKind, Fingerprint, PlanObservation, PlanRecord, PlanSource, PoolUse,
    QueryRef, RequestId, RequestRecord,
    finding::{Thresholds, rules},
};
use silk_ui::dashboard;
use support::{TestStore, config, plans};
use tower::ServiceExt as _;
use uuid::Uuid;

/// The statement that [`support::repeated`] runs a hundred times.
const PERSON: Fingerprint = Fingerprint(0xb2);

const SEQ_SCAN: &str = "\
Seq Scan on person  (cost=0.00..2679.00 rows=1 width=40) (actual time=0.211..0.522 rows=1 loops=1)
  Filter: (id = 7)
  Rows Removed by Filter: 99999
Planning Time: 0.041 ms
Execution Time: 0.530 ms
";

const INDEX_SCAN: &str = "\
Index Scan using person_pkey on person  (cost=0.29..8.31 rows=1 width=40) (actual time=0.021..0.022 rows=1 loops=1)
  Index Cond: (id = 7)
Planning Time: 0.041 ms
Execution Time: 0.030 ms
";

/// A plan of the repeated statement, kept from another request.
fn plan(source: PlanSource, text: &str) -> PlanRecord {
    let mut plan = plans::record(1, source, text);
    plan.fingerprint = Some(PERSON);
    plan.database = plans::postgres();
    plan
}

fn repeated() -> RequestRecord {
    let mut record = support::repeated(693);
    for text in &mut record.detail.texts {
        text.database = plans::postgres().into();
    }
    record
}

/// The request and another one whose plan was kept, and the address of its page.
fn app(record: RequestRecord, mut plan: Option<PlanRecord>) -> (Router, String) {
    let address = format!("/silk/requests/{}", record.summary.id);
    let mut other = record.clone();
    other.summary.id = RequestId(Uuid::from_u128(0x0193_4f5e_3333_7000_8000_0000_0000_0000));
    if let Some(plan) = &mut plan {
        plan.query = Some(QueryRef {
            request_id: other.summary.id,
            seq: 2,
        });
    }
    let store = TestStore::of(vec![record, other]);
    plan.iter().for_each(|plan| store.keep(plan));
    let app = Router::new().nest_service("/silk", dashboard(config(Arc::clone(&store))));
    (app, address)
}

async fn page(app: &Router, uri: &str) -> String {
    let request = Request::get(uri).body(Body::empty()).expect("is a request");
    let response = app.clone().oneshot(request).await.expect("never fails");
    let status = response.status();
    let bytes = response.into_body().collect().await.expect("is at hand");
    let text = String::from_utf8(bytes.to_bytes().to_vec()).expect("is text");
    assert_eq!(status, StatusCode::OK, "{uri}: {text}");
    text
}

#[tokio::test]
async fn what_the_plan_of_a_repeated_statement_tells_stands_on_the_request() {
    let kept = plan(PlanSource::AutoExplain, SEQ_SCAN);
    let mut record = repeated();
    for query in record.detail.queries.iter_mut().skip(1) {
        query.plan_shape = kept.shape;
    }
    let (app, address) = app(record, Some(kept));
    let html = page(&app, &address).await;
    let plan_href = format!("/silk/plans/{}?of={PERSON}", plans::id(1));
    assert!(html.contains(": reads all of person to keep"), "{html}");
    assert!(html.contains("less than 0.01 % of it"), "{html}");
    assert!(html.contains("99,999 rows thrown away"), "{html}");
    assert!(html.contains("SELECT person ×100"), "{html}");
    assert!(html.contains(&format!("href=\"{plan_href}#n0\"")), "{html}");
    assert!(
        html.contains(&format!("href=\"{address}/queries/2/indexes\"")),
        "{html}"
    );
    assert!(html.contains("same shape, plan from another run"), "{html}");
    // The same is said where the link leads.
    let html = page(&app, &plan_href).await;
    assert!(html.contains("Reads all of person"), "{html}");
}

#[tokio::test]
async fn a_plan_that_is_not_of_these_executions_is_said_to_be_of_another_run() {
    let kept = plan(PlanSource::Estimated, INDEX_SCAN);
    let (app, address) = app(repeated(), Some(kept));
    let html = page(&app, &address).await;
    assert!(html.contains("Index Scan person"), "{html}");
    assert!(html.contains("plan from another run"), "{html}");
    assert!(!html.contains("Reads all of"), "{html}");
}

#[tokio::test]
async fn a_plan_of_another_database_is_not_this_ones() {
    let mut kept = plan(PlanSource::AutoExplain, SEQ_SCAN);
    kept.database.name = "another".to_owned();
    let mut record = repeated();
    for query in record.detail.queries.iter_mut().skip(1) {
        query.plan_shape = kept.shape;
    }
    let id = record.summary.id;
    let (elsewhere, address) = app(record, Some(kept));
    let html = page(&elsewhere, &address).await;
    assert!(!html.contains("Reads all of"), "{html}");
    assert!(!html.contains("Seq Scan"), "{html}");
    let html = page(&elsewhere, &format!("{address}/queries/2")).await;
    assert!(!html.contains("Seq Scan"), "{html}");
    let json = page(&elsewhere, &format!("/silk/api/requests/{id}")).await;
    assert!(!json.contains(&plans::id(1).to_string()), "{json}");
    let mut kept = plan(PlanSource::AutoExplain, SEQ_SCAN);
    kept.database.kind = DatabaseKind::MySql;
    let (elsewhere, address) = app(repeated(), Some(kept));
    let html = page(&elsewhere, &address).await;
    assert!(!html.contains("Seq Scan"), "{html}");
}

#[tokio::test]
async fn what_takes_no_time_gets_no_remark() {
    let mut record = repeated();
    for part in &mut record.statements {
        part.total_us = 4_999;
    }
    let (app, address) = app(record, Some(plan(PlanSource::AutoExplain, SEQ_SCAN)));
    let html = page(&app, &address).await;
    assert!(
        html.contains("Seq Scan person"),
        "the plan is linked: {html}"
    );
    assert!(!html.contains("Reads all of"), "{html}");
}

#[tokio::test]
async fn the_overview_tells_what_the_plans_of_the_worst_statements_tell() {
    let mut record = repeated();
    for part in &mut record.statements {
        part.total_us = 200_000;
    }
    let (slow, _) = app(record, Some(plan(PlanSource::AutoExplain, SEQ_SCAN)));
    let html = page(&slow, "/silk/").await;
    assert!(html.contains("Reads all of person"), "{html}");
    assert!(html.contains("200 calls"), "{html}");
    assert!(
        html.contains(&format!(
            "href=\"/silk/plans/{}?of={PERSON}#n0\"",
            plans::id(1)
        )),
        "{html}"
    );
    assert!(
        html.contains(&format!("href=\"/silk/statements/{PERSON}\"")),
        "{html}"
    );
    let mut record = repeated();
    for part in &mut record.statements {
        part.total_us = 9_999;
    }
    let (quick, _) = app(record, Some(plan(PlanSource::AutoExplain, SEQ_SCAN)));
    let html = page(&quick, "/silk/").await;
    assert!(!html.contains("Reads all of person"), "{html}");
}

#[tokio::test]
async fn a_wait_for_a_connection_leads_to_what_ran_at_that_time() {
    let mut record = repeated();
    record.detail.waits = vec![ConnectionWait {
        started_us: 400,
        duration_us: 70_000,
        error: None,
        pool: Some(PoolUse {
            open: 5,
            idle: 0,
            most: 5,
        }),
        holders: Vec::new(),
    }];
    record.summary.times.wait_us = 70_000;
    record.summary.times.total_us = 100_000;
    record.findings = rules::find(&record, &[], &Thresholds::default());
    let (app, address) = app(record, None);
    let html = page(&app, &address).await;
    assert!(
        html.contains("Spent 70.0 of 100 ms waiting for a free connection."),
        "{html}"
    );
    assert!(
        html.contains("All 5 connections of the pool were in use."),
        "{html}"
    );
    assert!(html.contains("all 5 in use"), "in the timeline: {html}");
    let words = html.find(">what ran at that time<").expect("is a link");
    let start = html[..words].rfind("href=\"").expect("is a link") + 6;
    let href = html[start..].split('"').next().expect("ends");
    let list = page(&app, &href.replace("&#38;", "&")).await;
    assert!(
        list.contains("/api/messages/list_some"),
        "the request itself ran then: {list}"
    );
}

/// Calls that ran after the index was made, by another plan, are not the old plan's.
#[tokio::test]
async fn calls_that_may_have_run_by_another_plan_are_not_counted_as_this_ones() {
    // The calls, an hour and a half ago and now; the other form, seen in between or not at all.
    let of = |other: Option<TimeDelta>| async move {
        let now = Utc::now();
        let mut before = repeated();
        before.summary.started_at = now - TimeDelta::minutes(40);
        before.summary.id = RequestId(Uuid::from_u128(0x0193_4f5e_3333_7000_8000_0000_0000_0001));
        let mut after = repeated();
        after.summary.started_at = now;
        for part in before.statements.iter_mut().chain(&mut after.statements) {
            part.total_us = 200_000;
        }
        let store = TestStore::of(vec![before, after]);
        let mut kept = plan(PlanSource::AutoExplain, SEQ_SCAN);
        kept.captured_at = now - TimeDelta::minutes(35);
        store.keep(&kept);
        if let Some(ago) = other {
            let other = plan(PlanSource::Estimated, INDEX_SCAN);
            store.see(vec![PlanObservation {
                fingerprint: PERSON,
                database: plans::postgres(),
                source: PlanSource::Estimated,
                shape: other.shape.expect("has a form"),
                observed_at: now - ago,
                duration_us: None,
            }]);
        }
        let app = Router::new().nest_service("/silk", dashboard(config(store)));
        let overview = page(&app, "/silk/").await;
        let statement = page(&app, &format!("/silk/statements/{PERSON}")).await;
        let json = page(&app, &format!("/silk/api/statements/{PERSON}")).await;
        let json: serde_json::Value = serde_json::from_str(&json).expect("is JSON");
        let findings = json["findings"].as_array().expect("is a list").clone();
        let of_plan = findings.into_iter().find(|of| of["source"] == "plan");
        (overview, statement, of_plan.expect("its plan is judged"))
    };
    for (other, calls, said) in [
        (None, 200, "200 calls"),
        (Some(TimeDelta::minutes(20)), 100, "up to 100 calls"),
        // Seen before the plan was: which calls it ran is not known.
        (Some(TimeDelta::minutes(37)), 200, "up to 200 calls"),
    ] {
        let (overview, statement, finding) = of(other).await;
        assert!(overview.contains(said), "{said}: {overview}");
        assert!(statement.contains(said), "{said}: {statement}");
        assert_eq!(overview.contains("up to "), other.is_some());
        assert_eq!(finding["plan"]["calls"], calls);
        assert_eq!(finding["plan"]["are_calls_at_most"], other.is_some());
        assert_eq!(finding["is_at_most"], other.is_some());
        let lost_us = finding["lost_us"].as_u64().expect("is known");
        assert!(lost_us <= calls * 2_000, "{lost_us}");
    }
}

/// What the page of a statement shows, its JSON has: the same findings, in the same order.
#[tokio::test]
async fn the_statement_page_and_its_json_have_the_same_findings() {
    let (app, _) = app(repeated(), Some(plan(PlanSource::AutoExplain, SEQ_SCAN)));
    let html = page(&app, &format!("/silk/statements/{PERSON}")).await;
    let json = page(&app, &format!("/silk/api/statements/{PERSON}")).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("is JSON");
    let findings = json["findings"].as_array().expect("is a list");
    assert!(
        findings.len() >= 2,
        "of its plan and of its requests: {findings:?}"
    );
    let mut from = 0;
    for finding in findings {
        let title = finding["title"].as_str().expect("has a title");
        let at = html[from..].find(title);
        from += at.unwrap_or_else(|| panic!("{title} in its order"));
        assert!(finding["severity"].is_string() && finding["rule"].is_string());
        match finding["source"].as_str() {
            Some("plan") => {
                assert!(finding["plan"]["id"].is_string() && finding["route"].is_null());
            }
            Some("request") => {
                assert!(finding["route"]["worst"].is_string() && finding["plan"].is_null());
                assert!(finding["route"]["requests"].as_u64() > Some(0));
            }
            other => panic!("{other:?}"),
        }
    }
    let of_plan = findings.iter().find(|finding| finding["source"] == "plan");
    let of_plan = of_plan.expect("its plan is judged");
    assert_eq!(of_plan["rule"], "seq_scan_filters_most");
    assert!(of_plan["lost_us"].as_u64() > Some(0));
    assert!(html.matches("<p class=\"what\">").count() == findings.len());
}

/// The missing index and the N+1 stand in one list, in the order of what they cost.
#[tokio::test]
async fn findings_of_plans_and_of_requests_are_one_list() {
    let (app, _) = app(repeated(), Some(plan(PlanSource::AutoExplain, SEQ_SCAN)));
    let list = async |query: &str| {
        let json = page(&app, &format!("/silk/api/findings?window=24h{query}")).await;
        let json: serde_json::Value = serde_json::from_str(&json).expect("is JSON");
        json["items"].as_array().expect("is a list").clone()
    };
    let all = list("").await;
    let sources: Vec<_> = all.iter().map(|one| one["source"].as_str()).collect();
    assert!(sources.contains(&Some("plan")) && sources.contains(&Some("request")));
    let lost: Vec<_> = all.iter().map(|one| one["lost_us"].as_u64()).collect();
    assert!(lost.is_sorted_by(|a, b| a >= b), "{lost:?}");
    let is_plan = |one: &&serde_json::Value| one["source"] == "plan";
    let of_plan = all.iter().find(is_plan).expect("its plan is judged");
    assert_eq!(of_plan["rule"], "seq_scan_filters_most");
    assert_eq!(of_plan["state"], "unknown", "not guessed");
    assert!(of_plan["requests"].is_null() && of_plan["plan"]["calls"].as_u64() > Some(0));

    // The page has them in the same order, and counts them in its states.
    let html = page(&app, "/silk/findings?window=24h").await;
    let (_, table) = html.split_once("id=\"all\"").expect("has the table");
    let mut from = 0;
    for one in &all {
        let title = one["title"].as_str().expect("has a title");
        let at = table[from..].find(title);
        from += at.unwrap_or_else(|| panic!("{title} in its order"));
    }
    assert!(table.contains(&format!("to do {}", all.len())), "{table}");
    assert!(table.contains("unknown 1") && table.contains(">plan</a>"));

    // The filters are theirs too.
    for (query, plans) in [
        ("&state=unknown", 1),
        ("&state=all&rule=seq_scan_filters_most", 1),
        (&*format!("&fingerprint={PERSON}"), 1),
        ("&route=list_some", 1),
        ("&route=nowhere", 0),
        ("&state=open", 0),
        ("&rule=repeated_statement", 0),
    ] {
        let found = list(query).await;
        assert_eq!(found.iter().filter(is_plan).count(), plans, "{query}");
    }
    assert_eq!(list("&state=unknown").await.len(), 1);
}
