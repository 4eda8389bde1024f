//! What tests run: recorded in the test's own task, without a writer, a store or a thread that
//! outlives it.
//!
//! ```text
//! TestRecorder ─► ActiveRequest ─► (last holder lets go) ─► queue ─► transform, in the test itself
//! ```
//!
//! Each test has a recorder of its own, so that tests in parallel do not mix: queries go to the
//! request whose code is being polled, through whichever pool or tracing layer they are seen.

mod deadline;
mod sight;

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use silk_core::{PlanRecord, Redactor, RequestKind, RequestRecord};

use self::deadline::Deadline;
use crate::{
    http::{self, SilkLayer},
    job::run_job,
    record::{Recorder, RecorderConfig, queue::Receiver},
    suppress,
    writer::transform_one,
};

pub use sight::{Sight, init_tracing, pool_recorder, tracing_layer, unattributed};

/// Memory for what one test runs: 1 GiB. A test that needs more counts on, and keeps no more.
const MEMORY_BYTES: usize = 1 << 30;

/// Records one future, or the requests of one router.
#[derive(Debug)]
pub struct TestRecorder {
    recorder: Recorder,
    receiver: Receiver,
    redactor: Arc<Redactor>,
    linger: Duration,
}

/// What was captured.
#[derive(Debug)]
pub struct Captured {
    /// All of it, as a store would be given it.
    pub record: RequestRecord,
    /// Plans that the database reported of its runs.
    pub plans: Vec<PlanRecord>,
    /// Whether code took sqlx's own pool or connection from an instrumented one: what ran there was
    /// seen by a tracing layer or not at all.
    pub was_lent: bool,
}

impl TestRecorder {
    /// A recorder for one test. Queue, memory, sampling and writing are set for that; the other
    /// settings are those given.
    #[must_use]
    pub fn new(config: RecorderConfig, redactor: Arc<Redactor>) -> Self {
        http::install_panic_hook();
        let linger = config.linger;
        let (recorder, receiver) = Recorder::for_test(RecorderConfig {
            queue_capacity: 64,
            memory_bytes: MEMORY_BYTES,
            sample_share: 1.0,
            skip_paths: Vec::new(),
            keep: None,
            is_recording: true,
            ..config
        });
        Self {
            recorder,
            receiver,
            redactor,
            linger,
        }
    }

    /// The layer that records a router's request.
    #[must_use]
    pub fn layer(&self) -> SilkLayer {
        SilkLayer::new(self.recorder.clone())
    }

    /// Records what `future` runs, under this name.
    pub fn run<F: Future>(&self, name: &str, future: F) -> impl Future<Output = F::Output> {
        run_job(&self.recorder, RequestKind::Test, name, future)
    }

    /// What was recorded, once its last holder is gone: a task that carries the request, a
    /// span, a query that still runs. Waits for these as long as
    /// [`linger`](RecorderConfig::linger) says, on any executor; none if nothing was recorded.
    pub async fn finish(mut self) -> Option<Captured> {
        let mut deadline = Deadline::after(self.linger);
        let mut handed = poll_fn(|cx| match self.receiver.poll_recv(cx) {
            Poll::Ready(handed) => Poll::Ready(handed),
            Poll::Pending if !self.recorder.has_active() => Poll::Ready(None),
            Poll::Pending => deadline.poll(cx).map(|()| None),
        })
        .await;
        drop(deadline);
        if handed.is_none() {
            self.recorder.hand_over_lingering();
            handed = self.receiver.try_recv().ok();
        }
        let handed = handed?;
        let was_lent = handed.buffers.was_lent;
        let _guard = suppress::suppressed();
        let (record, plans) = transform_one(self.recorder.shared(), self.redactor, handed);
        Some(Captured {
            record,
            plans,
            was_lent,
        })
    }
}
