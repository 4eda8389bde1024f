//! How many listen to the live list: each asks the store again and again, so there is a limit.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// Listeners at once.
pub(crate) const MAX_LISTENERS: usize = 16;

/// The listeners of a dashboard.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Arc<AtomicUsize>);

/// The place of one listener, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Listeners {
    /// A place, unless all are taken.
    pub(crate) fn take(&self) -> Option<Seat> {
        let taken = self
            .0
            .fetch_update(Relaxed, Relaxed, |n| (n < MAX_LISTENERS).then_some(n + 1));
        taken.is_ok().then(|| Seat(Arc::clone(&self.0)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_listener_is_gone() {
        let listeners = Listeners::default();
        let mut seats: Vec<_> = (0..MAX_LISTENERS)
            .map(|_| listeners.take().unwrap())
            .collect();
        assert!(listeners.take().is_none());
        seats.pop();
        assert!(listeners.take().is_some());
    }
}
