//! Every way in which a request can end is recorded once, with its outcome.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod support;

use std::{
    convert::Infallible,
    future::pending,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use silk_core::{Outcome, vitals::OwnResponse};
use support::{fixture, query};
use tower::{Layer as _, ServiceExt as _, service_fn};

fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path).body(Empty::new()).unwrap()
}

/// A body of the given frames, and a length that it says or not.
fn frames(
    items: Vec<Result<Frame<Bytes>, String>>,
) -> StreamBody<impl futures_core::Stream<Item = Result<Frame<Bytes>, String>>> {
    StreamBody::new(futures_util::stream::iter(items))
}

fn data(text: &'static str) -> Result<Frame<Bytes>, String> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

#[tokio::test]
async fn a_body_read_to_its_end_is_completed() {
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            query("SELECT 1");
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", "7".parse().unwrap());
            let body = frames(vec![
                data("one"),
                data("two"),
                Ok(Frame::trailers(trailers)),
            ]);
            Ok::<_, Infallible>(Response::new(body))
        }));
    let response = service.oneshot(get("/a?b=c")).await.unwrap();
    let id = response.headers()["silk-id"].to_str().unwrap().to_owned();
    let timing = response.headers()["server-timing"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        timing.starts_with("db;dur=") && timing.contains("desc=\"1 query\", total;dur="),
        "{timing}"
    );
    assert!(silk.records().is_empty(), "the body was not read yet");
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["x-sum"], "7");
    assert_eq!(body.to_bytes(), "onetwo");
    let record = silk.record();
    assert_eq!(record.summary.id.to_string(), id);
    assert_eq!(record.summary.outcome, Outcome::Completed);
    assert_eq!(
        (record.summary.status, record.summary.query_count),
        (Some(200), 1)
    );
    assert_eq!(
        (record.summary.method.as_str(), record.summary.path.as_str()),
        ("GET", "/a")
    );
    assert_eq!(record.detail.query_string.as_deref(), Some("b=c"));
    assert_eq!(record.detail.queries.len(), 1);
    let times = record.summary.times;
    assert!(
        times.polls >= 2 && times.head_us + times.body_us == times.total_us,
        "{times:?}"
    );
}

#[tokio::test]
async fn an_exact_length_ends_with_its_last_frame() {
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"whole"))))
        }));
    let response = service.oneshot(get("/")).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    body.frame().await.unwrap().unwrap();
    // Not polled to `None`, and not dropped.
    assert_eq!(silk.record().summary.outcome, Outcome::Completed);
    drop(body);
    assert_eq!(silk.records().len(), 1);
}

/// Says its length, but not that it is at its end.
struct Promised(Option<Bytes>);

impl Body for Promised {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |data| data.len() as u64))
    }
}

#[tokio::test]
async fn a_promised_length_ends_with_its_last_byte() {
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            Ok::<_, Infallible>(Response::new(Promised(Some(Bytes::from_static(b"abc")))))
        }));
    let mut body = service.oneshot(get("/")).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(silk.record().summary.outcome, Outcome::Completed);
}

#[tokio::test]
async fn responses_without_a_body_end_with_their_head() {
    for (method, status) in [
        ("GET", 204),
        ("GET", 304),
        ("HEAD", 200),
        ("GET", 101),
        ("GET", 200),
    ] {
        let silk = fixture();
        let service = silk
            .layer()
            .layer(service_fn(move |_: Request<Empty<Bytes>>| async move {
                let text = if status == 200 && method == "GET" {
                    ""
                } else {
                    "x"
                };
                let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                Ok::<_, Infallible>(response)
            }));
        let request = Request::builder()
            .method(method)
            .uri("/")
            .body(Empty::new())
            .unwrap();
        let response = service.oneshot(request).await.unwrap();
        // Servers drop such bodies unread.
        drop(response);
        let record = silk.record();
        assert_eq!(
            record.summary.outcome,
            Outcome::Completed,
            "{method} {status}"
        );
        assert_eq!(record.summary.status, Some(status));
    }
}

#[tokio::test]
async fn an_error_of_the_service_goes_on_and_is_recorded() {
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            Err::<Response<Empty<Bytes>>, _>("no such luck")
        }));
    assert_eq!(service.oneshot(get("/")).await.unwrap_err(), "no such luck");
    let record = silk.record();
    assert_eq!(
        (record.summary.outcome, record.summary.status),
        (Outcome::Error, None)
    );
    assert_eq!(record.detail.error.as_deref(), Some("no such luck"));
}

#[tokio::test]
async fn an_error_of_the_body_is_recorded() {
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            let body = frames(vec![data("half"), Err("torn".to_owned())]);
            Ok::<_, Infallible>(Response::new(body))
        }));
    let body = service.oneshot(get("/")).await.unwrap().into_body();
    assert_eq!(body.collect().await.unwrap_err(), "torn");
    let record = silk.record();
    assert_eq!(
        (record.summary.outcome, record.summary.status),
        (Outcome::Error, Some(200))
    );
}

#[tokio::test]
async fn a_body_dropped_half_way_is_dropped() {
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            let endless = futures_util::stream::repeat_with(|| data("more"));
            Ok::<_, Infallible>(Response::new(StreamBody::new(endless)))
        }));
    let mut body = service.oneshot(get("/")).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(silk.vitals().active, 1);
    drop(body);
    let record = silk.record();
    assert_eq!(
        (record.summary.outcome, record.summary.status),
        (Outcome::Dropped, Some(200))
    );
    assert_eq!(silk.vitals().active, 0);
}

struct QueryOnDrop;

impl Drop for QueryOnDrop {
    fn drop(&mut self) {
        query("ROLLBACK");
    }
}

#[tokio::test]
async fn a_future_dropped_before_the_head_is_dropped_with_what_its_drop_did() {
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            let _guard = QueryOnDrop;
            pending::<()>().await;
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }));
    let mut future = Box::pin(service.oneshot(get("/")));
    assert!(futures_util::FutureExt::now_or_never(&mut future).is_none());
    drop(future);
    let record = silk.record();
    assert_eq!(
        (record.summary.outcome, record.summary.status),
        (Outcome::Dropped, None)
    );
    assert_eq!(record.summary.query_count, 1);
}

#[tokio::test]
async fn a_panic_goes_on_and_is_recorded() {
    use futures_util::FutureExt as _;

    for in_call in [true, false] {
        let silk = fixture();
        let service = silk
            .layer()
            .layer(service_fn(move |_: Request<Empty<Bytes>>| {
                assert!(!in_call, "in call");
                async {
                    tokio::task::yield_now().await;
                    panic!("in poll");
                    #[expect(unreachable_code, reason = "tells the type")]
                    Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
                }
            }));
        let caught = AssertUnwindSafe(service.oneshot(get("/")))
            .catch_unwind()
            .await;
        assert!(caught.is_err());
        assert_eq!(silk.record().summary.outcome, Outcome::Panicked);
        assert!(silk_capture::ActiveRequest::current().is_none());
    }
}

#[tokio::test]
async fn a_panic_of_the_body_is_recorded() {
    use futures_util::FutureExt as _;

    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            let panics = futures_util::stream::repeat_with(|| -> Result<Frame<Bytes>, String> {
                panic!("torn")
            });
            Ok::<_, Infallible>(Response::new(StreamBody::new(panics)))
        }));
    let body = service.oneshot(get("/")).await.unwrap().into_body();
    assert!(
        AssertUnwindSafe(body.collect())
            .catch_unwind()
            .await
            .is_err()
    );
    assert_eq!(silk.record().summary.outcome, Outcome::Panicked);
}

#[tokio::test]
async fn our_own_responses_are_neither_recorded_nor_counted() {
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            let mut response = Response::new(Full::new(Bytes::from_static(b"page")));
            response.extensions_mut().insert(OwnResponse);
            Ok::<_, Infallible>(response)
        }));
    let response = service.oneshot(get("/silk")).await.unwrap();
    assert!(!response.headers().contains_key("silk-id"));
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "page"
    );
    assert!(silk.records().is_empty());
    let vitals = silk.vitals();
    assert_eq!((vitals.seen, vitals.active, vitals.memory_bytes), (0, 0, 0));
}

#[tokio::test]
async fn the_first_bytes_of_a_stream_are_not_held_back() {
    let silk = fixture();
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Frame<Bytes>, String>>(1);
    let receiver = std::sync::Mutex::new(Some(receiver));
    let service = silk
        .layer()
        .layer(service_fn(move |_: Request<Empty<Bytes>>| {
            let receiver = receiver.lock().unwrap().take().unwrap();
            async {
                let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
                    Some((receiver.recv().await?, receiver))
                });
                let mut response = Response::new(StreamBody::new(Box::pin(stream)));
                response
                    .headers_mut()
                    .insert("content-type", "text/event-stream".parse().unwrap());
                Ok::<_, Infallible>(response)
            }
        }));
    let mut body = service.oneshot(get("/events")).await.unwrap().into_body();
    sender.send(data("data: 1\n\n")).await.unwrap();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "data: 1\n\n"
    );
    assert!(silk.records().is_empty(), "still streaming");
    sender.send(data("data: 2\n\n")).await.unwrap();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "data: 2\n\n"
    );
    drop(sender);
    assert!(body.frame().await.is_none());
    let record = silk.record();
    assert_eq!(record.summary.outcome, Outcome::Completed);
    let kept = record.detail.response_body.unwrap();
    assert_eq!(
        (kept.total_bytes, kept.text.as_deref()),
        (18, Some("data: 1\n\ndata: 2\n\n"))
    );
}

#[tokio::test]
async fn a_large_body_passes_untouched_in_little_memory() {
    const CHUNK: usize = 1 << 16;
    const CHUNKS: usize = 1_600;
    let silk = fixture();
    let service = silk
        .layer()
        .layer(service_fn(|_: Request<Empty<Bytes>>| async {
            let chunk = Bytes::from(vec![b'a'; CHUNK]);
            let stream = futures_util::stream::iter(
                (0..CHUNKS).map(move |_| Ok::<_, String>(Frame::data(chunk.clone()))),
            );
            let mut response = Response::new(StreamBody::new(stream));
            response
                .headers_mut()
                .insert("content-type", "text/plain".parse().unwrap());
            Ok::<_, Infallible>(response)
        }));
    let mut body = service.oneshot(get("/large")).await.unwrap().into_body();
    let mut total = 0;
    let mut most = 0;
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        assert!(data.iter().all(|byte| *byte == b'a'));
        total += data.len();
        most = most.max(silk.vitals().memory_bytes);
    }
    assert_eq!(total, CHUNK * CHUNKS);
    assert!(most < 64 << 10, "{most} bytes");
    let kept = silk.record().detail.response_body.unwrap();
    assert_eq!(kept.total_bytes, (CHUNK * CHUNKS) as u64);
    assert!(kept.is_truncated);
    assert_eq!(kept.text.map(|text| text.len()), Some(16 << 10));
    assert_eq!(silk.vitals().memory_bytes, 0);
}
