//! Bars and curves as SVG with attributes only: no style stands in a page.

pub(crate) mod charts;
pub(crate) mod flame;
pub(crate) mod ribbon;
pub(crate) mod waterfall;

use std::fmt::Write as _;

use askama::filters::Safe;
use silk_core::{RequestTimes, store::TimeBucket};

use super::format::{self, Markup, duration, scaled};

/// A kind of time.
pub(crate) struct TimeKind {
    /// Its class, without `k-`.
    pub(crate) class: &'static str,
    pub(crate) name: &'static str,
    /// What that is, for the title.
    pub(crate) about: &'static str,
    /// How much of it, in microseconds.
    pub(crate) us: u64,
}

/// The four kinds of time, in the order in which bars show them.
pub(crate) fn kinds(times: &RequestTimes) -> [TimeKind; 4] {
    [
        TimeKind {
            class: "sql",
            name: "SQL",
            about: "The database worked for it: queries, and BEGIN, COMMIT and ROLLBACK.",
            us: times.sql_us,
        },
        TimeKind {
            class: "wait",
            name: "waiting for a connection",
            about: "It waited until the pool gave it a connection.",
            us: times.wait_us,
        },
        TimeKind {
            class: "poll",
            name: "running your code",
            about: "Your own code ran (the runtime polled the handler or the body), outside of SQL and waits.",
            us: times.polling_us,
        },
        TimeKind {
            class: "rest",
            name: "other",
            about: "Neither SQL, nor a wait for a connection, nor your code: calls to other services, timers, locks, or a busy runtime.",
            us: times.other_us(),
        },
    ]
}

/// Share of a bar, in percent, below which it is too narrow to show its parts.
const NARROW: f64 = 1.5;

/// Where the time of a request went, drawn against `whole_us` (its own total, or the longest of a
/// list). What is longer fills the bar, torn and in its true shares; what is too short to show its
/// parts has the colour of the largest.
pub(crate) fn breakdown(times: &RequestTimes, whole_us: u64, class: &str) -> Markup {
    let label = kinds(times)
        .iter()
        .filter(|kind| kind.us > 0)
        .map(|kind| format!("{} {}", kind.name, duration(kind.us)))
        .collect::<Vec<_>>()
        .join(", ");
    let mut svg = format!(
        "<svg class=\"{class}\" width=\"100%\" height=\"10\" role=\"img\" aria-label=\"{}\">",
        if label.is_empty() { "no time" } else { &label }
    );
    let sum = (kinds(times).iter()).fold(0, |sum: u64, kind| sum.saturating_add(kind.us));
    let is_torn = sum > whole_us;
    let scale_us = whole_us.max(sum);
    let is_narrow = scaled(sum, scale_us, 100.0) < NARROW;
    let largest = kinds(times).iter().map(|kind| kind.us).max().unwrap_or(0);
    let mut from = 0;
    for TimeKind {
        class, name, us, ..
    } in kinds(times)
    {
        let (is_drawn, width) = if is_narrow {
            // Two pixels, wherever it is drawn.
            (us == largest && us > 0 && from == 0, "2".to_owned())
        } else {
            let width = scaled(us, scale_us, 100.0).max(0.15);
            (us > 0, format!("{width:.2}%"))
        };
        if is_drawn {
            let x = scaled(from, scale_us, 100.0);
            let _ = write!(
                svg,
                "<rect class=\"k-{class}\" x=\"{x:.2}%\" width=\"{width}\" height=\"100%\"><title>{name} {}</title></rect>",
                duration(us)
            );
            if class == "wait" {
                let _ = write!(
                    svg,
                    "<rect fill=\"url(#hatch)\" x=\"{x:.2}%\" width=\"{width}\" height=\"100%\"/>"
                );
            }
        }
        // A narrow bar starts at its left, whichever kind is drawn.
        if !is_narrow || is_drawn {
            from = from.saturating_add(us);
        }
    }
    if is_torn {
        svg.push_str(
            "<rect class=\"torn\" x=\"94%\" width=\"1.5%\" height=\"100%\"/><rect class=\"torn\" x=\"97%\" width=\"1.5%\" height=\"100%\"/>",
        );
    }
    svg.push_str("</svg>");
    Safe(svg)
}

/// What the bars of a list are drawn against: the longest, unless that dwarfs nearly all others.
/// It is then drawn torn, so that the others can be distinguished.
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
pub(crate) fn sparkline(buckets: &[TimeBucket], word: &str) -> Markup {
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
        "<svg class=\"spark\" viewBox=\"0 0 {} 18\" width=\"{}\" height=\"18\" role=\"img\" aria-label=\"{} over time, at most {} in one of {} stretches\"><path d=\"{path}\"/></svg>",
        width.max(4),
        width.max(4),
        crate::draw::counted(total, word),
        format::count(most),
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
    use silk_core::RequestTimes;

    use super::{breakdown, scale_of};

    /// Class and width of each kind in a bar.
    fn drawn(times: &RequestTimes, whole_us: u64) -> Vec<(String, String)> {
        let svg = breakdown(times, whole_us, "mini").0;
        svg.split("<rect class=\"k-")
            .skip(1)
            .map(|rect| {
                let class = rect.split('"').next().unwrap_or_default();
                let width = rect.split("width=\"").nth(1).unwrap_or_default();
                let width = width.split('"').next().unwrap_or_default();
                (class.to_owned(), width.to_owned())
            })
            .collect()
    }

    fn times(total_us: u64, sql_us: u64, wait_us: u64, polling_us: u64) -> RequestTimes {
        RequestTimes {
            total_us,
            sql_us,
            wait_us,
            polling_us,
            ..RequestTimes::default()
        }
    }

    fn widths(bar: &[(String, String)]) -> Vec<(&str, &str)> {
        bar.iter()
            .map(|(class, width)| (&**class, &**width))
            .collect()
    }

    #[test]
    fn case_pages_06_the_bar_of_a_long_request_keeps_its_shares() {
        let long = times(10_600_000, 4_876_000, 3_286_000, 1_272_000);
        let own = [
            ("sql", "46.00%"),
            ("wait", "31.00%"),
            ("poll", "12.00%"),
            ("rest", "11.00%"),
        ];
        assert_eq!(widths(&drawn(&long, 3_000_000)), own);
        assert!(breakdown(&long, 3_000_000, "mini").0.contains("torn"));
        assert_eq!(widths(&drawn(&long, 10_600_000)), own, "and untorn");
        assert!(!breakdown(&long, 10_600_000, "mini").0.contains("torn"));
        let half = drawn(&long, 21_200_000);
        assert_eq!(half[0].1, "23.00%", "a bar of half the length");
        let broken = times(1_000, 900, 900, 900);
        assert_eq!(drawn(&broken, 1_000).len(), 3);
    }

    #[test]
    fn a_bar_too_short_for_its_parts_has_the_colour_of_the_largest() {
        let short = |sql, wait, poll| drawn(&times(1_000, sql, wait, poll), 10_000_000);
        assert_eq!(widths(&short(700, 100, 100)), [("sql", "2")]);
        assert_eq!(widths(&short(100, 700, 100)), [("wait", "2")]);
        assert_eq!(widths(&short(100, 100, 700)), [("poll", "2")]);
        assert_eq!(widths(&short(100, 100, 100)), [("rest", "2")]);
        assert_eq!(
            widths(&short(500, 500, 0)),
            [("sql", "2")],
            "one of two alike"
        );
        assert!(drawn(&times(0, 0, 0, 0), 10_000_000).is_empty());
    }

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
