//! Version 2 of the body: version 1, and what pools had when a wait for a connection began. It is
//! also the beginning of [version 3](super::v3).
//!
//! Frozen once released: a change of any struct here is a new version beside this one.

use serde::{Deserialize, Serialize};
use silk_core::{PoolUse, RequestDetail};

use super::{
    stored::{DecodeError, StoredDetail, TextRef},
    v1,
};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wire {
    first: v1::Wire,
    /// Of waits for which it is known: their number, then connections open, idle, and at most.
    pools: Vec<(u32, u32, u32, u32)>,
}

impl Wire {
    pub(super) fn new(detail: &RequestDetail, texts: &[TextRef], call_sites: &[u64]) -> Self {
        Self {
            first: v1::Wire::new(detail, texts, call_sites),
            pools: (0_u32..)
                .zip(&detail.waits)
                .filter_map(|(at, wait)| {
                    let PoolUse { open, idle, most } = wait.pool?;
                    Some((at, open, idle, most))
                })
                .collect(),
        }
    }

    pub(super) fn into_detail(self) -> Result<StoredDetail, DecodeError> {
        let mut stored = self.first.into_detail()?;
        for (at, open, idle, most) in self.pools {
            let wait = usize::try_from(at)
                .ok()
                .and_then(|at| stored.detail.waits.get_mut(at));
            let Some(wait) = wait else {
                return Err(DecodeError::Malformed("it tells of a wait that it has not"));
            };
            wait.pool = Some(PoolUse { open, idle, most });
        }
        Ok(stored)
    }
}

/// Reads a body.
pub(super) fn decode(body: &[u8]) -> Result<StoredDetail, DecodeError> {
    let (wire, rest): (Wire, _) = postcard::take_from_bytes(body)?;
    if !rest.is_empty() {
        return Err(DecodeError::Malformed("it goes on after its end"));
    }
    wire.into_detail()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_without_its_wait_is_refused() {
        let wire = Wire {
            first: v1::Wire::new(&RequestDetail::default(), &[], &[]),
            pools: vec![(0, 1, 0, 5)],
        };
        assert!(matches!(wire.into_detail(), Err(DecodeError::Malformed(_))));
    }
}
