use super::{
    price::{Limit, Price},
    slices::{ADDRESSES, ARMS, Address, LAYER, POOL, Slice, Slices},
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

/// A median with its quartiles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Spread {
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        let median = median(&mut values);
        let at = |quarters: usize| {
            values
                .get(values.len().saturating_sub(1) * quarters / 4)
                .copied()
                .unwrap_or(f64::NAN)
        };
        Self {
            low: at(1),
            median,
            high: at(3),
        }
    }

    pub(super) fn median(self) -> f64 {
        self.median
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:+.1} [{:+.1}..{:+.1}]",
            self.median, self.low, self.high
        )
    }
}

/// The median; sorts on the way. Of nothing it is not a number.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values {
        [] => f64::NAN,
        values if values.len() % 2 == 1 => values[middle],
        values => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Spread, median};

    #[test]
    fn medians_and_quartiles_are_those_of_the_sorted_values() {
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&mut [4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(&mut []).is_nan());
        let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0].into_iter());
        assert_eq!(spread.to_string(), "+3.0 [+2.0..+4.0]");
    }
}
