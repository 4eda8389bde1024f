//! A response's body on its way out: its first bytes copied, and its end seen.

use std::{
    fmt::Display,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use silk_core::Outcome;

use super::{
    copied_body::{Copied, content_type, is_text_of},
    rpc,
    watched_request::Watch,
};

pin_project! {
    /// A response's body on its way out; its frames pass untouched.
    pub struct ResponseBody<R> {
        #[pin]
        inner: Option<R>,
        watched: Option<Watched>,
    }

    impl<R> PinnedDrop for ResponseBody<R> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut watched) = this.watched.take() {
                watched.watch.poll(|| this.inner.set(None));
                watched.end(Outcome::Dropped, None);
            }
        }
    }
}

/// What is known of a body that is watched.
#[derive(Debug)]
struct Watched {
    watch: Watch,
    tee: Copied,
    /// Length that the body promised.
    exact: Option<u64>,
    /// Of a call of a remote procedure: how it ended, if that is known.
    call: Option<(Outcome, Option<String>)>,
}

impl Watched {
    /// How it ended where its body came to its end.
    fn completed(&mut self) -> (Outcome, Option<String>) {
        self.call.take().unwrap_or((Outcome::Completed, None))
    }

    fn end(&mut self, outcome: Outcome, error: Option<String>) {
        let tee = self.tee.take();
        self.watch
            .own(|active| active.head(|head| head.response_body = Some(tee)));
        self.watch.end(outcome, error);
    }
}

impl<R> ResponseBody<R> {
    pub(super) const fn unwatched(inner: R) -> Self {
        Self {
            inner: Some(inner),
            watched: None,
        }
    }
}

impl<R: Body> ResponseBody<R> {
    pub(super) fn watched(inner: R, watch: Watch, headers: &HeaderMap) -> Self {
        let kind = content_type(headers);
        let limit = match watch.active() {
            Some(active) if active.is_kept() && is_text_of(kind, headers) => {
                active.recorder().config().body_bytes
            }
            _ => 0,
        };
        let exact = inner.size_hint().exact();
        Self {
            inner: Some(inner),
            watched: Some(Watched {
                watch,
                tee: Copied::new(limit),
                exact,
                call: rpc::is_call_of(kind).then(|| rpc::ending(headers)),
            }),
        }
    }
}

impl<R> Body for ResponseBody<R>
where
    R: Body,
    R::Error: Display,
{
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        let mut this = self.project();
        let Some(mut inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let Some(watched) = this.watched.as_mut() else {
            return inner.poll_frame(cx);
        };
        let frame = ready!(watched.watch.poll(|| inner.as_mut().poll_frame(cx)));
        let ending = match &frame {
            None => Some(watched.completed()),
            Some(Err(error)) => Some((Outcome::Error, Some(error.to_string()))),
            Some(Ok(frame)) => {
                let Watched {
                    watch,
                    tee,
                    exact,
                    call,
                } = watched;
                if let Some(data) = frame.data_ref() {
                    watch.own(|active| tee.look(data, |bytes| active.try_charge(bytes)));
                } else if let (Some(call), Some(trailers)) = (call, frame.trailers_ref()) {
                    *call = rpc::ending(trailers);
                    watch.own(|active| rpc::keep_status(trailers, active));
                }
                // Nobody need poll again once the promised length has passed.
                let is_whole = inner.is_end_stream() || *exact == Some(tee.total_bytes());
                is_whole.then(|| watched.completed())
            }
        };
        if let Some((outcome, error)) = ending {
            watched.end(outcome, error);
            *this.watched = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<R> std::fmt::Debug for ResponseBody<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
