//! Executions on the time of their request: one by one, or as their density.

use std::fmt::Write as _;

use super::draw::Pen;
use crate::draw::format::scaled;

/// Coordinates across a row.
const WIDTH: f64 = 1000.0;
/// Height of a row's drawing.
const HEIGHT: f64 = 16.0;

impl Pen<'_> {
    /// Each execution as a tick, those that overlap in lanes below each other.
    pub(super) fn ticks(&self, times: &[(u64, u64)]) -> String {
        let mut lanes: Vec<u64> = Vec::new();
        let mut placed = Vec::with_capacity(times.len());
        for (start, us) in times {
            let lane = lanes
                .iter()
                .position(|end| end <= start)
                .unwrap_or_else(|| {
                    if lanes.len() < 5 {
                        lanes.push(0);
                        lanes.len() - 1
                    } else {
                        4
                    }
                });
            lanes[lane] = start.saturating_add(*us);
            placed.push((*start, *us, lane));
        }
        let lane_height = (HEIGHT - 4.0) / f64::from(u8::try_from(lanes.len().max(1)).unwrap_or(5));
        let mut path = String::new();
        for (start, us, lane) in placed {
            let y = 2.0 + lane_height * f64::from(u8::try_from(lane).unwrap_or(4));
            let x = scaled(start, self.whole_us, WIDTH);
            let width = scaled(us, self.whole_us, WIDTH).max(0.6);
            let height = (lane_height - if lanes.len() > 1 { 0.6 } else { 0.0 }).max(1.0);
            let _ = write!(path, "M{x:.1} {y:.1}h{width:.1}v{height:.1}h-{width:.1}z");
        }
        path
    }

    /// Columns as high as the share of their time in which an execution ran.
    pub(super) fn density(&self, times: &[(u64, u64)]) -> String {
        const LEVELS: u64 = 6;
        let bins = u64::try_from(self.bins).unwrap_or(40);
        let bin_us = self.whole_us.div_ceil(bins).max(1);
        let mut busy = vec![0_u64; self.bins];
        for (start, us) in times {
            let (mut from, end) = (
                *start,
                start.saturating_add(*us).max(start.saturating_add(1)),
            );
            while from < end {
                let Some(bin) = usize::try_from(from / bin_us)
                    .ok()
                    .and_then(|at| busy.get_mut(at))
                else {
                    break;
                };
                let to = ((from / bin_us + 1) * bin_us).min(end);
                *bin += to - from;
                from = to;
            }
        }
        let level = |us: u64| {
            if us == 0 {
                0
            } else {
                (us * LEVELS).div_ceil(bin_us).min(LEVELS)
            }
        };
        let mut path = String::new();
        let mut at = 0;
        while at < busy.len() {
            let height = level(busy[at]);
            let from = at;
            while at < busy.len() && level(busy[at]) == height {
                at += 1;
            }
            if height > 0 {
                let x = scaled(
                    bin_us * u64::try_from(from).unwrap_or(0),
                    self.whole_us,
                    WIDTH,
                );
                let width = scaled(
                    bin_us * u64::try_from(at - from).unwrap_or(0),
                    self.whole_us,
                    WIDTH,
                );
                let high = scaled(height, LEVELS, HEIGHT - 4.0);
                let _ = write!(
                    path,
                    "M{x:.1} {:.0}h{width:.1}V14h-{width:.1}z",
                    HEIGHT - 2.0 - high
                );
            }
        }
        path
    }
}
