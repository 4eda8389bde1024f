//! The record of a request while it runs, as everything that adds to it sees it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use silk_core::{LogRecord, Outcome, PoolUse, RequestId, RequestKind};

use super::{
    Recorder,
    buffers::{Buffers, Ending, Head, Held, MAX_WAITS, Span, Wait},
    clock::micros,
    held_connection::HeldConnection,
    panic_note::PanicNote,
};

/// Memory that a request costs before anything is seen of it.
pub(crate) const BASE_BYTES: usize = 2_048;

/// What a connection that was held takes beyond its place: shares of texts and a call stack.
const HELD_BYTES: usize = 128;

/// A request being recorded. Cloning is cheap; all clones write to the same record.
///
/// The record is handed over when the last clone is dropped: the response body, the spans of the
/// request and queries that outlive both each hold one.
#[derive(Clone)]
pub struct ActiveRequest(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) recorder: Recorder,
    pub(crate) id: RequestId,
    pub(crate) kind: RequestKind,
    pub(crate) started: Instant,
    /// Whether it is kept, not only counted.
    pub(crate) is_kept: bool,
    /// None once handed over.
    pub(crate) buffers: Mutex<Option<Box<Buffers>>>,
}

impl ActiveRequest {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.0.id
    }

    /// What kind of work it is.
    #[must_use]
    pub fn kind(&self) -> RequestKind {
        self.0.kind
    }

    #[cfg(any(
        feature = "axum",
        feature = "postgres",
        feature = "mysql",
        feature = "sqlite"
    ))]
    pub(crate) fn downgrade(&self) -> WeakRequest {
        WeakRequest(Arc::downgrade(&self.0))
    }

    /// Where it lies in memory: no other has this address while it is held.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// When it started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.0.started
    }

    /// The recorder that it belongs to.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// Whether it is kept; otherwise sampling left it out and it is only counted.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.0.is_kept
    }

    /// Whether bound values are wanted.
    #[must_use]
    pub fn captures_values(&self) -> bool {
        self.0.is_kept && self.0.recorder.config().capture_values
    }

    /// Whether call sites are wanted.
    #[must_use]
    pub fn captures_call_sites(&self) -> bool {
        self.0.is_kept && self.0.recorder.config().capture_call_sites
    }

    /// Adds a wait for a connection; `pool` is what the pool had when it began.
    pub fn push_wait(
        &self,
        started: Instant,
        ended: Instant,
        error: Option<String>,
        pool: Option<PoolUse>,
    ) {
        self.push_held_wait(started, ended, error, pool, None);
    }

    /// Adds a wait for connections that others held.
    pub(crate) fn push_held_wait(
        &self,
        started: Instant,
        ended: Instant,
        error: Option<String>,
        pool: Option<PoolUse>,
        held: Option<Held>,
    ) {
        let started_us = self.offset(started);
        let duration_us = micros(ended.saturating_duration_since(started));
        // What does not fit is dropped after the lock.
        let _rest = self.with_kept(|buffers| {
            if buffers.waits.len() >= MAX_WAITS || !self.charge(buffers, size_of::<Wait>()) {
                buffers.waits_not_kept += 1;
                buffers
                    .waits_beyond
                    .add(started_us, started_us.saturating_add(duration_us));
                return held;
            }
            let bytes = held.as_ref().map_or(0, |held| {
                held.connections.len() * (size_of::<HeldConnection>() + HELD_BYTES)
            });
            let (holders, rest) = if self.charge(buffers, bytes) {
                (held.map(Box::new), None)
            } else {
                (None, held)
            };
            buffers.waits.push(Wait {
                started_us,
                duration_us,
                error,
                pool,
                holders,
            });
            rest
        });
    }

    /// Adds a span of the app; its index, where there was room.
    pub(crate) fn open_span(&self, span: Span) -> Option<u32> {
        let bytes = size_of::<Span>() + fields_bytes(&span.fields);
        self.with_kept(|buffers| {
            if buffers.spans.len() >= self.0.recorder.config().max_spans
                || !self.charge(buffers, bytes)
            {
                buffers.spans_not_kept += 1;
                return None;
            }
            buffers.spans.push(span);
            u32::try_from(buffers.spans.len() - 1).ok()
        })
        .flatten()
    }

    /// Whether it has spans of the app that queries may be within.
    #[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
    pub(crate) fn has_spans(&self) -> bool {
        self.with_kept(|buffers| !buffers.spans.is_empty())
            .unwrap_or(false)
    }

    /// Changes a span that is there.
    pub(crate) fn change_span(&self, index: u32, change: impl FnOnce(&mut Span)) {
        self.with_kept(|buffers| {
            if let Some(span) = usize::try_from(index)
                .ok()
                .and_then(|index| buffers.spans.get_mut(index))
            {
                change(span);
            }
        });
    }

    pub(crate) fn push_log(&self, log: LogRecord) {
        let bytes = size_of::<LogRecord>() + log.message.len() + fields_bytes(&log.fields);
        self.with_kept(|buffers| {
            if buffers.logs.len() >= self.0.recorder.config().max_logs
                || !self.charge(buffers, bytes)
            {
                buffers.logs_not_kept += 1;
            } else {
                buffers.logs.push(log);
            }
        });
    }

    /// Notes that its code was polled.
    pub(crate) fn polled(&self, started: Instant, ended: Instant) {
        self.with(|buffers| buffers.polls.add(self.0.started, started, ended));
    }

    /// Changes what the HTTP side knows.
    pub(crate) fn head(&self, change: impl FnOnce(&mut Head)) {
        self.with(|buffers| change(&mut buffers.head));
    }

    /// Changes what the HTTP side knows; tells whether there is memory for `bytes` more.
    pub(crate) fn charged_head(&self, bytes: usize, change: impl FnOnce(&mut Head, bool)) {
        self.with(|buffers| {
            let has_room = self.charge(buffers, bytes);
            change(&mut buffers.head, has_room);
        });
    }

    /// Queries so far, and the time that they took together.
    pub(crate) fn sql_so_far(&self) -> (u64, u64) {
        self.with(|buffers| (buffers.query_count, buffers.sql.total()))
            .unwrap_or_default()
    }

    /// Takes `bytes` of the memory budget on behalf of this request.
    pub(crate) fn try_charge(&self, bytes: usize) -> bool {
        self.with(|buffers| self.charge(buffers, bytes))
            .unwrap_or(false)
    }

    /// Notes how it ended; the first ending counts.
    pub(crate) fn end(&self, outcome: Outcome, error: Option<String>) {
        let at = Instant::now();
        self.with(|buffers| {
            if buffers.ended.is_none() {
                buffers.ended = Some(Ending { at, outcome, error });
            }
        });
    }

    /// Notes a panic within it. It may have been caught and answered.
    pub(crate) fn note_panic(&self, note: PanicNote) {
        let note = Box::new(note);
        self.with_kept(|buffers| buffers.panic = Some(note));
    }

    /// Lets go of a request whose end was noted: the record follows when its last holder does, or
    /// after a while.
    pub(crate) fn release(self) {
        if Arc::strong_count(&self.0) > 1 {
            self.0.recorder.linger(&self.0);
        }
    }

    /// Forgets it: neither recorded nor counted (Silk's own dashboard).
    pub(crate) fn discard(&self) {
        if let Some(buffers) = self.take() {
            self.0.recorder.discarded(buffers.charged);
        }
    }

    /// Microseconds from the start of the request.
    pub(crate) fn offset(&self, instant: Instant) -> u64 {
        micros(instant.saturating_duration_since(self.0.started))
    }

    fn take(&self) -> Option<Box<Buffers>> {
        self.0.lock().take()
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Buffers) -> R) -> Option<R> {
        self.0.lock().as_deref_mut().map(f)
    }

    /// Like `with`, for what a request that is only counted does not need.
    pub(crate) fn with_kept<R>(&self, f: impl FnOnce(&mut Buffers) -> R) -> Option<R> {
        if self.0.is_kept { self.with(f) } else { None }
    }

    pub(crate) fn charge(&self, buffers: &mut Buffers, bytes: usize) -> bool {
        let is_there = self.0.recorder.memory().try_take(bytes);
        if is_there {
            buffers.charged += bytes;
        }
        is_there
    }
}

/// A request that is not held open.
#[derive(Debug)]
pub(crate) struct WeakRequest(std::sync::Weak<Inner>);

impl WeakRequest {
    pub(crate) fn upgrade(&self) -> Option<ActiveRequest> {
        self.0.upgrade().map(ActiveRequest)
    }
}

impl Inner {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Box<Buffers>>> {
        // A panic while it was held cannot have left it half-changed in a way that matters.
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the record over, unless that was done.
    pub(crate) fn hand_over(&self) {
        let taken = self.lock().take();
        if let Some(buffers) = taken {
            self.recorder.hand_over(self, buffers);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.hand_over();
    }
}

impl fmt::Debug for ActiveRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveRequest")
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}

fn fields_bytes(fields: &[(String, String)]) -> usize {
    fields
        .iter()
        .map(|(name, value)| name.len() + value.len() + 48)
        .sum()
}
