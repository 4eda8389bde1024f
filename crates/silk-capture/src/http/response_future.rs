//! The future of a response: timed, its head noted, its body watched.

use std::{
    fmt::{Display, Write as _},
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use silk_core::{Outcome, vitals::OwnResponse};

use super::{ResponseBody, rpc, watched_request::Watch};
use crate::record::ActiveRequest;

/// Names the record of a response.
const SILK_ID: HeaderName = HeaderName::from_static("silk-id");
/// Shows in the browser's own tools where the time went.
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

pin_project! {
    /// The future of a response whose request is recorded.
    pub struct ResponseFuture<F> {
        // Dropped while the request is entered, so that what is cancelled with it belongs to it.
        #[pin]
        inner: Option<F>,
        watch: Option<Watch>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut watch) = this.watch.take() {
                watch.poll(|| this.inner.set(None));
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, watch: Option<Watch>) -> Self {
        Self {
            inner: Some(inner),
            watch,
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
    R::Error: Display,
    E: Display,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(watch) = this.watch.as_mut() else {
            // Not recorded, or polled again after its end; the inner future says what it thinks.
            return match this.inner.as_mut().as_pin_mut() {
                Some(inner) => inner
                    .poll(cx)
                    .map_ok(|response| response.map(ResponseBody::unwatched)),
                None => Poll::Pending,
            };
        };
        let polled = watch.poll(|| match this.inner.as_mut().as_pin_mut() {
            Some(inner) => {
                let polled = inner.poll(cx);
                if polled.is_ready() {
                    this.inner.set(None);
                }
                polled
            }
            None => Poll::Pending,
        });
        let result = ready!(polled);
        let Some(mut watch) = this.watch.take() else {
            return Poll::Pending;
        };
        Poll::Ready(match result {
            Ok(response) => Ok(on_head(response, watch)),
            Err(error) => {
                watch.end(Outcome::Error, Some(error.to_string()));
                Err(error)
            }
        })
    }
}

fn on_head<R: Body>(mut response: Response<R>, mut watch: Watch) -> Response<ResponseBody<R>> {
    if response.extensions().get::<OwnResponse>().is_some() {
        watch.discard();
        return response.map(ResponseBody::unwatched);
    }
    watch.own(|active| note_head(active, &mut response));
    let is_bodiless = watch.is_head_request
        || response.status().is_informational()
        || matches!(
            response.status(),
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        )
        || response.body().is_end_stream();
    if is_bodiless {
        // Nobody polls such a body; an upgraded connection goes on without us.
        let (outcome, error) = if rpc::is_call(response.headers()) {
            rpc::ending(response.headers())
        } else {
            (Outcome::Completed, None)
        };
        watch.end(outcome, error);
        return response.map(ResponseBody::unwatched);
    }
    let (parts, body) = response.into_parts();
    let body = ResponseBody::watched(body, watch, &parts.headers);
    Response::from_parts(parts, body)
}

fn note_head<R>(active: &ActiveRequest, response: &mut Response<R>) {
    let now = Instant::now();
    let config = active.recorder().config();
    let headers = if active.is_kept() && config.capture_headers {
        response.headers().clone()
    } else {
        HeaderMap::new()
    };
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 64)
        .sum();
    let status = response.status().as_u16();
    active.charged_head(bytes, |head, has_room| {
        head.head_at = Some(now);
        head.status = Some(status);
        if has_room {
            head.response_headers = headers;
        }
    });
    if config.response_headers {
        add_headers(active, now, response);
    }
}

fn add_headers<R>(active: &ActiveRequest, now: Instant, response: &mut Response<R>) {
    let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
    if active.is_kept()
        && let Ok(id) = HeaderValue::from_str(active.id().0.hyphenated().encode_lower(&mut id))
    {
        response.headers_mut().insert(SILK_ID, id);
    }
    let (queries, sql_us) = active.sql_so_far();
    let total_us = active.offset(now);
    let mut timing = String::with_capacity(64);
    let noun = if queries == 1 { "query" } else { "queries" };
    let written = write!(
        timing,
        "db;dur={}.{:03};desc=\"{queries} {noun}\", total;dur={}.{:03}",
        sql_us / 1_000,
        sql_us % 1_000,
        total_us / 1_000,
        total_us % 1_000,
    );
    if written.is_ok()
        && let Ok(timing) = HeaderValue::from_str(&timing)
    {
        // The app's own entries stay.
        response.headers_mut().append(SERVER_TIMING, timing);
    }
}

impl<F> std::fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
