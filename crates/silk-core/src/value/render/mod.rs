use super::{Value, ValueState};
use crate::DatabaseKind;

/// A value as people read it.
#[must_use]
pub fn render(value: &Value, _kind: DatabaseKind) -> String {
    match &value.state {
        ValueState::Null => "NULL".to_owned(),
        ValueState::Bytes(bytes) | ValueState::Truncated { bytes, .. } => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        ValueState::Redacted => crate::redact::REDACTED.to_owned(),
        ValueState::Unavailable => "unavailable".to_owned(),
    }
}

/// A value as a literal of SQL, for copying; none where it cannot be told.
#[must_use]
pub fn to_sql_literal(value: &Value, _kind: DatabaseKind) -> Option<String> {
    match &value.state {
        ValueState::Null => Some("NULL".to_owned()),
        _ => None,
    }
}
