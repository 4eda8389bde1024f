//! What is said about an index, in sentences.

mod caveats;
mod figures;
mod reason;
mod silence;
mod stale;
mod write_cost;

pub use caveats::caveats;
pub use figures::count;
pub use reason::reason;
pub use silence::notes_without_advice;
pub use write_cost::write_cost;
