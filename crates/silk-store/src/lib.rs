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

mod age;
#[cfg(feature = "testing")]
pub mod contract;
#[cfg(feature = "sqlite")]
mod detail;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stats;

pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, SqliteStoreConfig};

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
