//! Figures per time bucket: what percentiles over any range are read from.
//!
//! Shared by all stores. A batch is summed into [`BatchStats`] first, so that a store adds a few
//! rows however many requests came.

mod batch;
#[cfg(feature = "sqlite")]
mod histogram;
mod window;

pub(crate) use batch::{BatchStats, RouteFigures, StatementFigures};
#[cfg(feature = "sqlite")]
pub(crate) use histogram::{from_bytes, to_bytes};
pub(crate) use window::{OverTime, bucket_start, overlaps};

use silk_core::RequestKind;

/// Width of the finest bucket, in seconds.
pub(crate) const MINUTE_S: i64 = 60;

/// Width of the middle bucket, in seconds.
#[cfg(feature = "sqlite")]
pub(crate) const HOUR_S: i64 = 3600;

/// Width of the coarsest bucket, in seconds.
#[cfg(feature = "sqlite")]
pub(crate) const DAY_S: i64 = 24 * 3600;

/// How old a bucket of a width must be to be summed into the next wider one: minute, hour.
#[cfg(feature = "sqlite")]
pub(crate) const COMPACT_AFTER_S: [(i64, i64, i64); 2] =
    [(MINUTE_S, HOUR_S, 2 * HOUR_S), (HOUR_S, DAY_S, 8 * DAY_S)];

/// What does the work.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RouteKey {
    /// What kind of work it is.
    pub(crate) kind: RequestKind,
    /// HTTP method; empty for jobs and tests.
    pub(crate) method: String,
    /// Route template, raw path, or name of the job.
    pub(crate) route: String,
}
