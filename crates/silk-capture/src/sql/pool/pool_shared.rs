//! What every connection of a pool shares.

use std::sync::Arc;

use silk_core::Database;

use super::{
    hide_from_layer::{Cover, CoverSpan},
    pool_holders::Holders,
};
use crate::{
    record::{Recorder, pools_here::PoolIsThere},
    sql::tracing::is_installed,
};

/// What every connection of a pool shares.
#[derive(Debug)]
pub(super) struct PoolShared {
    pub(super) recorder: Recorder,
    pub(super) database: Arc<Database>,
    pub(super) holders: Arc<Holders>,
    pub(super) cover_span: CoverSpan,
    /// There as long as the pool or a connection of it is.
    pub(super) _is_there: Arc<PoolIsThere>,
}

impl PoolShared {
    /// A cover for one call of its driver.
    pub(super) fn cover(&self) -> Cover {
        Cover::new(self.database.kind, &self.cover_span)
    }

    /// Counts a query that belongs to no request. Where a tracing layer would count it again, the
    /// query is to run under the cover that is given.
    pub(super) fn count_unattributed(&self) -> Option<Cover> {
        self.recorder.count_unattributed();
        (is_installed() && self.recorder.is_recording()).then(|| self.cover())
    }
}
