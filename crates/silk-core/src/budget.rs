//! How much a store may keep.

use std::time::Duration;

/// How much may be kept; what is over it goes, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Requests older than this go. Default 7 days.
    ///
    /// Where the clock leaps ahead (or an app was not run for long), what the leap makes old stays
    /// for another day of recording, or a seventh of this age if that is less.
    pub max_age: Duration,
    /// At most so many requests. Default 1,000,000.
    pub max_requests: u64,
    /// At most so many bytes on disk (or in memory), a write-ahead log included. Default 1 GiB.
    ///
    /// A store on disk keeps within it when nothing is written. While much is, it may take as much
    /// more as two batches do, or a twentieth, whichever is more.
    pub max_bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(7 * 24 * 3600),
            max_requests: 1_000_000,
            max_bytes: 1 << 30,
        }
    }
}
