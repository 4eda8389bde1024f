//! What retention remembers.

use super::{refill::Refill, share::Excess};
use crate::age::Age;

/// What retention remembers from step to step; forgotten when the file is opened anew.
#[derive(Debug, Default)]
pub(super) struct RetentionState {
    pub(super) steps: u64,
    pub(super) age: Age,
    /// Requests removed since the interned rows were last looked through.
    pub(super) removed: u64,
    /// When that was.
    pub(super) orphans_at_us: Option<i64>,
    /// What figures and plans take too much, and when that was last looked at.
    pub(super) excess: Excess,
    pub(super) shares_at_us: Option<i64>,
    /// A search for what belongs into a top list.
    pub(super) refill: Option<Refill>,
    /// How long the write-ahead log was when it was last tried to cut it.
    pub(super) log_cut_at: u64,
}
