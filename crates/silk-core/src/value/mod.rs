//! Bound values: kept as the driver encoded them, rendered when viewed.

mod render;

pub use render::{render, to_sql_literal};

use serde::{Deserialize, Serialize};

/// What stands for a value that was taken out.
pub const REDACTED: &str = "[redacted]";

/// A bound parameter of a query.
///
/// `bytes` are in the wire encoding of the query's database: Postgres binary format, MySQL binary
/// protocol (without the length that it puts before texts, decimals, dates and times), and for SQLite the little-endian integer or double, UTF-8 text, or blob that
/// `type_name` (`INTEGER`, `REAL`, `TEXT`, `BLOB`) says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// The database's name of the type: `INT8`, `TEXT`, `VARCHAR`, `INTEGER` …
    pub type_name: String,
    /// What is known of it.
    pub state: ValueState,
}

impl Value {
    /// Its bytes, where it is whole; none for NULL, and for what is not kept whole.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.state {
            ValueState::Bytes(bytes) => Some(bytes),
            ValueState::Null
            | ValueState::Truncated { .. }
            | ValueState::Redacted
            | ValueState::Unavailable => None,
        }
    }
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueState {
    /// SQL NULL.
    Null,
    /// As encoded, whole.
    Bytes(Vec<u8>),
    /// The beginning of it; `total_bytes` were encoded.
    Truncated {
        /// What was kept.
        bytes: Vec<u8>,
        /// How long it was.
        total_bytes: u64,
    },
    /// Taken out for safety; nothing of it is kept.
    Redacted,
    /// It could not be read from the driver.
    Unavailable,
}
