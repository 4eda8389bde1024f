//! From when ages are counted, where the clock cannot be trusted.
//!
//! A clock that is a year ahead for an hour would make everything old at once. So a leap of the
//! clock is believed only after a while: until then ages are counted from the newest of what the
//! leap made old.

/// How long a leap of the clock is doubted at most, in microseconds: a day.
const MAX_DOUBT_US: i64 = 24 * 3600 * 1_000_000;

/// What starts so long after now was dated by a clock that is ahead, in microseconds: a day.
pub(crate) const AHEAD_US: i64 = 24 * 3600 * 1_000_000;

/// What a look counts at most as time in which the clock went on, in microseconds: an hour.
const MAX_STEP_US: i64 = 3600 * 1_000_000;

/// What of the requests tells whether the clock is right, in microseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Starts {
    /// The newest of those that are too old.
    pub(crate) newest_old_us: Option<i64>,
    /// The oldest of the others that does not lie in the future.
    pub(crate) oldest_young_us: Option<i64>,
}

/// How the clock went on while retention looked at it.
#[derive(Debug, Default)]
pub(crate) struct Age {
    last_us: Option<i64>,
    went_on_us: i64,
}

impl Age {
    /// Notes what the clock says.
    pub(crate) fn look(&mut self, now_us: i64) {
        if let Some(last_us) = self.last_us {
            let step_us = now_us.saturating_sub(last_us).clamp(0, MAX_STEP_US);
            self.went_on_us = self.went_on_us.saturating_add(step_us);
        }
        self.last_us = Some(now_us);
    }

    /// The time that ages are counted from: that of the clock, once requests came for a day (or a
    /// seventh of the age) after those that are too old, or the clock went on for as long.
    pub(crate) fn counted_from(&self, now_us: i64, max_age_us: i64, starts: Starts) -> i64 {
        let doubt_us = (max_age_us / 7).min(MAX_DOUBT_US);
        let is_borne_out = starts
            .oldest_young_us
            .is_some_and(|young_us| now_us.saturating_sub(young_us) >= doubt_us);
        match starts.newest_old_us {
            Some(old_us) if !is_borne_out && self.went_on_us < doubt_us => old_us,
            _ => now_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = MAX_STEP_US;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn a_leap_is_doubted_for_a_while() {
        let mut age = Age::default();
        let starts = |newest_old_us, oldest_young_us| Starts {
            newest_old_us,
            oldest_young_us,
        };
        let now = 400 * DAY;
        let from = |age: &Age, starts| age.counted_from(now, 7 * DAY, starts);
        age.look(now);
        assert_eq!(from(&age, starts(None, None)), now, "nothing is old");
        assert_eq!(from(&age, starts(Some(5), None)), 5);
        assert_eq!(from(&age, starts(Some(5), Some(now - HOUR))), 5);
        assert_eq!(from(&age, starts(Some(5), Some(now - DAY))), now);
        for hour in 1..24 {
            age.look(now + hour * HOUR);
            assert_eq!(from(&age, starts(Some(5), None)), 5, "{hour}");
        }
        age.look(now + 800 * DAY);
        assert_eq!(from(&age, starts(Some(5), None)), now, "a day went on");
    }
}
