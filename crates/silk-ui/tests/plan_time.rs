//! Plans and what is known of tables are of a time: a request is not judged by a plan of another
//! time, nor a plan by indexes that were made since.

mod support;

use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use silk_core::{
    BoxFuture, Database, Explain, ExplainError, ExplainOutput, ExplainQuery, Fingerprint,
    PlanFormat, PlanRecord, PlanSource, QueryRef, RequestRecord,
    explain::{Relation, RelationFacts},
};
use silk_ui::dashboard;
use support::{
    TestStore,
    client::{get, page},
    config, finish, plans, query, request, sql,
};

const ORDERS: Fingerprint = Fingerprint(0xc7);
const SCAN: &str = r#"[{"Plan":{"Node Type":"Seq Scan","Relation Name":"orders","Alias":"orders","Startup Cost":0.0,"Total Cost":9500.0,"Plan Rows":20,"Plan Width":40,"Filter":"(user_id = 7)"}}]"#;
const INDEX: &str = r#"[{"Plan":{"Node Type":"Index Scan","Index Name":"orders_user_id","Relation Name":"orders","Alias":"orders","Startup Cost":0.29,"Total Cost":8.3,"Plan Rows":20,"Plan Width":40,"Index Cond":"(user_id = 7)"}}]"#;
const SCANNED: &str = "reads all of orders";

/// A database that plans like this now, or cannot be asked; with an index on the column now.
#[derive(Debug)]
struct Now(Option<&'static str>);

impl Explain for Now {
    fn explain(&self, _: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        let answer = self.0.map(|raw| ExplainOutput {
            format: PlanFormat::PostgresJson,
            raw: raw.to_owned(),
            analyzed: false,
        });
        let closed = || ExplainError::Failed {
            message: "closed".to_owned(),
        };
        Box::pin(std::future::ready(answer.ok_or_else(closed)))
    }
    fn knows(&self, _: &Database) -> bool {
        self.0.is_some()
    }
    fn facts(
        &self,
        _: &Database,
        relations: Vec<Relation>,
    ) -> BoxFuture<'_, Result<Vec<RelationFacts>, ExplainError>> {
        let known = relations.into_iter().map(|relation| RelationFacts {
            relation,
            rows: Some(100_000.0),
            all_visible: Some(1.0),
            column_types: [("user_id".to_owned(), "integer".to_owned())].into(),
            leading_columns: vec!["user_id".to_owned()],
        });
        Box::pin(std::future::ready(Ok(known.collect())))
    }
}

/// A request of one slow query, so long ago.
fn asked(seconds_ago: i64) -> RequestRecord {
    took(seconds_ago, 25_000, 40_000)
}

fn took(seconds_ago: i64, query_us: u64, total_us: u64) -> RequestRecord {
    let mut record = request(600, "GET", "/orders/7", "/orders/{id}");
    record.summary.started_at = at(seconds_ago);
    let text = "SELECT * FROM orders WHERE user_id = $1";
    record.detail.texts = vec![sql(text, "SELECT", &["orders"], ORDERS.0)];
    record.detail.texts[0].database = plans::postgres().into();
    record.detail.queries.push(query(1, 0, 2_000, query_us));
    finish(&mut record, total_us);
    record
}

fn at(seconds_ago: i64) -> DateTime<Utc> {
    Utc::now() - TimeDelta::seconds(seconds_ago)
}

fn plan(n: u128, raw: &str, seconds_ago: i64) -> PlanRecord {
    let mut plan = plans::record(n, PlanSource::Estimated, raw);
    plan.fingerprint = Some(ORDERS);
    plan.database = plans::postgres();
    plan.captured_at = at(seconds_ago);
    plan
}

fn shown(record: &RequestRecord, kept: &[PlanRecord], now: Option<&'static str>) -> Router {
    let store = TestStore::of(vec![record.clone()]);
    for plan in kept {
        store.keep(plan);
    }
    let mut config = config(store);
    config.explain = Arc::new(Now(now));
    Router::new().nest_service("/silk", dashboard(config))
}

/// The request as JSON, and its page.
async fn looked_at(app: &Router, record: &RequestRecord) -> (serde_json::Value, String) {
    let id = record.summary.id;
    let html = page(app, &format!("/silk/requests/{id}")).await;
    let json = get(app, &format!("/silk/api/requests/{id}")).await.json();
    let said = json["verdict"]["sentence"].as_str().expect("is text");
    assert!(html.contains(said), "{said}: {html}");
    (json, html)
}

#[tokio::test]
async fn an_index_of_now_is_not_held_against_a_plan_of_then() {
    const BLAMED: &str = "An index on user_id exists";
    const NOW: &str = "ow orders has an index on user_id; this plan of ";
    let record = asked(150);
    let mut of_then = plan(1, SCAN, 149);
    of_then.query = Some(QueryRef {
        request_id: record.summary.id,
        seq: 1,
    });
    let app = shown(&record, &[of_then.clone()], Some(INDEX));
    let (json, html) = looked_at(&app, &record).await;
    let id = of_then.id;
    let of_plan = page(&app, &format!("/silk/plans/{id}")).await;
    let of_plan_json = get(&app, &format!("/silk/api/plans/{id}")).await.text;
    for text in [&json.to_string(), &html, &of_plan, &of_plan_json] {
        assert!(
            !text.contains(BLAMED) && !text.contains("enable_seqscan"),
            "{text}"
        );
        assert!(text.contains(NOW), "{text}");
        assert!(
            text.contains("did not use it. If the index is newer, call again"),
            "{text}"
        );
    }
    assert!(json["verdict"].to_string().contains(SCANNED), "{json}");

    // A plan of now has the indexes of now.
    let record = asked(2);
    of_then.captured_at = at(1);
    let (json, _) = looked_at(&shown(&record, &[of_then], None), &record).await;
    assert!(json.to_string().contains(BLAMED), "{json}");
}

#[tokio::test]
async fn an_older_plan_gives_way_to_that_of_now() {
    let record = asked(60);
    let app = shown(&record, &[plan(1, SCAN, 104)], Some(INDEX));
    // The second look finds the plan that the first one kept.
    for _ in 0..2 {
        let (json, html) = looked_at(&app, &record).await;
        assert!(!html.contains("eads all of orders"), "{html}");
        assert_eq!(json["verdict"]["kind"], "unexplained", "{json}");
        let said = json["verdict"]["sentence"].as_str().expect("is text");
        assert!(said.starts_with("25.0 of 40.0 ms: query 1"), "{said}");
        let why = json["verdict"]["remedy"].as_str().expect("is text");
        assert!(why.contains("the plan of that time is not known"), "{why}");
    }
}

#[tokio::test]
async fn an_older_plan_that_is_still_the_plan_names_the_cause() {
    let record = asked(60);
    let app = shown(&record, &[plan(1, SCAN, 104)], Some(SCAN));
    for _ in 0..2 {
        let (json, _) = looked_at(&app, &record).await;
        assert_eq!(json["verdict"]["kind"], "finding", "{json}");
        let said = json["verdict"].to_string();
        assert!(said.contains("all of orders was read"), "{json}");
        assert_eq!(json["findings"][0]["plan"]["time"], "request", "{json}");
    }
}

#[tokio::test]
async fn a_plan_of_another_time_is_not_the_verdict_where_nobody_can_be_asked() {
    let record = asked(60);
    for (ago, time, when) in [
        (104, "before", "before this request"),
        (20, "after", "after this request"),
    ] {
        let app = shown(&record, &[plan(1, SCAN, ago)], None);
        let (json, html) = looked_at(&app, &record).await;
        assert_eq!(json["verdict"]["kind"], "unexplained", "{json}");
        let finding = &json["findings"][0];
        let title = finding["title"].as_str().expect("is text");
        assert!(
            title.starts_with("Plan of ") && title.contains(when),
            "{title}"
        );
        assert!(title.contains(SCANNED) && html.contains(title), "{title}");
        assert_eq!(finding["plan"]["time"], time);
        assert!(finding["lost_us"].is_null(), "{finding}");
    }
    // Seen before and after, it was the plan between.
    let kept = [plan(1, SCAN, 104), plan(2, SCAN, 20)];
    let (json, _) = looked_at(&shown(&record, &kept, None), &record).await;
    assert_eq!(json["verdict"]["kind"], "finding", "{json}");
    // And not where another one was seen between.
    let kept = [plan(1, SCAN, 104), plan(2, INDEX, 80), plan(3, SCAN, 20)];
    let (json, _) = looked_at(&shown(&record, &kept, None), &record).await;
    assert_eq!(json["verdict"]["kind"], "unexplained", "{json}");
}

#[tokio::test]
async fn a_quick_query_with_an_older_plan_is_told_by_its_measured_time() {
    let record = took(60, 5_260, 14_500);
    let (json, _) = looked_at(&shown(&record, &[plan(1, SCAN, 104)], None), &record).await;
    let said = json["verdict"]["sentence"].as_str().expect("is text");
    assert!(said.starts_with("5.26 of 14.5 ms: query 1"), "{said}");
    assert!(!said.contains("reads all"), "{said}");
}

#[tokio::test]
async fn what_only_an_older_plan_does_is_no_finding_of_now() {
    let record = asked(60);
    let statement = format!("/silk/statements/{ORDERS}");
    let mut run = plan(1, SCAN, 104);
    run.source = PlanSource::AutoExplain;
    let app = shown(&record, &[run.clone(), plan(2, INDEX, 20)], None);
    for uri in ["/silk/", &statement] {
        let html = page(&app, uri).await;
        assert!(!html.contains("Reads all of orders"), "{uri}: {html}");
    }
    let json = get(&app, &format!("/silk/api/statements/{ORDERS}"))
        .await
        .json();
    assert_eq!(json["findings"].to_string().find("eads all of"), None);
    // The other way round it is one.
    run.captured_at = at(10);
    let app = shown(&record, &[plan(2, INDEX, 20), run], None);
    for uri in ["/silk/", &statement] {
        let html = page(&app, uri).await;
        assert!(html.contains("Reads all of orders"), "{uri}: {html}");
    }
}
