//! The base tier of capture: sqlx's own events, the app's spans and its warnings, through a layer
//! of `tracing-subscriber`.
//!
//! Nothing in the app's queries changes, and every sqlx user of the process is seen. The layer has
//! its own [`Filter`](tracing_subscriber::layer::Filter) and works beside any other layer; a
//! *global* filter in front of it starves it, which the [probe](crate::record::probe()) finds out.

mod entered_spans;
mod event_fields;
mod expected;
mod filter;
mod layer;
mod query_event;
mod span_mark;

#[cfg(feature = "sqlite")]
pub(super) use expected::expect;
pub use filter::SilkFilter;
pub use layer::SilkTracingLayer;

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(super) use layer::is_installed;

const SQLX_QUERY: &str = "sqlx::query";
const SQLX_ACQUIRE: &str = "sqlx::pool::acquire";
const POSTGRES_NOTICE: &str = "sqlx::postgres::notice";
