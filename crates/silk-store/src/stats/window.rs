//! Ranges of time and the buckets they are cut into.

use chrono::DateTime;
use silk_core::{
    Histogram, HistogramSum,
    store::{StatsWindow, TimeBucket},
};

/// At most so many buckets along a window.
const MAX_BUCKETS: u32 = 1000;

/// The start of the bucket of `width_s` seconds that an instant lies in.
pub(crate) const fn bucket_start(at_us: i64, width_s: i64) -> i64 {
    let width = width_s * 1_000_000;
    at_us.saturating_sub(at_us.rem_euclid(width))
}

/// Whether a bucket belongs to a window: its edges are rounded outwards to whole buckets.
pub(crate) fn overlaps(window: &StatsWindow, bucket_us: i64, width_s: i64) -> bool {
    bucket_us.saturating_add(width_s.saturating_mul(1_000_000)) > window.since.timestamp_micros()
        && bucket_us < window.until.timestamp_micros()
}

/// Sums figures along a window.
#[derive(Debug)]
pub(crate) struct OverTime {
    since_us: i64,
    length_us: i64,
    stretches: Vec<Stretch>,
    /// Of a window that is cut into no stretches.
    rest: Vec<Histogram>,
}

/// Kept as they come and summed in the end: merging each into the sum takes ten times as long.
#[derive(Debug, Clone, Default)]
struct Stretch {
    count: u64,
    total_us: u64,
    durations: Vec<Histogram>,
}

impl OverTime {
    pub(crate) fn new(window: &StatsWindow) -> Self {
        let since_us = window.since.timestamp_micros();
        let length_us = window
            .until
            .timestamp_micros()
            .saturating_sub(since_us)
            .max(0);
        let count = if length_us == 0 {
            0
        } else {
            window.buckets.min(MAX_BUCKETS)
        };
        let count = usize::try_from(count).unwrap_or(0);
        Self {
            since_us,
            length_us,
            stretches: vec![Stretch::default(); count],
            rest: Vec::new(),
        }
    }

    /// Adds the figures of a stretch that starts at `at_us`.
    pub(crate) fn add(&mut self, at_us: i64, count: u64, total_us: u64, durations: Histogram) {
        let Some(last) = self.stretches.len().checked_sub(1) else {
            self.rest.push(durations);
            return;
        };
        let offset = i128::from(at_us.saturating_sub(self.since_us).max(0));
        let place = offset * i128::try_from(self.stretches.len()).unwrap_or(1)
            / i128::from(self.length_us.max(1));
        let place = usize::try_from(place).map_or(last, |place| place.min(last));
        let stretch = &mut self.stretches[place];
        stretch.count = stretch.count.saturating_add(count);
        stretch.total_us = stretch.total_us.saturating_add(total_us);
        stretch.durations.push(durations);
    }

    /// The stretches, and all durations. `scratch` is empty before and after.
    pub(crate) fn finish(self, scratch: &mut HistogramSum) -> (Vec<TimeBucket>, Histogram) {
        let mut all = HistogramSum::default();
        self.rest.iter().for_each(|durations| all.add(durations));
        let count = i64::try_from(self.stretches.len()).unwrap_or(1).max(1);
        let buckets = (0..)
            .zip(self.stretches)
            .filter_map(|(place, stretch): (i64, Stretch)| {
                for durations in &stretch.durations {
                    scratch.add(durations);
                    all.add(durations);
                }
                let p95_us = scratch.percentile(95.0);
                scratch.clear();
                let offset = i128::from(self.length_us) * i128::from(place) / i128::from(count);
                let at = self
                    .since_us
                    .saturating_add(i64::try_from(offset).unwrap_or(0));
                Some(TimeBucket {
                    started_at: DateTime::from_timestamp_micros(at)?,
                    count: stretch.count,
                    total_us: stretch.total_us,
                    p95_us,
                })
            })
            .collect();
        (buckets, all.to_histogram())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(since: i64, until: i64, buckets: u32) -> StatsWindow {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        StatsWindow {
            since: at(since),
            until: at(until),
            buckets,
        }
    }

    #[test]
    fn buckets_start_on_their_width_before_1970_too() {
        assert_eq!(bucket_start(61_000_000, MINUTE), 60_000_000);
        assert_eq!(bucket_start(60_000_000, MINUTE), 60_000_000);
        assert_eq!(bucket_start(-1, MINUTE), -60_000_000);
    }

    const MINUTE: i64 = super::super::MINUTE_S;

    #[test]
    fn edges_are_rounded_outwards() {
        let window = window(90, 120, 1);
        assert!(overlaps(&window, 60_000_000, MINUTE));
        assert!(!overlaps(&window, 0, MINUTE));
        assert!(!overlaps(&window, 120_000_000, MINUTE));
    }

    #[test]
    fn what_lies_outside_goes_to_the_edges() {
        let mut over_time = OverTime::new(&window(100, 200, 2));
        let mut one = Histogram::default();
        one.record(5);
        for at in [60, 149, 150, 500] {
            over_time.add(at * 1_000_000, 1, 5, one.clone());
        }
        let (buckets, all) = over_time.finish(&mut HistogramSum::default());
        let counts: Vec<_> = buckets.iter().map(|bucket| bucket.count).collect();
        assert_eq!((counts, all.count()), (vec![2, 2], 4));
    }

    #[test]
    fn an_empty_window_has_no_buckets() {
        for window in [window(100, 100, 5), window(200, 100, 5), window(0, 100, 0)] {
            let mut over_time = OverTime::new(&window);
            let mut one = Histogram::default();
            one.record(5);
            over_time.add(0, 1, 1, one);
            let (buckets, all) = over_time.finish(&mut HistogramSum::default());
            assert!(buckets.is_empty());
            assert_eq!(all.count(), 1);
        }
    }
}
