//! Reads what databases print.

use silk_core::PlanFormat;

use crate::{Plan, PlanError};

/// Reads a plan of a known format.
pub(crate) fn parse(_format: PlanFormat, _raw: &str) -> Result<Plan, PlanError> {
    Err(PlanError::Unrecognised)
}

/// Reads a plan of whichever format it is in.
pub(crate) fn detect_and_parse(_raw: &str) -> Result<Plan, PlanError> {
    Err(PlanError::Unrecognised)
}
