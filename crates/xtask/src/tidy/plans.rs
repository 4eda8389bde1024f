//! The corpus of query plans is packed, one file per source.

use super::Report;
use crate::Result;

pub(super) fn check(report: &mut Report) -> Result {
    for plan in plan_corpus::loose_plans()? {
        report.fail(format!(
            "crates/silk-plan/tests/plans/{plan} is loose: run cargo xtask plans pack"
        ));
    }
    Ok(())
}
