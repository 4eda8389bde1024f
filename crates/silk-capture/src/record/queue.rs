//! The bounded queue between the app's threads and the writer.

use std::time::Instant;

use silk_core::{LossReason, RequestId, RequestKind};
use tokio::sync::mpsc::{self, error::TrySendError};

use super::buffers::Buffers;

/// A request on its way to the writer.
pub(crate) struct Handed {
    pub(crate) id: RequestId,
    pub(crate) kind: RequestKind,
    pub(crate) started: Instant,
    pub(crate) is_kept: bool,
    pub(crate) buffers: Box<Buffers>,
}

/// The app's end: never waits and wakes nobody.
pub(crate) struct Sender {
    queue: mpsc::Sender<Handed>,
    low_water: usize,
}

/// The writer's end; looked at, not waited on, so that sending stays free of wake-ups.
pub(crate) type Receiver = mpsc::Receiver<Handed>;

pub(crate) fn bounded(capacity: usize) -> (Sender, Receiver) {
    // At 16,000 slots tokio's own list of blocks is the smaller part of what they hold.
    let (queue, receiver) = mpsc::channel(capacity);
    (
        Sender {
            queue,
            low_water: capacity / 2,
        },
        receiver,
    )
}

impl Sender {
    pub(crate) fn has_room(&self) -> bool {
        self.queue.capacity() > 0
    }

    /// Reserves a slot, and only then makes what goes into it; `true` where the writer should look
    /// at the queue now.
    pub(crate) fn send(&self, make: impl FnOnce() -> Handed) -> Result<bool, LossReason> {
        match self.queue.try_reserve() {
            Ok(permit) => {
                permit.send(make());
                Ok(self.queue.capacity() < self.low_water)
            }
            Err(TrySendError::Full(())) => Err(LossReason::QueueFull),
            Err(TrySendError::Closed(())) => Err(LossReason::Shutdown),
        }
    }
}
