//! What several pages show alike: the frame, lists, findings, and what changed in plans.

pub(crate) mod finding;
pub(crate) mod findings_now;
pub(crate) mod frame;
pub(crate) mod lists;
pub(crate) mod offer;
pub(crate) mod plan_changes;
