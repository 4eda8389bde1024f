//! SQLite's values, as `Value` keeps them.

use super::{Decoded, number::float, utf8};

pub(super) fn decode(type_name: &str, bytes: &[u8]) -> Decoded {
    let unknown = || Decoded::Unknown(bytes.to_vec());
    match type_name.to_ascii_uppercase().as_str() {
        "INTEGER" | "INT" | "INT8" | "BIGINT" | "BOOLEAN" => match *bytes {
            [a] => Decoded::Plain(i8::from_le_bytes([a]).to_string()),
            [a, b, c, d] => Decoded::Plain(i32::from_le_bytes([a, b, c, d]).to_string()),
            _ => <[u8; 8]>::try_from(bytes).map_or_else(
                |_| unknown(),
                |bytes| Decoded::Plain(i64::from_le_bytes(bytes).to_string()),
            ),
        },
        "REAL" | "DOUBLE" | "FLOAT" => match <[u8; 8]>::try_from(bytes).map(f64::from_le_bytes) {
            Ok(value) if value.is_finite() => Decoded::Plain(float(value)),
            Ok(value) if value.is_infinite() => {
                // The literal that SQLite itself prints for it.
                Decoded::Plain(if value > 0.0 { "9e999" } else { "-9e999" }.to_owned())
            }
            Ok(_) => Decoded::Plain("NULL".to_owned()),
            Err(_) => unknown(),
        },
        "BLOB" => Decoded::Blob(bytes.to_vec()),
        "TEXT" | "DATETIME" | "DATE" | "TIME" => {
            utf8(bytes, true).map_or_else(unknown, Decoded::Text)
        }
        _ => super::printable(bytes, true).map_or_else(unknown, Decoded::Text),
    }
}
