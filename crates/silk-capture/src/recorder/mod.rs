//! From the app's threads to the store: what is seen of a request, the queue, and the writer.
//!
//! ```text
//! Recorder::begin ─► ActiveRequest ─► (last holder lets go) ─► queue ─► writer thread ─► Store
//! ```
//!
//! On the app's side nothing waits: where the queue or the memory budget is used up, a request is
//! counted as lost and its reason kept.

mod active;
mod buffers;
mod captured;
mod clock;
mod config;
mod handle;
mod kept;
mod loss;
mod memory;
mod queries;
mod queue;
mod routes;
mod status;
mod sums;
mod transform;
mod upkeep;
mod writer;

pub use active::{ActiveRequest, EnterGuard};
pub use captured::{CapturedError, CapturedQuery, CapturedValues, SqlSource};
pub use config::{
    DEFAULT_BATCH_SIZE, DEFAULT_BODY_BYTES, DEFAULT_LINGER, DEFAULT_MAX_LOGS, DEFAULT_MAX_QUERIES,
    DEFAULT_MAX_RAW_ROUTES, DEFAULT_MAX_SPANS, DEFAULT_MEMORY_BYTES, DEFAULT_QUEUE_CAPACITY,
    DEFAULT_VALUE_BYTES, DEFAULT_WRITE_INTERVAL, KeepPredicate, RecorderConfig,
};
pub use handle::Recorder;
pub use status::{PoolNote, ShutdownReport};

pub(crate) use active::WeakRequest;
pub(crate) use buffers::{KeptPlan, Route, Span, Tee};
pub(crate) use status::TracingState;
