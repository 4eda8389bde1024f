//! The budget of memory for everything that is not yet stored.

use std::sync::atomic::{AtomicUsize, Ordering};

/// One budget in bytes for everything that is not yet stored.
#[derive(Debug)]
pub(crate) struct Memory {
    used: AtomicUsize,
    limit: usize,
}

impl Memory {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            limit,
        }
    }

    /// Takes `bytes` of the budget; `false` (and nothing taken) where they are not there.
    pub(crate) fn try_take(&self, bytes: usize) -> bool {
        // Added before it is looked at, so that two takers cannot both get the last bytes; both
        // may be refused for an instant, which errs on the safe side.
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.limit {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        true
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_gives_more_than_there_is() {
        let memory = Memory::new(100);
        assert!(memory.try_take(60));
        assert!(!memory.try_take(41));
        assert!(memory.try_take(40));
        assert!(!memory.try_take(1));
        memory.give_back(60);
        assert_eq!(memory.used(), 40);
    }
}
