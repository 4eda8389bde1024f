//! Keeps a query that the pool records from being recorded by the tracing layer as well.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use silk_core::DatabaseKind;
use tracing::{Dispatch, Span, dispatcher};
use tracing_subscriber::Registry;

use crate::{
    record::{
        own_spans::{REQUEST_SPAN, SILK_TARGET},
        tracing_probe::others_see_spans,
    },
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
    span: Option<Arc<Span>>,
    /// Whether the tracing layer must know which queries to leave alone.
    #[cfg(feature = "sqlite")]
    tells_texts: bool,
}

/// The span of all covers of a pool: it says nothing of the query that is under it, so that one will
/// do, which is not made and closed again for each.
#[derive(Debug, Default)]
pub(super) struct CoverSpan(OnceLock<(usize, Arc<Span>)>);

impl CoverSpan {
    /// The span, for the subscriber that is heard here. Where that is another one than when it was
    /// made (each test may have its own), it is made anew.
    fn get(&self) -> Arc<Span> {
        let Some(registry) = registry_here() else {
            return Arc::new(span());
        };
        let (of, kept) = self.0.get_or_init(|| (registry, Arc::new(span())));
        // As long as it is kept its registry is, so that no other one can be in that place.
        if *of == registry && !kept.is_disabled() {
            return Arc::clone(kept);
        }
        Arc::new(span())
    }
}

/// The span that goes along with a driver's commands. It has no parent: it is of no request, and must
/// hold none open.
fn span() -> Span {
    // The name is a literal because spans want one; a test holds it to the constant.
    tracing::debug_span!(target: SILK_TARGET, parent: None, "silk.query")
}

/// Whether the innermost span here is the one around a request.
fn is_request_span_here() -> bool {
    dispatcher::get_default(|dispatch| {
        let current = dispatch.current_span();
        current.metadata().is_some_and(|metadata| {
            metadata.target() == SILK_TARGET && metadata.name() == REQUEST_SPAN
        })
    })
}

/// Which registry of spans is used here; only compared.
fn registry_here() -> Option<usize> {
    dispatcher::get_default(|dispatch| {
        let registry = dispatch.downcast_ref::<Registry>();
        registry.map(|registry| std::ptr::from_ref(registry).addr())
    })
}

impl Cover {
    /// A cover for one call of a driver.
    pub(super) fn new(kind: DatabaseKind, span: &CoverSpan) -> Self {
        let is_seen_twice = kind == DatabaseKind::Sqlite && is_installed();
        let tells_texts = is_seen_twice && others_see_spans();
        Self {
            span: (is_seen_twice && !tells_texts).then(|| span.get()),
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
        match &self.span {
            Some(span) => span.in_scope(work),
            None => work(),
        }
    }

    /// Has a driver make the stream of a query.
    ///
    /// sqlx enters the span that is current then around each row that it gives. Where that is our
    /// own around the request, nobody needs it there: the pool records the query, and whatever polls
    /// the stream has the span around it. So it is made where none is current.
    pub(super) fn make<T>(&self, make: impl FnOnce() -> T) -> T {
        if self.span.is_some() || !is_installed() || !is_request_span_here() {
            return self.run(make);
        }
        let _marked = suppress::recorded_elsewhere();
        dispatcher::with_default(&Dispatch::none(), make)
    }

    /// Runs what comes of a query that was sent under it: a driver with a thread of its own sends a
    /// query, and the span with it, when it is first polled.
    pub(super) fn run_on<T>(&self, work: impl FnOnce() -> T) -> T {
        let _marked = suppress::recorded_elsewhere();
        work()
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
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::{
        SilkTracingLayer,
        record::{Recorder, RecorderConfig, own_spans::QUERY_SPAN},
    };

    fn layered() -> Dispatch {
        let (recorder, _) = Recorder::without_writer(RecorderConfig::default());
        Dispatch::new(tracing_subscriber::registry().with(SilkTracingLayer::new(recorder)))
    }

    #[test]
    fn the_span_has_the_name_that_the_layer_looks_for() {
        assert_eq!(QUERY_SPAN, "silk.query");
    }

    #[test]
    fn rows_are_not_given_within_our_own_span_but_within_the_apps() {
        dispatcher::with_default(&layered(), || {
            let cover = Cover::new(DatabaseKind::Postgres, &CoverSpan::default());
            let made_within = || cover.make(Span::current).id();
            let request = tracing::debug_span!(target: SILK_TARGET, "silk.request");
            let _entered = request.enter();
            assert!(Span::current().id().is_some());
            assert_eq!(made_within(), None);
            let own = tracing::info_span!("of the app");
            let _within = own.enter();
            assert_eq!(made_within(), own.id());
        });
    }

    #[test]
    fn one_span_serves_all_covers_of_a_pool_and_subscriber() {
        let kept = CoverSpan::default();
        let id = || {
            let cover = Cover::new(DatabaseKind::Sqlite, &kept);
            cover.run(|| Span::current().id())
        };
        let (first, second) = (layered(), layered());
        let of_first = dispatcher::with_default(&first, || (id(), id()));
        assert!(of_first.0.is_some());
        assert_eq!(of_first.0, of_first.1);
        // Another subscriber has another span, of its own.
        dispatcher::with_default(&second, || {
            let cover = Cover::new(DatabaseKind::Sqlite, &kept);
            assert!(cover.run(|| Span::current().id()).is_some());
        });
        assert_eq!(dispatcher::with_default(&first, id), of_first.0);
        // It holds no request open.
        dispatcher::with_default(&first, || {
            let request = tracing::debug_span!(target: SILK_TARGET, "silk.request");
            let fresh = CoverSpan::default();
            let parent = request.in_scope(|| {
                let span = fresh.get();
                span.with_subscriber(|(id, dispatch)| {
                    let registry = dispatch.downcast_ref::<Registry>();
                    let data = registry.and_then(|registry| {
                        tracing_subscriber::registry::LookupSpan::span_data(registry, id)
                    });
                    data.and_then(|data| {
                        tracing_subscriber::registry::SpanData::parent(&data).cloned()
                    })
                })
            });
            assert_eq!(parent, Some(None));
        });
    }
}
