//! Plans in the JSON API.

use http::StatusCode;

use crate::{
    store,
    support::{
        self,
        client::{app, form, get, json, send},
        plans,
    },
};

#[tokio::test]
async fn the_api_reads_judges_and_keeps_plans() {
    let store = store();
    let app = app(&store);
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("is JSON");
    let one = get(&app, &format!("/silk/api/plans/{}", plans::id(1))).await;
    let one = value(&one.text);
    assert_eq!(one["source"], "auto_explain");
    assert_eq!(one["kept"], true);
    assert!(one["root"]["derived"]["exclusive_ms"].is_number());
    let before = store.plans().len();
    let body = serde_json::json!({"plan": plans::corpus("pasted/deleted_messages_shell.txt")});
    let pasted = value(&send(&app, json("/silk/api/plans", &body)).await.text);
    assert_eq!(pasted["kept"], false);
    assert_eq!(pasted["findings"][0]["rule"], "seq_scan_filters_most");
    assert_eq!(store.plans().len(), before);
    let mut keep = body.clone();
    keep["keep"] = true.into();
    let kept = value(&send(&app, json("/silk/api/plans", &keep)).await.text);
    assert_eq!(kept["kept"], true);
    let id = kept["id"].as_str().expect("has an id");
    assert_eq!(
        get(&app, &format!("/silk/api/plans/{id}")).await.status,
        StatusCode::OK
    );
    for (body, status) in [
        (
            serde_json::json!({"plan": "SELECT 1"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (serde_json::json!({"text": "x"}), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(
            send(&app, json("/silk/api/plans", &body)).await.status,
            status
        );
    }
    let of_form = form("/silk/api/plans", &[("plan", "Seq Scan on t")]);
    assert_eq!(
        send(&app, of_form).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let plans_of = format!("/silk/api/statements/{}/plans?window=24h", plans::STATEMENT);
    let plans_of = value(&get(&app, &plans_of).await.text);
    assert_eq!(plans_of["changes"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        plans_of["changes"][0]["before"]["plan"],
        plans::id(10).to_string()
    );
    assert!(plans_of["history"][0]["p95_us"].is_number());
    let id = support::repeated(693).summary.id;
    let explain = format!("/silk/api/requests/{id}/queries/2/explain");
    for (body, expected) in [
        (
            serde_json::json!({"analyze": true}),
            Err("needs_confirmation"),
        ),
        (
            serde_json::json!({"analyze": true, "confirmed": true}),
            Ok("analyzed"),
        ),
        (serde_json::json!({"generic": true}), Ok("generic")),
        (serde_json::json!({}), Ok("estimated")),
        (
            serde_json::json!({"analyze": true, "generic": true}),
            Err("bad_request"),
        ),
    ] {
        let answer = value(&send(&app, json(&explain, &body)).await.text);
        match expected {
            Ok(source) => assert_eq!(answer["source"], source, "{body}"),
            Err(kind) => assert_eq!(answer["error"]["kind"], kind, "{body}"),
        }
    }
}
