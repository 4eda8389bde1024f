//! Figures in words, as the pages write them.

pub(super) use crate::words::count;

/// Microseconds with three significant digits, rounded as pages do, in the unit that fits.
pub(super) fn duration(us: u64) -> String {
    // Thousandths of the unit.
    let (thousandths, unit) = match us {
        0..1_000 => return format!("{us} µs"),
        1_000..999_500 => (us, "ms"),
        _ => (us.saturating_add(500) / 1_000, "s"),
    };
    match thousandths {
        0..9_995 => {
            let rounded = (thousandths + 5) / 10;
            format!("{}.{:02} {unit}", rounded / 100, rounded % 100)
        }
        9_995..99_950 => {
            let rounded = (thousandths + 50) / 100;
            format!("{}.{} {unit}", rounded / 10, rounded % 10)
        }
        _ => format!("{} {unit}", (thousandths + 500) / 1_000),
    }
}

/// A part of a whole: `41.6 of 42.7 ms`; the unit once where it is the same.
pub(super) fn of(part_us: u64, whole_us: u64) -> String {
    let (part, whole) = (duration(part_us), duration(whole_us));
    match (part.rsplit_once(' '), whole.rsplit_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} of {whole}"),
        _ => format!("{part} of {whole}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_unit_where_it_differs() {
        assert_eq!(of(41_600, 42_700), "41.6 of 42.7 ms");
        assert_eq!(of(245, 42_700), "245 µs of 42.7 ms");
        assert_eq!(of(637_000, 1_200_000), "637 ms of 1.20 s");
    }

    #[test]
    fn durations_have_three_digits() {
        assert_eq!(duration(412), "412 µs");
        assert_eq!(duration(4_712), "4.71 ms");
        assert_eq!(duration(2_790_000), "2.79 s");
        assert_eq!(duration(140_000), "140 ms");
        assert_eq!(duration(723_600), "724 ms");
        assert_eq!(duration(9_996), "10.0 ms");
        assert_eq!(duration(999_600), "1.00 s");
        assert_eq!(count(1_010_015), "1,010,015");
    }
}
