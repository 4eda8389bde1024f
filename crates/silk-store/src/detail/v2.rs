//! Version 2 of the body: version 1, and what pools had when a wait for a connection began.
//!
//! Frozen once released: a change of any struct here is a new version beside this one.

use serde::{Deserialize, Serialize};
use silk_core::{PoolUse, RequestDetail};

use super::{
    stored::{DecodeError, StoredDetail, TextRef},
    v1,
};

#[derive(Debug, Serialize, Deserialize)]
struct Wire {
    first: v1::Wire,
    /// Of waits for which it is known: their number, then connections open, idle, and at most.
    pools: Vec<(u32, u32, u32, u32)>,
}

/// Writes the body into `buffer`.
pub(super) fn encode(
    detail: &RequestDetail,
    texts: &[TextRef],
    call_sites: &[u64],
    buffer: Vec<u8>,
) -> Vec<u8> {
    let wire = Wire {
        first: v1::Wire::new(detail, texts, call_sites),
        pools: (0_u32..)
            .zip(&detail.waits)
            .filter_map(|(at, wait)| {
                let PoolUse { open, idle, most } = wait.pool?;
                Some((at, open, idle, most))
            })
            .collect(),
    };
    // Writing into a growing vector cannot fail; no struct here has a length that is not known.
    postcard::to_extend(&wire, buffer).unwrap_or_default()
}

/// Reads a body.
pub(super) fn decode(body: &[u8]) -> Result<StoredDetail, DecodeError> {
    let (wire, rest): (Wire, _) = postcard::take_from_bytes(body)?;
    if !rest.is_empty() {
        return Err(DecodeError::Malformed("it goes on after its end"));
    }
    let mut stored = wire.first.into_detail()?;
    for (at, open, idle, most) in wire.pools {
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
