//! Sights of plans, summed; and which of two plans of one form is kept.

use silk_core::{Histogram, PlanObservation, PlanRecord, PlanSource};

/// How often a form was seen within a bucket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlanFigures {
    pub(crate) first_us: i64,
    pub(crate) last_us: i64,
    pub(crate) sights: u64,
    /// Of runs with a time.
    pub(crate) durations: Histogram,
}

impl PlanFigures {
    pub(crate) fn of(sight: &PlanObservation) -> Self {
        let at_us = sight.observed_at.timestamp_micros();
        let mut durations = Histogram::default();
        if let Some(duration_us) = sight.duration_us {
            durations.record(duration_us);
        }
        Self {
            first_us: at_us,
            last_us: at_us,
            sights: 1,
            durations,
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.first_us = self.first_us.min(other.first_us);
        self.last_us = self.last_us.max(other.last_us);
        self.sights = self.sights.saturating_add(other.sights);
        self.durations.merge(&other.durations);
    }
}

/// The sight that a plan alone stands for; none if it has no statement or form.
pub(crate) fn sight_of(plan: &PlanRecord) -> Option<PlanObservation> {
    Some(PlanObservation {
        fingerprint: plan.fingerprint?,
        database: plan.database.clone(),
        source: plan.source,
        shape: plan.shape?,
        observed_at: plan.captured_at,
        duration_us: plan.duration_us,
    })
}

/// Whether the newest plan of a form is kept, whatever its time: a person asked for it and looks
/// at it now.
pub(crate) const fn is_asked_for(source: PlanSource) -> bool {
    matches!(source, PlanSource::Analyzed | PlanSource::Pasted)
}

/// Whether a plan takes the place of another of its form: that of the slowest run stays, the
/// newest where runs have no time.
pub(crate) fn is_better(new: &PlanRecord, kept: &PlanRecord) -> bool {
    if is_asked_for(new.source) {
        return new.captured_at >= kept.captured_at;
    }
    match (new.duration_us, kept.duration_us) {
        (Some(new), Some(kept)) => new > kept,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => new.captured_at >= kept.captured_at,
    }
}
