//! Figures in words, as the pages write them.

pub(super) use crate::words::{count, counted, duration, part_of as of};

/// What queries took, and what of it is about those that are too many: `1.56 s in total, 1.52 s more
/// than one of them`.
pub(super) fn in_total(total_us: u64, lost_us: u64) -> String {
    let (total, lost) = (duration(total_us), duration(lost_us));
    if total == lost {
        format!("{total} in total")
    } else {
        format!("{total} in total, {lost} more than one of them")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_that_differs_from_the_time_lost_says_by_what() {
        assert_eq!(
            in_total(1_560_000, 1_521_000),
            "1.56 s in total, 1.52 s more than one of them"
        );
        assert_eq!(in_total(1_560_000, 1_559_000), "1.56 s in total");
    }
}
