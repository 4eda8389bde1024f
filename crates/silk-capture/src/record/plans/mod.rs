//! What is known about plans while the app runs: which are wanted, how connections were set up to
//! tell them, and what was caught.

mod app_session;
pub(crate) mod caught_plan;
pub(crate) mod explaining;
pub(crate) mod plan_notes;
mod settings;

pub use app_session::{AppSession, KnownSession};
pub use plan_notes::PlanNotes;
pub use settings::{PlanMode, Plans};
