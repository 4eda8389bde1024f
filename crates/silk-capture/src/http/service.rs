//! The tower service that begins the record of a request.

use std::{
    fmt::Display,
    task::{Context, Poll},
    time::Instant,
};

use http::{HeaderMap, Request, Response};
use http_body::Body;
use silk_core::RequestKind;
use tower_service::Service;

use super::{
    ResponseBody, ResponseFuture, matched_route, request_body, rpc, watched_request::Watch,
};
use crate::record::{ActiveRequest, Recorder, route_name::RouteName};

/// A service whose requests are recorded; made by [`SilkLayer`](super::SilkLayer).
#[derive(Debug, Clone)]
pub struct SilkService<S> {
    recorder: Recorder,
    inner: S,
}

impl<S> SilkService<S> {
    /// Records the requests of `inner`.
    pub const fn new(recorder: Recorder, inner: S) -> Self {
        Self { recorder, inner }
    }
}

impl<S, B, R> Service<Request<B>> for SilkService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Display,
    B: 'static,
    R: Body,
    R::Error: Display,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let arrived = Instant::now();
        if is_recorded_already(&request) {
            return ResponseFuture::new(self.inner.call(request), None);
        }
        let Some(active) = self.recorder.begin(
            RequestKind::Request,
            request.method().clone(),
            request.uri().path(),
        ) else {
            return ResponseFuture::new(self.inner.call(request), None);
        };
        note_head(&self.recorder, &active, &request);
        let request = request_body::tee(request, &active);
        let mut watch = Watch::new(active, request.method(), arrived);
        // A panic in `call` itself ends the record as well: `watch` notes it when it unwinds.
        let inner = watch.poll(|| self.inner.call(request));
        ResponseFuture::new(inner, Some(watch))
    }
}

/// Whether a layer further out records this request; the route's template is handed to it then.
fn is_recorded_already<B>(request: &Request<B>) -> bool {
    ActiveRequest::with_current(|current| {
        let Some(current) = current.filter(|current| current.kind() == RequestKind::Request) else {
            return false;
        };
        if let Some(route) = matched_route::template(request.extensions()) {
            current.head(|head| head.route = route);
        }
        true
    })
}

fn note_head<B>(recorder: &Recorder, active: &ActiveRequest, request: &Request<B>) {
    let route = matched_route::template(request.extensions())
        .or_else(|| rpc::is_call(request.headers()).then_some(RouteName::Procedure));
    let parent = ActiveRequest::current().map(|parent| parent.id());
    let headers = if active.is_kept() && recorder.config().capture_headers {
        request.headers().clone()
    } else {
        HeaderMap::new()
    };
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 64)
        .sum();
    active.charged_head(bytes + request.uri().path().len(), |head, has_room| {
        head.parent = parent;
        head.uri = request.uri().clone();
        head.version = Some(request.version());
        if has_room {
            head.request_headers = headers;
        }
        head.route = route.unwrap_or_default();
    });
}
