//! Which plans SQLite gives.

use silk_core::{PlanSource, explain::LadderStep, vitals::CaptureLevel};

use crate::step::{step, works};

/// What SQLite gives when asked.
pub(super) fn ladder(is_private: bool) -> Vec<LadderStep> {
    const WHAT: &str = "the plan for the recorded values (EXPLAIN QUERY PLAN)";
    let estimated = if is_private {
        step(
            PlanSource::Estimated,
            WHAT,
            CaptureLevel::Off,
            "the database is private to the app's own connection, and a second one would see an \
             empty one",
            Some("sqlite://app.db, or file:app?mode=memory&cache=shared".to_owned()),
        )
    } else {
        works(
            PlanSource::Estimated,
            WHAT,
            "on a connection of Silk's own; nothing is run",
        )
    };
    let analyzed = step(
        PlanSource::Analyzed,
        "a second run on demand",
        CaptureLevel::Off,
        "SQLite has no EXPLAIN ANALYZE",
        None,
    );
    vec![estimated, analyzed]
}
