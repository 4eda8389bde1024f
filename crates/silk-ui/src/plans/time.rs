//! Whether a plan is of the time of a request: indexes and statistics change between.

use chrono::{DateTime, TimeDelta, Utc};
use silk_core::{
    PlanRecord, PlanShape, PlanSource, RequestRecord, explain::PlanBucket, store::StatsWindow,
};

use super::whose::Whose;
use crate::context::Here;

/// A plan that was asked for within this time after a request is of its time, in s.
const SOON_S: i64 = 10;
/// How far from a request sights of its statements' plans are looked for, in days.
const DAYS: i64 = 7;

/// Of which time a plan is, held against a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanTime {
    /// It ran in it, was asked for at once, or was the plan both before and after.
    OfRequest,
    /// It is older, and nothing tells that it was still the plan.
    Before,
    /// It is newer, and nothing tells that it was the plan already.
    After,
}

impl PlanTime {
    /// `before this request`; `None` where there is nothing to say.
    pub(crate) const fn in_words(self) -> Option<&'static str> {
        match self {
            Self::OfRequest => None,
            Self::Before => Some("before this request"),
            Self::After => Some("after this request"),
        }
    }
}

/// Of which time a plan is, by when it was made and when its shape was seen.
pub(super) async fn of(
    here: &Here,
    record: &RequestRecord,
    plan: &PlanRecord,
    whose: Whose,
) -> PlanTime {
    let is_of_a_run = whose == Whose::Own && plan.source == PlanSource::AutoExplain;
    if is_of_a_run || whose == Whose::SameShape {
        return PlanTime::OfRequest;
    }
    let started = record.summary.started_at;
    let took = i64::try_from(record.summary.times.total_us).unwrap_or(i64::MAX / 4);
    let soon = started + TimeDelta::microseconds(took) + TimeDelta::seconds(SOON_S);
    let by_clock = if plan.captured_at < started {
        PlanTime::Before
    } else if plan.captured_at <= soon {
        return PlanTime::OfRequest;
    } else {
        PlanTime::After
    };
    let (Some(fingerprint), Some(shape)) = (plan.fingerprint, plan.shape) else {
        return by_clock;
    };
    let window = StatsWindow {
        since: started - TimeDelta::days(DAYS),
        until: Utc::now() + TimeDelta::seconds(1),
        buckets: 1,
    };
    let history = here
        .app
        .ask(|store| store.plan_history(fingerprint, window))
        .await
        .unwrap_or_default();
    if is_the_plan_at(&history, plan, shape, started) {
        PlanTime::OfRequest
    } else {
        by_clock
    }
}

/// Whether the last plan that was seen before a time and the first after it both have this shape.
fn is_the_plan_at(
    history: &[PlanBucket],
    plan: &PlanRecord,
    shape: PlanShape,
    at: DateTime<Utc>,
) -> bool {
    let is_generic = plan.source == PlanSource::Generic;
    let sights = || {
        let seen = history.iter().filter(|bucket| {
            bucket.database == plan.database && (bucket.source == PlanSource::Generic) == is_generic
        });
        seen.flat_map(|bucket| {
            [
                (bucket.first_at, bucket.shape),
                (bucket.last_at, bucket.shape),
            ]
        })
        .chain([(plan.captured_at, shape)])
    };
    let before = sights()
        .filter(|(seen, _)| *seen <= at)
        .max_by_key(|(seen, _)| *seen);
    let after = sights()
        .filter(|(seen, _)| *seen > at)
        .min_by_key(|(seen, _)| *seen);
    matches!((before, after), (Some((_, before)), Some((_, after))) if before == shape && after == shape)
}
