//! A wait for a connection of the pool, recorded when it ends.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Instant,
};

use pin_project_lite::pin_project;
use silk_core::{ConnectionWait, PoolUse};
use sqlx_core::error::Error;

use super::{
    hide_from_layer::{Cover, Covered},
    pool_shared::PoolShared,
};
use crate::record::{ActiveRequest, buffers::Held};

/// A wait for a connection that is recorded when it ends, in whichever way.
struct Wait<'r> {
    active: &'r ActiveRequest,
    shared: &'r PoolShared,
    started: Instant,
    pool: PoolUse,
    /// Whether it came to an end; else its future was dropped.
    is_over: bool,
    error: Option<String>,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let error = match self.error.take() {
            None if !self.is_over => Some(ConnectionWait::GIVEN_UP.to_owned()),
            error => error,
        };
        let ended = Instant::now();
        let took = ended.saturating_duration_since(self.started);
        // Asked for only where it is known that others had them all.
        let is_worth = took.as_micros() >= u128::from(ConnectionWait::WORTH_US);
        let held = (is_worth && self.pool.is_exhausted() && self.active.is_kept()).then(|| Held {
            database: Arc::clone(&self.shared.database),
            connections: self.shared.holders.between(self.started, ended),
        });
        self.active
            .push_held_wait(self.started, ended, error, Some(self.pool), held);
    }
}

pin_project! {
    /// A wait for a connection under a cover.
    ///
    /// What sqlx runs to set a new connection up belongs to the wait, which is why the cover is
    /// over it: the tracing layer does not count it as queries of the app.
    ///
    /// A type rather than an async function: sqlx's future takes 2 kB, and an async function keeps
    /// its arguments beside what it awaits, and moves the one to the other.
    pub(super) struct Waiting<'r, F> {
        #[pin]
        acquire: Covered<F>,
        wait: Option<Wait<'r>>,
    }
}

impl<'r, F> Waiting<'r, F> {
    pub(super) fn new(
        active: &'r ActiveRequest,
        shared: &'r PoolShared,
        cover: Cover,
        pool: PoolUse,
        acquire: F,
    ) -> Self {
        Self {
            acquire: cover.over(acquire),
            wait: Some(Wait {
                active,
                shared,
                started: Instant::now(),
                pool,
                is_over: false,
                error: None,
            }),
        }
    }
}

impl<T, F: Future<Output = Result<T, Error>>> Future for Waiting<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let result = ready!(this.acquire.poll(cx));
        if let Some(mut wait) = this.wait.take() {
            wait.is_over = true;
            wait.error = result.as_ref().err().map(ToString::to_string);
        }
        Poll::Ready(result)
    }
}
