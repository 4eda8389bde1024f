//! The store as the writer calls it: within a time limit, and with pauses after a failure.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use silk_core::{LossReason, Store, StoreError, StoreErrorKind, WriteBatch, store::StoreFuture};
use tokio::runtime::Handle;

use crate::record::{capture_notes::StoreWork, losses::reason_of, shared::Shared};

/// How long a call of the store may take before it counts as failed.
const STORE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a batch is tried again where somebody else holds the store's lock.
const MAX_LOCKED_RETRIES: u32 = 3;
/// Pauses between probes of a store that failed: they double from the first to the last.
const PROBE_PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The store as the writer calls it: on a runtime of its own, within a time, and not again and
/// again where it has just failed.
pub(super) struct StoreCaller {
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    runtime: Handle,
    trouble: Option<Trouble>,
}

/// A store that failed last time.
struct Trouble {
    reason: LossReason,
    next_probe: Instant,
    pause: Duration,
}

enum Failure {
    Store(StoreError),
    Panicked,
}

impl Failure {
    fn message(&self) -> String {
        match self {
            Self::Store(error) => error.to_string(),
            Self::Panicked => "the store panicked".to_owned(),
        }
    }
}

impl StoreCaller {
    pub(super) const fn new(shared: Arc<Shared>, store: Arc<dyn Store>, runtime: Handle) -> Self {
        Self {
            shared,
            store,
            runtime,
            trouble: None,
        }
    }

    /// Whether it failed a moment ago, so that there is no use in trying.
    pub(super) fn is_down(&self) -> bool {
        self.trouble
            .as_ref()
            .is_some_and(|trouble| trouble.next_probe > Instant::now())
    }

    /// Whether it failed when it was called last.
    pub(super) const fn is_in_trouble(&self) -> bool {
        self.trouble.is_some()
    }

    /// As what records are lost that it does not take now.
    pub(super) fn loss_reason(&self) -> LossReason {
        self.trouble
            .as_ref()
            .map_or(LossReason::Internal, |trouble| trouble.reason)
    }

    /// Stores a batch.
    ///
    /// # Errors
    /// As what its records are lost.
    pub(super) fn write(&mut self, batch: &WriteBatch) -> Result<(), LossReason> {
        match self.try_write(batch) {
            Ok(()) => {
                if self.trouble.take().is_some() {
                    self.shared.notes.clear_store_error(StoreWork::Writing);
                    tracing::info!(target: "silk", "the store is back");
                }
                Ok(())
            }
            Err(failure) => Err(self.note_failure(failure)),
        }
    }

    /// Has what was written last read back.
    ///
    /// # Errors
    /// The reason by which the records count as lost that can no longer be read; `None` if it is not
    /// known.
    pub(super) fn check(&mut self) -> Result<(), Option<LossReason>> {
        match self.call("read back what was written", || self.store.check()) {
            Ok(()) => Ok(()),
            Err(Failure::Store(error)) => {
                let is_lost = matches!(
                    error.kind(),
                    StoreErrorKind::Corrupt | StoreErrorKind::Unavailable
                );
                let reason = self.note_failure(Failure::Store(error));
                Err(is_lost.then_some(reason))
            }
            Err(failure) => {
                self.note_failure(failure);
                Err(None)
            }
        }
    }

    /// Has a little of what is over the budget removed; whether there is more.
    pub(super) fn retain(&self) -> bool {
        let (budget, now) = (self.shared.config.budget, self.shared.clock.now());
        let notes = &self.shared.notes;
        match self.call("remove old records", || self.store.retain(budget, now)) {
            Ok(is_more) => {
                notes.clear_store_error(StoreWork::Retention);
                is_more
            }
            Err(failure) => {
                notes.set_store_error(StoreWork::Retention, now, failure.message());
                false
            }
        }
    }

    /// Has the store flush and close its files; if it cannot, that harms nothing.
    pub(super) fn close(&mut self) {
        if let Err(failure) = self.call("close the store", || self.store.close()) {
            self.note_failure(failure);
        }
    }

    fn note_failure(&mut self, failure: Failure) -> LossReason {
        let message = failure.message();
        let reason = match failure {
            Failure::Store(error) => reason_of(error.kind()),
            Failure::Panicked => LossReason::Internal,
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
            .set_store_error(StoreWork::Writing, self.shared.clock.now(), message);
        reason
    }

    fn try_write(&self, batch: &WriteBatch) -> Result<(), Failure> {
        let mut attempt = 0;
        loop {
            let result = self.call("write a batch", || self.store.write(batch));
            match result {
                Err(Failure::Store(error))
                    if error.kind() == StoreErrorKind::Locked && attempt < MAX_LOCKED_RETRIES =>
                {
                    attempt += 1;
                    thread::sleep(Duration::from_millis(50) * attempt);
                }
                other => return other,
            }
        }
    }

    /// Calls the store; a panic in it, or no answer in time, is a failure like another.
    fn call<'a, T: 'a>(
        &self,
        operation: &'static str,
        call: impl FnOnce() -> StoreFuture<'a, T>,
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
