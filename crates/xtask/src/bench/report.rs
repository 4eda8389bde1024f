use super::slices::{ADDRESSES, ARMS, Slice, Slices};

/// Queries that `list_some` runs more than `list_some_joined`.
const MORE_QUERIES: f64 = 100.0;

/// Prints the paired differences, as a table that can go into a README.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(super) fn print(database: &str, slices: &Slices) {
    println!("\n### {database}\n");
    println!("Added to a request; median of paired differences [quartiles], µs.\n");
    println!("| address | arm | CPU, app's threads | CPU, all threads | × | client p50 |");
    println!("|---|---|---|---|---|---|");
    for (at, (address, ..)) in ADDRESSES.iter().enumerate() {
        let base = |value: fn(&Slice) -> f64| {
            median(
                &mut slices
                    .iter()
                    .map(|cycle| value(&cycle[at][0]))
                    .collect::<Vec<_>>(),
            )
        };
        println!(
            "| {address} | off | {:.1} | {:.1} | 1 | {:.1} |",
            base(|slice| slice.app),
            base(|slice| slice.all),
            base(|slice| slice.latency),
        );
        for (arm, (name, _)) in ARMS.iter().enumerate().skip(1) {
            let added = |value: fn(&Slice) -> f64| {
                Spread::of(
                    slices
                        .iter()
                        .map(|cycle| value(&cycle[at][arm]) - value(&cycle[at][0])),
                )
            };
            let ratio = Spread::of(
                slices
                    .iter()
                    .map(|cycle| cycle[at][arm].all / cycle[at][0].all),
            );
            println!(
                "| {address} | {name} | {} | {} | {:.2} | {} |",
                added(|slice| slice.app),
                added(|slice| slice.all),
                ratio.median,
                added(|slice| slice.latency),
            );
        }
    }
    println!("\nAdded per query (`list_some` less `list_some_joined`, over 100), µs.\n");
    println!("| arm | CPU, app's threads | CPU, all threads | client p50 |");
    println!("|---|---|---|---|");
    for (arm, (name, _)) in ARMS.iter().enumerate().skip(1) {
        let per_query = |value: fn(&Slice) -> f64| {
            Spread::of(slices.iter().map(|cycle| {
                let many = value(&cycle[2][arm]) - value(&cycle[2][0]);
                let one = value(&cycle[1][arm]) - value(&cycle[1][0]);
                (many - one) / MORE_QUERIES
            }))
        };
        println!(
            "| {name} | {} | {} | {} |",
            per_query(|slice| slice.app),
            per_query(|slice| slice.all),
            per_query(|slice| slice.latency),
        );
    }
}

/// A median with its quartiles.
#[derive(Debug, Clone, Copy)]
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
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
