//! Figures as PostgreSQL's text writes them: `key=value`, ranges, and the groups after a node's name.

use crate::parse::json::number;
use crate::{Actual, Estimate, PlanNode};

/// Whether the line carries the numbers that only a node's line has.
pub(super) fn has_numbers(line: &str) -> bool {
    numbers_at(line).is_some()
}

/// Where the numbers start.
pub(super) fn numbers_at(line: &str) -> Option<usize> {
    [
        "(cost=",
        "(actual time=",
        "(actual rows=",
        "(never executed)",
    ]
    .iter()
    .filter_map(|mark| line.find(mark))
    .min()
}

/// What stands in a node's line behind all of its figures; none if nothing does.
pub(super) fn behind(line: &str) -> Option<&str> {
    let mut rest = &line[numbers_at(line)?..];
    while rest.starts_with('(') {
        rest = rest.split_once(')')?.1.trim_start();
    }
    (!rest.is_empty()).then_some(rest)
}

/// Reads `(cost=0.29..8.31 rows=1 width=4) (actual time=0.01..0.02 rows=1 loops=1)`.
pub(super) fn numbers(node: &mut PlanNode, text: &str) {
    for group in text.split('(').filter_map(|group| group.split(')').next()) {
        let (head, body) = group.split_once(' ').unwrap_or((group, ""));
        if let Some(cost) = head.strip_prefix("cost=") {
            let (startup, total) = range(cost);
            node.estimate = Some(Estimate {
                startup_cost: startup,
                total_cost: total,
                rows: value_of(body, "rows").and_then(number),
                width: value_of(body, "width").and_then(number),
                filtered: None,
            });
        } else if head == "actual" {
            node.actual = Some(actual(body));
        } else if group == "never executed" {
            node.actual = Some(Actual::default());
        }
    }
}

/// Reads `time=0.01..0.02 rows=1 loops=1`.
pub(super) fn actual(text: &str) -> Actual {
    let (startup, total) = value_of(text, "time").map_or((None, None), range);
    let rows = value_of(text, "rows");
    Actual {
        startup_ms: startup,
        total_ms: total,
        own_ms: None,
        rows: rows.and_then(number),
        rows_step: if rows.is_some_and(|rows| rows.contains('.')) {
            0.01
        } else {
            1.0
        },
        loops: value_of(text, "loops").and_then(number).unwrap_or(0.0),
    }
}

/// The value after `key=`.
pub(super) fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split([' ', ','])
        .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

fn range(text: &str) -> (Option<f64>, Option<f64>) {
    match text.split_once("..") {
        Some((first, last)) => (number(first), number(last)),
        None => (None, number(text)),
    }
}

/// A whole number small enough; plans count workers with it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of the target before"
)]
pub(super) fn whole(value: f64) -> u32 {
    value.clamp(0.0, f64::from(u32::MAX)) as u32
}

/// The number a text starts with.
pub(super) fn digits(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    number(&text[..end])
}
