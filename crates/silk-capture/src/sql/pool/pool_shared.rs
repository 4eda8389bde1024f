//! What every connection of a pool shares.

use std::sync::Arc;

use silk_core::Database;

use super::{hide_from_layer::Cover, pool_holders::Holders};
use crate::{record::Recorder, sql::tracing::is_installed};

/// What every connection of a pool shares.
#[derive(Debug)]
pub(super) struct PoolShared {
    pub(super) recorder: Recorder,
    pub(super) database: Arc<Database>,
    pub(super) holders: Arc<Holders>,
}

impl PoolShared {
    /// Counts a query that belongs to no request. Where a tracing layer would count it again, the
    /// query is to run under the cover that is given.
    pub(super) fn count_unattributed(&self) -> Option<Cover> {
        self.recorder.count_unattributed();
        (is_installed() && self.recorder.is_recording()).then(|| Cover::new(self.database.kind))
    }
}
