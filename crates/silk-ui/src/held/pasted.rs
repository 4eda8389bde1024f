//! Plans that were pasted and not kept: in memory, and only the latest.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use silk_core::{PlanId, PlanRecord};

/// Pasted plans held at once, and bytes of them together.
const MAX_HELD: usize = 32;
const MAX_HELD_BYTES: usize = 8 << 20;

/// Pasted plans that nobody asked to keep: in memory, and only the latest.
#[derive(Debug, Default)]
pub(crate) struct Pasted(Mutex<VecDeque<PlanRecord>>);

impl Pasted {
    pub(crate) fn hold(&self, record: PlanRecord) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.push_back(record);
        let size = |held: &VecDeque<PlanRecord>| -> usize {
            held.iter().map(|record| record.output.raw.len()).sum()
        };
        while held.len() > MAX_HELD || (held.len() > 1 && size(&held) > MAX_HELD_BYTES) {
            held.pop_front();
        }
    }

    pub(crate) fn get(&self, id: PlanId) -> Option<PlanRecord> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().find(|record| record.id == id).cloned()
    }
}
