//! The figures of recording as tables, and the prices they are held to.

use super::{
    arms::{Arm, LAYER, OFF, OTEL, POOL},
    price::{Limit, Price},
    slices::{ADDRESSES, Address, Cycle, HELLO, LIST_SOME, LIST_SOME_JOINED, Slice},
    spread::Spread,
};

/// Queries that `list_some` runs more than `list_some_joined`.
const MORE_QUERIES: f64 = 100.0;

/// Prints what is added, as tables that can go into a README.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(super) fn print(database: &str, arms: &[Arm], slices: &[Cycle]) {
    let recording = || arms.iter().copied().skip(1);
    println!("\n### {database}\n");
    println!(
        "Added to a request, µs: median [quartiles] of the ratios within {} cycles, times the \
         lower quartile of `off`.\n",
        slices.len()
    );
    println!("| address | arm | CPU, app's threads | CPU, all threads | × | time, client's p50 |");
    println!("|---|---|---|---|---|---|");
    for address in ADDRESSES {
        println!(
            "| {} | off | {:.1} | {:.1} | 1 | {:.1} |",
            address.name,
            base(slices, address, |slice| slice.app),
            base(slices, address, |slice| slice.all),
            base(slices, address, |slice| slice.latency),
        );
        for arm in recording() {
            println!(
                "| {} | {} | {} | {} | {:.2} | {} |",
                address.name,
                arm.name,
                added(slices, address, arm, |slice| slice.app),
                added(slices, address, arm, |slice| slice.all),
                ratio(slices, address, arm, |slice| slice.all).median,
                added(slices, address, arm, |slice| slice.latency),
            );
        }
    }
    println!("\nAdded per query (`list_some` less `list_some_joined`, over 100), µs.\n");
    println!("| arm | CPU, app's threads | CPU, all threads | client p50 |");
    println!("|---|---|---|---|");
    for arm in recording() {
        println!(
            "| {} | {:+.1} | {:+.1} | {:+.1} |",
            arm.name,
            per_query(slices, arm, |slice| slice.app),
            per_query(slices, arm, |slice| slice.all),
            per_query(slices, arm, |slice| slice.latency),
        );
    }
    if arms.iter().any(|arm| arm.name == OTEL.name) {
        beside(arms, slices);
    }
}

/// What each adds to all threads, beside what spans of OpenTelemetry add in the same run.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn beside(arms: &[Arm], slices: &[Cycle]) {
    let all: Figure = |slice| slice.all;
    println!(
        "\nAdded CPU of all threads as a multiple of what {} adds.\n",
        OTEL.name
    );
    println!(
        "| arm | request without SQL | page of one query | per query | 101-query page, × none |"
    );
    println!("|---|---|---|---|---|");
    for &arm in arms.iter().skip(1) {
        let times = |address| {
            added(slices, address, arm, all).median / added(slices, address, OTEL, all).median
        };
        println!(
            "| {} | {:.2} | {:.2} | {:.2} | {:.2} |",
            arm.name,
            times(HELLO),
            times(LIST_SOME_JOINED),
            per_query(slices, arm, all) / per_query(slices, OTEL, all),
            ratio(slices, LIST_SOME, arm, all).median,
        );
    }
}

/// What the figures say of the prices.
pub(super) fn prices(database: &str, slices: &[Cycle]) -> Vec<Price> {
    let mut prices = Vec::new();
    for (arm, per_query_us, times) in [(LAYER, 7.0, 1.15), (POOL, 12.0, 1.22)] {
        let mut price = |what: &str, unit, limit, value| {
            let what = format!("{database}, {}: {what}", arm.name);
            prices.push(Price::new(what, unit, Limit::AtMost(limit), value));
        };
        price(
            "/hello, app's threads",
            "µs",
            4.0,
            added(slices, HELLO, arm, |slice| slice.app).median,
        );
        price(
            "/hello, all threads",
            "µs",
            20.0,
            added(slices, HELLO, arm, |slice| slice.all).median,
        );
        price(
            "per query, all threads",
            "µs",
            per_query_us,
            per_query(slices, arm, |slice| slice.all),
        );
        if database == "PostgreSQL" {
            price(
                "101-query page",
                "×",
                times,
                ratio(slices, LIST_SOME, arm, |slice| slice.all).median,
            );
        }
    }
    prices
}

type Figure = fn(&Slice) -> f64;

/// What `off` costs while the machine has least else to do.
fn base(slices: &[Cycle], address: Address, figure: Figure) -> f64 {
    Spread::of(
        slices
            .iter()
            .map(|cycle| figure(&cycle[&(address.name, OFF.name)])),
    )
    .low
}

/// How many times as much as `off` of the same cycle.
///
/// A machine that is busy makes both cost more, which a ratio does not show and a difference would.
fn ratio(slices: &[Cycle], address: Address, arm: Arm, figure: Figure) -> Spread {
    Spread::of(slices.iter().map(|cycle| {
        figure(&cycle[&(address.name, arm.name)]) / figure(&cycle[&(address.name, OFF.name)])
    }))
}

fn added(slices: &[Cycle], address: Address, arm: Arm, figure: Figure) -> Spread {
    let base = base(slices, address, figure);
    let Spread { low, median, high } = ratio(slices, address, arm, figure);
    let of = |ratio: f64| (ratio - 1.0) * base;
    Spread {
        low: of(low),
        median: of(median),
        high: of(high),
    }
}

fn per_query(slices: &[Cycle], arm: Arm, figure: Figure) -> f64 {
    let many = added(slices, LIST_SOME, arm, figure).median;
    let one = added(slices, LIST_SOME_JOINED, arm, figure).median;
    (many - one) / MORE_QUERIES
}
