//! Proofs that were made, for the page that the form leads to: in memory, and only the latest.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use silk_core::{Fingerprint, RequestId, explain::Proof};
use uuid::Uuid;

/// Proofs held at once. Each is a verdict, figures and two plans.
const MAX_HELD: usize = 32;

/// A proof, with what it is of.
#[derive(Debug)]
pub(crate) struct HeldProof {
    pub(crate) id: Uuid,
    pub(crate) request_id: RequestId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) at: DateTime<Utc>,
    pub(crate) proof: Proof,
}

/// Proofs that were made recently.
#[derive(Debug, Default)]
pub(crate) struct Proofs(Mutex<VecDeque<Arc<HeldProof>>>);

impl Proofs {
    /// Holds a proof, and gives the name for the address.
    pub(crate) fn hold(
        &self,
        request_id: RequestId,
        fingerprint: Fingerprint,
        proof: Proof,
    ) -> Uuid {
        let id = Uuid::new_v4();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= MAX_HELD {
            held.pop_front();
        }
        held.push_back(Arc::new(HeldProof {
            id,
            request_id,
            fingerprint,
            at: Utc::now(),
            proof,
        }));
        id
    }

    /// The proof of that name, if it is still here.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<HeldProof>> {
        let id = Uuid::parse_str(id).ok()?;
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().find(|proof| proof.id == id).cloned()
    }
}
