//! Charts along time, and of distributions.

use std::fmt::Write as _;

use askama::filters::Safe;
use silk_core::{Histogram, store::TimeBucket, vitals::Minute};

use crate::draw::format::{self, Markup, duration, scaled};

/// Calls over time as columns, with the 95th percentile as a line above them.
pub(crate) fn over_time(buckets: &[TimeBucket], what: &str) -> Markup {
    const HEIGHT: f64 = 64.0;
    const STEP: u32 = 20;
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    let slowest = buckets
        .iter()
        .map(|bucket| bucket.p95_us)
        .max()
        .unwrap_or(0);
    let (mut columns, mut line, mut dots, mut titles) =
        (String::new(), String::new(), String::new(), String::new());
    let mut x = 0_u32;
    let mut is_joined = false;
    for bucket in buckets {
        if bucket.count == 0 {
            is_joined = false;
        } else {
            let height = scaled(bucket.count, most, HEIGHT * 0.5).max(1.0);
            let _ = write!(
                columns,
                "M{x} {:.1}h{}V{HEIGHT}h-{}z",
                HEIGHT - height,
                STEP - 2,
                STEP - 2
            );
            // Not known where only an earlier version counted.
            let is_known = bucket.p95_us > 0;
            if is_known {
                let y = 4.0 + (HEIGHT - 8.0) - scaled(bucket.p95_us, slowest, HEIGHT - 8.0);
                let middle = x + STEP / 2 - 1;
                let _ = write!(line, "{}{middle} {y:.1}", if is_joined { 'L' } else { 'M' });
                let _ = write!(dots, "M{middle} {y:.1}h0");
            }
            let _ = write!(
                titles,
                "<rect x=\"{x}\" width=\"{STEP}\" height=\"{HEIGHT}\" fill=\"transparent\"><title>{}: {} {what}, p95 {}</title></rect>",
                bucket.started_at.format("%-d %b %H:%M UTC"),
                format::count(bucket.count),
                duration(bucket.p95_us)
            );
            is_joined = is_known;
        }
        x += STEP;
    }
    Safe(format!(
        "<svg class=\"curve\" viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\" width=\"100%\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{what} over time, at most {} in one stretch; p95 at most {}\"><path class=\"col\" d=\"{columns}\"/><path class=\"line\" d=\"{line}\"/><path class=\"dot\" d=\"{dots}\"/>{titles}</svg>",
        x.max(STEP),
        format::count(most),
        duration(slowest)
    ))
}

/// How durations are spread: columns a third of a power of two wide, on a logarithmic axis, with
/// marks at p50 and p95. Markup, and the labels of the axis' ends.
pub(crate) fn distribution(durations: &Histogram) -> Option<(Markup, String, String)> {
    const HEIGHT: f64 = 56.0;
    const STEP: u32 = 10;
    let total = durations.count();
    if total == 0 {
        return None;
    }
    let mut columns: Vec<(i32, u64)> = Vec::new();
    for (upper, count) in durations.buckets() {
        let column = column_of(upper);
        match columns.last_mut() {
            Some((last, sum)) if *last == column => *sum += count,
            _ => columns.push((column, count)),
        }
    }
    let (first, last) = (columns.first()?.0 - 1, columns.last()?.0 + 1);
    let most = columns.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let x_of = |column: i32| u32::try_from(column - first).unwrap_or(0) * STEP;
    let (mut path, mut titles) = (String::new(), String::new());
    for (column, count) in &columns {
        let x = x_of(*column);
        let height = scaled(*count, most, HEIGHT - 4.0).max(1.0);
        let _ = write!(
            path,
            "M{x} {:.1}h{}V{HEIGHT}h-{}z",
            HEIGHT - height,
            STEP - 1,
            STEP - 1
        );
        let _ = write!(
            titles,
            "<rect x=\"{x}\" width=\"{STEP}\" height=\"{HEIGHT}\" fill=\"transparent\"><title>up to {}: {} ({})</title></rect>",
            duration(edge_of(*column)),
            format::count(*count),
            format::percent(*count, total)
        );
    }
    let marks: String = [50.0, 95.0]
        .iter()
        .map(|percent| {
            let x = x_of(column_of(durations.percentile(*percent))) + STEP / 2;
            format!("<path class=\"at\" d=\"M{x} 0V{HEIGHT}\"/>")
        })
        .collect();
    let width = x_of(last) + STEP;
    let svg = format!(
        "<svg class=\"curve spread\" viewBox=\"0 0 {width} {HEIGHT}\" preserveAspectRatio=\"none\" width=\"100%\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"Distribution of {} calls: half take up to {}, 95 in 100 up to {}, the longest {}\"><path class=\"col\" d=\"{path}\"/>{marks}{titles}</svg>",
        format::count(total),
        duration(durations.percentile(50.0)),
        duration(durations.percentile(95.0)),
        duration(durations.max())
    );
    Some((
        Safe(svg),
        duration(edge_of(first)),
        duration(durations.max()),
    ))
}

/// Columns per power of two.
const PER_DOUBLING: f64 = 3.0;

fn column_of(us: u64) -> i32 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a logarithm of at most 64, times three"
    )]
    let column = ((us.max(1) as f64).log2() * PER_DOUBLING).ceil() as i32;
    column
}

/// The longest duration of a column, in microseconds.
fn edge_of(column: i32) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive power of two, for a label"
    )]
    let edge = (f64::from(column.clamp(0, 189)) / PER_DOUBLING).exp2() as u64;
    edge
}

/// Minutes that the chart has room for.
const MAX_MINUTES: usize = 60;

/// Recorded and lost per minute.
pub(crate) fn minutes(minutes: &[Minute]) -> Markup {
    const HEIGHT: f64 = 40.0;
    let most = minutes
        .iter()
        .map(|m| m.recorded + m.lost)
        .max()
        .unwrap_or(0);
    let (mut recorded, mut lost, mut titles) = (String::new(), String::new(), String::new());
    // The newest stands at the right end, however few there are.
    let before = MAX_MINUTES.saturating_sub(minutes.len());
    for (at, minute) in minutes.iter().enumerate() {
        let x = (before + at) * 8;
        let kept = scaled(minute.recorded, most, HEIGHT);
        let gone = scaled(minute.lost, most, HEIGHT);
        if kept > 0.0 {
            let _ = write!(
                recorded,
                "M{x} {:.1}h7V{HEIGHT}h-7z",
                HEIGHT - kept.max(1.0)
            );
        }
        if gone > 0.0 {
            let _ = write!(
                lost,
                "M{x} {:.1}h7v{:.1}h-7z",
                HEIGHT - kept - gone,
                gone.max(1.0)
            );
        }
        let _ = write!(
            titles,
            "<rect x=\"{x}\" width=\"8\" height=\"{HEIGHT}\" fill=\"transparent\"><title>{}: {} recorded, {} lost</title></rect>",
            minute.started_at.format("%H:%M UTC"),
            format::count(minute.recorded),
            format::count(minute.lost)
        );
    }
    let width = minutes.len().max(MAX_MINUTES) * 8;
    Safe(format!(
        "<svg class=\"minutes\" viewBox=\"0 0 {width} {HEIGHT}\" width=\"{width}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"Requests recorded and lost in each of the last {} minutes, at most {} in one\"><path class=\"col\" d=\"{recorded}\"/><path class=\"lost\" d=\"{lost}\"/>{titles}</svg>",
        minutes.len(),
        format::count(most)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_covers_every_call() {
        let mut durations = Histogram::default();
        for us in [1, 3, 90, 100, 120, 5_000, u64::MAX] {
            durations.record(us);
        }
        let (svg, from, to) = distribution(&durations).unwrap();
        assert_eq!(svg.0.matches("<title>").count(), 6, "{}", svg.0);
        assert!(from.ends_with("µs") && to.ends_with(" d"), "{from} {to}");
        assert!(distribution(&Histogram::default()).is_none());
    }
}
