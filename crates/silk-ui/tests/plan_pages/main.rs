//! Pages about plans: each kind of plan in each view, comparison, paste, advice, database.

mod advice;
mod api;
mod compare;
mod paste;
mod prove;
mod query;
#[path = "../support/mod.rs"]
mod support;
mod views;

use std::sync::Arc;

use axum::Router;
use http::StatusCode;
use support::{
    TestStore,
    client::{csrf, form, page, send},
    plans,
};

const VIEWS: [&str; 6] = ["tree", "table", "flame", "sums", "text", "json"];

/// A store with plans of every kind and one request.
fn store() -> Arc<TestStore> {
    let store = TestStore::of(vec![support::repeated(693)]);
    plans::fill(&store);
    store
}

async fn token(app: &Router) -> String {
    csrf(&page(app, "/silk/paste").await)
}

/// Pastes a plan and gives the address of its page.
async fn paste(app: &Router, text: &str) -> String {
    let token = token(app).await;
    let answer = send(
        app,
        form("/silk/paste", &[("csrf", &token), ("plan", text)]),
    )
    .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    answer.location().to_owned()
}
