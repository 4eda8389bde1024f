//! Timestamps and ids, derived from one reading of the wall clock.

use std::{
    cell::Cell,
    hash::{BuildHasher, Hasher, RandomState},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};
use silk_core::RequestId;
use uuid::Uuid;

/// One reading of the wall clock, from which every timestamp of the run is derived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    anchor: Instant,
    /// Microseconds since 1970 at the anchor.
    anchor_us: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            anchor: Instant::now(),
            anchor_us: micros(since),
        }
    }

    /// Microseconds since 1970 at `instant`.
    fn unix_us(&self, instant: Instant) -> u64 {
        self.anchor_us
            .saturating_add(micros(instant.saturating_duration_since(self.anchor)))
    }

    pub(crate) fn time_of(&self, instant: Instant) -> DateTime<Utc> {
        i64::try_from(self.unix_us(instant))
            .ok()
            .and_then(DateTime::from_timestamp_micros)
            .unwrap_or_default()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.time_of(Instant::now())
    }

    /// A UUID v7 of `instant`, ordered down to the microsecond.
    pub(crate) fn id_of(&self, instant: Instant) -> RequestId {
        let us = self.unix_us(instant);
        // RFC 9562, method 3: the 12 bits after the milliseconds carry the fraction.
        let fraction = ((us % 1_000) << 12) / 1_000;
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&low_u16(fraction).to_be_bytes());
        bytes[2..].copy_from_slice(&random().to_be_bytes());
        RequestId(uuid::Builder::from_unix_timestamp_millis(us / 1_000, &bytes).into_uuid())
    }
}

/// Whole microseconds of a duration.
pub(crate) fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn low_u16(value: u64) -> u16 {
    u16::try_from(value & 0xffff).unwrap_or_default()
}

/// The number that sampling decides by, from the random part of an id.
pub(crate) fn random_part(id: RequestId) -> u32 {
    let bytes = Uuid::as_bytes(&id.0);
    u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]])
}

/// 64 random bits without a system call: SplitMix64, seeded per thread by the standard library.
pub(crate) fn random() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
    }
    STATE
        .try_with(|state| {
            let next = state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
            state.set(next);
            let mixed = (next ^ (next >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn ids_order_by_start_and_carry_their_time() {
        let clock = Clock::start();
        let first = Instant::now();
        let mut last = clock.id_of(first);
        for us in 1..5_000 {
            let instant = first + Duration::from_micros(us);
            let id = clock.id_of(instant);
            assert!(id > last, "{us}");
            assert_eq!(id.0.get_version_num(), 7);
            let (seconds, nanos) = id.0.get_timestamp().unwrap().to_unix();
            let millis = i64::try_from(seconds).unwrap() * 1_000 + i64::from(nanos / 1_000_000);
            assert_eq!(millis, clock.time_of(instant).timestamp_millis());
            last = id;
        }
    }
}
