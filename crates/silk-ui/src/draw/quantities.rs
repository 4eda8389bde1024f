//! Numbers with the words that they count, the same on every page and in every message.

use silk_core::words::count;
pub(crate) use silk_core::words::plural;

/// What a template holds as a number, by value or by reference.
pub(crate) trait Number {
    /// It, as wide as numbers get.
    fn number(&self) -> u64;
}

impl Number for u64 {
    fn number(&self) -> u64 {
        *self
    }
}

impl Number for u32 {
    fn number(&self) -> u64 {
        u64::from(*self)
    }
}

impl Number for usize {
    fn number(&self) -> u64 {
        u64::try_from(*self).unwrap_or(u64::MAX)
    }
}

impl<T: Number> Number for &T {
    fn number(&self) -> u64 {
        (**self).number()
    }
}

/// A number with separators: `10,112`.
pub(crate) fn n(number: impl Number) -> String {
    count(number.number())
}

/// A number and what it counts: `1 request`, `10,112 requests`, `0 queries`.
pub(crate) fn counted(number: impl Number, word: &str) -> String {
    silk_core::words::counted(number.number(), word)
}

/// Several things in a row: `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_give_numbers_by_value_or_by_reference() {
        let by_reference = &&7_u64;
        assert_eq!(counted(by_reference, "row"), "7 rows");
        assert_eq!(n(2_896_u64), "2,896");
        assert_eq!(n(40_677_usize), "40,677");
        assert_eq!(counted(1_u32, "request"), "1 request");
    }

    #[test]
    fn things_in_a_row_end_with_and() {
        let words = |n: usize| (1..=n).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(listed(&words(0)), "");
        assert_eq!(listed(&words(1)), "1");
        assert_eq!(listed(&words(2)), "1 and 2");
        assert_eq!(listed(&words(3)), "1, 2 and 3");
    }
}
