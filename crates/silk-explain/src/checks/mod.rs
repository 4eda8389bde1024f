//! What the checks of all databases have in common.

mod check;
mod redundant;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use check::to_f64;
pub(crate) use check::{
    CheckExt, bytes, counted, good, grouped, number, percent, text, unavailable,
};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use check::{seconds, share};
pub(crate) use redundant::{Index, Needless};

/// How long all checks of a database may take, connecting included.
pub(crate) const INSPECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
