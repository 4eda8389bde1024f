//! Bars and curves as SVG with attributes only: no style stands in a page.

pub(crate) mod waterfall;

use std::fmt::Write as _;

use askama::filters::Safe;
use silk_core::{RequestTimes, store::TimeBucket};

use crate::filters::{self, Markup, duration, scaled};

/// The four kinds of time, in the order in which bars show them: class, name, microseconds.
pub(crate) fn kinds(times: &RequestTimes) -> [(&'static str, &'static str, u64); 4] {
    [
        ("sql", "SQL", times.sql_us),
        ("wait", "waiting for a connection", times.wait_us),
        ("poll", "polling", times.polling_us),
        ("rest", "other", times.other_us()),
    ]
}

/// Where the time of a request went, drawn against `whole_us` (its own total, or the longest of a
/// list).
pub(crate) fn breakdown(times: &RequestTimes, whole_us: u64, class: &str) -> Markup {
    let label = kinds(times)
        .iter()
        .filter(|(_, _, us)| *us > 0)
        .map(|(_, name, us)| format!("{name} {}", duration(*us)))
        .collect::<Vec<_>>()
        .join(", ");
    let mut svg = format!(
        "<svg class=\"{class}\" width=\"100%\" height=\"10\" role=\"img\" aria-label=\"{}\">",
        if label.is_empty() { "no time" } else { &label }
    );
    let mut from = 0;
    for (class, name, us) in kinds(times) {
        if us > 0 {
            let x = scaled(from, whole_us, 100.0);
            let width = scaled(us, whole_us, 100.0).max(0.15);
            let _ = write!(
                svg,
                "<rect class=\"k-{class}\" x=\"{x:.2}%\" width=\"{width:.2}%\" height=\"100%\"><title>{name} {}</title></rect>",
                duration(us)
            );
            if class == "wait" {
                let _ = write!(
                    svg,
                    "<rect fill=\"url(#hatch)\" x=\"{x:.2}%\" width=\"{width:.2}%\" height=\"100%\"/>"
                );
            }
        }
        from += us;
    }
    svg.push_str("</svg>");
    Safe(svg)
}

/// A bar of `part` of the largest in its column; the number beside it says the same in words.
pub(crate) fn bar(part: u64, largest: u64, class: &str) -> Markup {
    Safe(format!(
        "<svg class=\"bar\" width=\"100%\" height=\"4\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"{:.1}%\" height=\"100%\"/></svg>",
        scaled(part, largest, 100.0)
    ))
}

/// Counts over time as small columns.
pub(crate) fn sparkline(buckets: &[TimeBucket], what: &str) -> Markup {
    const HEIGHT: f64 = 18.0;
    let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    let total: u64 = buckets.iter().map(|bucket| bucket.count).sum();
    let width = buckets.len() * 4;
    let mut path = String::new();
    for (at, bucket) in buckets.iter().enumerate() {
        if bucket.count > 0 {
            let height = scaled(bucket.count, most, HEIGHT).max(1.5);
            let _ = write!(path, "M{} {:.1}h3V18h-3z", at * 4, HEIGHT - height);
        }
    }
    Safe(format!(
        "<svg class=\"spark\" viewBox=\"0 0 {} 18\" width=\"{}\" height=\"18\" role=\"img\" aria-label=\"{} {what} over time, at most {} in one of {} stretches\"><path d=\"{path}\"/></svg>",
        width.max(4),
        width.max(4),
        filters::count(total),
        filters::count(most),
        buckets.len()
    ))
}

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
            let y = 4.0 + (HEIGHT - 8.0) - scaled(bucket.p95_us, slowest, HEIGHT - 8.0);
            let middle = x + STEP / 2 - 1;
            let _ = write!(line, "{}{middle} {y:.1}", if is_joined { 'L' } else { 'M' });
            let _ = write!(dots, "M{middle} {y:.1}h0");
            let _ = write!(
                titles,
                "<rect x=\"{x}\" width=\"{STEP}\" height=\"{HEIGHT}\" fill=\"transparent\"><title>{}: {} {what}, p95 {}</title></rect>",
                bucket.started_at.format("%-d %b %H:%M UTC"),
                filters::count(bucket.count),
                duration(bucket.p95_us)
            );
            is_joined = true;
        }
        x += STEP;
    }
    Safe(format!(
        "<svg class=\"curve\" viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\" width=\"100%\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{what} over time, at most {} in one stretch; p95 at most {}\"><path class=\"col\" d=\"{columns}\"/><path class=\"line\" d=\"{line}\"/><path class=\"dot\" d=\"{dots}\"/>{titles}</svg>",
        x.max(STEP),
        filters::count(most),
        duration(slowest)
    ))
}

/// Recorded and lost per minute.
pub(crate) fn minutes(minutes: &[silk_core::vitals::Minute]) -> Markup {
    const HEIGHT: f64 = 40.0;
    let most = minutes
        .iter()
        .map(|m| m.recorded + m.lost)
        .max()
        .unwrap_or(0);
    let (mut recorded, mut lost, mut titles) = (String::new(), String::new(), String::new());
    for (at, minute) in minutes.iter().enumerate() {
        let x = at * 8;
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
            filters::count(minute.recorded),
            filters::count(minute.lost)
        );
    }
    let width = (minutes.len() * 8).max(8);
    Safe(format!(
        "<svg class=\"minutes\" viewBox=\"0 0 {width} {HEIGHT}\" width=\"{width}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"Requests recorded and lost in each of the last {} minutes, at most {} in one\"><path class=\"col\" d=\"{recorded}\"/><path class=\"lost\" d=\"{lost}\"/>{titles}</svg>",
        minutes.len(),
        filters::count(most)
    ))
}
