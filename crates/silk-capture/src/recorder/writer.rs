use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use silk_core::{BatchId, LossReason, Redactor, Store, StoreError, StoreErrorKind, WriteBatch};
use tokio::runtime::Handle;

use super::{
    clock::micros,
    handle::Shared,
    loss::reason_of,
    queue::{Handed, Receiver},
    transform::Transform,
    upkeep::Upkeep,
};
use crate::plans::Chooser;

/// How long a call of the store may take before it counts as failed.
const STORE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a batch is tried again where somebody else holds the store's lock.
const LOCKED_RETRIES: u32 = 3;
/// Pauses between probes of a store that failed: they double from the first to the last.
const PROBE_PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Tells the writer what to do, past the queue, so that a full queue cannot hold it up.
#[derive(Clone, Default)]
pub(super) struct Control(Arc<ControlShared>);

#[derive(Default)]
struct ControlShared {
    state: Mutex<ControlState>,
    changed: Condvar,
    /// Set by the first who wakes, so that the others need no lock.
    is_woken: AtomicBool,
}

#[derive(Default)]
struct ControlState {
    flush_wanted: u64,
    flush_done: u64,
    is_stopping: bool,
    is_stopped: bool,
}

impl Control {
    fn lock(&self) -> MutexGuard<'_, ControlState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the queue looked at now.
    pub(super) fn wake(&self) {
        if !self.0.is_woken.swap(true, Relaxed) {
            self.0.changed.notify_all();
        }
    }

    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        state.flush_wanted += 1;
        let wanted = state.flush_wanted;
        self.0.changed.notify_all();
        let (state, _) = self
            .0
            .changed
            .wait_timeout_while(state, timeout, |state| {
                state.flush_done < wanted && !state.is_stopped
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.flush_done >= wanted || state.is_stopped
    }

    pub(super) fn stop(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        state.is_stopping = true;
        self.0.changed.notify_all();
        let (state, _) = self
            .0
            .changed
            .wait_timeout_while(state, timeout, |state| !state.is_stopped)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_stopped
    }

    /// Stops without waiting.
    pub(super) fn abandon(&self) {
        self.lock().is_stopping = true;
        self.0.changed.notify_all();
    }

    /// Waits for the next look; what is wanted then.
    fn next(&self, pause: Duration) -> Wanted {
        let state = self.lock();
        let (state, _) = self
            .0
            .changed
            .wait_timeout_while(state, pause, |state| {
                state.flush_wanted == state.flush_done
                    && !state.is_stopping
                    && !self.0.is_woken.load(Relaxed)
            })
            .unwrap_or_else(PoisonError::into_inner);
        self.0.is_woken.store(false, Relaxed);
        Wanted {
            flush: (state.flush_wanted != state.flush_done).then_some(state.flush_wanted),
            is_stopping: state.is_stopping,
        }
    }

    fn flushed(&self, wanted: u64) {
        self.lock().flush_done = wanted;
        self.0.changed.notify_all();
    }

    fn stopped(&self) {
        self.lock().is_stopped = true;
        self.0.changed.notify_all();
    }
}

struct Wanted {
    flush: Option<u64>,
    is_stopping: bool,
}

/// Makes records of what was handed over, and stores them, on a thread of its own.
pub(super) struct Writer {
    shared: Arc<Shared>,
    receiver: Receiver,
    store: Arc<dyn Store>,
    runtime: Handle,
    transform: Transform,
    chooser: Chooser,
    trouble: Option<Trouble>,
    upkeep: Upkeep,
    /// Reasons that were logged.
    warned: Vec<LossReason>,
}

/// A store that failed last time.
struct Trouble {
    reason: LossReason,
    next_probe: Instant,
    pause: Duration,
}

impl Writer {
    pub(super) fn spawn(
        shared: &Arc<Shared>,
        control: Control,
        receiver: Receiver,
        store: Arc<dyn Store>,
        redactor: Arc<Redactor>,
        runtime: Handle,
    ) -> io::Result<()> {
        let shared = Arc::clone(shared);
        thread::Builder::new()
            .name("silk-writer".to_owned())
            .spawn(move || {
                crate::suppress::suppress();
                let transform = Transform::new(
                    &shared.config,
                    shared.clock,
                    redactor,
                    shared.notes.run().id,
                    Arc::clone(&shared.plans),
                );
                let chooser = Chooser::new(Arc::clone(&shared.plans));
                let mut writer = Self {
                    shared,
                    receiver,
                    store,
                    runtime,
                    transform,
                    chooser,
                    trouble: None,
                    upkeep: Upkeep::new(),
                    warned: Vec::new(),
                };
                loop {
                    let wanted = control.next(writer.shared.config.write_interval);
                    // A fault of ours must neither end the writer nor show in the app.
                    if catch_unwind(AssertUnwindSafe(|| writer.look(&wanted))).is_err() {
                        tracing::warn!(target: "silk", "the writer panicked; it goes on");
                    }
                    if let Some(flush) = wanted.flush {
                        control.flushed(flush);
                    }
                    if wanted.is_stopping {
                        break;
                    }
                }
                writer.close();
                control.stopped();
            })?;
        Ok(())
    }

    fn look(&mut self, wanted: &Wanted) {
        self.sweep(wanted.is_stopping);
        if wanted.is_stopping {
            // Whatever ends from now on is counted as lost by whoever sends it.
            self.receiver.close();
        }
        let is_urgent = wanted.is_stopping || wanted.flush.is_some();
        self.drain(is_urgent);
        self.warn();
        if !is_urgent {
            self.retain();
        }
    }

    /// Logs each kind of loss once; the exact numbers are on the health page.
    fn warn(&mut self) {
        for (reason, count) in self.shared.losses.by_reason() {
            if !self.warned.contains(&reason) {
                self.warned.push(reason);
                tracing::warn!(target: "silk", %reason, count, "requests are being lost");
            }
        }
    }

    /// Hands over what is still held by spans or queries, though its time is up.
    fn sweep(&self, is_stopping: bool) {
        let now = Instant::now();
        let mut due = Vec::new();
        self.shared
            .lingering
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(deadline, inner)| {
                if inner.strong_count() == 0 {
                    return false;
                }
                let is_due = is_stopping || *deadline <= now;
                if is_due {
                    due.extend(inner.upgrade());
                }
                !is_due
            });
        // Outside of the lock: handing over may make room for another.
        for inner in due {
            inner.hand_over();
        }
    }

    fn drain(&mut self, is_urgent: bool) {
        if self.is_down() && !is_urgent {
            // Kept waiting as long as there is room: most trouble is short.
            let capacity = u64::try_from(self.shared.config.queue_capacity).unwrap_or(u64::MAX);
            while self.shared.queue_length() > capacity / 2 {
                let Some(handed) = self.receive() else { break };
                self.drop_unwritten(&handed);
            }
            return;
        }
        let size = self.shared.config.batch_size.max(1);
        loop {
            let mut batch = Vec::new();
            while batch.len() < size {
                let Some(handed) = self.receive() else { break };
                batch.push(handed);
            }
            if batch.is_empty() {
                return;
            }
            if self
                .trouble
                .as_ref()
                .is_some_and(|trouble| trouble.next_probe > Instant::now())
            {
                // It failed a moment ago, and somebody waits: no use in trying each batch.
                batch.iter().for_each(|handed| self.drop_unwritten(handed));
            } else {
                self.write(batch);
            }
            if !is_urgent && self.upkeep.is_due_between_batches() {
                self.retain();
            }
            if self.is_down() && !is_urgent {
                return;
            }
        }
    }

    fn is_down(&self) -> bool {
        self.trouble
            .as_ref()
            .is_some_and(|trouble| trouble.next_probe > Instant::now())
    }

    fn receive(&mut self) -> Option<Handed> {
        self.receiver.try_recv().ok()
    }

    fn drop_unwritten(&self, handed: &Handed) {
        let reason = self
            .trouble
            .as_ref()
            .map_or(LossReason::Internal, |trouble| trouble.reason);
        self.done_with(handed.buffers.charged);
        self.shared.lose(reason, 1);
    }

    /// Gives back what a record held while it waited.
    fn done_with(&self, charged: usize) {
        self.shared.memory.give_back(charged);
        self.shared.counters.queued.fetch_sub(1, Relaxed);
    }

    fn write(&mut self, handed: Vec<Handed>) {
        let started = Instant::now();
        let count = handed.len();
        let mut charges = Vec::with_capacity(count);
        let mut batch = WriteBatch {
            id: BatchId(uuid::Uuid::now_v7()),
            run: self.shared.notes.run().clone(),
            requests: Vec::with_capacity(count),
            counted: Vec::new(),
            plans: Vec::new(),
            plan_observations: Vec::new(),
        };
        let mut faults = 0;
        for handed in handed {
            charges.push(handed.buffers.charged);
            let is_kept = handed.is_kept;
            let transform = &mut self.transform;
            let made = catch_unwind(AssertUnwindSafe(|| {
                if is_kept {
                    batch.requests.push(transform.record(handed));
                } else {
                    batch.counted.push(transform.counted(handed));
                }
            }));
            faults += u64::from(made.is_err());
        }
        self.shared.lose(LossReason::Internal, faults);
        (batch.plans, batch.plan_observations) = self.transform.plans.take();
        self.store(&batch);
        self.ask_for_plans(&batch);
        charges
            .into_iter()
            .for_each(|charged| self.done_with(charged));
        let spent = started.elapsed();
        self.upkeep.wrote(len(&batch.requests), spent);
        let counters = &self.shared.counters;
        counters.writer_us.fetch_add(micros(spent), Relaxed);
    }

    fn store(&mut self, batch: &WriteBatch) {
        let (kept, counted) = (len(&batch.requests), len(&batch.counted));
        if kept + counted == 0 {
            return;
        }
        match self.try_write(batch) {
            Ok(()) => {
                let counters = &self.shared.counters;
                counters.recorded.fetch_add(kept, Relaxed);
                counters.not_sampled.fetch_add(counted, Relaxed);
                self.shared.losses.recorded(kept, self.shared.clock.now());
                if self.trouble.take().is_some() {
                    tracing::info!(target: "silk", "the store is back");
                }
            }
            Err(failure) => {
                let reason = self.note_failure(failure);
                self.shared.lose(reason, kept + counted);
            }
        }
    }

    /// Has those plans asked for that are wanted of what was just stored.
    fn ask_for_plans(&mut self, batch: &WriteBatch) {
        if let (Some(asker), None) = (self.shared.asker.get(), &self.trouble) {
            for record in &batch.requests {
                self.chooser.choose(record, asker);
            }
        }
    }

    fn note_failure(&mut self, failure: Failure) -> LossReason {
        let (reason, message) = match failure {
            Failure::Store(error) => (reason_of(error.kind()), error.to_string()),
            Failure::Panicked => (
                LossReason::Internal,
                "the store panicked while writing".to_owned(),
            ),
        };
        let pause = match &self.trouble {
            Some(trouble) => (trouble.pause * 2).min(PROBE_PAUSE.1),
            None => PROBE_PAUSE.0,
        };
        if self
            .trouble
            .as_ref()
            .is_none_or(|trouble| trouble.reason != reason)
        {
            tracing::warn!(target: "silk", error = %message, "the store does not take records");
        }
        self.trouble = Some(Trouble {
            reason,
            next_probe: Instant::now() + pause,
            pause,
        });
        self.shared
            .notes
            .set_store_error(self.shared.clock.now(), message);
        reason
    }

    fn try_write(&self, batch: &WriteBatch) -> Result<(), Failure> {
        let mut attempt = 0;
        loop {
            let result = self.call("write a batch", || self.store.write(batch));
            match result {
                Err(Failure::Store(error))
                    if error.kind() == StoreErrorKind::Locked && attempt < LOCKED_RETRIES =>
                {
                    attempt += 1;
                    thread::sleep(Duration::from_millis(50) * attempt);
                }
                other => return other,
            }
        }
    }

    fn retain(&mut self) {
        while !self.is_down() && self.upkeep.is_due() {
            let started = Instant::now();
            let (budget, now) = (self.shared.config.budget, self.shared.clock.now());
            let is_more = match self.call("remove old records", || self.store.retain(budget, now)) {
                Ok(is_more) => is_more,
                Err(failure) => {
                    if let Failure::Store(error) = failure {
                        self.shared.notes.set_store_error(now, error.to_string());
                    }
                    false
                }
            };
            if !self.upkeep.stepped(started.elapsed(), is_more) {
                return;
            }
        }
    }

    /// Has the store flush and let go of its files; where it cannot, that harms nothing.
    fn close(&mut self) {
        if let Err(failure) = self.call("close the store", || self.store.close()) {
            self.note_failure(failure);
        }
    }

    /// Calls the store; a panic in it, or no answer in time, is a failure like another.
    fn call<'a, T: 'a>(
        &self,
        operation: &'static str,
        call: impl FnOnce() -> silk_core::store::StoreFuture<'a, T>,
    ) -> Result<T, Failure> {
        let result = catch_unwind(AssertUnwindSafe(|| {
            self.runtime
                .block_on(async { tokio::time::timeout(STORE_TIMEOUT, call()).await })
        }));
        match result {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(error))) => Err(Failure::Store(error)),
            Ok(Err(elapsed)) => Err(Failure::Store(StoreError::new(
                StoreErrorKind::Timeout,
                operation,
                elapsed,
            ))),
            Err(_) => Err(Failure::Panicked),
        }
    }
}

enum Failure {
    Store(StoreError),
    Panicked,
}

fn len<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}
