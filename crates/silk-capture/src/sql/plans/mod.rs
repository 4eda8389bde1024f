//! Plans of real runs, caught on the app's connections.
//!
//! ```text
//! auto_explain ─► notice on the app's connection ─► tracker ─► request ─► (queue) ─► writer
//! ```
//!
//! PostgreSQL can tell the plan of the very run (the hook asks it to); the message comes while a
//! connection is being polled, and a tracker of that connection finds the query that it is of.

#[cfg(feature = "postgres")]
pub mod hook;
mod notice;
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "no connection to track")
)]
mod track;

pub(super) use track::on_notice;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(super) use track::{Place, Ticket, Tracker, TrackerGuard};
