//! Arguments of SQL that is put together.

use sqlx::{Arguments, Encode, Sqlite, Type, sqlite::SqliteArguments};

use super::super::error::Fault;
use crate::split_pattern;

/// Adds an argument.
pub(super) fn bind<'a, T: Encode<'a, Sqlite> + Type<Sqlite>>(
    arguments: &mut SqliteArguments,
    value: T,
) -> Result<(), Fault> {
    Ok(arguments.add(value).map_err(sqlx::Error::Encode)?)
}

/// `column = ?`, or a range of bytes where the pattern ends in `*`.
pub(super) fn pattern(
    sql: &mut String,
    arguments: &mut SqliteArguments,
    column: &str,
    pattern: &str,
) -> Result<(), Fault> {
    match split_pattern(pattern) {
        (exact, false) => {
            sql.push_str(&format!("{column} = ?"));
            bind(arguments, exact)
        }
        ("", true) => {
            sql.push_str(&format!("{column} IS NOT NULL"));
            Ok(())
        }
        (prefix, true) => {
            // Compared as bytes: texts may hold NUL, at which SQL functions on texts stop.
            sql.push_str(&format!(
                "CAST({column} AS BLOB) >= ? AND CAST({column} AS BLOB) < ?"
            ));
            bind(arguments, prefix.as_bytes())?;
            let mut end = prefix.as_bytes().to_vec();
            // UTF-8 has no byte 0xff, so that the last one can always grow.
            if let Some(last) = end.last_mut() {
                *last = last.saturating_add(1);
            }
            bind(arguments, end)
        }
    }
}
