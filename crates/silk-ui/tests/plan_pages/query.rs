//! From a query to its plan.

use http::StatusCode;
use silk_core::PlanSource;

use crate::{
    store,
    support::{
        self, TestStore,
        client::{app, form, get, page, send},
        plans,
    },
    token,
};

#[tokio::test]
async fn a_query_leads_to_its_plan_and_to_others() {
    let store = store();
    let mut record = support::repeated(694);
    let shape = store.plan_of(plans::id(11)).shape;
    record.detail.queries[0].plan_shape = shape;
    record.detail.queries[0].values = Some(vec![support::value(1)]);
    let id = record.summary.id;
    store.add(record);
    let app = app(&store);
    let query = format!("/silk/requests/{id}/queries/1");
    let html = page(&app, &query).await;
    for part in [
        "status\">same shape",
        &format!("/silk/plans/{}", plans::id(11)),
        "EXPLAIN",
        "Generic plan",
        "ANALYZE…",
        "Indexes that would help",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // ANALYZE asks first, and asks again where a function is not known to be harmless.
    let analyze = format!("{query}/analyze");
    let html = page(&app, &analyze).await;
    assert!(html.contains("Run this query again?") && !html.contains("name=\"confirmed\""));
    let token = token(&app).await;
    let explain = format!("{query}/explain");
    let answer = send(
        &app,
        form(&explain, &[("csrf", &token), ("mode", "analyze")]),
    )
    .await;
    assert!(
        answer
            .location()
            .starts_with(&format!("{analyze}?confirm=")),
        "{}",
        answer.location()
    );
    let html = page(&app, answer.location()).await;
    assert!(html.contains("person_score(), which is volatile &#60;b&#62;"));
    assert!(html.contains("name=\"confirmed\" value=\"1\""));
    for (mode, confirmed, source) in [
        ("analyze", "1", PlanSource::Analyzed),
        ("generic", "", PlanSource::Generic),
        ("", "", PlanSource::Estimated),
    ] {
        let fields = [("csrf", &*token), ("mode", mode), ("confirmed", confirmed)];
        let answer = send(&app, form(&explain, &fields)).await;
        assert!(answer.location().contains("/plans/"), "{mode}");
        let newest = store.plans()[0].clone();
        assert_eq!(newest.source, source);
    }
    let odd = send(&app, form(&explain, &[("csrf", &token), ("mode", "drop")])).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}

/// Of a form that was seen often one plan is kept, and every run of that form leads to it.
#[tokio::test]
async fn the_api_leads_to_the_plans_of_forms() {
    let store = store();
    let mut record = support::repeated(694);
    record.detail.queries[0].plan_shape = store.plan_of(plans::id(11)).shape;
    let id = record.summary.id;
    store.add(record);
    let app = app(&store);
    let answer = get(&app, &format!("/silk/api/requests/{id}")).await.json();
    assert_eq!(answer["queries"][0]["plan"], plans::id(11).to_string());
    assert!(answer["queries"][1]["plan"].is_null());
}

#[tokio::test]
async fn what_searches_nothing_is_offered_no_index() {
    let mut record = support::transaction(695);
    for query in &mut record.detail.queries {
        query.values = Some(vec![support::value(1)]);
    }
    let id = record.summary.id;
    let queries = record.detail.queries.clone();
    let texts = record.detail.texts.clone();
    let app = app(&TestStore::of(vec![record]));
    for query in queries {
        let html = page(&app, &format!("/silk/requests/{id}/queries/{}", query.seq)).await;
        let text = &texts[usize::try_from(query.text).expect("is small")];
        let is_offered = html.contains("Indexes that would help");
        assert_eq!(
            is_offered,
            text.statement.command != "INSERT",
            "{}",
            text.text
        );
    }
}
