//! Where tower-silk keeps what it recorded.
//!
//! ```text
//! request ─► SilkLayer ─► ActiveRequest ─► Recorder ─► bounded queue ─► Writer ─► Store ─► dashboard
//!                                                                                 └─ silk-store
//! ```
//!
//! [`MemoryStore`] needs no database and forgets with the process; [`SqliteStore`] keeps a file of
//! its own. Rows are kept of what is searched and summed, one compressed blob of what is only
//! opened.

mod across;
mod age;
#[cfg(feature = "testing")]
pub mod contract;
#[cfg(feature = "sqlite")]
mod detail;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stats;

use std::cmp::Ordering;

use silk_core::store::FindingSum;

pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, SqliteStoreConfig};

/// Requests with findings that are summed at once, the newest first: reading them takes a tenth of
/// a second.
const MAX_SUMMED: usize = 20_000;

/// What lost most first; ties in the order of words, so that a page looks the same each time.
fn order_findings(a: &FindingSum, b: &FindingSum) -> Ordering {
    let words = |sum: &FindingSum| {
        (
            sum.rule.clone(),
            sum.route.clone(),
            sum.method.clone(),
            sum.fingerprint.map(|fingerprint| fingerprint.0),
        )
    };
    (b.lost_us.cmp(&a.lost_us))
        .then_with(|| b.requests.cmp(&a.requests))
        .then_with(|| words(a).cmp(&words(b)))
}

/// How many items a page has: the filter's wish, 50 without one, 500 at most.
const fn page_size(limit: u32) -> usize {
    match limit {
        0 => 50,
        1..=500 => limit as usize,
        _ => 500,
    }
}

/// The number that a kind is kept as.
#[cfg(feature = "sqlite")]
const fn kind_number(kind: silk_core::RequestKind) -> i64 {
    use silk_core::RequestKind;
    match kind {
        RequestKind::Request => 0,
        RequestKind::Job => 1,
        RequestKind::Test => 2,
    }
}
