//! What rules find in a request.

mod baseline;
mod facts;
mod identity;
mod ignore;
pub mod rules;
mod thresholds;
mod words;

pub use baseline::{Baseline, KnownFinding};
pub use identity::Identities;
pub use ignore::{Ignore, IgnoreList, STALE_AFTER, Stale};
pub use thresholds::Thresholds;
