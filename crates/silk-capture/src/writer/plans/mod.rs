//! Plans on the writer's side: those that were caught become records, and those that are missing
//! are asked for in the background, on a connection of Silk's own.
//!
//! ```text
//! (queue) ─► record ─► keeper ─► batch
//!              └─► chooser ─► asker ─► store
//! ```

mod ask;
mod choose;
mod keep;
mod redact;
mod session_changes;

pub use ask::collect;
pub use redact::PlanRedactor;

pub(crate) use ask::Asker;
pub(super) use choose::Chooser;
pub(super) use keep::Keeper;
