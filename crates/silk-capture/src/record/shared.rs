//! What all handles of a recorder and its writer share.

use std::{
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use silk_core::LossReason;

use super::{
    RecorderConfig,
    active_request::Inner,
    bell::Bell,
    capture_notes::CaptureNotes,
    clock::Clock,
    losses::Losses,
    memory::Memory,
    plans::{PlanNotes, explaining::Explaining},
    queue::Sender,
};

/// What all handles of a recorder and its writer share.
pub(crate) struct Shared {
    pub(crate) config: RecorderConfig,
    /// Whether it is a test's.
    pub(crate) is_test: bool,
    pub(crate) clock: Clock,
    pub(crate) is_recording: AtomicBool,
    /// `share` of 2^32; ids whose random part is below it are kept.
    pub(crate) sample_below: u64,
    pub(crate) queue: Sender,
    pub(crate) bell: Bell,
    pub(crate) memory: Memory,
    pub(crate) losses: Losses,
    pub(crate) counters: Counters,
    pub(crate) notes: CaptureNotes,
    pub(crate) plans: Arc<PlanNotes>,
    /// Through what the writer asks for plans in the background, where that is wanted.
    pub(crate) explaining: OnceLock<Explaining>,
    /// Ended, but still held by spans or queries; by deadline.
    pub(crate) lingering: Mutex<Vec<(Instant, Weak<Inner>)>>,
}

/// What is counted on the way.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) seen: AtomicU64,
    pub(crate) active: AtomicU64,
    pub(crate) queued: AtomicU64,
    pub(crate) recorded: AtomicU64,
    pub(crate) not_sampled: AtomicU64,
    pub(crate) queries: AtomicU64,
    pub(crate) unattributed: AtomicU64,
    /// Requests in which the layer timed its own work: sum of nanoseconds, and how many.
    pub(crate) cost: (AtomicU64, AtomicU64),
    pub(crate) writer_us: AtomicU64,
}

impl Shared {
    pub(crate) fn lose(&self, reason: LossReason, count: u64) {
        // The writer logs it: this may run within a subscriber, or under somebody's lock.
        self.losses.add(reason, count, self.clock.now());
    }

    pub(crate) fn queue_length(&self) -> u64 {
        self.counters.queued.load(Relaxed)
    }
}
