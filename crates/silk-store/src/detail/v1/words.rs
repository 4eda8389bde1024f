//! The numbers that words are kept as.

use silk_core::{CapturedBy, Outcome};

use super::super::stored::DecodeError;

pub(super) const fn from_captured_by(captured_by: CapturedBy) -> u64 {
    match captured_by {
        CapturedBy::Layer => 0,
        CapturedBy::Pool => 1,
    }
}

pub(super) const fn to_captured_by(number: u64) -> Result<CapturedBy, DecodeError> {
    match number {
        0 => Ok(CapturedBy::Layer),
        1 => Ok(CapturedBy::Pool),
        _ => Err(DecodeError::Malformed("a query was seen by nobody known")),
    }
}

pub(super) const fn from_outcome(outcome: Outcome) -> u64 {
    match outcome {
        Outcome::Completed => 0,
        Outcome::Error => 1,
        Outcome::Dropped => 2,
        Outcome::Panicked => 3,
    }
}

pub(super) const fn to_outcome(number: u64) -> Result<Outcome, DecodeError> {
    match number {
        0 => Ok(Outcome::Completed),
        1 => Ok(Outcome::Error),
        2 => Ok(Outcome::Dropped),
        3 => Ok(Outcome::Panicked),
        _ => Err(DecodeError::Malformed("a query ended in no known way")),
    }
}
