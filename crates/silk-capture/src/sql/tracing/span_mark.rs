//! What spans of the registry are to us.

use std::time::{Duration, Instant};

use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::record::ActiveRequest;

/// What a span of the registry is to us.
pub(super) enum Mark {
    /// Nothing within is recorded by this layer.
    Ignore,
    /// It belongs to a request, and holds it open.
    Within(Within),
}

pub(super) struct Within {
    pub(super) active: ActiveRequest,
    /// Its number within the request; none for the request's own span, or beyond the cap.
    pub(super) index: Option<u32>,
    pub(super) entered: Option<Instant>,
    pub(super) busy: Duration,
}

pub(super) const fn within(active: ActiveRequest, index: Option<u32>) -> Mark {
    Mark::Within(Within {
        active,
        index,
        entered: None,
        busy: Duration::ZERO,
    })
}

/// The request of the nearest span around, and that span's number.
pub(super) fn of_parent<'a, S>(span: &SpanRef<'a, S>) -> Option<(ActiveRequest, Option<u32>)>
where
    S: LookupSpan<'a>,
{
    span.scope()
        .skip(1)
        .find_map(|outer| match outer.extensions().get::<Mark>() {
            Some(Mark::Within(within)) => Some((within.active.clone(), within.index)),
            _ => None,
        })
}
