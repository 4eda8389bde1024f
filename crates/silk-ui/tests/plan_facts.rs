//! What a database knows of its tables, and a recorded query of its rows, on the page of a plan and
//! in its JSON; and plans that gave way to others.

mod support;

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use silk_core::{
    BoxFuture, Database, Explain, ExplainError, ExplainOutput, ExplainQuery, PlanSource, QueryRef,
    explain::{Relation, RelationFacts},
};
use silk_ui::dashboard;
use support::{TestStore, config, finish, plans, query, request, sql};
use tower::ServiceExt as _;

/// Reads a table for ten rows of it.
const SCAN: &str = "Seq Scan on message  (cost=0.00..2679.00 rows=10 width=104) (actual time=0.007..46.247 rows=10 loops=1)\n  Filter: (author = 7)\n  Rows Removed by Filter: 99990\n  Buffers: shared hit=2100 read=577\nPlanning Time: 0.093 ms\nExecution Time: 46.644 ms\n";

/// A database that tells of its tables, or not.
#[derive(Debug, Clone, Copy)]
enum Tells {
    AnIndex,
    Nothing,
    Late,
}

impl Explain for Tells {
    fn explain(&self, _: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        let message = "not asked".to_owned();
        Box::pin(std::future::ready(Err(ExplainError::Failed { message })))
    }

    fn facts(
        &self,
        _: &Database,
        relations: Vec<Relation>,
    ) -> BoxFuture<'_, Result<Vec<RelationFacts>, ExplainError>> {
        match self {
            Self::AnIndex => {
                let known = relations.into_iter().map(|relation| RelationFacts {
                    relation,
                    rows: Some(100_000.0),
                    all_visible: Some(1.0),
                    column_types: [("author".to_owned(), "integer".to_owned())].into(),
                    leading_columns: vec!["author".to_owned()],
                });
                Box::pin(std::future::ready(Ok(known.collect())))
            }
            Self::Nothing => Box::pin(std::future::ready(Err(ExplainError::Failed {
                message: "permission <b> denied".to_owned(),
            }))),
            Self::Late => Box::pin(std::future::pending()),
        }
    }
}

async fn get(app: &Router, uri: &str) -> (StatusCode, String) {
    let request = Request::get(uri).body(Body::empty()).expect("is a request");
    let response = app.clone().oneshot(request).await.expect("never fails");
    let status = response.status();
    let bytes = response.into_body().collect().await.expect("is at hand");
    let text = String::from_utf8(bytes.to_bytes().to_vec()).expect("is text");
    (status, text)
}

/// The page and the JSON of the plan, with a database that tells so much.
async fn shown(tells: Tells) -> (String, serde_json::Value) {
    let store = TestStore::of(Vec::new());
    let mut plan = plans::record(77, PlanSource::AutoExplain, SCAN);
    plan.captured_at = chrono::Utc::now();
    store.keep(&plan);
    let mut asked = config(store);
    asked.explain = Arc::new(tells);
    let app = Router::new().nest_service("/silk", dashboard(asked));
    let id = plans::id(77);
    let (status, page) = get(&app, &format!("/silk/plans/{id}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let (status, json) = get(&app, &format!("/silk/api/plans/{id}")).await;
    assert_eq!(status, StatusCode::OK, "{json}");
    (page, serde_json::from_str(&json).expect("is JSON"))
}

#[tokio::test]
async fn what_is_known_of_tables_is_judged_with_on_the_page_and_in_json_alike() {
    const EXISTS: &str = "An index on author exists";
    let (page, json) = shown(Tells::AnIndex).await;
    assert!(page.contains(EXISTS), "{page}");
    assert!(!page.contains("did not run"), "{page}");
    let findings = json["findings"].to_string();
    assert!(findings.contains(EXISTS), "{findings}");
    assert_eq!(json["silent"], serde_json::Value::Null);

    for (tells, why) in [
        (Tells::Nothing, "permission"),
        (Tells::Late, "did not tell in time"),
    ] {
        let (page, json) = shown(tells).await;
        assert!(!page.contains(EXISTS), "{page}");
        assert!(page.contains("did not run") && page.contains(why), "{page}");
        assert!(!page.contains("permission <b>"), "{page}");
        let silent = json["silent"].as_str().expect("says why");
        assert!(silent.contains(why), "{silent}");
        // What the plan alone says is shown all the same.
        assert!(page.contains("Reads all of message"), "{page}");
    }
}

#[tokio::test]
async fn a_plan_that_gave_way_leads_to_the_one_that_took_its_place() {
    let store = TestStore::of(vec![support::repeated(693)]);
    plans::fill(&store);
    let app = Router::new().nest_service("/silk", dashboard(config(store)));
    let gone = plans::id(4_711);
    let of = plans::STATEMENT;
    let (status, page) = get(&app, &format!("/silk/plans/{gone}?of={of}")).await;
    assert_eq!(status, StatusCode::GONE, "{page}");
    assert!(page.contains("a newer plan replaces it"), "{page}");
    let link = page
        .split("href=\"/silk/plans/")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("leads to the present one");
    let (status, _) = get(&app, &format!("/silk/plans/{link}")).await;
    assert_eq!(status, StatusCode::OK);
    // Of a statement that nobody knows, and without one, there is nothing to lead to.
    for address in [format!("{gone}?of=00000000000000aa"), gone.to_string()] {
        let (status, page) = get(&app, &format!("/silk/plans/{address}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{page}");
        assert!(page.contains("No plan of this id is kept"), "{page}");
    }
}

/// The plan of a list that asks for as many rows as a parameter says, on its page and in JSON;
/// `rows` are those that its recorded query read, where that is still kept.
async fn list_of(rows: Option<u64>) -> (String, serde_json::Value) {
    const LIST: &str = "SELECT id, text FROM message ORDER BY updated DESC LIMIT ?";
    let mut asked = request(693, "GET", "/messages", "/messages");
    asked.detail.texts = vec![sql(LIST, "SELECT", &["message"], 0xa1)];
    let mut run = query(1, 0, 2_000, 600_000);
    run.rows_returned = rows.unwrap_or(0);
    run.rows_read = rows.unwrap_or(0);
    asked.detail.queries.push(run);
    finish(&mut asked, 700_000);

    let raw = "2|0|SCAN message\n9|0|USE TEMP B-TREE FOR ORDER BY\n";
    let mut plan = plans::record(78, PlanSource::Estimated, raw);
    plan.query = Some(QueryRef {
        request_id: asked.summary.id,
        seq: if rows.is_some() { 1 } else { 9 },
    });
    let store = TestStore::of(vec![asked]);
    store.keep(&plan);
    let mut asked = config(store);
    asked.explain = Arc::new(Tells::AnIndex);
    let app = Router::new().nest_service("/silk", dashboard(asked));
    let id = plans::id(78);
    let (status, page) = get(&app, &format!("/silk/plans/{id}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let (_, json) = get(&app, &format!("/silk/api/plans/{id}")).await;
    (page, serde_json::from_str(&json).expect("is JSON"))
}

/// What the plan leaves open, the recorded query knows: how many rows were asked for.
#[tokio::test]
async fn rows_that_the_query_gave_are_judged_with_on_the_page_and_in_json_alike() {
    const FORTY: &str = "Sorts all 100,000 rows of message to give the first 40";
    let (page, json) = list_of(Some(40)).await;
    assert!(page.contains(FORTY), "{page}");
    assert!(json["findings"].to_string().contains(FORTY), "{json}");

    // Most of them are no start of a list: sorting is what was asked for.
    let (page, json) = list_of(Some(60_000)).await;
    assert!(!page.contains("Sorts all"), "{page}");
    assert!(
        !json["findings"].to_string().contains("Sorts all"),
        "{json}"
    );
}

/// Without its query, how many were asked for is not known, and no number is made up.
#[tokio::test]
async fn without_the_query_rows_asked_for_are_not_made_up() {
    const FEW: &str = "Sorts all 100,000 rows of message to give the first few";
    let (page, json) = list_of(None).await;
    assert!(json["findings"].to_string().contains(FEW), "{json}");
    assert!(page.contains(FEW), "{page}");
}

/// The page of a statement and the overview: what requests wrote in place of the `?`, each in a text
/// of its own.
async fn statement_of(texts: &[&str]) -> (String, String) {
    const LIST: &str = "SELECT id, text FROM message ORDER BY updated DESC LIMIT ?";
    let mut requests = Vec::new();
    for (number, text) in (0_u32..).zip(texts) {
        let mut asked = request(693 + u128::from(number), "GET", "/messages", "/messages");
        let mut written = sql(LIST, "SELECT", &["message"], 0xa1);
        written.text = (*text).into();
        asked.detail.texts = vec![written];
        asked.detail.queries.push(query(1, 0, 2_000, 600_000));
        finish(&mut asked, 700_000);
        requests.push(asked);
    }
    let raw = "2|0|SCAN message\n9|0|USE TEMP B-TREE FOR ORDER BY\n";
    let mut plan = plans::record(78, PlanSource::Estimated, raw);
    plan.fingerprint = Some(silk_core::Fingerprint(0xa1));
    plan.captured_at = chrono::Utc::now();
    let store = TestStore::of(requests);
    store.keep(&plan);
    let mut asked = config(store);
    asked.explain = Arc::new(Tells::AnIndex);
    let app = Router::new().nest_service("/silk", dashboard(asked));
    let (status, page) = get(&app, "/silk/statements/00000000000000a1?window=7d").await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let (status, overview) = get(&app, "/silk/?window=7d").await;
    assert_eq!(status, StatusCode::OK, "{overview}");
    (page, overview)
}

/// The statement shows literals and bound values alike; the texts that requests ran tell them apart.
#[tokio::test]
async fn literals_are_told_from_bound_values_on_statement_and_overview() {
    const FORTY: &str = "to give the first 40";
    let written = "SELECT id, text FROM message ORDER BY updated DESC LIMIT 40";
    let (page, overview) = statement_of(&[written, written]).await;
    assert!(page.contains(FORTY), "{page}");
    assert!(overview.contains(FORTY), "{overview}");
    // Bound, or another in each text: none of them is what the statement asks for.
    let bound = "SELECT id, text FROM message ORDER BY updated DESC LIMIT $1";
    let other = "SELECT id, text FROM message ORDER BY updated DESC LIMIT 50";
    for texts in [&[bound, bound], &[written, other]] {
        let (page, overview) = statement_of(texts).await;
        assert!(
            !page.contains("the first 4") && !page.contains("the first 5"),
            "{page}"
        );
        assert!(!overview.contains(FORTY), "{overview}");
    }
}

#[tokio::test]
async fn an_old_plan_leads_to_the_newer_one_of_its_statement() {
    let store = TestStore::of(vec![support::repeated(693)]);
    plans::fill(&store);
    let app = Router::new().nest_service("/silk", dashboard(config(store)));
    let page_of = async |n: u128| get(&app, &format!("/silk/plans/{}", plans::id(n))).await.1;
    // Five and three hours old; one of 90 seconds ago has another shape.
    for n in [10, 11] {
        let page = page_of(n).await;
        let link = format!("href=\"/silk/plans/{}?of=", plans::id(4));
        let said = page.split("By now the statement has another plan:").nth(1);
        let said = said.expect("says so");
        assert!(said.starts_with(&format!(" <a {link}")), "{said}");
    }
    // The newest, and one of a statement of its own, lead nowhere.
    for n in [4, 5] {
        assert!(!page_of(n).await.contains("By now the statement"));
    }
}
