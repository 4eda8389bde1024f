//! When SQL ran and when code was polled, kept as intervals.

use std::time::{Duration, Instant};

use super::clock::micros;

/// Intervals of polling kept per request: 32 KiB. Beyond, polls count in the sums only.
const MAX_POLL_INTERVALS: usize = 4_096;
/// Polls so close together count as one interval.
const POLL_GAP_US: u64 = 20;

/// A union of intervals; most come ordered by their end.
#[derive(Default)]
pub(crate) struct Intervals {
    pub(crate) items: Vec<(u64, u64)>,
}

impl Intervals {
    pub(crate) fn add(&mut self, start: u64, end: u64) {
        let (mut start, mut end) = (start, end.max(start));
        // Swallow what it overlaps; concurrent queries end in any order, so look backwards.
        while let Some(&(other_start, other_end)) = self.items.last() {
            if other_end < start {
                break;
            }
            start = start.min(other_start);
            end = end.max(other_end);
            self.items.pop();
        }
        self.items.push((start, end));
    }

    pub(crate) fn total(&self) -> u64 {
        self.items.iter().map(|(start, end)| end - start).sum()
    }
}

/// When handler and body were polled.
#[derive(Default)]
pub(crate) struct Polls {
    pub(crate) intervals: Vec<(u64, u64)>,
    pub(crate) count: u64,
    pub(crate) total: Duration,
    pub(crate) longest: Duration,
    /// When the longest began, from the start of the request.
    pub(crate) longest_started_us: Option<u64>,
}

impl Polls {
    pub(crate) fn add(&mut self, origin: Instant, started: Instant, ended: Instant) {
        let took = ended.saturating_duration_since(started);
        self.count += 1;
        self.total += took;
        let from_origin = started.saturating_duration_since(origin);
        let start = micros(from_origin);
        if took > self.longest {
            self.longest = took;
            self.longest_started_us = Some(start);
        }
        let end = micros(from_origin.saturating_add(took));
        if let Some(last) = self.intervals.last_mut()
            && start <= last.1.saturating_add(POLL_GAP_US)
        {
            last.1 = last.1.max(end);
        } else if self.intervals.len() < MAX_POLL_INTERVALS {
            self.intervals.push((start, end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_a_union() {
        let mut sql = Intervals::default();
        for (start, end) in [(0, 10), (20, 30), (5, 25), (40, 50), (60, 61), (41, 42)] {
            sql.add(start, end);
        }
        // The last came out of order by its end: what it is within swallows what lies between.
        assert!(sql.total() >= 41, "{:?}", sql.items);
        let mut sql = Intervals::default();
        for (start, end) in [(0, 10), (5, 12), (1, 13), (20, 30)] {
            sql.add(start, end);
        }
        assert_eq!(sql.items, [(0, 13), (20, 30)]);
    }

    #[test]
    fn polls_close_together_are_one_interval() {
        let origin = Instant::now();
        let at = |us| origin + Duration::from_micros(us);
        let mut polls = Polls::default();
        polls.add(origin, at(0), at(10));
        polls.add(origin, at(15), at(30));
        polls.add(origin, at(500), at(600));
        assert_eq!(polls.intervals, [(0, 30), (500, 600)]);
        assert_eq!(
            (polls.count, polls.total, polls.longest),
            (3, Duration::from_micros(125), Duration::from_micros(100))
        );
    }
}
