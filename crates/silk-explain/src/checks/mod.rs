//! What the checks of all databases have in common.

mod check;
mod redundant;

use std::time::Duration;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use check::to_f64;
pub(crate) use check::{
    CheckExt, bytes, counted, good, grouped, number, percent, text, unavailable,
};
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) use check::{seconds, share};
pub(crate) use redundant::{Index, Needless};

/// How long all checks of a database may take, connecting included, where each may take `check`:
/// five such, and 10 s at least.
pub(crate) fn inspect_timeout(check: Duration) -> Duration {
    Duration::from_secs(10).max(check.saturating_mul(5))
}
