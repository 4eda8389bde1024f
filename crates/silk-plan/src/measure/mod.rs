//! Derives the numbers a person means.

use crate::Plan;

/// Fills in everything derived.
pub(crate) fn measure(plan: &mut Plan) {
    plan.totals.nodes = plan.nodes().count();
}
