//! Plans of the app's queries: caught as they run, or asked for afterwards.
//!
//! ```text
//! auto_explain ─► notice on the app's connection ─► tracker ─► request ─► writer ─► keeper ─► batch
//!                                                                           └─► chooser ─► asker ─► store
//! ```
//!
//! PostgreSQL can tell the plan of the very run ([`hook`] asks it to); the message comes while a
//! connection is being polled, and a tracker of that connection finds the query that it is of.
//! What is not told that way is asked for in the background, on a connection of Silk's own.

mod ask;
mod choose;
mod config;
#[cfg(feature = "postgres")]
pub mod hook;
mod keep;
mod notes;
mod notice;
mod real_runs;
mod redact;
mod session;
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "no connection to track")
)]
mod track;

pub use ask::collect;
pub use config::{PlanMode, Plans};
pub use notes::PlanNotes;
pub use redact::PlanRedactor;
pub use session::{AppSession, KnownSession};

pub(crate) use ask::Asker;
pub(crate) use choose::Chooser;
pub(crate) use keep::Keeper;
pub(crate) use notes::Dropped;
#[cfg(feature = "postgres")]
pub(crate) use notes::Hooked;
pub(crate) use notice::{CaughtPlan, PlanMark, outline};
pub(crate) use track::on_notice;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
pub(crate) use track::{Place, Ticket, Tracker, TrackerGuard};
