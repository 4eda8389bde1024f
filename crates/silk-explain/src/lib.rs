//! What is asked of the app's databases in the background: plans of recorded queries, indexes that
//! would help, and how tables and indexes fare.
//!
//! ```text
//! dashboard, asker ─► Explainer ─► target of a database ─► connection of Silk's own
//!                     refuses,       PostgreSQL, MySQL,     read-only, rolled back,
//!                     redacts        SQLite                 limited in time, silent
//! ```
//!
//! Each database has one connection of Silk's own, opened when it is first needed and closed when
//! it has not been for a while: never one of the app's pool, never in its transaction, logging
//! nothing. What has no honest answer is refused with a reason: a plan for other values than
//! the query had would be a lie.

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod checks;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod database;
mod explainer;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod prove;
mod refusal;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod room;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod step;
mod target;
mod time_limits;

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub use database::ExplainDatabase;
pub use explainer::Explainer;
pub use target::ExplainTarget;
pub use time_limits::ExplainConfig;
