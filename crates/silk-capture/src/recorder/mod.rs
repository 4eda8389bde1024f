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
mod captures;
mod chunks;
mod clock;
mod config;
mod control;
mod current;
mod handle;
mod holders;
mod intervals;
mod kept;
mod lent;
mod loss;
mod memory;
mod queries;
mod queue;
mod routes;
mod shared;
mod status;
mod store_caller;
mod sums;
mod texts;
mod transactions;
mod transform;
mod upkeep;
mod vitals;
mod ways;
mod writer;

pub use active::ActiveRequest;
pub use captured::{CapturedError, CapturedQuery, CapturedValues, SqlSource};
pub use config::{
    DEFAULT_BATCH_SIZE, DEFAULT_BODY_BYTES, DEFAULT_LINGER, DEFAULT_MAX_LOGS, DEFAULT_MAX_QUERIES,
    DEFAULT_MAX_RAW_ROUTES, DEFAULT_MAX_SPANS, DEFAULT_MEMORY_BYTES, DEFAULT_QUEUE_CAPACITY,
    DEFAULT_VALUE_BYTES, DEFAULT_WRITE_INTERVAL, KeepPredicate, RecorderConfig,
};
pub use current::EnterGuard;
pub use handle::Recorder;
pub use status::{PoolNote, ShutdownReport};

pub(crate) use active::WeakRequest;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) use buffers::{Held, TransactionError};
pub(crate) use buffers::{KeptPlan, Route, Span, Tee};
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) use holders::{HeldBy, HeldConnection};
pub(crate) use status::TracingState;

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) use self::lent::Lent;
