//! Work that is recorded without a request.

use std::future::Future;

use silk_capture::Recorder;
use silk_core::RequestKind;

/// Background work about to be recorded; made by [`Silk::job`](crate::Silk::job).
#[derive(Debug)]
#[must_use = "a job is recorded only when it is `run`"]
pub struct Job {
    pub(crate) recorder: Recorder,
    pub(crate) name: String,
    pub(crate) kind: RequestKind,
}

impl Job {
    /// Runs `future` and records what it does, as a request of kind `job`.
    ///
    /// A job started within a request names that request as its parent.
    ///
    /// # Cancellation
    /// Dropping the returned future before its end records the job as `dropped`; a panic goes on
    /// to the caller and is recorded as `panicked`.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        silk_capture::run_job(&self.recorder, self.kind, self.name, future).await
    }
}
