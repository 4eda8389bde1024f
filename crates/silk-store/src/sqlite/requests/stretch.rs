//! A search below the top list, as a cursor.

use uuid::Uuid;

use super::found::Rest;

/// Key and id of a request: everything wanted lies below.
pub(super) type Place = (i64, Uuid);

/// How far a search below the top list has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// All that started at or after this were looked at.
    pub(super) before_us: i64,
    /// What lies at or above was on pages of the top list.
    pub(super) below: Place,
}

/// The half of an id that a cursor has room for.
const HALF: u32 = 64;

impl Stretch {
    /// The cursor that stands for it. Keys are never negative; a negative one is a start. The id
    /// holds the key and half of the id of `below`.
    pub(super) fn rest(self) -> Rest {
        let key = u128::from(self.below.0.cast_unsigned()) << HALF;
        Rest::From(
            self.before_us.saturating_neg(),
            Uuid::from_u128(key | self.below.1.as_u128() >> HALF),
        )
    }

    /// None if the cursor is a place in the top list.
    pub(super) fn of_cursor((key, id): Place) -> Option<Self> {
        if key >= 0 {
            return None;
        }
        let packed = id.as_u128();
        let below = u64::try_from(packed >> HALF).unwrap_or(u64::MAX);
        // Half an id is its millisecond and 12 random bits: what has the same key too is the one
        // that was on the page before.
        Some(Self {
            before_us: key.saturating_neg(),
            below: (below.cast_signed(), Uuid::from_u128(packed << HALF)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back() {
        for before_us in [i64::MAX, 1, 1_700_000_000_000_000] {
            for key in [0, 77, i64::MAX] {
                let below = (key, Uuid::from_u128(0x0123 << 100));
                let stretch = Stretch { before_us, below };
                let Rest::From(key, id) = stretch.rest() else {
                    unreachable!("a place")
                };
                assert_eq!(Stretch::of_cursor((key, id)), Some(stretch));
            }
        }
        assert_eq!(Stretch::of_cursor((0, Uuid::max())), None);
    }
}
