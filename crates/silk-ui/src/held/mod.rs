//! What the dashboard holds in memory from one request to the next: a little of each, and for a while.

pub(crate) mod indexes;
pub(crate) mod notices;
pub(crate) mod pasted;
pub(crate) mod reports;
