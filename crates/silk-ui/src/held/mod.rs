//! What the dashboard holds in memory between requests. Each part has a limit.

pub(crate) mod indexes;
pub(crate) mod listeners;
pub(crate) mod notices;
pub(crate) mod pasted;
pub(crate) mod proofs;
pub(crate) mod reports;
