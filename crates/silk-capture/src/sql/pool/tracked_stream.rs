//! A query's stream and futures, watched while the app polls them.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{Stream, future::BoxFuture, stream::BoxStream};
use sqlx_core::{Either, database::Database, error::Error};

use super::{OneRow, PoolDatabase, running_query::Track};

/// What a query yields: the result of a statement, or a row.
pub(super) type Step<DB> =
    Result<Either<<DB as Database>::QueryResult, <DB as Database>::Row>, Error>;

/// A query's stream, watched.
pub(super) struct Tracked<'e, DB: Database> {
    /// Dropped at its end, under our cover.
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
        // sqlx's own event comes when the inner stream is dropped; it must come under our cover.
        let Self { inner, track } = self;
        if inner.is_some() {
            track.cover.run(|| *inner = None);
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
        let is_first = track.on_poll();
        let _polled = track.enter_plan();
        let polled = track.poll_driver(is_first, || stream.as_mut().poll_next(cx));
        match &polled {
            Poll::Pending => return polled,
            Poll::Ready(Some(Ok(Either::Right(_row)))) => track.on_row(true),
            Poll::Ready(Some(Ok(Either::Left(result)))) => {
                track.on_result(DB::rows_affected(result));
            }
            Poll::Ready(Some(Err(error))) => track.on_error(error),
            Poll::Ready(None) => {
                track.cover.run_on(|| *inner = None);
                track.on_end();
                return polled;
            }
        }
        track.on_ready();
        polled
    }
}

/// Waits for at most one row out of a stream, as drivers do that read to the end or stop at the
/// first row: so the rows that the app does not get are seen, and what the database says of them.
pub(super) struct TrackedFirst<'e, DB: Database> {
    steps: Tracked<'e, DB>,
    first: Option<DB::Row>,
}

impl<'e, DB: Database> TrackedFirst<'e, DB> {
    pub(super) const fn new(inner: BoxStream<'e, Step<DB>>, track: Track) -> Self {
        Self {
            steps: Tracked::new(inner, track),
            first: None,
        }
    }
}

// Nothing in it is pinned: the inner stream is boxed.
impl<DB: Database> Unpin for TrackedFirst<'_, DB> {}

impl<DB: PoolDatabase> Future for TrackedFirst<'_, DB> {
    type Output = Result<Option<DB::Row>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { steps, first } = &mut *self;
        let Tracked { inner, track } = steps;
        let Some(stream) = inner else {
            return Poll::Pending;
        };
        let mut is_first = track.on_poll();
        let polled = track.enter_plan();
        let result = loop {
            let next = track.poll_driver(is_first, || stream.as_mut().poll_next(cx));
            is_first = false;
            match ready!(next) {
                Some(Ok(Either::Right(row))) => {
                    track.on_row(first.is_none());
                    first.get_or_insert(row);
                    if DB::ONE_ROW == OneRow::Stops {
                        break Ok(());
                    }
                }
                Some(Ok(Either::Left(result))) => track.on_result(DB::rows_affected(&result)),
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
        };
        drop(polled);
        track.cover.run_on(|| *inner = None);
        if let Err(error) = &result {
            track.on_error(error);
        }
        track.on_end();
        Poll::Ready(result.map(|()| first.take()))
    }
}

/// Waits for at most one row; the driver says nothing but that row.
///
/// A type rather than an async function, which would keep what it is given twice.
pub(super) struct TrackedOptional<'e, DB: Database> {
    inner: Option<BoxFuture<'e, Result<Option<DB::Row>, Error>>>,
    track: Track,
}

impl<'e, DB: Database> TrackedOptional<'e, DB> {
    pub(super) const fn new(
        inner: BoxFuture<'e, Result<Option<DB::Row>, Error>>,
        track: Track,
    ) -> Self {
        Self {
            inner: Some(inner),
            track,
        }
    }
}

impl<DB: Database> Drop for TrackedOptional<'_, DB> {
    fn drop(&mut self) {
        // As above.
        let Self { inner, track } = self;
        if inner.is_some() {
            track.cover.run(|| *inner = None);
        }
    }
}

// Nothing in it is pinned: the inner future is boxed.
impl<DB: Database> Unpin for TrackedOptional<'_, DB> {}

impl<DB: PoolDatabase> Future for TrackedOptional<'_, DB> {
    type Output = Result<Option<DB::Row>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { inner, track } = &mut *self;
        let Some(future) = inner else {
            return Poll::Pending;
        };
        let is_first = track.on_poll();
        let polled = {
            let _polled = track.enter_plan();
            track.poll_driver(is_first, || future.as_mut().poll(cx))
        };
        let result = ready!(polled);
        track.cover.run_on(|| *inner = None);
        match &result {
            Ok(Some(_row)) => {
                track.on_row(true);
                track.on_end();
            }
            Ok(None) => track.on_end(),
            Err(error) => {
                track.on_error(error);
                track.on_end();
            }
        }
        Poll::Ready(result)
    }
}
