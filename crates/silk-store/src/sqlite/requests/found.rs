//! What a search has found, and where it goes on.

use uuid::Uuid;

/// Requests looked at in one statement when no index serves a filter.
pub(super) const MAX_SCANNED_REQUESTS: i64 = 2000;

/// What was found so far: the requests' numbers in order, one more than fits if there is one.
pub(super) struct Found {
    pub(super) size: usize,
    pub(super) sequences: Vec<i64>,
    pub(super) rest: Rest,
}

impl Found {
    pub(super) fn wanted(&self) -> i64 {
        i64::try_from(self.size + 1 - self.sequences.len()).unwrap_or(0)
    }

    pub(super) fn is_full(&self) -> bool {
        self.sequences.len() > self.size
    }
}

/// Where a search that was cut short goes on.
pub(super) enum Rest {
    None,
    From(i64, Uuid),
    AfterLast,
}
