//! Plans of real runs, caught on the app's connections.
//!
//! ```text
//! auto_explain ─► notice on the app's connection ─► tracker ─► request ─► (queue) ─► writer
//! ```
//!
//! PostgreSQL can tell the plan of the very run (`auto_explain_setup` asks it to); the message comes while a
//! connection is being polled, and a tracker of that connection finds the query that it is of.

mod auto_explain_message;
#[cfg(feature = "postgres")]
pub mod auto_explain_setup;
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "no connection to track")
)]
mod plan_of_run;
#[cfg_attr(
    not(any(test, feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "no connection to poll")
)]
mod polled_connection;

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(super) use plan_of_run::{Place, Ticket, Tracker};
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(super) use polled_connection::TrackerGuard;
pub(super) use polled_connection::on_notice;
