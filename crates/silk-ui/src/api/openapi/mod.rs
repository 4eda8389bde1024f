//! `api/openapi.json`: the API, described for programs (OpenAPI 3.1).
//!
//! Each fact has one source. Words to choose from are the lists that parameters are read by
//! ([`words`]), names of parameters are the lists that addresses are checked against
//! ([`parameters`]), addresses stand in [`endpoints`], and what is answered in `schemas/*.txt`, in
//! the short notation that [`notation`] reads. `tests/openapi` holds all of it against the answers
//! that the API gives.

mod endpoints;
mod notation;
mod parameters;
mod words;

use std::sync::LazyLock;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use self::endpoints::{Answer, ENDPOINTS, Endpoint};
use crate::{context::Here, error::Failure};

/// Files of schemas.
const SCHEMAS: [&str; 7] = [
    include_str!("schemas/requests.txt"),
    include_str!("schemas/findings.txt"),
    include_str!("schemas/compare.txt"),
    include_str!("schemas/routes.txt"),
    include_str!("schemas/plans.txt"),
    include_str!("schemas/plan_nodes.txt"),
    include_str!("schemas/health.txt"),
];

const ABOUT: &str = "What the dashboard of tower-silk shows, for programs. Names are in snake case, \
times end in `_us` (microseconds) or are RFC 3339, ids are strings. A parameter that is not known is \
an error. Every field is there, null where nothing is known, but for those that are not `required`.";

/// `GET api/openapi.json`
pub(crate) async fn show(here: Here) -> Result<Response, Failure> {
    here.params(&[])?;
    let mut document = DOCUMENT.clone();
    let mount = if here.base.is_empty() {
        "/"
    } else {
        &here.base
    };
    document["servers"] = json!([{ "url": mount }]);
    Ok(Json(document).into_response())
}

/// All of it but for where the dashboard is mounted.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut schemas = notation::read(&SCHEMAS);
    schemas.extend(words::schemas());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "tower-silk",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
        },
        "paths": paths(),
        "components": {
            "schemas": schemas,
            "responses": error_answers(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of the link that the app prints when it starts.",
                },
            },
        },
        "security": [{ "token": [] }],
    })
});

fn paths() -> Map<String, Value> {
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in ENDPOINTS {
        let path = (paths.entry(endpoint.path)).or_insert_with(|| Value::Object(Map::new()));
        path[endpoint.method] = operation(endpoint);
    }
    paths
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut answers = Map::new();
    let (status, answer) = match endpoint.answer {
        Answer::Json(schema) => ("200", json_answer("The answer.", schema)),
        Answer::Created(schema) => ("201", json_answer("It was made.", schema)),
        Answer::Done => ("204", json!({ "description": "It was done." })),
        Answer::Events => ("200", events()),
        Answer::Document => (
            "200",
            json!({
                "description": "This description.",
                "content": { "application/json": { "schema": { "type": "object" } } },
            }),
        ),
    };
    answers.insert(status.to_owned(), answer);
    for (status, ..) in ERRORS {
        if endpoint.errors.contains(&status) {
            let reference = format!("#/components/responses/{status}");
            answers.insert(status.to_string(), json!({ "$ref": reference }));
        }
    }
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.about,
        "parameters": parameters::of(endpoint.path, endpoint.query),
        "responses": answers,
    });
    if let Some(schema) = endpoint.body {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": notation::reference(schema) } },
        });
    }
    operation
}

fn json_answer(about: &str, schema: &str) -> Value {
    json!({
        "description": about,
        "content": { "application/json": { "schema": notation::reference(schema) } },
    })
}

fn events() -> Value {
    let about = "Server-sent events: `ready`; `request` (a RequestSummary); `missed` (a Missed); \
                 `error`, which it survives, and `closed` (a Words). The stream ends after some \
                 seconds; go on from there with `Last-Event-ID`.";
    json!({
        "description": about,
        "content": { "text/event-stream": { "schema": { "type": "string" } } },
    })
}

/// Failures by status: what they mean.
const ERRORS: [(u16, &str); 8] = [
    (400, "A parameter, or the body, makes no sense."),
    (
        403,
        "The token is missing or another one, or a page of another site asked.",
    ),
    (404, "It is not kept, or was never there."),
    (
        409,
        "Nothing was done: `kind` says why not, as in `needs_confirmation` or `read_only`.",
    ),
    (413, "The body is larger than this address takes."),
    (415, "The body is not `application/json`."),
    (422, "The database, or what reads plans, refused."),
    (
        503,
        "The store, or the dashboard, is too busy or out of order.",
    ),
];

fn error_answers() -> Map<String, Value> {
    let answers = ERRORS.map(|(status, about)| (status.to_string(), json_answer(about, "Error")));
    answers.into_iter().collect()
}
