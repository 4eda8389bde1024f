//! Counts of requests that were lost, by reason and by minute.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use silk_core::{LossReason, StoreErrorKind, vitals::Minute};

/// Minutes that the ring keeps.
const MAX_MINUTES: usize = 60;

/// Counts of what was not kept, by reason, and of what was.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    counts: [AtomicU64; LossReason::ALL.len()],
    /// Touched by the writer and by losses only, never by a request that is kept.
    minutes: Mutex<Vec<Minute>>,
}

impl Losses {
    /// Counts `count` lost requests.
    pub(crate) fn add(&self, reason: LossReason, count: u64, now: DateTime<Utc>) {
        if count == 0 {
            return;
        }
        let index = LossReason::ALL.iter().position(|other| *other == reason);
        if let Some(counter) = index.and_then(|index| self.counts.get(index)) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
        self.minute(now, |minute| minute.lost += count);
    }

    /// Notes that `count` requests were stored.
    pub(crate) fn recorded(&self, count: u64, now: DateTime<Utc>) {
        if count > 0 {
            self.minute(now, |minute| minute.recorded += count);
        }
    }

    /// Takes back that `count` requests were stored: they cannot be read.
    pub(crate) fn unrecorded(&self, count: u64, now: DateTime<Utc>) {
        self.minute(now, |minute| {
            minute.recorded = minute.recorded.saturating_sub(count);
        });
    }

    pub(crate) fn by_reason(&self) -> Vec<(LossReason, u64)> {
        LossReason::ALL
            .iter()
            .zip(&self.counts)
            .map(|(reason, count)| (*reason, count.load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    pub(crate) fn minutes(&self) -> Vec<Minute> {
        self.minutes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn minute(&self, now: DateTime<Utc>, change: impl FnOnce(&mut Minute)) {
        let started_at = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        // Two threads may pass the minute in either order: the later one stays the last.
        let is_new = minutes
            .last()
            .is_none_or(|last| last.started_at < started_at);
        if is_new {
            if minutes.len() == MAX_MINUTES {
                minutes.remove(0);
            }
            minutes.push(Minute {
                started_at,
                recorded: 0,
                lost: 0,
            });
        }
        if let Some(last) = minutes.last_mut() {
            change(last);
        }
    }
}

/// The reason that a failure of the store stands for.
pub(crate) const fn reason_of(kind: StoreErrorKind) -> LossReason {
    match kind {
        StoreErrorKind::Unavailable | StoreErrorKind::Timeout | StoreErrorKind::Incompatible => {
            LossReason::StoreUnavailable
        }
        StoreErrorKind::Locked => LossReason::StoreLocked,
        StoreErrorKind::Full => LossReason::StoreFull,
        StoreErrorKind::ReadOnly => LossReason::StoreReadOnly,
        StoreErrorKind::Corrupt => LossReason::StoreCorrupt,
        _ => LossReason::StoreError,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_reason_and_minute() {
        let losses = Losses::default();
        let now = DateTime::from_timestamp(1_000_000_020, 0).unwrap();
        losses.add(LossReason::QueueFull, 2, now);
        losses.add(LossReason::QueueFull, 1, now);
        losses.add(LossReason::Internal, 0, now);
        losses.recorded(7, now + TimeDelta::minutes(1));
        assert_eq!(losses.by_reason(), [(LossReason::QueueFull, 3)]);
        let minutes = losses.minutes();
        assert_eq!(minutes.len(), 2);
        assert_eq!((minutes[0].lost, minutes[1].recorded), (3, 7));
        for minute in 2..200 {
            losses.recorded(1, now + TimeDelta::minutes(minute));
        }
        assert_eq!(losses.minutes().len(), MAX_MINUTES);
    }
}
