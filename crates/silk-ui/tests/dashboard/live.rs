//! The live list as server-sent events.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Body};
use chrono::{TimeDelta, Utc};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use silk_core::vitals::OwnResponse;
use silk_ui::{Access, dashboard};
use tower::ServiceExt as _;

use crate::support::{self, TestStore, client::app, config};

/// A stream of events, read as a client does.
struct Events {
    body: Body,
    text: String,
}

impl Events {
    async fn open(app: &Router, uri: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(uri);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).expect("is a request");
        let response = app.clone().oneshot(request).await.expect("never fails");
        assert_eq!(response.status(), StatusCode::OK, "{uri}");
        assert!(response.extensions().get::<OwnResponse>().is_some());
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        Self {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// The next event: name, data and id; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, serde_json::Value, String)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                let name = field("event:");
                if name.is_empty() {
                    continue; // a heartbeat
                }
                let data = serde_json::from_str(&field("data:")).expect("is JSON");
                return Some((name, data, field("id:")));
            }
            let frame = tokio::time::timeout(Duration::from_secs(20), self.body.frame());
            let frame = frame.await.expect("says something or ends")?;
            let bytes = frame.expect("is whole").into_data().expect("is data");
            self.text
                .push_str(std::str::from_utf8(&bytes).expect("is text"));
        }
    }

    async fn named(&mut self, wanted: &str) -> (serde_json::Value, String) {
        loop {
            let (name, data, id) = self.next().await.expect("goes on");
            if name == wanted {
                return (data, id);
            }
        }
    }
}

/// A request that ends now.
fn fresh(n: u128) -> silk_core::RequestRecord {
    let mut record = support::repeated(n);
    record.summary.started_at = Utc::now();
    record
}

#[tokio::test]
async fn a_request_is_told_when_it_is_recorded_and_filters_hold() {
    let store = TestStore::of(vec![support::repeated(1)]);
    let app = app(&store);
    let mut events = Events::open(&app, "/silk/api/live?min_queries=50", None).await;
    assert_eq!(events.next().await.expect("is open").0, "ready");
    let mut quick = support::request(7, "GET", "/hello", "/hello");
    quick.summary.started_at = Utc::now();
    store.add(quick);
    let slow = fresh(8);
    let id = slow.summary.id.to_string();
    store.add(slow);
    let (data, _) = events.named("request").await;
    assert_eq!(
        data["id"], id,
        "neither what was there, nor what does not fit"
    );
    assert_eq!(data["query_count"], 101);
    store.add(fresh(9));
    let (data, _) = events.named("request").await;
    assert_ne!(data["id"], id, "each once");
}

#[tokio::test]
async fn a_request_that_started_long_before_is_told_when_it_ends() {
    let store = TestStore::of(Vec::new());
    let app = app(&store);
    let mut events = Events::open(&app, "/silk/api/live", None).await;
    store.add(fresh(1));
    events.named("request").await;
    let mut long = support::repeated(2);
    long.summary.started_at = Utc::now() - TimeDelta::seconds(60);
    long.summary.times.total_us = 61_000_000;
    let id = long.summary.id.to_string();
    store.add(long);
    assert_eq!(events.named("request").await.0["id"], id);
}

#[tokio::test]
async fn a_stream_ends_soon_and_goes_on_where_it_was() {
    let store = TestStore::of(Vec::new());
    let app = app(&store);
    let started = Instant::now();
    let mut events = Events::open(&app, "/silk/api/live", None).await;
    let mut last = String::new();
    while let Some((_, _, id)) = events.next().await {
        last = id;
    }
    assert!(
        started.elapsed() < Duration::from_secs(9),
        "a shutdown waits for it"
    );
    // While nobody listened.
    let missed = fresh(3);
    let id = missed.summary.id.to_string();
    store.add(missed);
    let mut events = Events::open(&app, "/silk/api/live", Some(&last)).await;
    assert_eq!(events.named("request").await.0["id"], id);
    for nonsense in ["x", "-1", "99999999999999999"] {
        let mut events = Events::open(&app, "/silk/api/live", Some(nonsense)).await;
        assert_eq!(events.next().await.expect("is open").0, "ready");
    }
}

#[tokio::test]
async fn more_than_are_sent_at_once_are_counted() {
    let store = TestStore::of(Vec::new());
    let app = app(&store);
    let mut events = Events::open(&app, "/silk/api/live", None).await;
    assert_eq!(events.next().await.expect("is open").0, "ready");
    for n in 0..130 {
        store.add(fresh(1_000 + n));
    }
    let (mut missed, mut told) = (0, 0);
    while missed + told < 130 {
        let (name, data, _) = events.next().await.expect("goes on");
        match &*name {
            "missed" => missed += data["requests"].as_u64().expect("is a number"),
            "request" => told += 1,
            other => panic!("{other}: {data}"),
        }
    }
    assert_eq!(missed + told, 130);
    assert!(missed > 0, "130 came between two looks");
}

#[tokio::test]
async fn trouble_of_the_store_is_told_and_passes() {
    let store = TestStore::of(Vec::new());
    let app = app(&store);
    store.is_broken.store(true, Relaxed);
    let mut events = Events::open(&app, "/silk/api/live", None).await;
    let (data, _) = events.named("error").await;
    assert!(
        data["message"]
            .as_str()
            .expect("is text")
            .contains("folder"),
        "{data}"
    );
    store.is_broken.store(false, Relaxed);
    let late = fresh(4);
    let id = late.summary.id.to_string();
    store.add(late);
    assert_eq!(events.named("request").await.0["id"], id);
}

#[tokio::test]
async fn listeners_are_few_and_a_place_is_free_again() {
    let app = app(&TestStore::of(Vec::new()));
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(Events::open(&app, "/silk/api/live", None).await);
    }
    let one_more = support::client::get(&app, "/silk/api/live").await;
    assert_eq!(one_more.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(one_more.json()["error"]["kind"], "busy");
    open.pop();
    Events::open(&app, "/silk/api/live", None).await;
}

#[tokio::test]
async fn it_ends_when_its_listener_may_not_look_any_longer() {
    let is_open = Arc::new(AtomicBool::new(true));
    let mut config = config(TestStore::of(Vec::new()));
    let rule = Arc::clone(&is_open);
    config.access = Access::Custom(Arc::new(move |_| rule.load(Relaxed)));
    let app = Router::new().nest_service("/silk", dashboard(config));
    let mut events = Events::open(&app, "/silk/api/live", None).await;
    assert_eq!(events.next().await.expect("is open").0, "ready");
    is_open.store(false, Relaxed);
    events.named("closed").await;
    assert!(events.next().await.is_none(), "and says nothing more");
    let refused = support::client::get(&app, "/silk/api/live").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let app = app(&TestStore::of(Vec::new()));
    for query in [
        "sort=-duration_us",
        "limit=5",
        "cursor=1.2",
        "status=abc",
        "x=1",
    ] {
        let uri = format!("/silk/api/live?{query}");
        let answer = support::client::get(&app, &uri).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{uri}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_shuts_down_is_not_held() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let app = app(&TestStore::of(Vec::new()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("has a port");
    let address = listener.local_addr().expect("has an address");
    let (stop, is_stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let stopped = async { drop(is_stopped.await) };
        axum::serve(listener, app)
            .with_graceful_shutdown(stopped)
            .await
    });
    let mut client = tokio::net::TcpStream::connect(address)
        .await
        .expect("is reached");
    let head = "GET /silk/api/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.write_all(head.as_bytes()).await.expect("is sent");
    let mut piece = [0; 1024];
    let count = client.read(&mut piece).await.expect("answers");
    assert!(count > 0);
    let asked = Instant::now();
    stop.send(()).expect("is waited for");
    let ended = tokio::time::timeout(Duration::from_secs(12), server).await;
    ended
        .expect("ends though somebody listens")
        .expect("did not panic")
        .expect("served");
    assert!(asked.elapsed() < Duration::from_secs(8));
}
