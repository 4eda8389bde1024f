//! How SQL is captured: sqlx's own events through [`tracing`](mod@tracing), or everything a query
//! has through the instrumented [`pool`](mod@pool).
//!
//! A query that both tiers could see is recorded by the pool alone: it marks the thread while a
//! driver is polled (SQLite's, which has a thread of its own, gets the span [`QUERY_SPAN`](crate::record::own_spans::QUERY_SPAN) to take
//! along), and the tracing layer leaves the events there alone.

pub mod plans;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub mod pool;
pub mod tracing;
pub mod values;
mod verbs;
