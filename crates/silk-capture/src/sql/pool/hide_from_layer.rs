//! Keeps a query that the pool records from being recorded by the tracing layer as well.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use silk_core::DatabaseKind;
use tracing::Span;

use crate::{
    record::{own_spans::SILK_TARGET, tracing_probe::others_see_spans},
    sql::tracing::is_installed,
    suppress,
};

/// Keeps the tracing layer from recording what the pool records itself.
///
/// Most drivers work, and tell of it, on the thread that polls them: there a mark on the thread
/// does, around each poll. SQLite's works on a thread of its own; only a span goes along with its
/// commands, the span `silk.query`. It is made only where a tracing layer could record twice, and
/// where no layer of the app's would see it: else the texts of the queries are left to the tracing
/// layer, see [`expect`](Self::expect).
#[derive(Debug, Clone)]
pub(super) struct Cover {
    span: Span,
    /// Whether the tracing layer must know which queries to leave alone.
    #[cfg(feature = "sqlite")]
    tells_texts: bool,
}

impl Cover {
    /// A cover for one call of a driver.
    pub(super) fn new(kind: DatabaseKind) -> Self {
        let is_seen_twice = kind == DatabaseKind::Sqlite && is_installed();
        let tells_texts = is_seen_twice && others_see_spans();
        let span = if is_seen_twice && !tells_texts {
            // The name is a literal because spans want one; a test holds it to the constant.
            tracing::debug_span!(target: SILK_TARGET, "silk.query")
        } else {
            Span::none()
        };
        Self {
            span,
            #[cfg(feature = "sqlite")]
            tells_texts,
        }
    }

    /// Says which query is about to run under it.
    pub(super) fn expect(&self, _sql: &str) {
        #[cfg(feature = "sqlite")]
        if self.tells_texts {
            crate::sql::tracing::expect(_sql);
        }
    }

    /// Runs a piece of the driver's work under it.
    pub(super) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let _marked = suppress::recorded_elsewhere();
        if self.span.is_none() {
            return work();
        }
        self.span.in_scope(work)
    }

    /// Runs a future of the driver's under it, and drops it so.
    pub(super) const fn over<F>(self, inner: F) -> Covered<F> {
        Covered {
            inner: Some(inner),
            cover: self,
        }
    }
}

pin_project! {
    /// A future (or stream) that runs under a cover.
    pub(super) struct Covered<F> {
        #[pin]
        inner: Option<F>,
        cover: Cover,
    }

    impl<F> PinnedDrop for Covered<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // sqlx tells of a query that is given up when its future is dropped.
            if this.inner.is_some() {
                this.cover.run(|| this.inner.set(None));
            }
        }
    }
}

impl<F: Future> Future for Covered<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.cover.run(|| {
            let Some(inner) = this.inner.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            let polled = inner.poll(cx);
            if polled.is_ready() {
                this.inner.set(None);
            }
            polled
        })
    }
}

impl<F: Stream> Stream for Covered<F> {
    type Item = F::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Item>> {
        let mut this = self.project();
        this.cover.run(|| {
            let Some(inner) = this.inner.as_mut().as_pin_mut() else {
                return Poll::Ready(None);
            };
            let polled = inner.poll_next(cx);
            if matches!(polled, Poll::Ready(None)) {
                this.inner.set(None);
            }
            polled
        })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_span_has_the_name_that_the_layer_looks_for() {
        assert_eq!(crate::record::own_spans::QUERY_SPAN, "silk.query");
    }
}
