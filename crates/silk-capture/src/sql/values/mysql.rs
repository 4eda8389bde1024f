//! Values of MySQL and MariaDB: the binary protocol.

use std::cell::{Cell, RefCell};

use silk_core::{Value, ValueState};
use sqlx_core::{
    arguments::Arguments,
    encode::{Encode, IsNull},
    error::BoxDynError,
    types::Type,
};
use sqlx_mysql::{MySql, MySqlArguments, MySqlTypeInfo};

use super::{RebindError, cut, debug_output, refused_argument::seen, unavailable, whole_bytes};

/// Bytes of type descriptions read at most: 65,535 arguments at 110 bytes.
const MAX_TYPES_TEXT: usize = 8 << 20;

/// Bytes of encoded values read at most. The types can only be read after all of them have been
/// written out as decimal numbers, which takes the writer about 20 ns a byte; beyond, values are
/// unavailable.
const MAX_VALUES: usize = 2 << 20;

/// Looks at the buffer, and fails.
struct Probe<F>(F);

impl<F> Type<MySql> for Probe<F> {
    fn type_info() -> MySqlTypeInfo {
        <i32 as Type<MySql>>::type_info()
    }
}

impl<F: Fn(&[u8])> Encode<'_, MySql> for Probe<F> {
    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        (self.0)(buffer);
        Err(seen())
    }
}

/// Bytes of the encoded arguments.
#[must_use]
pub fn encoded_bytes(arguments: &mut MySqlArguments) -> usize {
    let bytes = Cell::new(0);
    let _ = Arguments::add(arguments, Probe(|buffer: &[u8]| bytes.set(buffer.len())));
    bytes.get()
}

/// Arguments as values, each cut at `max_bytes`.
#[must_use]
pub fn encode(mut arguments: MySqlArguments, max_bytes: usize) -> Vec<Value> {
    let count = Arguments::len(&arguments);
    if encoded_bytes(&mut arguments) > MAX_VALUES {
        return unavailable(count);
    }
    let copied = RefCell::new(Vec::new());
    let _ = Arguments::add(
        &mut arguments,
        Probe(|buffer: &[u8]| copied.borrow_mut().extend_from_slice(buffer)),
    );
    read(&arguments, &copied.into_inner(), max_bytes)
        .filter(|values| values.len() == count)
        .unwrap_or_else(|| unavailable(count))
}

fn read(arguments: &MySqlArguments, mut buffer: &[u8], max_bytes: usize) -> Option<Vec<Value>> {
    // Written as `values: [..], types: [..], null_bitmap: NullBitMap { bytes: [..], length: n }`.
    let tail = debug_output::between(arguments, "], types: [", "], length: ", MAX_TYPES_TEXT)?;
    let (types, nulls) = tail.split_once("], null_bitmap: NullBitMap { bytes: [")?;
    let nulls = debug_output::split_list(nulls).into_iter().map(str::parse);
    let nulls: Vec<u8> = nulls.collect::<Result<_, _>>().ok()?;
    let mut values = Vec::new();
    for (index, written) in debug_output::split_list(types).into_iter().enumerate() {
        let written = Written::read(written)?;
        let is_null = nulls.get(index / 8)? >> (index % 8) & 1 == 1;
        let state = if is_null {
            ValueState::Null
        } else {
            let (bytes, rest) = split_value(written.column_type, buffer)?;
            buffer = rest;
            cut(bytes, max_bytes)
        };
        values.push(Value {
            type_name: written.name(),
            state,
        });
    }
    buffer.is_empty().then_some(values)
}

/// The parts of a type that `Debug` writes.
struct Written<'t> {
    column_type: &'t str,
    flags: &'t str,
    is_boolean: bool,
}

impl<'t> Written<'t> {
    /// `MySqlTypeInfo { type: Tiny, flags: ColumnFlags(BINARY | UNSIGNED), collation: …, max_size: … }`
    fn read(text: &'t str) -> Option<Self> {
        let inner = text.strip_prefix("MySqlTypeInfo { ")?.strip_suffix(" }")?;
        let mut written = Self {
            column_type: "",
            flags: "",
            is_boolean: false,
        };
        for field in debug_output::split_list(inner) {
            match field.split_once(": ")? {
                ("type" | "r#type", value) => written.column_type = value,
                ("flags", value) => written.flags = value,
                ("max_size", value) => written.is_boolean = value == "Some(1)",
                _ => {}
            }
        }
        (!written.column_type.is_empty()).then_some(written)
    }

    /// The type's name, as sqlx and MySQL write it.
    fn name(&self) -> String {
        let has = |flag: &str| self.flags.contains(flag);
        let (binary, unsigned) = (has("BINARY"), has("UNSIGNED"));
        let integer = match self.column_type {
            "Tiny" if self.is_boolean => return "BOOLEAN".to_owned(),
            "Tiny" => Some("TINYINT"),
            "Short" => Some("SMALLINT"),
            "Long" => Some("INT"),
            "Int24" => Some("MEDIUMINT"),
            "LongLong" => Some("BIGINT"),
            _ => None,
        };
        if let Some(name) = integer {
            return if unsigned {
                format!("{name} UNSIGNED")
            } else {
                name.to_owned()
            };
        }
        match self.column_type {
            "Decimal" | "NewDecimal" => "DECIMAL",
            "String" if binary => "BINARY",
            "String" | "Enum" if self.column_type == "Enum" || has("ENUM") => "ENUM",
            "String" => "CHAR",
            "VarChar" | "VarString" if binary => "VARBINARY",
            "VarChar" | "VarString" => "VARCHAR",
            "TinyBlob" => {
                if binary {
                    "TINYBLOB"
                } else {
                    "TINYTEXT"
                }
            }
            "Blob" => {
                if binary {
                    "BLOB"
                } else {
                    "TEXT"
                }
            }
            "MediumBlob" => {
                if binary {
                    "MEDIUMBLOB"
                } else {
                    "MEDIUMTEXT"
                }
            }
            "LongBlob" => {
                if binary {
                    "LONGBLOB"
                } else {
                    "LONGTEXT"
                }
            }
            other => return other.to_ascii_uppercase(),
        }
        .to_owned()
    }
}

/// Cuts the first value off: its bytes, less the length before them, and the rest.
fn split_value<'b>(column_type: &str, buffer: &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
    match column_type {
        "Null" => Some((&[], buffer)),
        "Tiny" => buffer.split_at_checked(1),
        "Short" | "Year" => buffer.split_at_checked(2),
        "Long" | "Int24" | "Float" => buffer.split_at_checked(4),
        "LongLong" | "Double" => buffer.split_at_checked(8),
        "Date" | "Datetime" | "Timestamp" | "Time" => {
            let (&length, rest) = buffer.split_first()?;
            rest.split_at_checked(usize::from(length))
        }
        _ => {
            let (length, rest) = length_encoded(buffer)?;
            rest.split_at_checked(length)
        }
    }
}

/// A length of the protocol: one byte, or a mark and 2, 3 or 8 bytes.
fn length_encoded(buffer: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = buffer.split_first()?;
    let size = match first {
        0..=0xFA => return Some((usize::from(first), rest)),
        0xFC => 2,
        0xFD => 3,
        0xFE => 8,
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(size)?;
    let mut wide = [0; 8];
    wide[..size].copy_from_slice(bytes);
    Some((usize::try_from(u64::from_le_bytes(wide)).ok()?, rest))
}

/// A value as it was encoded, with the type it was sent as.
struct Rebound<'v> {
    bytes: Option<&'v [u8]>,
    prefix: Prefix,
    type_info: MySqlTypeInfo,
}

/// What stands before the bytes of a value.
#[derive(Clone, Copy)]
enum Prefix {
    Nothing,
    /// One byte of length.
    Short,
    /// A length of 1 to 9 bytes.
    Encoded,
}

impl Type<MySql> for Rebound<'_> {
    fn type_info() -> MySqlTypeInfo {
        // Never used: `produces` tells.
        <str as Type<MySql>>::type_info()
    }
}

impl Encode<'_, MySql> for Rebound<'_> {
    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        let Some(bytes) = self.bytes else {
            return Ok(IsNull::Yes);
        };
        match self.prefix {
            Prefix::Nothing => {}
            Prefix::Short => buffer.push(u8::try_from(bytes.len())?),
            Prefix::Encoded => {
                buffer.push(0xFE);
                buffer.extend_from_slice(&u64::try_from(bytes.len())?.to_le_bytes());
            }
        }
        buffer.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<MySqlTypeInfo> {
        Some(self.type_info.clone())
    }
}

/// Binds values again.
///
/// # Errors
/// Which value is not whole, or whose bytes do not fit its type.
pub fn rebind(values: &[Value]) -> Result<MySqlArguments, RebindError> {
    let mut arguments = MySqlArguments::default();
    for (value, position) in values.iter().zip(1..) {
        let bytes = whole_bytes(value, position)?;
        let misfit = RebindError::Unavailable(position);
        let (type_info, prefix, size) = sent_as(&value.type_name).ok_or(misfit)?;
        if let (Some(bytes), Some(size)) = (bytes, size)
            && bytes.len() != size
        {
            return Err(misfit);
        }
        Arguments::add(
            &mut arguments,
            Rebound {
                bytes,
                prefix,
                type_info,
            },
        )
        .map_err(|_| misfit)?;
    }
    Ok(arguments)
}

/// The type that a value of the named type is sent as, what goes before its bytes, and how many
/// these are.
fn sent_as(type_name: &str) -> Option<(MySqlTypeInfo, Prefix, Option<usize>)> {
    let number = |info: MySqlTypeInfo, size: usize| Some((info, Prefix::Nothing, Some(size)));
    match type_name {
        "BOOLEAN" => number(<bool as Type<MySql>>::type_info(), 1),
        "TINYINT" => number(<i8 as Type<MySql>>::type_info(), 1),
        "TINYINT UNSIGNED" => number(<u8 as Type<MySql>>::type_info(), 1),
        "SMALLINT" => number(<i16 as Type<MySql>>::type_info(), 2),
        "SMALLINT UNSIGNED" => number(<u16 as Type<MySql>>::type_info(), 2),
        "INT" => number(<i32 as Type<MySql>>::type_info(), 4),
        "INT UNSIGNED" => number(<u32 as Type<MySql>>::type_info(), 4),
        "BIGINT" => number(<i64 as Type<MySql>>::type_info(), 8),
        "BIGINT UNSIGNED" => number(<u64 as Type<MySql>>::type_info(), 8),
        "FLOAT" => number(<f32 as Type<MySql>>::type_info(), 4),
        "DOUBLE" => number(<f64 as Type<MySql>>::type_info(), 8),
        "DATE" => Some((binary("Date")?, Prefix::Short, None)),
        "TIME" => Some((binary("Time")?, Prefix::Short, None)),
        "DATETIME" => Some((binary("Datetime")?, Prefix::Short, None)),
        "TIMESTAMP" => Some((binary("Timestamp")?, Prefix::Short, None)),
        "DECIMAL" => Some((binary("NewDecimal")?, Prefix::Encoded, None)),
        "BINARY" => Some((binary("String")?, Prefix::Encoded, None)),
        "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
            Some((<[u8] as Type<MySql>>::type_info(), Prefix::Encoded, None))
        }
        "ENUM" => Some((MySqlTypeInfo::__enum(), Prefix::Encoded, None)),
        "VARCHAR" | "CHAR" | "TEXT" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT" | "JSON" | "SET" => {
            Some((<str as Type<MySql>>::type_info(), Prefix::Encoded, None))
        }
        "NULL" => Some((<str as Type<MySql>>::type_info(), Prefix::Encoded, None)),
        _ => None,
    }
}

/// A type that sqlx has no Rust type for without further features, had through the form in which it
/// keeps the types of `query!`.
fn binary(column_type: &str) -> Option<MySqlTypeInfo> {
    let form = serde_json::json!({
        "type": column_type, "flags": "BINARY", "collation": 63, "max_size": null,
    });
    serde_json::from_value(form).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_that_is_read_can_be_sent() {
        for name in [
            "DATE",
            "TIME",
            "DATETIME",
            "TIMESTAMP",
            "DECIMAL",
            "BINARY",
            "JSON",
            "BOOLEAN",
        ] {
            assert!(sent_as(name).is_some(), "{name}");
        }
        assert!(sent_as("GEOMETRY").is_none());
    }

    #[test]
    fn lengths_are_read_in_all_their_forms() {
        assert_eq!(length_encoded(&[3, 1]), Some((3, &[1][..])));
        assert_eq!(length_encoded(&[0xFC, 1, 1]), Some((257, &[][..])));
        assert_eq!(length_encoded(&[0xFD, 1, 0, 1]), Some((65_537, &[][..])));
        assert_eq!(
            length_encoded(&[0xFE, 9, 0, 0, 0, 0, 0, 0, 0]),
            Some((9, &[][..]))
        );
        assert_eq!(length_encoded(&[0xFC, 1]), None);
        assert_eq!(length_encoded(&[0xFF]), None);
        assert_eq!(length_encoded(&[]), None);
    }
}
