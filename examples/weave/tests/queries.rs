//! How many queries the API runs: a test that fails when someone takes the join out.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests fail by panics"
)]

use std::{fs, panic::AssertUnwindSafe, path::Path};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, Response},
};
use tower_silk::{
    Silk,
    testing::{Recorded, Recording},
};
use weave::{database, routes};

/// The API over a database of its own. The index is there that the newest messages want, so that
/// the query is as fast as it is one.
async fn app(folder: &Path) -> Router {
    let silk = Silk::builder().in_memory().build().await.unwrap();
    let url = format!("sqlite:{}", folder.join("weave.db").display());
    let database = database::open(&url, 5, None).await.unwrap();
    database.add_index().await.unwrap();
    routes::router(database, Some(&silk))
}

async fn get(app: &Router, path: &str) -> Recorded<Response<Bytes>> {
    let request = Request::get(path).body(Body::empty()).unwrap();
    Recording::new().request(app.clone(), request).await
}

/// The newest messages with their senders come by one query.
#[track_caller]
fn assert_one_query(recorded: &Recorded<Response<Bytes>>) {
    assert_eq!(recorded.output.status(), 200);
    recorded
        .assert_max_queries(1)
        .assert_no_repeats()
        .assert_no_findings();
}

#[tokio::test]
async fn the_newest_messages_come_by_one_query() {
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path()).await;
    let joined = get(&app, "/api/messages/list_some_joined").await;
    assert_one_query(&joined);

    // The same answer without the join: the message alone says what to do.
    let slow = get(&app, "/api/messages/list_some").await;
    let same = |answer: &Recorded<Response<Bytes>>| -> serde_json::Value {
        serde_json::from_slice(answer.output.body()).unwrap()
    };
    assert_eq!(same(&joined), same(&slow));
    let failed = std::panic::catch_unwind(AssertUnwindSafe(|| assert_one_query(&slow)));
    let message = failed.unwrap_err().downcast::<String>().unwrap();
    assert_as_kept(&message);
}

/// Compares with `tests/taken_out.txt`; `SILK_UPDATE_SNAPSHOTS=1` writes it anew.
#[track_caller]
fn assert_as_kept(message: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/taken_out.txt");
    let message = format!("{message}\n");
    if std::env::var_os("SILK_UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, &message).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(message, kept);
}
