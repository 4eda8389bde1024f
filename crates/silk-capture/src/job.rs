//! Work that is not an HTTP exchange: jobs and tests.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use http::Method;
use pin_project_lite::pin_project;
use silk_core::{Outcome, RequestKind};

use crate::{
    http::Watch,
    record::{ActiveRequest, Recorder, route_name::RouteName},
};

/// Runs `future` and records what it does, as a request of `kind` with this name.
///
/// Within another request, that one is named as its parent. Dropped before its end it is recorded
/// as `dropped`; a panic goes on to the caller and is recorded as `panicked`.
pub fn run_job<F, N>(
    recorder: &Recorder,
    kind: RequestKind,
    name: N,
    future: F,
) -> impl Future<Output = F::Output> + use<F, N>
where
    F: Future,
    N: Into<Arc<str>>,
{
    let name: Arc<str> = name.into();
    let arrived = Instant::now();
    let parent = ActiveRequest::current().map(|parent| parent.id());
    let watch = recorder
        .begin(kind, Method::default(), &name)
        .map(|active| {
            active.head(|head| {
                head.parent = parent;
                head.route = RouteName::Named(name);
            });
            Watch::new(active, &Method::GET, arrived)
        });
    Recorded {
        inner: Some(future),
        watch,
    }
}

/// Carries the request that is current now along with `future`: for `tokio::spawn`.
///
/// The request's record waits for it, for at most
/// [`RecorderConfig::linger`](crate::record::RecorderConfig::linger) after the response.
pub fn in_current_request<F: Future>(future: F) -> impl Future<Output = F::Output> {
    Carried {
        active: ActiveRequest::current(),
        span: tracing::Span::current(),
        inner: future,
    }
}

pin_project! {
    struct Recorded<F> {
        #[pin]
        inner: Option<F>,
        watch: Option<Watch>,
    }

    impl<F> PinnedDrop for Recorded<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut watch) = this.watch.take() {
                watch.poll(|| this.inner.set(None));
            }
        }
    }
}

impl<F: Future> Future for Recorded<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let mut poll = || match this.inner.as_mut().as_pin_mut() {
            Some(inner) => {
                let polled = inner.poll(cx);
                if polled.is_ready() {
                    this.inner.set(None);
                }
                polled
            }
            None => Poll::Pending,
        };
        let Some(watch) = this.watch.as_mut() else {
            return poll();
        };
        let polled = watch.poll(poll);
        if polled.is_ready() {
            watch.end(Outcome::Completed, None);
            *this.watch = None;
        }
        polled
    }
}

pin_project! {
    struct Carried<F> {
        active: Option<ActiveRequest>,
        span: tracing::Span,
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for Carried<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _request = this.active.as_ref().map(ActiveRequest::enter);
        let _span = this.span.enter();
        this.inner.poll(cx)
    }
}
