//! How SQL is captured: sqlx's own events through [`tracing`](mod@tracing), or everything a query
//! has through the instrumented [`pool`](mod@pool).
//!
//! A query that both tiers could see is recorded by the pool alone: it marks the thread while a
//! driver is polled (SQLite's, which has a thread of its own, gets the span [`QUERY_SPAN`] to take
//! along), and the tracing layer leaves the events there alone.

pub mod call_site;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub mod pool;
pub mod tracing;
pub mod values;
mod verbs;

/// Target of the spans that Silk opens itself.
pub const SILK_TARGET: &str = "silk";

/// Name of the span around a query that the instrumented pool records itself.
pub const QUERY_SPAN: &str = "silk.query";
