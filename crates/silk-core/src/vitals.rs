//! How the profiler itself fares.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{RunRecord, budget::Budget, word_enum::word_enum};

/// Why something was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossReason {
    /// The queue had no free slot: requests end faster than they can be written.
    QueueFull,
    /// The memory budget for what is not yet stored was used up.
    MemoryBudget,
    /// The store could not be reached or opened.
    StoreUnavailable,
    /// Somebody else held the store's lock for too long.
    StoreLocked,
    /// The store's disk was full.
    StoreFull,
    /// The store could not be written to.
    StoreReadOnly,
    /// The store's content made no sense.
    StoreCorrupt,
    /// The store failed in another way.
    StoreError,
    /// The record was still open or unwritten when the profiler was shut down.
    Shutdown,
    /// A fault of the profiler itself, caught.
    Internal,
}

word_enum!(LossReason {
    QueueFull = "queue_full",
    MemoryBudget = "memory_budget",
    StoreUnavailable = "store_unavailable",
    StoreLocked = "store_locked",
    StoreFull = "store_full",
    StoreReadOnly = "store_read_only",
    StoreCorrupt = "store_corrupt",
    StoreError = "store_error",
    Shutdown = "shutdown",
    Internal = "internal",
});

/// What people read about a reason of loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossWords {
    /// Its name in pages: `queue full`.
    pub label: &'static str,
    /// What happened, in a sentence.
    pub about: &'static str,
    /// What to do about it, in a sentence.
    pub remedy: &'static str,
}

impl LossReason {
    /// Its label, what it means and what to do: read by pages, API and documentation.
    #[must_use]
    pub const fn words(self) -> LossWords {
        let (label, about, remedy) = match self {
            Self::QueueFull => (
                "queue full",
                "Requests end faster than they can be written.",
                "Sample a share of the requests, or enlarge the queue.",
            ),
            Self::MemoryBudget => (
                "memory budget",
                "What was not yet stored filled its memory budget.",
                "Capture less of bodies, or raise the budget.",
            ),
            Self::StoreUnavailable => (
                "store unavailable",
                "The store could not be opened.",
                "Check that its folder exists and that the app may write to it.",
            ),
            Self::StoreLocked => (
                "store locked",
                "Another program held the store's lock.",
                "Give each program its own store.",
            ),
            Self::StoreFull => (
                "store full",
                "The disk is full.",
                "Free some space, or lower the store's budget.",
            ),
            Self::StoreReadOnly => (
                "store read only",
                "The store cannot be written to.",
                "Check the permissions of its file and folder.",
            ),
            Self::StoreCorrupt => (
                "store corrupt",
                "The store's file was damaged.",
                "If it was in use, Silk has renamed it (“.damaged” at its end) and continues with a new file: nothing is left to do. If it was damaged before the start, move it away, and Silk creates a new one.",
            ),
            Self::StoreError => (
                "store error",
                "The store failed.",
                "The log has the reason.",
            ),
            Self::Shutdown => (
                "shutdown",
                "The requests were still open when the program ended.",
                "Call silk.shutdown(timeout) last.",
            ),
            Self::Internal => (
                "internal",
                "A fault of the profiler.",
                "Please report it, with what the log says.",
            ),
        };
        LossWords {
            label,
            about,
            remedy,
        }
    }
}

/// Marks a response of the dashboard (as an `http` extension), so that the layer discards its record.
#[derive(Debug, Clone, Copy, Default)]
pub struct OwnResponse;

/// Tells how the profiler fares, and takes the one switch that people have at run time.
pub trait Vitals: Send + Sync + fmt::Debug {
    /// A snapshot; cheap.
    fn snapshot(&self) -> VitalsSnapshot;

    /// Switches recording on or off at run time.
    fn set_recording(&self, is_recording: bool);
}

/// How the profiler fares at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct VitalsSnapshot {
    /// The run that is recording.
    pub run: RunRecord,
    /// Whether requests are being recorded.
    pub is_recording: bool,
    /// Requests that the layer saw (the dashboard's own left out).
    pub seen: u64,
    /// Requests written to the store.
    pub recorded: u64,
    /// Requests that sampling left out; counted in the statistics.
    pub not_sampled: u64,
    /// Requests lost, by reason.
    pub lost: Vec<(LossReason, u64)>,
    /// Requests being handled now.
    pub active: u64,
    /// Requests in the queue.
    pub queue_length: u64,
    /// Slots of the queue.
    pub queue_capacity: u64,
    /// Bytes of memory held by what is not yet stored.
    pub memory_bytes: u64,
    /// Budget for them.
    pub memory_budget_bytes: u64,
    /// Queries attributed to a request.
    pub queries: u64,
    /// Queries that belonged to no request.
    pub unattributed_queries: u64,
    /// CPU time spent on the app's threads per request, estimated from a sample of them; none yet.
    pub app_cost_us: Option<f64>,
    /// Time the writer spent per request.
    pub writer_cost_us: Option<f64>,
    /// Budget of the store.
    pub budget: Budget,
    /// The last failure of the store, and when.
    pub store_error: Option<(DateTime<Utc>, String)>,
    /// What is captured and what is not.
    pub captures: Vec<CaptureStatus>,
    /// Per minute, oldest first, at most an hour.
    pub minutes: Vec<Minute>,
}

/// Recorded and lost within one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minute {
    /// Its start.
    pub started_at: DateTime<Utc>,
    /// Requests recorded.
    pub recorded: u64,
    /// Requests lost.
    pub lost: u64,
}

/// How well one thing is captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaptureLevel {
    /// Captured.
    Full,
    /// Captured in part, or not as well as could be.
    Partial,
    /// Not captured.
    Off,
}

/// One thing that is captured or not, why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureStatus {
    /// What: `SQL`, `values`, `call sites`, `routes`, `EXPLAIN` …
    pub what: String,
    /// How well.
    pub level: CaptureLevel,
    /// A sentence.
    pub reason: String,
    /// Code to copy that would mend it.
    pub remedy: Option<String>,
}
