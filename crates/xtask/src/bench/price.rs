//! The prices that recording is held to.

/// What is asked of a figure.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// A figure and what is asked of it.
#[derive(Debug)]
pub(super) struct Price {
    what: String,
    unit: &'static str,
    limit: Limit,
    value: f64,
}

impl Price {
    pub(super) fn new(
        what: impl Into<String>,
        unit: &'static str,
        limit: Limit,
        value: f64,
    ) -> Self {
        Self {
            what: what.into(),
            unit,
            limit,
            value,
        }
    }

    /// By how much of the limit it is missed; none if it is met.
    fn missed_by(&self) -> Option<f64> {
        let over = match self.limit {
            Limit::AtMost(limit) => self.value / limit - 1.0,
            Limit::AtLeast(limit) => limit / self.value - 1.0,
        };
        // What is not a number was not measured, and is no success.
        (over.is_nan() || over > 0.0).then_some(over)
    }
}

/// Prints which prices are met.
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
pub(super) fn print(prices: &[Price]) {
    println!("\n### Prices\n");
    println!("| price | to reach | measured | |");
    println!("|---|---|---|---|");
    for price in prices {
        let limit = match price.limit {
            Limit::AtMost(limit) => format!("≤ {limit}"),
            Limit::AtLeast(limit) => format!("≥ {limit}"),
        };
        let met = match price.missed_by() {
            None => "met".to_owned(),
            Some(over) => format!("missed by {:.0} %", over * 100.0),
        };
        let digits = usize::from(price.value.abs() < 100.0) + usize::from(price.unit == "×");
        println!(
            "| {} | {limit} {} | {:.digits$} {} | {met} |",
            price.what, price.unit, price.value, price.unit
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_met_or_missed() {
        let most = |value| Price::new("", "µs", Limit::AtMost(4.0), value).missed_by();
        let least = |value| Price::new("", "", Limit::AtLeast(100.0), value).missed_by();
        assert_eq!((most(4.0), least(100.0)), (None, None));
        assert!(most(5.0).is_some_and(|over| (over - 0.25).abs() < 1e-9));
        assert!(least(50.0).is_some_and(|over| (over - 1.0).abs() < 1e-9));
        assert!(most(f64::NAN).is_some());
    }
}
