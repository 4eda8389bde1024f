//! Plans on the writer's side: those that were caught become records, and those that are missing
//! are asked for in the background, on a connection of Silk's own.
//!
//! ```text
//! (queue) ─► record ─► keeper ─► batch
//!              └─► chooser ─► asker ─► store
//! ```

mod asker;
mod caught_plan_records;
mod plan_redactor;
mod session_changes;
mod wanted_plans;

pub use asker::collect;
pub use plan_redactor::PlanRedactor;

pub(super) use asker::Asker;
pub(super) use caught_plan_records::Keeper;
pub(super) use wanted_plans::Chooser;
