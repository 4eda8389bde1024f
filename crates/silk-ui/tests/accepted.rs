//! What an app accepts is folded on the request's page with its reason, and shown nowhere else;
//! what request and plan both find is shown once.

mod support;

use silk_core::{
    Finding, Fingerprint, PlanRecord, PlanSource, QueryRef, RequestRecord, Severity,
    finding::rules, record::AcceptedFinding,
};
use support::{
    TestStore,
    client::{app, get, page},
    finish, plans, query, request, sql,
};

/// Filters most of a table by a pattern that is bound.
const SEARCH: &str = "\
Seq Scan on message  (cost=0.00..9267.24 rows=10 width=104) (actual time=0.5..90.0 rows=10 loops=1)
  Filter: (text = $1)
  Rows Removed by Filter: 99990
Planning Time: 0.1 ms
Execution Time: 95.0 ms
";

fn searched(number: u128) -> RequestRecord {
    let mut record = request(number, "GET", "/api/search", "/api/search");
    let mut text = sql(
        "SELECT id FROM message WHERE text LIKE $1",
        "SELECT",
        &["message"],
        0xc3,
    );
    text.database = plans::postgres().into();
    record.detail.texts = vec![text];
    record.detail.queries.push(query(1, 0, 2_000, 100_000));
    finish(&mut record, 110_000);
    record
}

fn wildcard() -> Finding {
    Finding {
        rule: rules::LEADING_WILDCARD.to_owned(),
        severity: Severity::Warning,
        title: "Column text is searched by a pattern that begins with a wildcard.".to_owned(),
        detail: "It took 100 ms.".to_owned(),
        remedy: Some("An index of trigrams answers it.".to_owned()),
        call_site: None,
        fingerprint: Some(Fingerprint(0xc3)),
        query: Some(1),
        lost_us: Some(100_000),
    }
}

fn plan_of(record: &RequestRecord) -> PlanRecord {
    let mut plan = plans::record(77, PlanSource::AutoExplain, SEARCH);
    plan.fingerprint = Some(Fingerprint(0xc3));
    plan.database = plans::postgres();
    plan.query = Some(QueryRef {
        request_id: record.summary.id,
        seq: 1,
    });
    plan
}

fn rules_of(json: &serde_json::Value, list: &str) -> Vec<String> {
    json[list]
        .as_array()
        .expect("is a list")
        .iter()
        .map(|one| one["rule"].as_str().expect("is text").to_owned())
        .collect()
}

#[tokio::test]
async fn what_is_accepted_is_folded_with_its_reason_and_told_nowhere_else() {
    let mut record = searched(1);
    record.detail.accepted = vec![AcceptedFinding {
        finding: wildcard(),
        reason: "search goes to <another> engine in May".to_owned(),
    }];
    record.sum_findings();
    let store = TestStore::of(vec![record.clone()]);
    store.keep(&plan_of(&record));
    let app = app(&store);
    let id = record.summary.id;
    let json = get(&app, &format!("/silk/api/requests/{id}")).await.json();
    assert_eq!(
        rules_of(&json, "findings"),
        Vec::<String>::new(),
        "{json:#}"
    );
    assert_eq!(json["accepted"][0]["rule"], "leading_wildcard");
    assert_eq!(
        json["accepted"][0]["reason"],
        "search goes to <another> engine in May"
    );
    let html = page(&app, &format!("/silk/requests/{id}")).await;
    assert!(html.contains("1 finding accepted by the app"), "{html}");
    assert!(
        html.contains(
            "leading wildcard · accepted: search goes to &#60;another&#62; engine in May"
        )
    );
    let list = get(&app, "/silk/api/requests?finding=any").await.json();
    assert_eq!(list["items"], serde_json::json!([]), "{list:#}");
}

#[tokio::test]
async fn what_request_and_plan_both_find_is_told_once() {
    let mut record = searched(2);
    record.findings = vec![wildcard()];
    record.sum_findings();
    let plain = searched(3);
    let store = TestStore::of(vec![record.clone(), plain.clone()]);
    store.keep(&plan_of(&record));
    let mut other = plan_of(&plain);
    other.id = plans::record(78, PlanSource::AutoExplain, SEARCH).id;
    store.keep(&other);
    let app = app(&store);
    let of = async |record: &RequestRecord| {
        let id = record.summary.id;
        let json = get(&app, &format!("/silk/api/requests/{id}")).await.json();
        rules_of(&json, "findings")
    };
    assert_eq!(of(&record).await, ["leading_wildcard"]);
    // Where the request says nothing of it, the plan does.
    assert_eq!(of(&plain).await, ["seq_scan_filters_most"]);
}
