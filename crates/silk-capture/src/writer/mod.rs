//! The writer: a thread of Silk's own that makes safe, small records of what the app's threads
//! handed over, and stores them.
//!
//! ```text
//! queue ─► transform (redact, normalise, resolve, find) ─► batch ─► store
//!                                                           └─► plans to ask for
//! ```

pub mod call_site;
mod numbered;
mod path_shape;
pub mod plans;
mod raw_routes;
mod retention_pace;
mod statement_sums;
mod store_caller;
mod thread;
mod transform;

pub(crate) use thread::Writer;
pub(crate) use transform::transform_one;
