//! Figures of two sides in words: `62.1 → 4.10 ms`, `−90 %`.

use crate::words::{count, duration};

/// A time on both sides: `62.1 → 4.10 ms`; each with its unit where they differ.
#[must_use]
pub fn from_to(a_us: u64, b_us: u64) -> String {
    let (a, b) = (duration(a_us), duration(b_us));
    match (a.rsplit_once(' '), b.rsplit_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} → {b}"),
        _ => format!("{a} → {b}"),
    }
}

/// The average of a sum: whole where it is or from ten on, else with one decimal.
#[must_use]
pub fn average(sum: u64, of: u64) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let tenths = (u128::from(sum) * 10 + u128::from(of) / 2) / u128::from(of);
    if sum.is_multiple_of(of) || tenths >= 100 {
        let whole = (u128::from(sum) + u128::from(of) / 2) / u128::from(of);
        return count(u64::try_from(whole).unwrap_or(u64::MAX));
    }
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// How a time changed: `−58.0 ms (−93 %)`; nothing where it did not.
#[must_use]
pub fn change_of_time(a_us: u64, b_us: u64) -> String {
    if a_us == b_us {
        return String::new();
    }
    let share = share(a_us, b_us);
    format!(
        "{}{}{share}",
        sign(a_us, b_us),
        duration(a_us.abs_diff(b_us))
    )
}

/// How a count changed: `−100`; nothing where it did not.
#[must_use]
pub fn change_of_count(a: u64, b: u64) -> String {
    if a == b {
        return String::new();
    }
    format!("{}{}", sign(a, b), count(a.abs_diff(b)))
}

const fn sign(a: u64, b: u64) -> &'static str {
    if b > a { "+" } else { "−" }
}

/// ` (−93 %)`, ` (×4.2)` from twice on; nothing where there was nothing before.
fn share(a: u64, b: u64) -> String {
    if a == 0 {
        return String::new();
    }
    let (a, b) = (u128::from(a), u128::from(b));
    if b >= 2 * a {
        let tenths = (b * 10 + a / 2) / a;
        return if tenths >= 100 {
            format!(
                " (×{})",
                count(u64::try_from(tenths / 10).unwrap_or(u64::MAX))
            )
        } else {
            format!(" (×{}.{})", tenths / 10, tenths % 10)
        };
    }
    let percent = (a.abs_diff(b) * 100 + a / 2) / a;
    if percent == 0 {
        return String::new();
    }
    format!(" ({}{percent} %)", if b > a { "+" } else { "−" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_two_sides_are_short() {
        assert_eq!(from_to(62_100, 4_100), "62.1 → 4.10 ms");
        assert_eq!(from_to(980, 4_100), "980 µs → 4.10 ms");
        assert_eq!(average(101, 1), "101");
        assert_eq!(average(5, 2), "2.5");
        assert_eq!(average(10_143, 10), "1,014");
        assert_eq!(average(0, 0), "–");
        assert_eq!(average(u64::MAX, 1), "18,446,744,073,709,551,615");
        assert_eq!(change_of_time(62_100, 4_100), "−58.0 ms (−93 %)");
        assert_eq!(change_of_time(4_100, 62_100), "+58.0 ms (×15)");
        assert_eq!(change_of_time(1_000, 2_400), "+1.40 ms (×2.4)");
        assert_eq!(change_of_time(1_000, 1_300), "+300 µs (+30 %)");
        assert_eq!(change_of_time(1_000_000, 1_000_001), "+1 µs");
        assert_eq!(change_of_time(0, 2_400), "+2.40 ms");
        assert_eq!(change_of_time(7, 7), "");
        assert_eq!(change_of_count(101, 1), "−100");
        assert_eq!(change_of_count(1, 10_101), "+10,100");
    }
}
