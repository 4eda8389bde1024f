//! When the store is asked to remove what is over its budget, and for how long.

use std::time::{Duration, Instant};

/// Pause between looks for what is over the store's budget.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// A look comes before its time after so many requests were written.
const MAX_WRITTEN: u64 = 5000;

/// Removing goes on between batches once so much time was spent on writing: a step is not worth
/// beginning for less.
const MIN_CREDIT: Duration = Duration::from_millis(25);

/// No more than this is saved up, so that the queue never waits for long.
const MAX_CREDIT: Duration = Duration::from_millis(100);

/// When the store is asked to remove what is over its budget, and for how long.
///
/// Removing gets as much time as writing, so that it keeps up however fast records come; new
/// records go first.
#[derive(Debug)]
pub(super) struct RetentionPace {
    next: Instant,
    credit: Duration,
    written: u64,
}

impl RetentionPace {
    pub(super) fn new() -> Self {
        Self {
            // A store learns its budget with the first look.
            next: Instant::now(),
            credit: Duration::ZERO,
            written: 0,
        }
    }

    /// Notes a batch of `count` requests that took so long to write.
    pub(super) fn wrote(&mut self, count: u64, spent: Duration) {
        self.written = self.written.saturating_add(count);
        self.credit = (self.credit + spent).min(MAX_CREDIT);
    }

    /// Whether a step is due.
    pub(super) fn is_due(&self) -> bool {
        self.written >= MAX_WRITTEN || Instant::now() >= self.next
    }

    /// Whether a step is due before the next batch, though one is waiting.
    pub(super) fn is_due_between_batches(&self) -> bool {
        self.credit >= MIN_CREDIT && self.is_due()
    }

    /// Notes a step; whether another follows at once.
    pub(super) fn stepped(&mut self, spent: Duration, is_more: bool) -> bool {
        self.written = 0;
        self.credit = self.credit.saturating_sub(spent);
        self.next = Instant::now()
            + if is_more {
                Duration::ZERO
            } else {
                LOOK_INTERVAL
            };
        is_more && !self.credit.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn many_requests_bring_the_look_forward() {
        let mut pace = RetentionPace::new();
        assert!(pace.is_due(), "at the start");
        pace.stepped(MS, false);
        assert!(!pace.is_due());
        pace.wrote(MAX_WRITTEN - 1, 200 * MS);
        assert!(!pace.is_due_between_batches());
        pace.wrote(1, MS);
        assert!(pace.is_due_between_batches());
        assert!(!pace.stepped(MS, false));
        assert!(!pace.is_due());
    }

    #[test]
    fn removing_takes_as_long_as_writing() {
        let mut pace = RetentionPace::new();
        pace.wrote(MAX_WRITTEN, 50 * MS);
        assert!(pace.stepped(30 * MS, true));
        assert!(!pace.stepped(30 * MS, true), "the time is used up");
        assert!(pace.is_due(), "when there is nothing else to do");
        assert!(!pace.is_due_between_batches());
        pace.wrote(1, 25 * MS);
        assert!(pace.is_due_between_batches());
    }
}
