//! The error that makes a driver forget an argument that was only added to look at its buffer.

use std::fmt;

use sqlx_core::error::BoxDynError;

/// The error that makes a driver forget the argument it was just given.
#[derive(Debug)]
pub(super) struct Seen;

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the buffer was only looked at")
    }
}

impl std::error::Error for Seen {}

/// Boxed, which costs no allocation: there is nothing in it.
pub(super) fn seen() -> BoxDynError {
    Box::new(Seen)
}
