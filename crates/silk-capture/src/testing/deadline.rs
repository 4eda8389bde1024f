//! A point in time to be waited for without a timer of the executor's, which a test may have
//! paused or not have.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A point in time. Its thread is started when it is first polled, and ends with it.
#[derive(Debug)]
pub(super) struct Deadline {
    at: Instant,
    shared: Arc<(Mutex<State>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    waker: Option<Waker>,
    is_dropped: bool,
}

impl Deadline {
    pub(super) fn after(time: Duration) -> Self {
        Self {
            at: Instant::now() + time,
            shared: Arc::default(),
            thread: None,
        }
    }

    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        if Instant::now() >= self.at {
            return Poll::Ready(());
        }
        lock(&self.shared.0).waker = Some(cx.waker().clone());
        if self.thread.is_none() {
            let (at, shared) = (self.at, Arc::clone(&self.shared));
            let thread = thread::Builder::new().name("silk-test-deadline".to_owned());
            match thread.spawn(move || wait(at, &shared)) {
                Ok(thread) => self.thread = Some(thread),
                // Without a thread nobody would wake us.
                Err(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        lock(&self.shared.0).is_dropped = true;
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // It ends at once.
            let _ended = thread.join();
        }
    }
}

fn wait(at: Instant, (state, changed): &(Mutex<State>, Condvar)) {
    let mut state = lock(state);
    loop {
        if state.is_dropped {
            return;
        }
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let waited = changed.wait_timeout(state, left);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
