//! What a running request gathers, on the app's threads, and the queue that takes it to the writer.
//!
//! ```text
//! Recorder::begin ─► ActiveRequest ─► (last holder lets go) ─► queue ─► writer thread ─► Store
//! ```
//!
//! On the app's side nothing waits: where the queue or the memory budget is used up, a request is
//! counted as lost and its reason kept.

pub(crate) mod active_request;
mod add_query;
mod add_transaction;
pub(crate) mod bell;
pub(crate) mod buffers;
pub(crate) mod call_stack;
pub(crate) mod capture_notes;
mod captured_query;
pub(crate) mod chunks;
pub(crate) mod clock;
mod config;
mod current_request;
pub(crate) mod held_connection;
mod intervals;
pub(crate) mod kept_query;
pub(crate) mod known_frames;
pub(crate) mod lent_connection;
pub(crate) mod losses;
mod memory;
pub mod own_spans;
pub(crate) mod panic_note;
pub mod plans;
pub(crate) mod pools_here;
pub(crate) mod queue;
mod recorder;
mod repeated_walk;
pub(crate) mod route_name;
pub(crate) mod shared;
mod texts;
pub(crate) mod tracing_probe;

pub use active_request::ActiveRequest;
pub use call_stack::CallStack;
pub use capture_notes::{PoolNote, ShutdownReport};
pub use captured_query::{CapturedError, CapturedQuery, CapturedValues, SqlSource};
pub use config::{
    DEFAULT_BATCH_SIZE, DEFAULT_BODY_BYTES, DEFAULT_LINGER, DEFAULT_MAX_LOGS, DEFAULT_MAX_QUERIES,
    DEFAULT_MAX_RAW_ROUTES, DEFAULT_MAX_SPANS, DEFAULT_MEMORY_BYTES, DEFAULT_QUEUE_CAPACITY,
    DEFAULT_VALUE_BYTES, DEFAULT_WRITE_INTERVAL, KeepPredicate, RecorderConfig,
};
pub use current_request::EnterGuard;
pub use recorder::Recorder;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) use recorder::has_tests;
pub use tracing_probe::probe;
