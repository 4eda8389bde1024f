//! What a query belongs to.

use super::transaction_fate::Undone;
use crate::record::ActiveRequest;

/// What a query made now belongs to.
pub(super) struct Within {
    pub(super) active: ActiveRequest,
    /// Its transaction's place in the record of that request.
    pub(super) transaction: Option<u32>,
    /// Learns what becomes of the transaction that it runs in.
    pub(super) undone: Option<Undone>,
}
