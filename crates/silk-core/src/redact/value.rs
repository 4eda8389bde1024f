//! Bound values of queries.

use super::{Redactor, Secrets};
use crate::{DatabaseKind, Value, ValueState, value::render};

/// Longer values are looked through up to here.
const MAX_BYTES: usize = 256 << 10;

impl Redactor {
    /// A bound value, made safe in place: taken out where it `is_sensitive` (it meets a sensitive
    /// column, see [`SqlReader::sensitive_values`](crate::sql::SqlReader::sensitive_values)), and
    /// where it is a document or text with secrets of its own.
    pub fn value(
        &self,
        value: &mut Value,
        kind: DatabaseKind,
        is_sensitive: bool,
        secrets: &mut Secrets,
    ) {
        let (ValueState::Bytes(bytes) | ValueState::Truncated { bytes, .. }) = &value.state else {
            return;
        };
        if is_sensitive {
            secrets.add(render(value, kind).trim_end_matches('…'));
            // The driver's frame around a text is not part of it, whatever we make of the type.
            if let Ok(text) = std::str::from_utf8(bytes) {
                secrets.add(text);
            }
            value.state = ValueState::Redacted;
            return;
        }
        if bytes.len() < 6 || bytes.len() > MAX_BYTES || is_number(&value.type_name) {
            return;
        }
        let text = String::from_utf8_lossy(bytes);
        let start = text
            .find(|character: char| !character.is_control())
            .unwrap_or(0);
        let text = text.get(start..).unwrap_or_default();
        let has_secret = match text.trim_start().starts_with(['{', '[']) {
            true => self.json(text, secrets).1,
            false => self.scan(text, None).is_some(),
        };
        if has_secret {
            value.state = ValueState::Redacted;
        }
    }
}

/// Whether values of a type are numbers or times: such bytes hold no text, whatever they look like.
fn is_number(type_name: &str) -> bool {
    matches!(
        type_name,
        "INT2"
            | "INT4"
            | "INT8"
            | "FLOAT4"
            | "FLOAT8"
            | "NUMERIC"
            | "DATE"
            | "TIME"
            | "TIMESTAMP"
            | "TIMESTAMPTZ"
            | "UUID"
            | "INTEGER"
            | "REAL"
            | "INT"
            | "BIGINT"
            | "BIGINT UNSIGNED"
            | "INT UNSIGNED"
            | "DOUBLE"
            | "DATETIME"
    )
}
