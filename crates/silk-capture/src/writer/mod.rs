//! The writer: a thread of Silk's own that makes safe, small records of what the app's threads
//! handed over, and stores them.
//!
//! ```text
//! queue ─► transform (redact, normalise, resolve, find) ─► batch ─► store
//!                                                           └─► plans to ask for
//! ```

pub mod call_site;
mod path_shape;
pub mod plans;
mod routes;
mod store_caller;
mod sums;
mod thread;
mod transform;
mod upkeep;

pub(crate) use thread::Writer;
