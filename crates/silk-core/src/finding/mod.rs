//! What rules find in a request.

mod facts;
mod identity;
mod ignore;
pub mod rules;
mod thresholds;
mod words;

pub use identity::Identities;
pub use ignore::{Ignore, IgnoreList};
pub use thresholds::Thresholds;
