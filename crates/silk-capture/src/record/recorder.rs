//! The recorder: begins records of requests, and hands them to the queue.

use std::{
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use http::Method;
use silk_core::{LossReason, RequestKind};

use super::{
    RecorderConfig,
    active_request::{ActiveRequest, BASE_BYTES, Inner},
    bell::Bell,
    buffers::{Buffers, Head},
    capture_notes::{CaptureNotes, PoolNote, ShutdownReport, TracingState},
    clock::{Clock, micros, random_part},
    losses::Losses,
    memory::Memory,
    plans::{PlanNotes, explaining::Explaining},
    queue::{self, Handed, Receiver},
    shared::{Counters, Shared},
    tracing_probe::{any_layer_hears, others_see_spans, probe},
};
use crate::suppress;

/// Whether there ever was a recorder of a test in this process.
static HAS_TESTS: AtomicBool = AtomicBool::new(false);

/// Whether what is being polled here is a test's.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) fn has_tests() -> bool {
    HAS_TESTS.load(Relaxed)
}

/// Records requests. Cloning is cheap; all clones are handles of the same recorder.
///
/// Dropping the last handle stops the writer without waiting for it; call
/// [`shutdown`](Self::shutdown) to have everything stored first.
#[derive(Clone)]
pub struct Recorder(Arc<Outer>);

/// What handles share; the writer holds [`Shared`] alone, so that it sees the last handle go.
struct Outer(Arc<Shared>);

impl std::ops::Deref for Outer {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Drop for Outer {
    fn drop(&mut self) {
        self.0.bell.abandon();
    }
}

impl Recorder {
    /// A recorder whose writer is still to be started, and the end of the queue that the writer
    /// takes.
    pub(crate) fn without_writer(config: RecorderConfig) -> (Self, Receiver) {
        Self::of(config, false)
    }

    /// A recorder of a test: within its requests no other recorder begins one of its own, so that
    /// all that the test runs is the test's.
    pub(crate) fn for_test(config: RecorderConfig) -> (Self, Receiver) {
        HAS_TESTS.store(true, Relaxed);
        Self::of(config, true)
    }

    fn of(config: RecorderConfig, is_test: bool) -> (Self, Receiver) {
        let (sender, receiver) = queue::bounded(config.queue_capacity.max(1));
        let clock = Clock::start();
        let shared = Arc::new(Shared {
            clock,
            is_recording: AtomicBool::new(config.is_recording),
            sample_below: sample_below(config.sample_share),
            queue: sender,
            bell: Bell::default(),
            memory: Memory::new(config.memory_bytes),
            losses: Losses::default(),
            counters: Counters::default(),
            notes: CaptureNotes::new(&config, clock.now()),
            plans: Arc::new(PlanNotes::new(config.plans)),
            explaining: OnceLock::new(),
            lingering: Mutex::new(Vec::new()),
            is_test,
            config,
        });
        (Self(Arc::new(Outer(shared))), receiver)
    }

    /// What the writer holds of it, so that the last handle can go while the writer runs.
    pub(crate) fn for_writer(&self) -> Arc<Shared> {
        Arc::clone(&self.0.0)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }

    /// Whether requests are being recorded.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.0.is_recording.load(Relaxed)
    }

    /// Switches recording on or off; requests under way are recorded to their end.
    pub fn set_recording(&self, is_recording: bool) {
        self.0.is_recording.store(is_recording, Relaxed);
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &RecorderConfig {
        &self.0.config
    }

    /// Counts a query that belongs to no request; Silk's own do not count.
    pub fn count_unattributed(&self) {
        if self.is_recording() && !suppress::is_suppressed() {
            self.0.counters.unattributed.fetch_add(1, Relaxed);
        }
    }

    /// Queries counted so far that belong to no request.
    pub(crate) fn unattributed(&self) -> u64 {
        self.0.counters.unattributed.load(Relaxed)
    }

    /// From which duration on queries are logged, in microseconds.
    #[must_use]
    pub fn slow_query_us(&self) -> Option<u64> {
        self.0.config.slow_query.map(micros)
    }

    /// Notes an instrumented pool, for the health page.
    pub fn note_pool(&self, pool: PoolNote) {
        self.0.notes.add_pool(pool);
    }

    /// Notes a database that the app named for EXPLAIN alone: queries that only the tracing
    /// layer sees are taken to go there, where it is the only one.
    pub fn note_explained(&self, database: silk_core::Database) {
        let told = self.0.config.layer_database;
        self.0.notes.add_explained(database, told);
    }

    /// Starts to record a request; none if recording is off or there is no room for it.
    pub(crate) fn begin(
        &self,
        kind: RequestKind,
        method: Method,
        path: &str,
    ) -> Option<ActiveRequest> {
        let shared = self.shared();
        if !self.is_recording() || suppress::is_suppressed() || self.is_within_test() {
            return None;
        }
        shared.counters.seen.fetch_add(1, Relaxed);
        if !shared.queue.has_room() {
            self.lose(LossReason::QueueFull, 1);
            return None;
        }
        if !shared.memory.try_take(BASE_BYTES) {
            self.lose(LossReason::MemoryBudget, 1);
            return None;
        }
        let started = Instant::now();
        let id = shared.clock.id_of(started);
        let is_kept = u64::from(random_part(id)) < shared.sample_below
            && !shared
                .config
                .skip_paths
                .iter()
                .any(|prefix| path.starts_with(prefix))
            && shared
                .config
                .keep
                .as_ref()
                .is_none_or(|keep| keep(method.as_str(), path));
        shared.counters.active.fetch_add(1, Relaxed);
        let head = Head {
            method,
            ..Head::default()
        };
        let buffers = Box::new(Buffers {
            head,
            charged: BASE_BYTES,
            ..Buffers::default()
        });
        Some(ActiveRequest(Arc::new(Inner {
            recorder: self.clone(),
            id,
            kind,
            started,
            is_kept,
            buffers: Mutex::new(Some(buffers)),
        })))
    }

    /// Whether what runs here is a test's, and this recorder is not.
    fn is_within_test(&self) -> bool {
        HAS_TESTS.load(Relaxed)
            && !self.0.is_test
            && ActiveRequest::with_current(|current| {
                current.is_some_and(|current| current.recorder().0.is_test)
            })
    }

    /// Whether requests are under way that were not handed over yet.
    pub(crate) fn has_active(&self) -> bool {
        self.0.counters.active.load(Relaxed) > 0
    }

    /// Hands over what has ended and is still held.
    pub(crate) fn hand_over_lingering(&self) {
        let lingering =
            std::mem::take(&mut *(self.0.lingering.lock()).unwrap_or_else(PoisonError::into_inner));
        for inner in lingering.iter().filter_map(|(_, inner)| inner.upgrade()) {
            inner.hand_over();
        }
    }

    pub(crate) fn hand_over(&self, inner: &Inner, buffers: Box<Buffers>) {
        let shared = self.shared();
        shared.counters.active.fetch_sub(1, Relaxed);
        let charged = buffers.charged;
        if inner.kind == RequestKind::Request {
            // At the end, when it is known that it was not one for the dashboard.
            let head = &buffers.head;
            shared.notes.count_route(head.route.is_known(), head.status);
        }
        // Counted before it is sent, so that the writer never counts one down that is not yet up.
        shared.counters.queued.fetch_add(1, Relaxed);
        let result = shared.queue.send(|| Handed {
            id: inner.id,
            kind: inner.kind,
            started: inner.started,
            is_kept: inner.is_kept,
            buffers,
        });
        match result {
            Ok(is_low) => {
                if is_low {
                    shared.bell.wake();
                }
            }
            Err(reason) => {
                shared.counters.queued.fetch_sub(1, Relaxed);
                shared.memory.give_back(charged);
                self.lose(reason, 1);
            }
        }
    }

    pub(crate) fn discarded(&self, charged: usize) {
        let shared = self.shared();
        shared.counters.active.fetch_sub(1, Relaxed);
        shared.counters.seen.fetch_sub(1, Relaxed);
        shared.memory.give_back(charged);
    }

    /// Forgets the request whose code is being polled on this thread: neither recorded nor counted.
    ///
    /// For Silk's own requests, which are known by their responses otherwise: that is too late for
    /// a page that shows the counters.
    pub fn forget_current(&self) {
        ActiveRequest::with_current(|current| {
            if let Some(active) = current {
                active.discard();
            }
        });
    }

    pub(crate) fn linger(&self, inner: &Arc<Inner>) {
        let deadline = Instant::now() + self.0.config.linger;
        self.0
            .lingering
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((deadline, Arc::downgrade(inner)));
    }

    pub(crate) fn lose(&self, reason: LossReason, count: u64) {
        self.0.lose(reason, count);
    }

    pub(crate) fn count_query(&self) {
        self.0.counters.queries.fetch_add(1, Relaxed);
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// Notes what the layer spent on one request, of those that are timed.
    pub(crate) fn note_cost(&self, spent: Duration) {
        let nanos = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.0.counters.cost.0.fetch_add(nanos, Relaxed);
        self.0.counters.cost.1.fetch_add(1, Relaxed);
    }

    /// Whether a tracing layer is there to see a span of the request, and it alone.
    pub(crate) fn wants_span(&self) -> bool {
        if self.0.is_test {
            return any_layer_hears() && !others_see_spans();
        }
        let hears = match self.0.notes.tracing() {
            TracingState::Absent => false,
            TracingState::Working => true,
            TracingState::Made | TracingState::Starved => probe(self),
        };
        hears && !others_see_spans()
    }

    /// What is known about plans.
    #[must_use]
    pub fn plan_notes(&self) -> &Arc<PlanNotes> {
        &self.0.plans
    }

    /// `false` where there was one already.
    pub(crate) fn set_explaining(&self, explaining: Explaining) -> bool {
        self.0.explaining.set(explaining).is_ok()
    }

    pub(crate) fn notes(&self) -> &CaptureNotes {
        &self.0.notes
    }

    /// Waits until everything handed over so far is stored or lost; `false` where that took longer
    /// than `timeout`. Blocks: call it where blocking is allowed.
    #[must_use]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.0.bell.flush(timeout)
    }

    /// Stops recording, stores what was handed over, and tells what became of it all.
    ///
    /// Requests still open are counted as lost. Idempotent. Blocks for up to `timeout`: call it
    /// where blocking is allowed.
    #[must_use]
    pub fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        self.set_recording(false);
        let is_complete = self.0.bell.stop(timeout);
        let counters = &self.0.counters;
        ShutdownReport {
            recorded: counters.recorded.load(Relaxed),
            lost: self.0.losses.by_reason(),
            unwritten: counters.queued.load(Relaxed),
            still_active: counters.active.load(Relaxed),
            is_complete,
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("is_recording", &self.is_recording())
            .finish_non_exhaustive()
    }
}

fn sample_below(share: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0 ..= 2^32 before"
    )]
    let below = (share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64;
    below
}
