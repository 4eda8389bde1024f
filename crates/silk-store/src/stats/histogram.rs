//! A histogram as bytes: the version, then its buckets and largest value as varints.

use silk_core::Histogram;

const VERSION: u8 = 1;

/// The bytes of a histogram: about three for each filled bucket.
pub(crate) fn to_bytes(histogram: &Histogram) -> Vec<u8> {
    // Writing into a growing vector cannot fail.
    postcard::to_extend(histogram, vec![VERSION]).unwrap_or_default()
}

/// The histogram of `bytes`; none if they are not what [`to_bytes`] wrote.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Histogram> {
    let (&VERSION, rest) = bytes.split_first()? else {
        return None;
    };
    postcard::from_bytes(rest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_small() {
        let mut histogram = Histogram::default();
        (0..10_000).for_each(|value| histogram.record(1000 + value % 100));
        let bytes = to_bytes(&histogram);
        assert!(bytes.len() < 40, "{} bytes", bytes.len());
        assert_eq!(from_bytes(&bytes), Some(histogram));
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(from_bytes(&[]), None);
        assert_eq!(from_bytes(&[9, 0, 0]), None);
        assert_eq!(from_bytes(&[VERSION, 5]), None);
    }
}
