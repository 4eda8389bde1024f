//! What wakes the writer: it stands beside the queue, rung on the app's side and heard on ours.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// Tells the writer what to do, past the queue, so that a full queue cannot hold it up.
#[derive(Clone, Default)]
pub(crate) struct Bell(Arc<BellShared>);

#[derive(Default)]
struct BellShared {
    state: Mutex<BellState>,
    changed: Condvar,
    /// Set by the first who wakes, so that the others need no lock.
    is_woken: AtomicBool,
}

#[derive(Default)]
struct BellState {
    flush_wanted: u64,
    flush_done: u64,
    is_stopping: bool,
    is_stopped: bool,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, BellState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the queue looked at now.
    pub(crate) fn wake(&self) {
        if !self.0.is_woken.swap(true, Relaxed) {
            self.0.changed.notify_all();
        }
    }

    /// Waits until everything handed over so far is stored or lost.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
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

    /// Has everything stored and the writer stopped, and waits for that.
    pub(crate) fn stop(&self, timeout: Duration) -> bool {
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
    pub(crate) fn abandon(&self) {
        self.lock().is_stopping = true;
        self.0.changed.notify_all();
    }

    /// Waits for the next look; what is wanted then.
    pub(crate) fn next(&self, pause: Duration) -> Wanted {
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

    /// Says that a flush is done.
    pub(crate) fn flushed(&self, wanted: u64) {
        self.lock().flush_done = wanted;
        self.0.changed.notify_all();
    }

    /// Says that the writer has come to its end.
    pub(crate) fn stopped(&self) {
        self.lock().is_stopped = true;
        self.0.changed.notify_all();
    }
}

/// What somebody waits for.
pub(crate) struct Wanted {
    /// Notified when it is done.
    pub(crate) flush: Option<u64>,
    pub(crate) is_stopping: bool,
}
