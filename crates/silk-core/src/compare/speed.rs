//! Whether durations of one side are longer than those of the other, or whether that is chance.

use crate::Histogram;

/// Which side is faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// B is faster: more than chance explains.
    Faster,
    /// B is slower: more than chance explains.
    Slower,
    /// There are enough requests, and they do not differ by more than chance explains.
    Same,
    /// Too few requests to say: the figures differ, and so might those of two requests alike.
    TooFew,
}

/// Requests that each side needs before one is called faster: calls within one request share its
/// moment (a cold cache, a busy machine), so they count as one.
pub const MIN_REQUESTS: u64 = 8;

/// Difference of the medians below which nobody calls one faster, in percent.
pub const MIN_DIFFERENCE_PERCENT: u64 = 10;

/// As far from chance as one in a thousand comparisons of sides alike gets (two-sided).
const MIN_DEVIATIONS: f64 = 3.29;

/// Which side's durations are longer, by the Mann-Whitney test, which asks nothing of their
/// distribution: 40 quick requests and one slow do not make a slow side. `a_requests` and
/// `b_requests` are how many independent measurements they stand for.
pub(super) fn speed(a: &Histogram, b: &Histogram, a_requests: u64, b_requests: u64) -> Speed {
    let enough = |durations: &Histogram, requests: u64| durations.count().min(requests);
    let (n, m) = (enough(a, a_requests), enough(b, b_requests));
    if n < MIN_REQUESTS || m < MIN_REQUESTS {
        return Speed::TooFew;
    }
    let (one, other) = (a.percentile(50.0), b.percentile(50.0));
    let differ = one.abs_diff(other);
    if u128::from(differ) * 100 < u128::from(one.max(other)) * u128::from(MIN_DIFFERENCE_PERCENT) {
        return Speed::Same;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share, to three digits")]
    let (n, m) = (n as f64, m as f64);
    // Of the share of pairs in which b is longer, for two sides alike.
    let deviation = ((n + m + 1.0) / (12.0 * n * m)).sqrt();
    let deviations = (share_longer(a, b) - 0.5) / deviation;
    if deviations.abs() < MIN_DEVIATIONS {
        Speed::Same
    } else if deviations > 0.0 && other > one {
        Speed::Slower
    } else if deviations < 0.0 && other < one {
        Speed::Faster
    } else {
        // Medians and ranks say the opposite of each other: no clear case.
        Speed::Same
    }
}

/// Of all pairs of one duration each, the share in which b's is longer; a tie counts half.
fn share_longer(a: &Histogram, b: &Histogram) -> f64 {
    let (a_count, b_count) = (a.count(), b.count());
    if a_count == 0 || b_count == 0 {
        return 0.5;
    }
    let mut shorter = a.buckets().peekable();
    let (mut before, mut pairs) = (0_u128, 0_u128);
    for (bound, count) in b.buckets() {
        while let Some((_, more)) = shorter.next_if(|(other, _)| *other < bound) {
            before += u128::from(more);
        }
        let ties = match shorter.peek() {
            Some((other, ties)) if *other == bound => u128::from(*ties),
            _ => 0,
        };
        // Twice the pairs, so that a tie is a whole number.
        pairs += u128::from(count) * (2 * before + ties);
    }
    #[expect(clippy::cast_precision_loss, reason = "a share, to three digits")]
    let share = pairs as f64 / (2.0 * a_count as f64 * b_count as f64);
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    fn judged(a: &[u64], b: &[u64]) -> Speed {
        let n = |values: &[u64]| u64::try_from(values.len()).unwrap();
        speed(&of(a), &of(b), n(a), n(b))
    }

    #[test]
    fn few_requests_claim_nothing_however_far_apart() {
        assert_eq!(judged(&[100_000], &[1_000]), Speed::TooFew);
        assert_eq!(judged(&[100_000; 7], &[1_000; 100]), Speed::TooFew);
        assert_eq!(judged(&[100_000; 8], &[1_000; 8]), Speed::Faster);
        // A hundred calls of one request are one moment.
        let (a, b) = (of(&[900; 100]), of(&[300; 100]));
        assert_eq!(speed(&a, &b, 1, 1), Speed::TooFew);
        assert_eq!(speed(&a, &b, 100, 100), Speed::Faster);
    }

    #[test]
    fn noise_is_no_difference_and_outliers_are_none_either() {
        let noisy: Vec<u64> = (0..40).map(|n| 5_000 + n * 7_919 % 3_000).collect();
        let other: Vec<u64> = (0..40).map(|n| 5_100 + n * 104_729 % 3_000).collect();
        assert_eq!(judged(&noisy, &other), Speed::Same);
        let mut with_outlier = noisy.clone();
        with_outlier.extend([900_000, 1_200_000]);
        assert_eq!(judged(&noisy, &with_outlier), Speed::Same);
        let slower: Vec<u64> = noisy.iter().map(|us| us * 3 / 2).collect();
        assert_eq!(judged(&noisy, &slower), Speed::Slower);
        assert_eq!(judged(&slower, &noisy), Speed::Faster);
    }

    #[test]
    fn a_difference_that_is_certain_and_tiny_is_none() {
        assert_eq!(judged(&[1_000; 500], &[1_050; 500]), Speed::Same);
        assert_eq!(judged(&[1_000; 500], &[1_200; 500]), Speed::Slower);
    }

    #[test]
    fn pairs_are_counted_with_ties() {
        let share = |a: &[u64], b: &[u64]| share_longer(&of(a), &of(b));
        let is = |got: f64, wanted: f64| assert!((got - wanted).abs() < 1e-9, "{got} {wanted}");
        is(share(&[1, 2, 3], &[1, 2, 3]), 0.5);
        is(share(&[1], &[2]), 1.0);
        is(share(&[2], &[1]), 0.0);
        is(share(&[1, 3], &[2]), 0.5);
        is(share(&[1, 2], &[2, 3]), 0.875);
        is(share(&[], &[2, 3]), 0.5);
    }

    proptest::proptest! {
        #[test]
        fn the_other_way_round_is_the_opposite(
            a in proptest::collection::vec(0_u64..5_000, 1..60),
            b in proptest::collection::vec(0_u64..5_000, 1..60),
        ) {
            let there = judged(&a, &b);
            let back = judged(&b, &a);
            let opposite = match there {
                Speed::Faster => Speed::Slower,
                Speed::Slower => Speed::Faster,
                same => same,
            };
            proptest::prop_assert_eq!(back, opposite);
            let sum = share_longer(&of(&a), &of(&b)) + share_longer(&of(&b), &of(&a));
            proptest::prop_assert!((sum - 1.0).abs() < 1e-9);
        }

        #[test]
        fn pairs_are_counted_as_by_hand(
            a in proptest::collection::vec(0_u64..60, 1..40),
            b in proptest::collection::vec(0_u64..60, 1..40),
        ) {
            let mut twice = 0_u32;
            for x in &a {
                for y in &b {
                    twice += if y > x { 2 } else { u32::from(y == x) };
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let wanted = f64::from(twice) / 2.0 / (a.len() * b.len()) as f64;
            proptest::prop_assert!((share_longer(&of(&a), &of(&b)) - wanted).abs() < 1e-9);
        }

        #[test]
        fn a_side_is_like_itself(a in proptest::collection::vec(0_u64..u64::MAX, 1..60)) {
            let speed = judged(&a, &a);
            let is_none = matches!(speed, Speed::Same | Speed::TooFew);
            proptest::prop_assert!(is_none);
        }
    }
}
