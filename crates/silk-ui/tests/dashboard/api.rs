//! The JSON API.

use axum::body::Body;
use http::{Request, StatusCode};

use crate::support::{
    self, TestStore,
    client::{app, get, post_form, send},
};

#[tokio::test]
async fn api_speaks_as_designed() {
    let record = support::repeated(1);
    let id = record.summary.id;
    let app = app(&TestStore::of(vec![record, support::transaction(2)]));
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("is at hand");
    let list = json(
        &get(&app, "/silk/api/requests?limit=1&sort=-query_count")
            .await
            .text,
    );
    assert_eq!(list["items"][0]["query_count"], 101);
    for field in [
        "id",
        "kind",
        "started_at",
        "method",
        "route",
        "path",
        "status",
        "outcome",
        "duration_us",
        "query_count",
        "query_time_us",
        "findings",
    ] {
        assert!(!list["items"][0][field].is_null(), "{field}");
    }
    let next = list["next"].as_str().expect("is at hand");
    let list = json(
        &get(
            &app,
            &format!("/silk/api/requests?limit=1&sort=-query_count&cursor={next}"),
        )
        .await
        .text,
    );
    assert_eq!(
        (
            list["items"].as_array().expect("is at hand").len(),
            &list["next"]
        ),
        (1, &serde_json::Value::Null)
    );

    let one = json(&get(&app, &format!("/silk/api/requests/{id}")).await.text);
    assert_eq!(one["request"]["id"], id.to_string());
    assert_eq!(one["queries"].as_array().expect("is at hand").len(), 101);
    let query = &one["queries"][1];
    assert_eq!(query["fingerprint"], "00000000000000b2");
    assert_eq!(
        (&query["values"][0]["type"], &query["values"][0]["redacted"]),
        (&"INT8".into(), &false.into())
    );
    assert_eq!(query["call_site"]["line"], 88);
    assert_eq!(one["spans"][0]["start_us"], 300);

    let explain = format!("/silk/api/requests/{id}/queries/2/explain");
    assert_eq!(
        post_form(&app, &explain, "analyze=true").await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let post = |body: &'static str| {
        Request::post(&explain)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .expect("is at hand")
    };
    assert_eq!(
        send(&app, post("{\"analyse\":true}")).await.status,
        StatusCode::BAD_REQUEST
    );
    let plan = json(&send(&app, post("{\"analyze\":false}")).await.text);
    assert_eq!(plan["root"]["node_type"], "Limit");
    assert_eq!(plan["analyzed"], false);
    let again = json(
        &get(
            &app,
            &format!(
                "/silk/api/plans/{}",
                plan["id"].as_str().expect("is at hand")
            ),
        )
        .await
        .text,
    );
    assert_eq!(again["shape"], plan["shape"]);

    let health = json(&get(&app, "/silk/api/health").await.text);
    assert_eq!(health["lost"]["queue_full"], 3);
    assert_eq!(health["queue"]["capacity"], 1_024);
    assert_eq!(health["store"]["kind"], "SQLite file silk.db");
    let statements = json(&get(&app, "/silk/api/statements?sort=-total_us").await.text);
    let fingerprint = statements["items"][0]["fingerprint"]
        .as_str()
        .expect("is at hand");
    let one = json(
        &get(&app, &format!("/silk/api/statements/{fingerprint}"))
            .await
            .text,
    );
    assert_eq!(one["statement"]["fingerprint"], fingerprint);
}

/// In the SQL, in an error, by trace id: on the page as in the API; and a search that was cut short
/// says that it was, not that nothing fits.
#[tokio::test]
async fn requests_are_searched_for_text() {
    let loop_of_100 = support::repeated(1);
    let mut failed = support::request(2, "POST", "/imports", "/imports");
    failed.detail.error = Some("Disk quota exceeded".to_owned());
    failed.summary.trace_id = Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned());
    let (a, b) = (loop_of_100.summary.id, failed.summary.id);
    let store = TestStore::of(vec![loop_of_100, failed]);
    let app = app(&store);
    for (text, id) in [
        ("from%20PERSON", Some(a)),
        ("quota+exceeded", Some(b)),
        (
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            Some(b),
        ),
        ("nowhere", None),
    ] {
        let found = get(&app, &format!("/silk/api/requests?text={text}"))
            .await
            .json();
        let ids: Vec<_> = (found["items"].as_array().expect("is a list").iter())
            .map(|item| item["id"].clone())
            .collect();
        let wanted: Vec<serde_json::Value> = id.iter().map(|id| id.to_string().into()).collect();
        assert_eq!(ids, wanted, "{text}");
        let page = get(&app, &format!("/silk/requests?text={text}")).await.text;
        assert_eq!(page.contains("No request fits"), id.is_none(), "{text}");
    }
    *store.cut.lock().expect("is not poisoned") = Some(silk_core::store::Searched {
        looked_at: 1_000,
        of: 9_000,
    });
    let page = get(&app, "/silk/requests?text=nowhere").await.text;
    assert!(
        !page.contains("No request fits") && page.contains("none yet"),
        "{page}"
    );
}
