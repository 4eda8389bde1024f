//! One request from its first poll to its end, whatever polls it: the handler's future, its body,
//! or a job.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::{Duration, Instant},
};

use http::Method;
use silk_core::Outcome;
use tracing::Span;

use super::panic_hook::{Watching, note_of_payload};
use crate::record::{ActiveRequest, own_spans::SILK_TARGET};

/// The error of a panic without a message.
const PANICKED: &str = "the handler or body panicked";
/// One request in this many has the layer's own work timed.
const TIMED_ONE_IN: u8 = 64;

/// Watches one request: enters it around each poll, and sees to it that it ends once.
#[derive(Debug)]
pub(crate) struct Watch {
    /// None once it has ended.
    active: Option<ActiveRequest>,
    span: Span,
    pub(super) is_head_request: bool,
    /// Our own time so far, where it is taken.
    cost: Option<Duration>,
}

impl Watch {
    pub(crate) fn new(active: ActiveRequest, method: &Method, arrived: Instant) -> Self {
        let span = if active.recorder().wants_span() {
            // Entered, so that the tracing layer finds the request that the span is of.
            let _entered = active.enter();
            tracing::debug_span!(target: SILK_TARGET, "silk.request")
        } else {
            Span::none()
        };
        let is_timed = active
            .id()
            .0
            .as_bytes()
            .last()
            .is_some_and(|byte| byte % TIMED_ONE_IN == 0);
        let cost = is_timed.then(|| arrived.elapsed());
        Self {
            active: Some(active),
            span,
            is_head_request: method == Method::HEAD,
            cost,
        }
    }

    pub(super) const fn active(&self) -> Option<&ActiveRequest> {
        self.active.as_ref()
    }

    /// Runs a piece of the app's code within the request, and times it. Where it panics, the
    /// request has ended so, and the panic goes on.
    pub(crate) fn poll<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        let Some(active) = &self.active else {
            return poll();
        };
        let watching = Watching::start();
        let entered = active.enter();
        // Only looked at on its way: the code that would have caught it gets the same payload.
        // Nothing of the app's is used after it but what unwinding would have left to others as
        // well.
        let result = self.span.in_scope(|| {
            let started = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(poll));
            active.polled(started, Instant::now());
            result
        });
        drop(entered);
        match result {
            Ok(result) => {
                if let Some(note) = watching.take() {
                    active.note_panic(note);
                }
                result
            }
            Err(payload) => {
                let note = watching.take();
                let note = note.unwrap_or_else(|| note_of_payload(&*payload));
                let message = note.message.clone();
                active.note_panic(note);
                let message = message.unwrap_or_else(|| PANICKED.to_owned());
                self.end(Outcome::Panicked, Some(message));
                resume_unwind(payload)
            }
        }
    }

    /// Runs our own work; its time is our cost.
    pub(super) fn own<T>(&mut self, work: impl FnOnce(&ActiveRequest) -> T) -> Option<T> {
        let active = self.active.as_ref()?;
        let Some(cost) = &mut self.cost else {
            return Some(work(active));
        };
        let started = Instant::now();
        let result = work(active);
        *cost += started.elapsed();
        Some(result)
    }

    /// Notes how it ended; only the first time counts.
    pub(crate) fn end(&mut self, outcome: Outcome, error: Option<String>) {
        let Some(active) = self.active.take() else {
            return;
        };
        let started = self.cost.map(|_| Instant::now());
        active.end(outcome, error);
        // The span first: it holds the request too.
        self.span = Span::none();
        let recorder = self.cost.map(|_| active.recorder().clone());
        active.release();
        if let (Some(recorder), Some(cost), Some(started)) = (recorder, self.cost, started) {
            recorder.note_cost(cost + started.elapsed());
        }
    }

    /// Forgets the request.
    pub(super) fn discard(&mut self) {
        if let Some(active) = self.active.take() {
            active.discard();
        }
        self.span = Span::none();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.active.is_some() {
            let outcome = if std::thread::panicking() {
                Outcome::Panicked
            } else {
                Outcome::Dropped
            };
            self.end(outcome, None);
        }
    }
}
