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
