//! Values of SQLite, which its driver keeps as Rust values and shows through `Debug` only.

use silk_core::{Value, ValueState};
use sqlx_core::arguments::Arguments;
use sqlx_sqlite::SqliteArguments;

use super::{RebindError, cut, debug_output, unavailable, whole_bytes};

/// Bytes of `Debug` output read at most: blobs of about 2 MB. Beyond, values are unavailable rather
/// than the writer busy.
const MAX_TEXT: usize = 8 << 20;

/// How the driver's own output begins today.
const HEAD: &str = "SqliteArguments { values: SqliteArgumentsBuffer([";

/// What an argument takes, its text or blob left out.
const BYTES_PER_ARGUMENT: usize = 64;

/// An estimate of the memory held; the driver tells the number of arguments and no more, and shares
/// texts and blobs with the query itself.
#[must_use]
pub fn estimated_bytes(arguments: &SqliteArguments) -> usize {
    Arguments::len(arguments) * BYTES_PER_ARGUMENT
}

/// Arguments as values, each cut at `max_bytes`.
#[must_use]
pub fn encode(arguments: &SqliteArguments, max_bytes: usize) -> Vec<Value> {
    let count = Arguments::len(arguments);
    let text = debug_output::whole(arguments, MAX_TEXT);
    let values = text.as_deref().and_then(|text| {
        let list = text.strip_prefix(HEAD).or_else(|| {
            let (_, list) = text.split_once("SqliteArgumentsBuffer([")?;
            Some(list)
        })?;
        Reader {
            rest: list.strip_suffix("]) }")?,
            max_bytes,
        }
        .values()
    });
    values
        .filter(|values| values.len() == count)
        .unwrap_or_else(|| unavailable(count))
}

/// Reads `Int(1), Text("…"), Blob([1, 2]), Null`.
struct Reader<'t> {
    rest: &'t str,
    max_bytes: usize,
}

impl Reader<'_> {
    fn values(mut self) -> Option<Vec<Value>> {
        let mut values = Vec::new();
        while !self.rest.is_empty() {
            if !values.is_empty() {
                self.take(", ")?;
            }
            values.push(self.value()?);
        }
        Some(values)
    }

    fn value(&mut self) -> Option<Value> {
        let ends = |byte: &u8| matches!(byte, b'(' | b',');
        let end = self.rest.as_bytes().iter().position(ends);
        let end = end.unwrap_or(self.rest.len());
        let (kind, rest) = self.rest.split_at(end);
        self.rest = rest;
        let (type_name, state) = match kind {
            "Null" => ("NULL", ValueState::Null),
            "Int" | "Int64" => {
                let number: i64 = self.word()?.parse().ok()?;
                ("INTEGER", ValueState::Bytes(number.to_le_bytes().to_vec()))
            }
            "Double" => {
                let number: f64 = self.word()?.parse().ok()?;
                ("REAL", ValueState::Bytes(number.to_le_bytes().to_vec()))
            }
            "Text" | "TextSlice" => {
                self.take("(")?;
                let text = self.quoted()?;
                self.take(")")?;
                ("TEXT", cut(text.as_bytes(), self.max_bytes))
            }
            "Blob" => {
                self.take("([")?;
                let end = self.rest.find("])")?;
                let list = &self.rest[..end];
                let bytes = list
                    .split(", ")
                    .filter(|byte| !byte.is_empty())
                    .map(str::parse);
                let bytes: Vec<u8> = bytes.collect::<Result<_, _>>().ok()?;
                self.rest = &self.rest[end + 2..];
                ("BLOB", cut(&bytes, self.max_bytes))
            }
            _ => return None,
        };
        Some(Value {
            type_name: type_name.to_owned(),
            state,
        })
    }

    fn take(&mut self, expected: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// What stands in the parentheses that come now.
    fn word(&mut self) -> Option<&str> {
        let (word, rest) = self.rest.strip_prefix('(')?.split_once(')')?;
        self.rest = rest;
        Some(word)
    }

    /// A text as `Debug` of `str` writes it.
    fn quoted(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => text.push(match characters.next()?.1 {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    '0' => '\0',
                    'u' => {
                        let mut digits = String::new();
                        if characters.next()?.1 != '{' {
                            return None;
                        }
                        loop {
                            match characters.next()?.1 {
                                '}' => break,
                                digit => digits.push(digit),
                            }
                        }
                        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                    }
                    plain @ ('"' | '\'' | '\\') => plain,
                    _ => return None,
                }),
                plain => text.push(plain),
            }
        }
        None
    }
}

/// Binds values again.
///
/// # Errors
/// Which value is not whole, or whose bytes do not fit its type.
pub fn rebind(values: &[Value]) -> Result<SqliteArguments, RebindError> {
    let mut arguments = SqliteArguments::default();
    for (value, position) in values.iter().zip(1..) {
        let misfit = RebindError::Unavailable(position);
        let added = match (whole_bytes(value, position)?, value.type_name.as_str()) {
            (None, _) => Arguments::add(&mut arguments, None::<i64>),
            (Some(bytes), "INTEGER") => {
                let bytes = bytes.try_into().map_err(|_| misfit)?;
                Arguments::add(&mut arguments, i64::from_le_bytes(bytes))
            }
            (Some(bytes), "REAL") => {
                let bytes = bytes.try_into().map_err(|_| misfit)?;
                Arguments::add(&mut arguments, f64::from_le_bytes(bytes))
            }
            (Some(bytes), "TEXT") => {
                let text = std::str::from_utf8(bytes).map_err(|_| misfit)?;
                Arguments::add(&mut arguments, text.to_owned())
            }
            (Some(bytes), "BLOB") => Arguments::add(&mut arguments, bytes.to_vec()),
            (Some(_), _) => return Err(misfit),
        };
        added.map_err(|_| misfit)?;
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<Value>> {
        Reader {
            rest: text,
            max_bytes: 100,
        }
        .values()
    }

    #[test]
    fn reads_nothing_from_what_it_does_not_know() {
        assert!(read("").is_some_and(|values| values.is_empty()));
        for text in [
            "Int(x)",
            "Int(1",
            "Int(1)Int(2)",
            "Decimal(1)",
            "Text(\"a)",
            "Blob([300])",
            "Text(\"\\q\")",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
