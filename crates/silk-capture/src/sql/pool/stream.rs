use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{Stream, future::BoxFuture, stream::BoxStream};
use sqlx_core::{Either, database::Database, error::Error};

use super::{PoolDatabase, track::Track};
use crate::plans::Tracker;

/// What a query yields: the result of a statement, or a row.
pub(super) type Step<DB> =
    Result<Either<<DB as Database>::QueryResult, <DB as Database>::Row>, Error>;

/// A query's stream, watched.
pub(super) struct Tracked<'e, DB: Database> {
    /// Dropped at its end, within our span.
    inner: Option<BoxStream<'e, Step<DB>>>,
    track: Track,
}

impl<'e, DB: Database> Tracked<'e, DB> {
    pub(super) const fn new(inner: BoxStream<'e, Step<DB>>, track: Track) -> Self {
        Self {
            inner: Some(inner),
            track,
        }
    }
}

impl<DB: Database> Drop for Tracked<'_, DB> {
    fn drop(&mut self) {
        // sqlx's own event comes when the inner stream is dropped; it must come within our span.
        if self.inner.is_some() {
            let span = self.track.span.clone();
            let _entered = span.enter();
            self.inner = None;
        }
    }
}

// Nothing in it is pinned: the inner stream is boxed.
impl<DB: Database> Unpin for Tracked<'_, DB> {}

impl<DB: PoolDatabase> Stream for Tracked<'_, DB> {
    type Item = Step<DB>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { inner, track } = &mut *self;
        let Some(stream) = inner else {
            return Poll::Ready(None);
        };
        track.on_poll();
        let span = track.span.clone();
        let _entered = span.enter();
        let _polled = track.enter_plan();
        let polled = stream.as_mut().poll_next(cx);
        match &polled {
            Poll::Pending => return polled,
            Poll::Ready(Some(Ok(Either::Right(_row)))) => track.on_row(),
            Poll::Ready(Some(Ok(Either::Left(result)))) => {
                track.on_affected(DB::rows_affected(result));
            }
            Poll::Ready(Some(Err(error))) => track.on_error(error),
            Poll::Ready(None) => {
                *inner = None;
                track.on_end();
                return polled;
            }
        }
        track.on_ready();
        polled
    }
}

/// Waits for at most one row, watched.
pub(super) async fn tracked_optional<DB: PoolDatabase>(
    inner: BoxFuture<'_, Result<Option<DB::Row>, Error>>,
    mut track: Track,
) -> Result<Option<DB::Row>, Error> {
    track.on_poll();
    let mut inner = std::pin::pin!(tracing::Instrument::instrument(inner, track.span.clone()));
    let tracker = track.tracker();
    let result = std::future::poll_fn(|cx| {
        let _polled = tracker.as_ref().map(Tracker::enter);
        inner.as_mut().poll(cx)
    })
    .await;
    match &result {
        Ok(Some(_row)) => track.on_row(),
        Ok(None) => {}
        Err(error) => track.on_error(error),
    }
    track.on_end();
    result
}
