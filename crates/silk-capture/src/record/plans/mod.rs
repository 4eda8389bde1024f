//! What is known about plans while the app runs: which are wanted, how connections were set up to
//! tell them, and what was caught.

pub(crate) mod caught_plan;
mod config;
pub(crate) mod notes;
mod session;

pub use config::{PlanMode, Plans};
pub use notes::PlanNotes;
pub use session::{AppSession, KnownSession};
