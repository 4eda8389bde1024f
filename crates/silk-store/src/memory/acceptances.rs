//! What people accept.

use std::cmp::Reverse;

use silk_core::{
    StoreError, StoreErrorKind,
    store::{Acceptance, MAX_ACCEPTANCES},
};

/// Acceptances, and the number of the last.
#[derive(Debug, Default)]
pub(super) struct Acceptances {
    kept: Vec<Acceptance>,
    last: i64,
}

impl Acceptances {
    pub(super) fn accept(&mut self, acceptance: &Acceptance) -> Result<i64, StoreError> {
        if self.kept.len() >= usize::try_from(MAX_ACCEPTANCES).unwrap_or(usize::MAX) {
            let error = StoreError::new(
                StoreErrorKind::Other,
                "accept a finding",
                format!("{MAX_ACCEPTANCES} findings are accepted already"),
            );
            return Err(error.with_remedy("withdraw some that are no longer needed"));
        }
        self.last += 1;
        self.kept.push(Acceptance {
            id: self.last,
            ..acceptance.clone()
        });
        Ok(self.last)
    }

    /// Newest first.
    pub(super) fn list(&self) -> Vec<Acceptance> {
        let mut list = self.kept.clone();
        list.sort_by_key(|acceptance| Reverse((acceptance.at, acceptance.id)));
        list
    }

    pub(super) fn withdraw(&mut self, id: i64) -> bool {
        let before = self.kept.len();
        self.kept.retain(|acceptance| acceptance.id != id);
        self.kept.len() < before
    }
}
