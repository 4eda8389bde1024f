//! How a step of a ladder is put together.

use silk_core::{PlanSource, explain::LadderStep, vitals::CaptureLevel};

/// A step that works.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) fn works(source: PlanSource, what: &str, reason: &str) -> LadderStep {
    step(source, what, CaptureLevel::Full, reason, None)
}

/// A step, with why it is as it is and what would mend it.
pub(crate) fn step(
    source: PlanSource,
    what: &str,
    level: CaptureLevel,
    reason: &str,
    remedy: Option<String>,
) -> LadderStep {
    LadderStep {
        source,
        what: what.to_owned(),
        level,
        reason: reason.to_owned(),
        remedy,
    }
}
