//! Full stores, walked through: each answer is as described, and all that is described occurs.

use std::{collections::BTreeSet, sync::Arc};

use axum::Router;
use chrono::Utc;
use http::{Method, StatusCode};
use serde_json::json;
use silk_core::{explain::ProofVerdict, store::Searched};

use crate::{
    app,
    described::{Description, is},
    fixtures::{self, app_of, caused},
    support::{self, TestStore, plans},
};

// Time is skipped: a stream of events lasts for seconds.
#[tokio::test(start_paused = true)]
async fn full_stores_answer_as_described_and_fill_every_field() {
    let store = support::rich();
    let app = app(&store);
    let mut description = Description::of(&app).await;
    lists(&mut description, &app).await;
    requests(&mut description, &app, &store).await;
    plan_answers(&mut description, &app, &store).await;
    across(&mut description).await;
    causes(&mut description).await;
    proofs(&mut description, &store).await;
    live(&mut description, &app).await;

    let all = ("/api/requests", "/api/requests");
    description.call(&app, &Method::DELETE, all, None).await;

    let operations: BTreeSet<String> = (description.operations().iter())
        .map(|(path, method, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(description.called, operations, "each answered well");
    let missing: Vec<String> = (description.fields().difference(&description.seen))
        .cloned()
        .collect();
    assert_eq!(missing, NEVER_FILLED, "fields that no answer filled");
}

/// Fields of no answer above: no plan of the corpus has a worker that says how long it compiled.
const NEVER_FILLED: [&str; 1] = ["PlanWorker.jit_ms"];

async fn lists(description: &mut Description, app: &Router) {
    for (path, query) in [
        ("/api/requests", ""),
        ("/api/requests", "?limit=1&sort=-query_count"),
        (
            "/api/requests",
            "?finding=any&since=24h&until=1m&status=2xx",
        ),
        ("/api/routes", "?window=24h"),
        ("/api/route", "?window=24h&route=/api/messages/list_some"),
        ("/api/route", "?window=24h&kind=job&route=nightly%20report"),
        ("/api/hotspots", "?window=24h"),
        ("/api/statements", "?limit=1"),
        ("/api/findings", "?window=7d&state=all"),
        ("/api/databases", ""),
        ("/api/health", ""),
        ("/api/openapi.json", ""),
        ("/api/compare", "?a=all@2h..1h&b=all@1h"),
        (
            "/api/compare",
            "?a=route:GET%20/hello@24h&b=route:GET%20/hello@1h",
        ),
        ("/api/requests", "?sort=upwards"),
        ("/api/compare", "?a=x&b=y"),
    ] {
        let address = format!("{path}{query}");
        description
            .call(app, &Method::GET, (path, &address), None)
            .await;
    }
}

async fn requests(description: &mut Description, app: &Router, store: &TestStore) {
    let template = "/api/requests/{id}";
    let shape = |n| store.plan_of(plans::id(n)).shape.expect("is a plan");
    let more = fixtures::requests([shape(10), shape(11)]);
    let ids: Vec<String> = more.iter().map(|one| one.summary.id.to_string()).collect();
    more.into_iter().for_each(|record| store.add(record));
    for id in &ids {
        let address = format!("/api/requests/{id}");
        let answer = description
            .call(app, &Method::GET, (template, &address), None)
            .await;
        is(&answer, StatusCode::OK);
    }
    let list = ("/api/requests", "/api/requests");
    description.call(app, &Method::GET, list, None).await;
    *store.cut.lock().expect("is not poisoned") = Some(Searched {
        looked_at: 10,
        of: 1_000,
    });
    description.call(app, &Method::GET, list, None).await;
    *store.cut.lock().expect("is not poisoned") = None;
    for route in ["/api/messages/list_some", "/made_up"] {
        let address = format!("/api/route?window=24h&route={route}");
        description
            .call(app, &Method::GET, ("/api/route", &address), None)
            .await;
    }
    for (a, b) in [(1, &*ids[2]), (1, "fastest"), (2, "previous"), (0, &ids[5])] {
        let address = format!("/api/compare?a={}&b={b}", ids[a]);
        description
            .call(app, &Method::GET, ("/api/compare", &address), None)
            .await;
    }
}

async fn plan_answers(description: &mut Description, app: &Router, store: &TestStore) {
    for plan in store.plans() {
        let address = format!("/api/plans/{}", plan.id);
        description
            .call(app, &Method::GET, ("/api/plans/{id}", &address), None)
            .await;
    }
    // Some of the corpus of plans, and what is rare in it.
    let corpus = plan_corpus::sources()
        .values()
        .flat_map(|plans| plans.values());
    let is_rare = |text: &str| {
        ["Evictions", "rows=0.0", "CTE "]
            .iter()
            .any(|part| text.contains(part))
    };
    let some = corpus
        .enumerate()
        .filter(|(at, text)| at % 23 == 0 || is_rare(text));
    for (_, text) in some {
        let body = json!({ "plan": text });
        let paths = ("/api/plans", "/api/plans");
        description
            .call(app, &Method::POST, paths, Some(&body))
            .await;
    }
    let id = support::repeated(693).summary.id;
    let template = "/api/requests/{id}/queries/{seq}/explain";
    for (seq, body, status) in [
        (1, json!({}), StatusCode::OK),
        (1, json!({ "generic": true }), StatusCode::OK),
        (1, json!({ "analyze": true }), StatusCode::CONFLICT),
        (
            1,
            json!({ "analyze": true, "confirmed": true }),
            StatusCode::OK,
        ),
        (
            1,
            json!({ "analyze": true, "generic": true }),
            StatusCode::BAD_REQUEST,
        ),
        (7_777, json!({}), StatusCode::NOT_FOUND),
    ] {
        let address = format!("/api/requests/{id}/queries/{seq}/explain");
        let answer = description
            .call(app, &Method::POST, (template, &address), Some(&body))
            .await;
        is(&answer, status);
    }
    for (end, template) in [
        ("?window=24h", "/api/statements/{fingerprint}"),
        ("/plans?window=24h", "/api/statements/{fingerprint}/plans"),
    ] {
        for statement in ["00000000000000b2".to_owned(), plans::STATEMENT.to_string()] {
            let address = format!("/api/statements/{statement}{end}");
            description
                .call(app, &Method::GET, (template, &address), None)
                .await;
        }
    }
}

/// Builds of which one has a finding and the next has not; acceptances, wide and narrow.
async fn across(description: &mut Description) {
    let store = TestStore::of(Vec::new());
    let app = &app(&store);
    for (build, first, has_it) in [("1.0", 400, true), ("1.1", 500, false), ("1.2", 600, true)] {
        let records = (first..first + 30).map(|n| {
            let mut record = support::repeated(n);
            record.findings[0].call_site = Some(support::site("f", "src/lib.rs", 7));
            if !has_it {
                record.findings.clear();
                record.sum_findings();
            }
            record
        });
        store.write_build(build, records.collect());
    }
    let path = "/api/acceptances";
    for (body, status) in [
        (
            json!({ "rule": "panic", "by": "Ada", "why": "known" }),
            StatusCode::CREATED,
        ),
        (
            json!({
                "rule": "repeated_statement",
                "route": { "kind": "request", "method": "GET", "route": "/api/messages/list_some" },
                "fingerprint": "00000000000000b2",
                "by": "Ada",
                "why": "known",
                "until_build": "1.9",
            }),
            StatusCode::CREATED,
        ),
        (
            json!({
                "rule": "panic",
                "call_site": { "function": "f", "file": "src/lib.rs", "line": 7 },
                "by": "Ada",
                "why": "known",
            }),
            StatusCode::CREATED,
        ),
        (
            json!({ "rule": "nonsense", "by": "Ada", "why": "known" }),
            StatusCode::BAD_REQUEST,
        ),
        (json!({ "rule": "panic" }), StatusCode::BAD_REQUEST),
    ] {
        let answer = description
            .call(app, &Method::POST, (path, path), Some(&body))
            .await;
        is(&answer, status);
    }
    description
        .call(app, &Method::GET, (path, path), None)
        .await;
    for window in ["1h", "24h"] {
        let findings = format!("/api/findings?state=all&window={window}");
        description
            .call(app, &Method::GET, ("/api/findings", &findings), None)
            .await;
    }
    let route = "/api/route?window=24h&route=/api/messages/list_some";
    description
        .call(app, &Method::GET, ("/api/route", route), None)
        .await;
    let template = "/api/acceptances/{id}";
    for (id, status) in [
        ("1", StatusCode::NO_CONTENT),
        ("1", StatusCode::NOT_FOUND),
        ("one", StatusCode::NOT_FOUND),
    ] {
        let address = format!("/api/acceptances/{id}");
        let answer = description
            .call(app, &Method::DELETE, (template, &address), None)
            .await;
        is(&answer, status);
    }
}

/// What plans tell of a request and of a statement; and what a stranger is told.
async fn causes(description: &mut Description) {
    let (store, id) = caused();
    let one = format!("/api/requests/{id}");
    let statement = "/api/statements/00000000000000b2?window=24h";
    let asked = [
        ("/api/requests/{id}", &*one),
        ("/api/statements/{fingerprint}", statement),
        ("/api/findings", "/api/findings?window=24h"),
    ];
    let app = app(&store);
    for paths in asked {
        // Which index would help is asked in the background: a second look knows.
        for _ in 0..2 {
            description.call(&app, &Method::GET, paths, None).await;
        }
    }
    let mut config = support::config(store);
    config.access = silk_ui::Access::Token;
    let closed = Router::new().nest_service("/silk", silk_ui::dashboard(config));
    let answer = description
        .call(&closed, &Method::GET, asked[0], None)
        .await;
    is(&answer, StatusCode::FORBIDDEN);
}

async fn proofs(description: &mut Description, store: &Arc<TestStore>) {
    let body = json!({
        "request": support::repeated(693).summary.id,
        "statement": "00000000000000b2",
    });
    for verdict in [
        ProofVerdict::Equal,
        ProofVerdict::Reordered,
        ProofVerdict::Different,
        ProofVerdict::Unknown {
            code: "time_limit",
            reason: "It took too long.".to_owned(),
        },
    ] {
        let paths = ("/api/prove", "/api/prove");
        let app = app_of(store, verdict);
        let answer = description
            .call(&app, &Method::POST, paths, Some(&body))
            .await;
        is(&answer, StatusCode::OK);
    }
}

/// Listens to one stream, as a client that was away for some minutes.
async fn live(description: &mut Description, app: &Router) {
    let since = (Utc::now() - chrono::TimeDelta::minutes(4)).timestamp_millis();
    let request = http::Request::get("/silk/api/live")
        .header("last-event-id", since)
        .body(axum::body::Body::empty())
        .expect("is a request");
    let answer = support::client::send(app, request).await;
    is(&answer, StatusCode::OK);
    description.hold(&Method::GET, ("/api/live", "/api/live"), None, &answer);
    let mut event = "";
    let mut requests = 0;
    for line in answer.text.lines() {
        if let Some(name) = line.strip_prefix("event: ") {
            event = name;
        }
        let Some(data) = line.strip_prefix("data: ") else {
            continue;
        };
        let schema = match event {
            "request" => "RequestSummary",
            "missed" => "Missed",
            "error" | "closed" => "Words",
            _ => continue,
        };
        requests += usize::from(event == "request");
        let data = serde_json::from_str(data).expect("is JSON");
        description.is_of(schema, &data, line);
    }
    assert!(requests > 0, "{}", answer.text);
    let words = json!({ "message": "The store did not answer." });
    description.is_of("Words", &words, "as sent by a broken store");
    let missed = json!({ "requests": 3, "is_more": false });
    description.is_of("Missed", &missed, "as sent where many come at once");
}
