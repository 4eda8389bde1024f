//! Every way in which a request can end, over real HTTP: recorded once, and unchanged for the
//! client.

#![cfg(feature = "ui")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod support;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response, Sse, sse::Event},
    routing::{any, get, post},
};
use futures_util::{StreamExt as _, stream};
use silk_core::Outcome;
use support::{head_of, read_until, serve, within};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::{Notify, mpsc},
};

/// A route whose stream sends what the test hands to it.
fn hand_fed(
    path: &str,
    content_type: &'static str,
) -> (Router, mpsc::Sender<Result<Bytes, String>>) {
    let (sender, receiver) = mpsc::channel(1);
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let routes = Router::new().route(
        path,
        get(move || {
            let receiver = receiver.lock().unwrap().take().unwrap();
            let frames = stream::unfold(receiver, |mut receiver| async {
                Some((receiver.recv().await?, receiver))
            });
            async move { ([("content-type", content_type)], Body::from_stream(frames)) }
        }),
    );
    (routes, sender)
}

#[tokio::test]
async fn the_first_event_of_a_stream_arrives_before_the_second_is_made() {
    let (sender, receiver) = mpsc::channel::<&'static str>(1);
    let receiver = Arc::new(Mutex::new(Some(receiver)));
    let app = serve(Router::new().route(
        "/events",
        get(move || {
            let receiver = receiver.lock().unwrap().take().unwrap();
            let events = stream::unfold(receiver, |mut receiver| async {
                let data = receiver.recv().await?;
                Some((Ok::<_, Infallible>(Event::default().data(data)), receiver))
            });
            async move { Sse::new(events) }
        }),
    ))
    .await;
    let mut client = app.send("GET /events", b"").await;
    // The head alone, then each event by itself.
    read_until(&mut client, "\r\n\r\n").await;
    sender.send("first").await.unwrap();
    read_until(&mut client, "data: first\n\n").await;
    assert_eq!(app.silk.vitals().active, 1, "it is still streaming");
    sender.send("second").await.unwrap();
    read_until(&mut client, "data: second\n\n").await;
    drop(sender);
    read_until(&mut client, "0\r\n\r\n").await;
    let record = app.record().await;
    assert_eq!(record.summary.outcome, Outcome::Completed);
    let body = record.detail.response_body.unwrap();
    assert_eq!(body.text.unwrap(), "data: first\n\ndata: second\n\n");
}

#[tokio::test]
async fn a_websocket_goes_on_after_its_request_was_recorded() {
    async fn echo(mut request: Request) -> Response {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut upgraded = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
            let mut piece = [0; 64];
            loop {
                match upgraded.read(&mut piece).await {
                    Ok(read) if read > 0 => upgraded.write_all(&piece[..read]).await.unwrap(),
                    _ => return,
                }
            }
        });
        // The answer to the key of RFC 6455.
        (
            StatusCode::SWITCHING_PROTOCOLS,
            [
                ("connection", "upgrade"),
                ("upgrade", "websocket"),
                ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ],
        )
            .into_response()
    }
    let app = serve(Router::new().route("/socket", any(echo))).await;
    let head = "GET /socket\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    let mut client = app.send(head, b"").await;
    let answer = read_until(&mut client, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let record = app.record().await;
    assert_eq!(record.summary.outcome, Outcome::Completed);
    assert_eq!(record.summary.status, Some(101));
    for text in ["hello", "again"] {
        client.write_all(text.as_bytes()).await.unwrap();
        assert_eq!(read_until(&mut client, text).await, text);
    }
    drop(client);
    assert_eq!(app.records(1).await.len(), 1);
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_gets_it_when_the_body_is_read() {
    let app = serve(
        Router::new()
            .route("/read", post(|body: Bytes| async move { body }))
            .route("/refuse", post(|| async { StatusCode::PAYLOAD_TOO_LARGE })),
    )
    .await;
    let expects = "Expect: 100-continue\r\nContent-Type: text/plain\r\nContent-Length: 5";
    let mut client = app.send(&format!("POST /read\r\n{expects}"), b"").await;
    let answer = read_until(&mut client, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n"), "{answer}");
    client.write_all(b"hello").await.unwrap();
    read_until(&mut client, "\r\n\r\nhello").await;
    // Nobody reads the body: the client is never asked for it.
    let mut client = app.send(&format!("POST /refuse\r\n{expects}"), b"").await;
    let answer = read_until(&mut client, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let records = app.records(2).await;
    assert!(
        records
            .iter()
            .all(|record| record.summary.outcome == Outcome::Completed)
    );
    let body = records[0].detail.request_body.as_ref().unwrap();
    assert_eq!(body.text.as_deref(), Some("hello"));
    assert_eq!(records[1].detail.request_body, None);
}

#[tokio::test]
async fn answers_without_a_body_are_complete() {
    let app = serve(
        Router::new()
            .route("/text", get(|| async { "text" }))
            .route("/empty", get(|| async {}))
            .route("/none", get(|| async { StatusCode::NO_CONTENT }))
            .route("/same", get(|| async { StatusCode::NOT_MODIFIED })),
    )
    .await;
    let heads = [
        "HEAD /text",
        "GET /empty",
        "GET /none",
        "GET /same",
        "GET /text HTTP/1.0",
    ];
    let mut ids = Vec::new();
    for head in heads {
        let answer = app.ask(head, b"").await;
        let (answer_head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            body,
            if head.ends_with("1.0") { "text" } else { "" },
            "{answer}"
        );
        let id = answer_head.split("silk-id: ").nth(1).unwrap();
        ids.push(id.lines().next().unwrap().to_owned());
    }
    let records = app.records(5).await;
    let recorded: Vec<_> = records
        .iter()
        .map(|record| record.summary.id.to_string())
        .collect();
    assert_eq!(recorded, ids);
    let statuses: Vec<_> = records
        .iter()
        .map(|record| record.summary.status.unwrap())
        .collect();
    assert_eq!(statuses, [200, 200, 204, 304, 200]);
    assert!(
        records
            .iter()
            .all(|record| record.summary.outcome == Outcome::Completed)
    );
}

#[tokio::test]
async fn requests_that_share_a_connection_are_recorded_each() {
    let app =
        serve(Router::new().route("/echo/{n}", post(|body: Bytes| async move { body }))).await;
    let mut client = app.send("POST /echo/0\r\nContent-Length: 3", b"one").await;
    read_until(&mut client, "\r\n\r\none").await;
    // Two at once: pipelined.
    let second = head_of("POST /echo/1\r\nTransfer-Encoding: chunked");
    let third = head_of("POST /echo/2\r\nContent-Length: 5");
    let both = format!("{second}2\r\ntw\r\n1\r\no\r\n0\r\n\r\n{third}three");
    client.write_all(both.as_bytes()).await.unwrap();
    read_until(&mut client, "\r\n\r\nthree").await;
    let records = app.records(3).await;
    for (n, record) in records.iter().enumerate() {
        assert_eq!(record.summary.path, format!("/echo/{n}"));
        assert_eq!(record.summary.route, "/echo/{n}");
        assert_eq!(record.summary.outcome, Outcome::Completed);
    }
}

#[tokio::test]
async fn a_client_gone_before_the_head_is_a_dropped_request() {
    let entered = Arc::new(Notify::new());
    let inside = Arc::clone(&entered);
    let app = serve(Router::new().route(
        "/slow",
        get(move || async move {
            inside.notify_one();
            std::future::pending::<()>().await;
        }),
    ))
    .await;
    let client = app.send("GET /slow", b"").await;
    within(entered.notified()).await;
    drop(client);
    let record = app.record().await;
    assert_eq!(record.summary.outcome, Outcome::Dropped);
    assert_eq!(record.summary.status, None);
}

#[tokio::test]
async fn a_client_gone_within_the_body_is_a_dropped_request() {
    let app = serve(Router::new().route(
        "/endless",
        get(|| async {
            let endless =
                stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 9_999])));
            Body::from_stream(endless)
        }),
    ))
    .await;
    let mut client = app.send("GET /endless", b"").await;
    read_until(&mut client, "xxxx").await;
    drop(client);
    let record = app.record().await;
    assert_eq!(record.summary.outcome, Outcome::Dropped);
    assert_eq!(record.summary.status, Some(200));
}

#[tokio::test]
async fn a_client_gone_while_it_sends_its_body_is_recorded() {
    let app = serve(Router::new().route(
        "/upload",
        post(|request: Request| async move {
            let mut frames = request.into_body().into_data_stream();
            while let Some(frame) = frames.next().await {
                if frame.is_err() {
                    return StatusCode::BAD_REQUEST;
                }
            }
            StatusCode::OK
        }),
    ))
    .await;
    let client = app
        .send("POST /upload\r\nContent-Length: 1000", b"only this")
        .await;
    drop(client);
    // Whether the handler comes to answer is up to the server; that it is recorded is up to us.
    let record = app.record().await;
    let seen = (record.summary.outcome, record.summary.status);
    let is_either = matches!(
        seen,
        (Outcome::Dropped, _) | (Outcome::Completed, Some(400))
    );
    assert!(is_either, "{seen:?}");
}

#[tokio::test]
async fn a_body_that_fails_half_way_is_an_error_and_the_client_sees_it_torn() {
    let (routes, sender) = hand_fed("/torn", "text/plain");
    let app = serve(routes).await;
    let mut client = app.send("GET /torn", b"").await;
    sender.send(Ok(Bytes::from_static(b"half"))).await.unwrap();
    read_until(&mut client, "half").await;
    sender
        .send(Err("the cable was cut".to_owned()))
        .await
        .unwrap();
    let mut rest = Vec::new();
    let _ = within(client.read_to_end(&mut rest)).await;
    assert!(!rest.ends_with(b"0\r\n\r\n"), "chunks have no end");
    let record = app.record().await;
    assert_eq!(record.summary.outcome, Outcome::Error);
    assert_eq!(record.detail.error.as_deref(), Some("the cable was cut"));
}

#[tokio::test]
async fn a_panic_goes_on_to_the_server_and_is_recorded() {
    async fn panics() {
        panic!("on purpose");
    }
    let app = serve(Router::new().route("/panic", get(panics))).await;
    assert_eq!(
        app.ask("GET /panic", b"").await,
        "",
        "the server closes the connection"
    );
    let record = app.record().await;
    assert_eq!(record.summary.outcome, Outcome::Panicked);
    assert_eq!(record.summary.status, None);
}

#[tokio::test]
async fn trailers_and_headers_of_the_app_arrive_as_they_were_sent() {
    let app = serve(Router::new().route(
        "/odd",
        get(|| async {
            let mut headers = HeaderMap::new();
            headers.append("x-twice", "1".parse().unwrap());
            headers.append("x-twice", "2".parse().unwrap());
            headers.append("server-timing", "app;dur=1".parse().unwrap());
            (StatusCode::IM_A_TEAPOT, headers, "short and stout")
        }),
    ))
    .await;
    let answer = app.ask("GET /odd", b"").await;
    for part in [
        "HTTP/1.1 418 ",
        "x-twice: 1\r\nx-twice: 2\r\n",
        "server-timing: app;dur=1\r\n",
        "content-length: 15\r\n",
        "\r\n\r\nshort and stout",
    ] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    assert_eq!(app.record().await.summary.status, Some(418));
}

#[tokio::test]
async fn the_dashboard_counts_none_of_its_own_requests() {
    let app = serve(Router::new().route("/hello", get(|| async { "hello" }))).await;
    app.ask("GET /hello", b"").await;
    app.record().await;
    for path in [
        "/silk",
        "/silk/health",
        "/silk/requests",
        "/silk/nowhere",
        "/silk/api/requests",
    ] {
        app.ask(&format!("GET {path}"), b"").await;
    }
    let health = app.ask("GET /silk/api/health", b"").await;
    let health: serde_json::Value =
        serde_json::from_str(health.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(health["seen"], 1, "{health}");
    assert_eq!(health["active"], 0, "{health}");
    assert_eq!(health["recorded"], 1, "{health}");
    let captures = health["captures"].to_string();
    assert!(captures.contains("0 requests met no route"), "{captures}");
    let page = app.ask("GET /silk/health", b"").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
}

#[tokio::test]
async fn dropping_the_last_handle_writes_what_has_ended() {
    let store: Arc<dyn tower_silk::Store> =
        Arc::new(tower_silk::MemoryStore::new(tower_silk::Budget::default()));
    let silk = tower_silk::Silk::builder()
        .store(Arc::clone(&store))
        .build()
        .await
        .unwrap();
    for n in 0..50 {
        silk.job(format!("job {n}")).run(async {}).await;
    }
    // Within the app's runtime, as at the end of `main`.
    drop(silk);
    let filter = silk_core::store::RequestFilter {
        limit: 500,
        ..Default::default()
    };
    assert_eq!(store.requests(&filter).await.unwrap().items.len(), 50);
}
