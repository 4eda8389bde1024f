//! The beginning of a request's body, copied while the app reads it.

use http::Request;

use crate::record::ActiveRequest;

/// Copies the beginning of the request's body while the app reads it.
///
/// The wrapped service takes the same type of body as we get, so only a body that can hold another
/// (axum's) is watched; other bodies pass as they are.
#[cfg(feature = "axum")]
pub(super) fn tee<B: 'static>(request: Request<B>, active: &ActiveRequest) -> Request<B> {
    use http_body::Body as _;

    let config = active.recorder().config();
    if !active.is_kept() || config.body_bytes == 0 {
        return request;
    }
    let (parts, body) = request.into_parts();
    // Where `B` is axum's body, it is replaced in place: there is no other way to say "if".
    let mut slot = Some(body);
    if let Some(Some(body)) =
        (&mut slot as &mut dyn std::any::Any).downcast_mut::<Option<axum::body::Body>>()
        && !body.is_end_stream()
    {
        let limit = if super::copied_body::is_text(&parts.headers) {
            config.body_bytes
        } else {
            0
        };
        let inner = std::mem::replace(body, axum::body::Body::empty());
        *body = axum::body::Body::new(imp::RequestBody::new(inner, active, limit));
    }
    match slot {
        Some(body) => Request::from_parts(parts, body),
        None => unreachable!("it was filled above and is only replaced by another body"),
    }
}

/// Without axum, no body that can hold another is known.
#[cfg(not(feature = "axum"))]
pub(super) fn tee<B: 'static>(request: Request<B>, _: &ActiveRequest) -> Request<B> {
    request
}

#[cfg(feature = "axum")]
mod imp {
    use std::{
        pin::Pin,
        task::{Context, Poll, ready},
    };

    use axum::body::{Body, Bytes};
    use http_body::{Frame, SizeHint};

    use crate::http::copied_body::Copied;
    use crate::record::{ActiveRequest, active_request::WeakRequest};

    /// A request's body on its way in; its frames pass untouched.
    pub(super) struct RequestBody {
        inner: Body,
        // The app may keep the body longer than the request lives, so it must not hold it open.
        active: WeakRequest,
        copied: Copied,
    }

    impl RequestBody {
        pub(super) fn new(inner: Body, active: &ActiveRequest, limit: usize) -> Self {
            Self {
                inner,
                active: active.downgrade(),
                copied: Copied::new(limit),
            }
        }

        fn note(&mut self) {
            if let Some(active) = self.active.upgrade() {
                let tee = self.copied.take();
                active.head(|head| head.request_body = Some(tee));
            }
        }
    }

    impl http_body::Body for RequestBody {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            let this = &mut *self;
            let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
            if let Some(data) = frame
                .as_ref()
                .and_then(|frame| frame.as_ref().ok()?.data_ref())
            {
                let active = &this.active;
                this.copied.look(data, |bytes| {
                    active
                        .upgrade()
                        .is_some_and(|active| active.try_charge(bytes))
                });
            }
            Poll::Ready(frame)
        }

        fn is_end_stream(&self) -> bool {
            self.inner.is_end_stream()
        }

        fn size_hint(&self) -> SizeHint {
            self.inner.size_hint()
        }
    }

    impl Drop for RequestBody {
        fn drop(&mut self) {
            self.note();
        }
    }
}
