//! What one look at the numbers of queries tells: which rules may have something to say of them.
//!
//! Most requests are harmless, and most rules ask for what few queries have. So the numbers are
//! looked at once, in one pass, before texts, values or places are.

use crate::{
    Outcome, QueryRecord,
    finding::{Thresholds, thresholds::micros},
};

/// Numbers of some queries of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::finding) struct Outline {
    /// The longest.
    longest_us: u64,
    /// The longest of those that completed, less what the app did between rows.
    longest_own_us: u64,
    /// Sum of their times, less what the app did between rows.
    pub(super) busy_us: u64,
    /// Most rows read by one that completed and handed out at most one.
    most_read_for_one: u64,
    /// Most rows returned by one that completed.
    most_returned: u64,
    has_error: bool,
    has_dropped: bool,
}

impl Outline {
    pub(super) fn of(queries: &[QueryRecord]) -> Self {
        let mut outline = Self::default();
        for query in queries {
            outline.add(query);
        }
        outline
    }

    #[inline]
    pub(super) fn add(&mut self, query: &QueryRecord) {
        let own_us = query.duration_us.saturating_sub(query.consumer_us);
        self.longest_us = self.longest_us.max(query.duration_us);
        self.busy_us = self.busy_us.saturating_add(own_us);
        self.has_error |= query.error.is_some();
        if query.outcome == Outcome::Completed {
            self.longest_own_us = self.longest_own_us.max(own_us);
            self.most_returned = self.most_returned.max(query.rows_returned);
            if query.rows_returned <= 1 {
                self.most_read_for_one = self.most_read_for_one.max(query.rows_read);
            }
        } else {
            self.has_dropped |= query.outcome == Outcome::Dropped;
        }
    }

    /// Whether one of them failed with an error.
    pub(in crate::finding) const fn has_error(&self) -> bool {
        self.has_error
    }

    /// Whether the app let one of them go.
    pub(in crate::finding) const fn has_dropped(&self) -> bool {
        self.has_dropped
    }

    /// Whether one of them is slow by itself.
    pub(in crate::finding) fn has_slow(&self, thresholds: &Thresholds) -> bool {
        self.longest_own_us >= micros(thresholds.slow_query).max(1)
    }

    /// Whether one of them took so long that how it is written matters.
    pub(in crate::finding) fn has_costly(&self, thresholds: &Thresholds) -> bool {
        self.longest_own_us >= micros(thresholds.min_rewrite).max(1)
    }

    /// Whether one of them returned very many rows.
    pub(in crate::finding) fn has_many_rows(&self, thresholds: &Thresholds) -> bool {
        self.most_returned >= thresholds.many_rows.max(2)
    }

    /// Whether one of them is long enough to be waited for in a row.
    pub(in crate::finding) fn has_long(&self, thresholds: &Thresholds) -> bool {
        self.longest_us >= micros(thresholds.serial_query).max(1)
    }

    /// Whether one of them read many rows for one.
    pub(in crate::finding) fn has_unread(&self, thresholds: &Thresholds) -> bool {
        self.most_read_for_one >= thresholds.min_rows_unread.max(2)
    }
}

/// The time with one of some queries running, as they come by start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Union {
    /// Of intervals that are through.
    before_us: u64,
    started_us: u64,
    ended_us: u64,
    is_unsorted: bool,
}

impl Union {
    /// Adds an interval; what is beyond the request's end does not count.
    #[inline]
    pub(super) fn add(&mut self, started_us: u64, ended_us: u64, total_us: u64) {
        let ended_us = ended_us.min(total_us);
        if started_us >= ended_us {
            return;
        }
        self.is_unsorted |= started_us < self.started_us;
        if started_us <= self.ended_us {
            self.ended_us = self.ended_us.max(ended_us);
        } else {
            self.before_us += self.ended_us - self.started_us;
            (self.started_us, self.ended_us) = (started_us, ended_us);
        }
    }

    /// Its length; none if they did not come in order of start.
    pub(super) const fn length_us(&self) -> Option<u64> {
        if self.is_unsorted {
            return None;
        }
        Some(self.before_us + (self.ended_us - self.started_us))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::union_us;

    proptest! {
        #[test]
        fn a_union_by_start_is_the_union(
            mut intervals in prop::collection::vec((0_u64..200, 0_u64..200), 0..20), total_us in 0_u64..220,
        ) {
            let run = |intervals: &[(u64, u64)]| {
                let mut union = Union::default();
                for (start, end) in intervals {
                    union.add(*start, *end, total_us);
                }
                union.length_us()
            };
            if let Some(length_us) = run(&intervals) {
                prop_assert_eq!(length_us, union_us(intervals.clone(), total_us));
            }
            intervals.sort_by_key(|(start, _)| *start);
            prop_assert_eq!(run(&intervals), Some(union_us(intervals, total_us)));
        }
    }
}
