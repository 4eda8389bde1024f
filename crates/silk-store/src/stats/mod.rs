//! Figures per time bucket: what percentiles over any range are read from.
//!
//! Shared by all stores. A batch is summed into [`BatchStats`] first, so that a store adds a few
//! rows however many requests came.

mod batch;
#[cfg(feature = "sqlite")]
mod compaction;
#[cfg(feature = "sqlite")]
mod histogram;
mod plans;
mod sights;
mod uses;
mod window;

pub(crate) use batch::{BatchStats, RouteFigures, StatementFigures};
#[cfg(feature = "sqlite")]
pub(crate) use compaction::Compaction;
#[cfg(feature = "sqlite")]
pub(crate) use histogram::{from_bytes, to_bytes};
#[cfg(feature = "sqlite")]
pub(crate) use plans::is_asked_for;
pub(crate) use plans::{PlanFigures, is_better, sight_of};
pub(crate) use sights::{FindingKey, Said, SightFigures, Sights};
pub(crate) use uses::{ByStatement, Durations, Sum, UseFigures};
pub(crate) use window::{OverTime, bucket_start, overlaps};

/// What does the work.
pub(crate) use silk_core::store::RouteName as RouteKey;

/// Width of the finest bucket, in seconds.
pub(crate) const MINUTE_S: i64 = 60;

/// Width of the finest bucket of plans, in seconds.
pub(crate) const HOUR_S: i64 = 3600;

/// Width of the coarsest bucket, in seconds.
#[cfg(feature = "sqlite")]
pub(crate) const DAY_S: i64 = 24 * HOUR_S;

/// Widths of buckets of routes and statements, as a JSON array of seconds.
#[cfg(feature = "sqlite")]
pub(crate) const WIDTHS: &str = "[60,600,3600,21600,86400]";

/// Widths of buckets of plans, as a JSON array of seconds.
#[cfg(feature = "sqlite")]
pub(crate) const PLAN_WIDTHS: &str = "[3600,86400]";

/// A width, the next wider one, and how old a bucket must be to be summed into that.
///
/// Chosen so that no window of a page reads many more than a hundred buckets of each route.
#[cfg(feature = "sqlite")]
pub(crate) const COMPACT_AFTER_S: [(i64, i64, i64); 4] = [
    (MINUTE_S, 10 * MINUTE_S, HOUR_S),
    (10 * MINUTE_S, HOUR_S, 6 * HOUR_S),
    (HOUR_S, 6 * HOUR_S, 2 * DAY_S),
    (6 * HOUR_S, DAY_S, 8 * DAY_S),
];

/// The same for plans.
#[cfg(feature = "sqlite")]
pub(crate) const COMPACT_PLANS_AFTER_S: (i64, i64, i64) = (HOUR_S, DAY_S, 8 * DAY_S);

/// Forms of plans that are kept of a statement. More than a few mean that it is planned
/// differently each time, of which the first are as good as all.
pub(crate) const MAX_FORMS: i64 = 50;

/// A form of a plan not seen for so long makes room for a new one.
pub(crate) const FORM_GIVEN_UP_US: i64 = 24 * HOUR_S * 1_000_000;

/// How far before a window the plan is looked for that was there before, in seconds.
pub(crate) const LOOK_BACK_S: i64 = 14 * 24 * HOUR_S;

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_one_another() {
        let widths: Vec<i64> = serde_json::from_str(WIDTHS).unwrap();
        let steps: Vec<i64> = COMPACT_AFTER_S.iter().map(|(fine, ..)| *fine).collect();
        assert_eq!(widths[..4], steps);
        for (step, next) in COMPACT_AFTER_S.iter().zip(&widths[1..]) {
            assert_eq!(step.1, *next);
            assert_eq!(next % step.0, 0, "a bucket lies within one wider one");
        }
        let plans: Vec<i64> = serde_json::from_str(PLAN_WIDTHS).unwrap();
        assert_eq!(plans, [COMPACT_PLANS_AFTER_S.0, COMPACT_PLANS_AFTER_S.1]);
    }
}
