//! What a running request gathers, on the app's threads, and the queue that takes it to the writer.
//!
//! ```text
//! Recorder::begin ─► ActiveRequest ─► (last holder lets go) ─► queue ─► writer thread ─► Store
//! ```
//!
//! On the app's side nothing waits: where the queue or the memory budget is used up, a request is
//! counted as lost and its reason kept.

pub(crate) mod active;
pub(crate) mod buffers;
pub(crate) mod call_stack;
mod captured;
pub(crate) mod chunks;
pub(crate) mod clock;
mod config;
pub(crate) mod control;
mod current;
mod handle;
pub(crate) mod holders;
mod intervals;
pub(crate) mod kept;
pub(crate) mod known_frames;
pub(crate) mod lent;
pub(crate) mod loss;
mod memory;
pub mod own_spans;
pub(crate) mod panic_note;
pub mod plans;
pub(crate) mod probe;
mod queries;
pub(crate) mod queue;
pub(crate) mod shared;
pub(crate) mod status;
mod texts;
mod transactions;

pub use active::ActiveRequest;
pub use call_stack::CallStack;
pub use captured::{CapturedError, CapturedQuery, CapturedValues, SqlSource};
pub use config::{
    DEFAULT_BATCH_SIZE, DEFAULT_BODY_BYTES, DEFAULT_LINGER, DEFAULT_MAX_LOGS, DEFAULT_MAX_QUERIES,
    DEFAULT_MAX_RAW_ROUTES, DEFAULT_MAX_SPANS, DEFAULT_MEMORY_BYTES, DEFAULT_QUEUE_CAPACITY,
    DEFAULT_VALUE_BYTES, DEFAULT_WRITE_INTERVAL, KeepPredicate, RecorderConfig,
};
pub use current::EnterGuard;
pub use handle::Recorder;
pub use probe::probe;
pub use status::{PoolNote, ShutdownReport};
