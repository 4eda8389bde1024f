//! Bars and curves as SVG with attributes only: no style stands in a page.

pub(crate) mod charts;
pub(crate) mod flame;
pub(crate) mod ribbon;
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
/// list). What is longer is drawn as far as there is room, and torn.
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
    if from > whole_us {
        svg.push_str(
            "<rect class=\"torn\" x=\"94%\" width=\"1.5%\" height=\"100%\"/><rect class=\"torn\" x=\"97%\" width=\"1.5%\" height=\"100%\"/>",
        );
    }
    svg.push_str("</svg>");
    Safe(svg)
}

/// What the bars of a list are drawn against: the longest, unless that dwarfs nearly all others.
/// It is then drawn torn, so that the others can be told apart.
pub(crate) fn scale_of(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    let longest = values.last().copied().unwrap_or(0);
    let most = values.get(values.len() * 9 / 10).copied().unwrap_or(0);
    if longest > most.saturating_mul(5) {
        most.saturating_add(most / 4)
    } else {
        longest
    }
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

/// Where in its request something ran, on the request's whole length.
pub(crate) fn position(started_us: u64, us: u64, whole_us: u64) -> Markup {
    let whole_us = whole_us.max(started_us.saturating_add(us));
    Safe(format!(
        "<svg class=\"position\" width=\"100%\" height=\"8\" role=\"img\" aria-label=\"from {} to {} of {}\"><rect class=\"span\" width=\"100%\" height=\"8\"/><rect class=\"k-sql\" x=\"{:.2}%\" width=\"{:.2}%\" height=\"8\"/></svg>",
        duration(started_us),
        duration(started_us.saturating_add(us)),
        duration(whole_us),
        scaled(started_us, whole_us, 99.7),
        scaled(us, whole_us, 100.0).max(0.3)
    ))
}

#[cfg(test)]
mod tests {
    use super::scale_of;

    #[test]
    fn one_giant_does_not_hide_the_others() {
        assert_eq!(scale_of([].into_iter()), 0);
        assert_eq!(scale_of([7].into_iter()), 7);
        assert_eq!(scale_of([10, 20, 40].into_iter()), 40);
        let mut values = vec![100; 40];
        values.push(500);
        assert_eq!(scale_of(values.iter().copied()), 500, "not yet a giant");
        values.push(13_000);
        assert_eq!(scale_of(values.into_iter()), 125);
    }
}
