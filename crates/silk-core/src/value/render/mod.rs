//! Values as people read them, and as SQL takes them.

mod mysql;
mod number;
mod postgres;
mod sqlite;
mod time;

use super::{REDACTED, Value, ValueState};
use crate::DatabaseKind;

/// Bytes of an unreadable value that are shown.
const MAX_HEX_BYTES: usize = 64;

/// What a value turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Decoded {
    /// A number or boolean: stands in SQL as it is.
    Plain(String),
    /// Text: quoted in SQL.
    Text(String),
    /// Text with the type that a quoted literal needs to mean it.
    Typed(String, &'static str),
    /// Text with a type whose name is made at run time: that of an array, a range, bits.
    Named(String, String),
    /// Bytes.
    Blob(Vec<u8>),
    /// Not known how to read it.
    Unknown(Vec<u8>),
}

/// A value as people read it: never fails, whatever the bytes are.
///
/// A text that was cut ends with `…`; what cannot be read is shown as `\x` and hexadecimal digits,
/// the first 64 bytes of it.
#[must_use]
pub fn render(value: &Value, kind: DatabaseKind) -> String {
    match &value.state {
        ValueState::Null => "NULL".to_owned(),
        ValueState::Bytes(bytes) => show(decode(&value.type_name, bytes, None, kind)),
        ValueState::Truncated { bytes, total_bytes } => {
            let mut text = match decode(&value.type_name, bytes, Some(*total_bytes), kind) {
                Decoded::Text(text) | Decoded::Typed(text, _) => text,
                // A list is cut behind one of its elements.
                Decoded::Named(text, _) if text.ends_with('…') => text,
                Decoded::Blob(bytes) | Decoded::Unknown(bytes) => hex(&bytes, MAX_HEX_BYTES),
                // A number that was cut is another number.
                Decoded::Plain(_) | Decoded::Named(..) => hex(bytes, MAX_HEX_BYTES),
            };
            if !text.ends_with('…') {
                text.push('…');
            }
            text
        }
        ValueState::Redacted => REDACTED.to_owned(),
        ValueState::Unavailable => "unavailable".to_owned(),
    }
}

/// A value as a literal of SQL, for copying; none if it was redacted or cut, or cannot be read.
#[must_use]
pub fn to_sql_literal(value: &Value, kind: DatabaseKind) -> Option<String> {
    let bytes = match &value.state {
        ValueState::Null => return Some("NULL".to_owned()),
        ValueState::Bytes(bytes) => bytes,
        ValueState::Truncated { .. } | ValueState::Redacted | ValueState::Unavailable => {
            return None;
        }
    };
    match decode(&value.type_name, bytes, None, kind) {
        Decoded::Plain(text) => Some(text),
        Decoded::Text(text) => quote(&text, kind),
        Decoded::Typed(text, type_name) => {
            let quoted = quote(&text, kind)?;
            Some(if kind == DatabaseKind::Postgres {
                format!("{quoted}::{type_name}")
            } else {
                quoted
            })
        }
        Decoded::Named(text, type_name) => Some(format!("{}::{type_name}", quote(&text, kind)?)),
        Decoded::Blob(bytes) if kind == DatabaseKind::Postgres => {
            Some(format!("'{}'::bytea", hex(&bytes, usize::MAX)))
        }
        Decoded::Blob(bytes) => Some(format!(
            "X'{}'",
            hex(&bytes, usize::MAX).trim_start_matches("\\x")
        )),
        Decoded::Unknown(_) => None,
    }
}

fn decode(type_name: &str, bytes: &[u8], total: Option<u64>, kind: DatabaseKind) -> Decoded {
    match kind {
        DatabaseKind::Postgres => postgres::decode(type_name, bytes, total.is_some()),
        DatabaseKind::MySql => mysql::decode(type_name, bytes, total),
        DatabaseKind::Sqlite | DatabaseKind::Unknown => sqlite::decode(type_name, bytes),
    }
}

fn show(decoded: Decoded) -> String {
    match decoded {
        Decoded::Plain(text)
        | Decoded::Text(text)
        | Decoded::Typed(text, _)
        | Decoded::Named(text, _) => text,
        Decoded::Blob(bytes) | Decoded::Unknown(bytes) => hex(&bytes, MAX_HEX_BYTES),
    }
}

/// `\x` and digits, at most `most` bytes of them.
fn hex(bytes: &[u8], most: usize) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("\\x");
    for byte in bytes.iter().take(most) {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    if bytes.len() > most {
        out.push('…');
    }
    out
}

fn quote(text: &str, kind: DatabaseKind) -> Option<String> {
    // No database takes NUL within a quoted literal.
    if text.contains('\0') {
        return None;
    }
    let text = text.replace('\'', "''");
    Some(match kind {
        DatabaseKind::MySql => format!("'{}'", text.replace('\\', "\\\\")),
        _ => format!("'{text}'"),
    })
}

/// The text that the bytes are, up to a character that was cut.
fn utf8(bytes: &[u8], is_cut: bool) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        Err(error) if is_cut && error.error_len().is_none() => {
            Some(String::from_utf8_lossy(bytes.get(..error.valid_up_to())?).into_owned())
        }
        Err(_) => None,
    }
}

/// Text of a type that is not known: an enumeration's label is one.
fn printable(bytes: &[u8], is_cut: bool) -> Option<String> {
    utf8(bytes, is_cut).filter(|text| !text.is_empty() && !text.contains(char::is_control))
}

#[cfg(test)]
mod tests;
