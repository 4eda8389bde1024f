//! The hash behind a fingerprint.

use crate::{DatabaseKind, Fingerprint};

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a, 64 bits: simple enough to stay the same in every version, on every machine.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    extend(OFFSET, bytes)
}

fn extend(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    })
}

/// The fingerprint of a normalised text: FNV-1a over the word for the dialect, a zero byte, and
/// the text. Stores compare fingerprints across runs and versions: never change this.
pub(super) fn fingerprint(database: DatabaseKind, normalized: &str) -> Fingerprint {
    let hash = extend(extend(OFFSET, database.as_str().as_bytes()), &[0]);
    Fingerprint(extend(hash, normalized.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_the_same_in_every_version() {
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(
            fingerprint(DatabaseKind::Postgres, "SELECT ?"),
            Fingerprint(hash(b"postgres\0SELECT ?")),
        );
    }
}
