//! The description of the API (`api/openapi.json`) held against the API: every address, parameter,
//! answer and field of one is in the other.

mod described;
mod fixtures;
mod full;
#[path = "../support/mod.rs"]
mod support;

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use axum::Router;
use described::{Description, is, references};
use fixtures::app_of;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use silk_core::explain::ProofVerdict;
use support::{
    TestStore,
    client::{Answer, get, send_json},
};

const NOBODY: &str = "01934f5e-1111-7000-8000-ffffffffffff";

fn app(store: &Arc<TestStore>) -> Router {
    app_of(store, ProofVerdict::Equal)
}

/// A value for each parameter in a path that names nothing.
fn filled(path: &str) -> String {
    let id = if path.contains("acceptances") {
        "77"
    } else {
        NOBODY
    };
    path.replace("{id}", id)
        .replace("{seq}", "1")
        .replace("{fingerprint}", "00000000000000b2")
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let app = app(&TestStore::of(Vec::new()));
    let description = Description::of(&app).await;
    let routed: BTreeSet<&str> = include_str!("../../src/routes.rs")
        .split('"')
        .filter(|text| text.starts_with("/api/"))
        .collect();
    let operations = description.operations();
    let described: BTreeSet<&str> = operations.iter().map(|(path, ..)| *path).collect();
    assert_eq!(routed, described);
    for path in described {
        let uri = format!("/silk{}", filled(path));
        let answer = send_json(&app, Method::PATCH, &uri, "{}").await;
        is(&answer, StatusCode::METHOD_NOT_ALLOWED);
        let allowed = answer.headers["allow"].to_str().expect("is text");
        let allowed: BTreeSet<String> = (allowed.split(','))
            .map(str::to_ascii_lowercase)
            .filter(|method| method != "head")
            .collect();
        let methods: BTreeSet<String> = (operations.iter())
            .filter(|(of, ..)| *of == path)
            .map(|(_, method, _)| (*method).to_owned())
            .collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

/// An unknown parameter is answered with the list of those that are known.
#[tokio::test]
async fn every_parameter_is_described_and_nothing_else() {
    let app = app(&TestStore::of(Vec::new()));
    let description = Description::of(&app).await;
    for (path, method, operation) in description.operations() {
        let uri = format!("/silk{}?nonsense=1", filled(path));
        let method: Method = method.to_ascii_uppercase().parse().expect("is a method");
        let answer = send_json(&app, method, &uri, "{}").await;
        is(&answer, StatusCode::BAD_REQUEST);
        let message = answer.json()["error"]["message"].clone();
        let known = (message.as_str())
            .and_then(|text| text.split_once("Use one of: "))
            .unwrap_or_else(|| panic!("{uri}: {message}"));
        let known: BTreeSet<&str> = (known.1.trim_end_matches('.').split(", "))
            .filter(|name| !name.is_empty())
            .collect();
        let parameters = operation["parameters"].as_array().expect("is a list");
        let of = |place: &str| -> BTreeSet<&str> {
            (parameters.iter())
                .filter(|one| one["in"] == place)
                .map(|one| {
                    let name = one["name"].as_str().expect("is a name");
                    let says = one["description"].is_string() || one["schema"]["$ref"].is_string();
                    assert!(says || place == "path", "{path} {name} is not explained");
                    name
                })
                .collect()
        };
        assert_eq!(of("query"), known, "{path}");
        let in_path: BTreeSet<&str> = (path.split('/'))
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        assert_eq!(of("path"), in_path, "{path}");
    }
}

#[tokio::test]
async fn every_name_is_of_something_that_is_used() {
    let description = Description::of(&app(&TestStore::of(Vec::new()))).await;
    let document = &description.document;
    let mut used = BTreeSet::new();
    references(document, &mut used);
    for reference in &used {
        let pointer = reference.strip_prefix('#').expect("is within");
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} is nowhere"
        );
    }
    // What events hold is said in words.
    for name in description.schemas().keys() {
        let reference = format!("#/components/schemas/{name}");
        let in_words = ["Missed", "Words"].contains(&&**name);
        assert!(in_words || used.contains(&*reference), "{name} is not used");
    }
    let ids: Vec<&Value> = (description.operations().into_iter())
        .map(|(_, _, operation)| &operation["operationId"])
        .collect();
    let different: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(ids.len(), different.len(), "ids of operations are unique");
}

#[tokio::test]
async fn a_field_that_is_not_described_is_a_fault() {
    let description = Description::of(&app(&TestStore::of(Vec::new()))).await;
    let good = json!({ "error": { "kind": "x", "message": "y" } });
    assert_eq!(description.faults("Error", &good), Vec::<String>::new());
    for bad in [
        json!({ "error": { "kind": "x", "message": "y", "more": 1 } }),
        json!({ "error": { "kind": "x" } }),
        json!({ "error": { "kind": "x", "message": null } }),
    ] {
        assert_eq!(description.faults("Error", &bad).len(), 1, "{bad}");
    }
}

/// Each address, asked for nothing that is there, of an app that is so.
async fn walk(description: &mut Description, app: &Router) -> Vec<Answer> {
    let operations: Vec<(String, Method, Option<Value>)> = (description.operations().iter())
        .filter(|(path, ..)| *path != "/api/live")
        .map(|(path, method, _)| {
            let method: Method = method.to_ascii_uppercase().parse().expect("is a method");
            let body = match *path {
                "/api/acceptances" => json!({ "rule": "panic", "by": "Ada", "why": "known" }),
                "/api/plans" => json!({ "plan": support::PLAN, "keep": true }),
                "/api/prove" => json!({ "request": NOBODY, "statement": "00000000000000b2" }),
                _ => json!({}),
            };
            let body = (method == Method::POST).then_some(body);
            ((*path).to_owned(), method, body)
        })
        .collect();
    let mut answers = Vec::new();
    for (path, method, body) in operations {
        let query = match &*path {
            "/api/route" => "?route=/nowhere",
            "/api/compare" => "?a=all@2h..1h&b=all@1h",
            _ => "",
        };
        let address = format!("{}{query}", filled(&path));
        let answer = description
            .call(app, &method, (&path, &address), body.as_ref())
            .await;
        answers.push(answer);
    }
    answers
}

#[tokio::test]
async fn an_empty_a_broken_and_a_closed_store_answer_as_described() {
    let store = TestStore::of(Vec::new());
    let app = app(&store);
    let mut description = Description::of(&app).await;
    let answers = walk(&mut description, &app).await;
    assert!(
        answers
            .iter()
            .all(|answer| !answer.status.is_server_error())
    );

    store.is_read_only.store(true, Relaxed);
    let answers = walk(&mut description, &app).await;
    let is_refused = |answer: &&Answer| answer.text.contains("\"read_only\"");
    let refused = answers.iter().filter(is_refused);
    assert_eq!(
        refused
            .map(|answer| is(answer, StatusCode::CONFLICT))
            .count(),
        3
    );

    store.is_broken.store(true, Relaxed);
    store.is_read_only.store(false, Relaxed);
    let answers = walk(&mut description, &app).await;
    let is_down = |answer: &&Answer| answer.status == StatusCode::SERVICE_UNAVAILABLE;
    assert!(answers.iter().filter(is_down).count() >= 16);
    let health = get(&app, "/silk/api/health").await.json();
    assert!(health["store"]["error"].is_string());

    let mut config = support::config(store);
    config.access = silk_ui::Access::Token;
    let closed = Router::new().nest_service("/silk", silk_ui::dashboard(config));
    for answer in walk(&mut description, &closed).await {
        is(&answer, StatusCode::FORBIDDEN);
    }
}
