use std::{
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use silk_core::LossReason;

use super::{
    RecorderConfig, active::Inner, clock::Clock, control::Control, loss::Losses, memory::Memory,
    queue::Sender, status::Notes,
};
use crate::plans::{Asker, PlanNotes};

/// What all handles of a recorder and its writer share.
pub(super) struct Shared {
    pub(super) config: RecorderConfig,
    pub(super) clock: Clock,
    pub(super) is_recording: AtomicBool,
    /// `share` of 2^32; ids whose random part is below it are kept.
    pub(super) sample_below: u64,
    pub(super) queue: Sender,
    pub(super) control: Control,
    pub(super) memory: Memory,
    pub(super) losses: Losses,
    pub(super) counters: Counters,
    pub(super) notes: Notes,
    pub(super) plans: Arc<PlanNotes>,
    /// Asks for plans in the background, where that is wanted.
    pub(super) asker: OnceLock<Asker>,
    /// Ended, but still held by spans or queries; by deadline.
    pub(super) lingering: Mutex<Vec<(Instant, Weak<Inner>)>>,
}

/// What is counted on the way.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) seen: AtomicU64,
    pub(super) active: AtomicU64,
    pub(super) queued: AtomicU64,
    pub(super) recorded: AtomicU64,
    pub(super) not_sampled: AtomicU64,
    pub(super) queries: AtomicU64,
    pub(super) unattributed: AtomicU64,
    /// Sum of nanoseconds and number of requests of which the layer timed its own work.
    pub(super) cost: (AtomicU64, AtomicU64),
    pub(super) writer_us: AtomicU64,
}

impl Shared {
    pub(super) fn lose(&self, reason: LossReason, count: u64) {
        // The writer logs it: this may run within a subscriber, or under somebody's lock.
        self.losses.add(reason, count, self.clock.now());
    }

    pub(super) fn queue_length(&self) -> u64 {
        self.counters.queued.load(Relaxed)
    }
}
