//! The thread that makes records of what was handed over, and stores them.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError, atomic::Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use silk_core::{BatchId, LossReason, Redactor, Store, WriteBatch};
use tokio::runtime::Handle;

use super::{
    plans::{Asker, Chooser},
    retention_pace::RetentionPace,
    store_caller::StoreCaller,
    transform::Transform,
};
use crate::{
    record::{
        bell::Wanted,
        clock::micros,
        queue::{Handed, Receiver},
        shared::Shared,
    },
    suppress,
};

/// How often what was stored is read back, while anything is.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Makes records of what was handed over, and stores them, on a thread of its own.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    receiver: Receiver,
    store: StoreCaller,
    transform: Transform,
    chooser: Chooser,
    /// Made once it is known who explains.
    asker: Option<Asker>,
    retention: RetentionPace,
    /// Requests that were stored and not read back yet.
    unconfirmed: u64,
    checked_at: Instant,
    /// Reasons that were logged.
    warned: Vec<LossReason>,
}

impl Writer {
    pub(crate) fn spawn(
        shared: Arc<Shared>,
        receiver: Receiver,
        store: Arc<dyn Store>,
        redactor: Arc<Redactor>,
        runtime: Handle,
    ) -> io::Result<()> {
        let bell = shared.bell.clone();
        thread::Builder::new()
            .name("silk-writer".to_owned())
            .spawn(move || {
                suppress::suppress();
                let transform = Transform::new(
                    &shared.config,
                    shared.clock,
                    redactor,
                    shared.notes.run().id,
                    Arc::clone(&shared.plans),
                );
                let chooser = Chooser::new(Arc::clone(&shared.plans));
                let mut writer = Self {
                    store: StoreCaller::new(Arc::clone(&shared), store, runtime),
                    shared,
                    receiver,
                    transform,
                    chooser,
                    asker: None,
                    retention: RetentionPace::new(),
                    unconfirmed: 0,
                    checked_at: Instant::now(),
                    warned: Vec::new(),
                };
                loop {
                    let wanted = bell.next(writer.shared.config.write_interval);
                    // A fault of ours must neither end the writer nor show in the app.
                    if catch_unwind(AssertUnwindSafe(|| writer.look(&wanted))).is_err() {
                        tracing::warn!(target: "silk", "the writer panicked; it goes on");
                    }
                    if let Some(flush) = wanted.flush {
                        bell.flushed(flush);
                    }
                    if wanted.is_stopping {
                        break;
                    }
                }
                writer.store.close();
                bell.stopped();
            })?;
        Ok(())
    }

    fn look(&mut self, wanted: &Wanted) {
        self.sweep(wanted.is_stopping);
        if wanted.is_stopping {
            // Whatever ends from now on is counted as lost by its sender.
            self.receiver.close();
        }
        let is_urgent = wanted.is_stopping || wanted.flush.is_some();
        self.drain(is_urgent);
        self.confirm(is_urgent);
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
        if self.store.is_down() && !is_urgent {
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
            if self.store.is_down() {
                // It failed a moment ago, and somebody waits: no use in trying each batch.
                batch.iter().for_each(|handed| self.drop_unwritten(handed));
            } else {
                self.write(batch);
            }
            if !is_urgent && self.retention.is_due_between_batches() {
                self.retain();
            }
            if self.store.is_down() && !is_urgent {
                return;
            }
        }
    }

    fn receive(&mut self) -> Option<Handed> {
        self.receiver.try_recv().ok()
    }

    fn drop_unwritten(&self, handed: &Handed) {
        self.done_with(handed.buffers.charged);
        self.shared.lose(self.store.loss_reason(), 1);
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
        self.retention.wrote(len(&batch.requests), spent);
        let counters = &self.shared.counters;
        counters.writer_us.fetch_add(micros(spent), Relaxed);
    }

    fn store(&mut self, batch: &WriteBatch) {
        let (kept, counted) = (len(&batch.requests), len(&batch.counted));
        if kept + counted == 0 {
            return;
        }
        match self.store.write(batch) {
            Ok(()) => {
                let counters = &self.shared.counters;
                counters.recorded.fetch_add(kept, Relaxed);
                counters.not_sampled.fetch_add(counted, Relaxed);
                self.shared.losses.recorded(kept, self.shared.clock.now());
                self.unconfirmed += kept;
                self.confirm(false);
            }
            Err(reason) => self.shared.lose(reason, kept + counted),
        }
    }

    /// Has read back what was stored, once a second: what cannot be read is lost.
    fn confirm(&mut self, is_urgent: bool) {
        if self.unconfirmed == 0
            || self.store.is_down()
            || !is_urgent && self.checked_at.elapsed() < CHECK_INTERVAL
        {
            return;
        }
        self.checked_at = Instant::now();
        match self.store.check() {
            Ok(()) => self.unconfirmed = 0,
            Err(Some(reason)) => {
                let lost = std::mem::take(&mut self.unconfirmed);
                let shared = &self.shared;
                shared.counters.recorded.fetch_sub(lost, Relaxed);
                shared.losses.unrecorded(lost, shared.clock.now());
                shared.lose(reason, lost);
            }
            // Asked again later.
            Err(None) => {}
        }
    }

    /// Has those plans asked for that are wanted of what was just stored.
    fn ask_for_plans(&mut self, batch: &WriteBatch) {
        if self.store.is_in_trouble() {
            return;
        }
        if self.asker.is_none() {
            let explaining = self.shared.explaining.get();
            self.asker = explaining.map(|way| Asker::start(way, &self.shared.plans));
        }
        let Some(asker) = &self.asker else { return };
        for record in &batch.requests {
            self.chooser.choose(record, asker);
        }
    }

    fn retain(&mut self) {
        while !self.store.is_down() && self.retention.is_due() {
            let started = Instant::now();
            let is_more = self.store.retain();
            if !self.retention.stepped(started.elapsed(), is_more) {
                return;
            }
        }
    }
}

fn len<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}
