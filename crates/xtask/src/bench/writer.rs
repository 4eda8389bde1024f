//! The writer alone, by the example of the store crate.

use super::price::{Limit, Price};
use crate::{Result, process, say};

/// The prices of a line of the example: requests per second at least, bytes at most.
const PRICES: [(&str, Option<f64>, Bytes); 4] = [
    ("101 queries, layer", Some(20_000.0), Bytes::PerQuery(16.0)),
    ("101 queries, pool", Some(8_000.0), Bytes::PerQuery(16.0)),
    ("5 queries, layer", None, Bytes::PerRequest(700.0)),
    ("5 queries, pool", None, Bytes::PerRequest(700.0)),
];

/// What bytes are counted by.
#[derive(Debug, Clone, Copy)]
enum Bytes {
    PerRequest(f64),
    PerQuery(f64),
}

/// Measures and prints.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(super) fn report() -> Result<Vec<Price>> {
    say("measuring the writer alone");
    let printed = process::run_quietly(
        process::cargo()
            .args(["run", "--release", "--quiet", "--package", "silk-store"])
            .args(["--example", "write_rate"]),
    )?;
    println!(
        "\n### The writer alone\n\n```text\n{}\n```",
        printed.trim_end()
    );
    let mut prices = Vec::new();
    for (name, rate, bytes) in PRICES {
        let figures: Vec<f64> = printed
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .split_whitespace()
            .filter_map(|figure| figure.parse().ok())
            .collect();
        let [per_second, per_request, per_query] = figures[..] else {
            return Err(format!("write_rate printed no figures for `{name}`").into());
        };
        if let Some(limit) = rate {
            prices.push(Price::new(
                format!("writer, {name}"),
                "requests/s",
                Limit::AtLeast(limit),
                per_second,
            ));
        }
        let (what, limit, value) = match bytes {
            Bytes::PerRequest(limit) => ("bytes per request", limit, per_request),
            Bytes::PerQuery(limit) => ("bytes per query", limit, per_query),
        };
        prices.push(Price::new(
            format!("kept, {name}: {what}"),
            "",
            Limit::AtMost(limit),
            value,
        ));
    }
    Ok(prices)
}
