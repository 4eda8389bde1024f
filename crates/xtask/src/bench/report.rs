use super::{
    price::{Limit, Price},
    slices::{ADDRESSES, ARMS, Address, LAYER, POOL, Slice, Slices},
    spread::Spread,
};

/// Queries that `list_some` runs more than `list_some_joined`.
const MORE_QUERIES: f64 = 100.0;

/// Prints what is added, as tables that can go into a README, and tells what it says of the prices.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(super) fn print(database: &str, slices: &Slices) -> Vec<Price> {
    println!("\n### {database}\n");
    println!(
        "Added to a request, µs: median [quartiles] of the ratios within {} cycles, times the \
         lower quartile of `off`.\n",
        slices.len()
    );
    println!("| address | arm | CPU, app's threads | CPU, all threads | × | time, client's p50 |");
    println!("|---|---|---|---|---|---|");
    for (at, Address { name: address, .. }) in ADDRESSES.iter().enumerate() {
        println!(
            "| {address} | off | {:.1} | {:.1} | 1 | {:.1} |",
            base(slices, at, |slice| slice.app),
            base(slices, at, |slice| slice.all),
            base(slices, at, |slice| slice.latency),
        );
        for (arm, (name, ..)) in ARMS.iter().enumerate().skip(1) {
            println!(
                "| {address} | {name} | {} | {} | {:.2} | {} |",
                added(slices, at, arm, |slice| slice.app),
                added(slices, at, arm, |slice| slice.all),
                ratio(slices, at, arm, |slice| slice.all).median,
                added(slices, at, arm, |slice| slice.latency),
            );
        }
    }
    println!("\nAdded per query (`list_some` less `list_some_joined`, over 100), µs.\n");
    println!("| arm | CPU, app's threads | CPU, all threads | client p50 |");
    println!("|---|---|---|---|");
    for (arm, (name, ..)) in ARMS.iter().enumerate().skip(1) {
        println!(
            "| {name} | {:+.1} | {:+.1} | {:+.1} |",
            per_query(slices, arm, |slice| slice.app),
            per_query(slices, arm, |slice| slice.all),
            per_query(slices, arm, |slice| slice.latency),
        );
    }
    prices(database, slices)
}

fn prices(database: &str, slices: &Slices) -> Vec<Price> {
    let mut prices = Vec::new();
    for (arm, name, per_query_us, times) in
        [(LAYER, "layer", 7.0, 1.15), (POOL, "pool", 12.0, 1.22)]
    {
        let mut price = |what: &str, unit, limit, value| {
            let what = format!("{database}, {name}: {what}");
            prices.push(Price::new(what, unit, Limit::AtMost(limit), value));
        };
        price(
            "/hello, app's threads",
            "µs",
            4.0,
            added(slices, 0, arm, |slice| slice.app).median,
        );
        price(
            "/hello, all threads",
            "µs",
            20.0,
            added(slices, 0, arm, |slice| slice.all).median,
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
                ratio(slices, 2, arm, |slice| slice.all).median,
            );
        }
    }
    prices
}

type Figure = fn(&Slice) -> f64;

/// What `off` costs while the machine has least else to do.
fn base(slices: &Slices, at: usize, figure: Figure) -> f64 {
    Spread::of(slices.iter().map(|cycle| figure(&cycle[at][0]))).low
}

/// How many times as much as `off` of the same cycle.
///
/// A machine that is busy makes both cost more, which a ratio does not show and a difference would.
fn ratio(slices: &Slices, at: usize, arm: usize, figure: Figure) -> Spread {
    Spread::of(
        slices
            .iter()
            .map(|cycle| figure(&cycle[at][arm]) / figure(&cycle[at][0])),
    )
}

fn added(slices: &Slices, at: usize, arm: usize, figure: Figure) -> Spread {
    let base = base(slices, at, figure);
    let Spread { low, median, high } = ratio(slices, at, arm, figure);
    let of = |ratio: f64| (ratio - 1.0) * base;
    Spread {
        low: of(low),
        median: of(median),
        high: of(high),
    }
}

fn per_query(slices: &Slices, arm: usize, figure: Figure) -> f64 {
    let many = added(slices, 2, arm, figure).median;
    let one = added(slices, 1, arm, figure).median;
    (many - one) / MORE_QUERIES
}
