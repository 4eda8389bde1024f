//! Bound values: read out of the drivers' arguments, and bound again for EXPLAIN.
//!
//! No driver gives its encoded arguments away. Their bytes are had by adding an argument whose
//! `Encode` copies the buffer it is given and then fails, upon which the driver restores what was
//! there; types only by reading the `Debug` output, which is not API. So that is parsed
//! defensively: where the parts do not fit each other, the values are
//! [`Unavailable`](silk_core::ValueState::Unavailable), and tests pin the form.

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
mod debug_output;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod refused_argument;
#[cfg(feature = "sqlite")]
pub mod sqlite;

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
use silk_core::{Value, ValueState};

/// Why a value cannot be bound again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RebindError {
    /// It was redacted.
    #[error("the value of placeholder {0} was redacted and is not kept")]
    Redacted(usize),
    /// Only its beginning was kept.
    #[error("the value of placeholder {0} is longer than what is kept of a value")]
    Truncated(usize),
    /// It was not captured, or its bytes do not fit its type.
    #[error("the value of placeholder {0} could not be read when the query ran")]
    Unavailable(usize),
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
/// The bytes of a value: none for NULL. `position` is that of its placeholder, from 1.
fn whole_bytes(value: &Value, position: usize) -> Result<Option<&[u8]>, RebindError> {
    match &value.state {
        ValueState::Null => Ok(None),
        ValueState::Bytes(bytes) => Ok(Some(bytes)),
        ValueState::Truncated { .. } => Err(RebindError::Truncated(position)),
        ValueState::Redacted => Err(RebindError::Redacted(position)),
        ValueState::Unavailable => Err(RebindError::Unavailable(position)),
    }
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
/// Bytes cut at `max_bytes`.
fn cut(bytes: &[u8], max_bytes: usize) -> ValueState {
    match bytes.get(..max_bytes) {
        Some(start) if bytes.len() > max_bytes => ValueState::Truncated {
            bytes: start.to_vec(),
            total_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        },
        _ => ValueState::Bytes(bytes.to_vec()),
    }
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
/// As many values as there are placeholders; none could be read.
pub(crate) fn unavailable(count: usize) -> Vec<Value> {
    vec![
        Value {
            type_name: String::new(),
            state: ValueState::Unavailable
        };
        count
    ]
}
