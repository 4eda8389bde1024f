//! Notices that are shown once, on the page that a form leads to.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

/// Notices held at once.
const MAX_HELD: usize = 64;

/// Notices that wait for their page, each with the name that its address has.
#[derive(Debug, Default)]
pub(crate) struct Notices(Mutex<VecDeque<(Uuid, String)>>);

impl Notices {
    /// Holds a notice, and gives the name for the address.
    pub(crate) fn leave(&self, text: String) -> Uuid {
        let id = Uuid::new_v4();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MAX_HELD {
            held.pop_front();
        }
        held.push_back((id, text));
        id
    }

    /// The notice of that name, if it is still here.
    pub(crate) fn get(&self, id: Option<&str>) -> Option<String> {
        let id = Uuid::parse_str(id?).ok()?;
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter()
            .find(|(other, _)| *other == id)
            .map(|(_, text)| text.clone())
    }
}
