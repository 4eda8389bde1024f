//! Which fine buckets are summed into coarse ones.

use chrono::{DateTime, Utc};

use super::bucket_start;

/// Fine buckets of one width to be summed into coarse ones, all that start before `until_us`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compaction {
    pub(crate) fine_s: i64,
    pub(crate) coarse_s: i64,
    pub(crate) until_us: i64,
}

impl Compaction {
    /// Of a width, the next wider one, and how old a bucket must be, all in seconds.
    pub(crate) fn new((fine_s, coarse_s, after_s): (i64, i64, i64), now: DateTime<Utc>) -> Self {
        let oldest_us = now.timestamp_micros().saturating_sub(after_s * 1_000_000);
        Self {
            fine_s,
            coarse_s,
            // Only coarse buckets all of which is old enough.
            until_us: bucket_start(oldest_us, coarse_s),
        }
    }

    /// The coarse bucket around an instant: its start and end.
    pub(crate) const fn around(self, at_us: i64) -> (i64, i64) {
        let start = bucket_start(at_us, self.coarse_s);
        (start, start.saturating_add(self.coarse_s * 1_000_000))
    }
}
