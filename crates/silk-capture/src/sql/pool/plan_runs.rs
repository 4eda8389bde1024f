//! Which runs of a connection wait for their plans.

use std::sync::Arc;

use silk_core::DatabaseKind;

use super::{PoolDatabase, pool_shared::PoolShared};
use crate::sql::plans::Tracker;

/// Keeps apart what a connection runs, for the plans that it tells; made when first needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(Option<Arc<Tracker>>);

impl Runs {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// The tracker, where the database tells plans.
    pub(super) fn tracker<DB: PoolDatabase>(
        &mut self,
        shared: &PoolShared,
    ) -> Option<&Arc<Tracker>> {
        let notes = shared.recorder.plan_notes();
        if DB::KIND != DatabaseKind::Postgres || !notes.wants_notices() {
            return None;
        }
        Some(
            self.0
                .get_or_insert_with(|| Tracker::new(Arc::clone(notes))),
        )
    }

    /// Polls within the connection's tracker, where it has one: what was dropped half-read before
    /// is read to its end by whatever comes next.
    pub(super) async fn watched<F: Future>(self, future: F) -> F::Output {
        let Some(tracker) = self.0 else {
            return future.await;
        };
        let mut future = std::pin::pin!(future);
        let output = std::future::poll_fn(|cx| {
            let _polled = tracker.enter();
            future.as_mut().poll(cx)
        })
        .await;
        tracker.settle();
        output
    }
}
