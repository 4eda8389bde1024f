//! Arguments of SQL that is put together.

use silk_core::store::TextPattern;
use sqlx::{Arguments, Encode, Sqlite, Type, sqlite::SqliteArguments};

use super::super::error::Fault;

/// Adds an argument.
pub(super) fn bind<'a, T: Encode<'a, Sqlite> + Type<Sqlite>>(
    arguments: &mut SqliteArguments,
    value: T,
) -> Result<(), Fault> {
    Ok(arguments.add(value).map_err(sqlx::Error::Encode)?)
}

/// `column = ?`, or conditions on its bytes where the pattern holds `*`.
///
/// Texts are compared as bytes: they may hold NUL, at which SQL functions on texts stop.
pub(super) fn pattern(
    sql: &mut String,
    arguments: &mut SqliteArguments,
    column: &str,
    pattern: &str,
) -> Result<(), Fault> {
    let pattern = TextPattern::new(pattern)?;
    if let Some(exact) = pattern.exact() {
        sql.push_str(&format!("{column} = ?"));
        return bind(arguments, exact);
    }
    let (first, between, last) = pattern.parts();
    sql.push_str(&format!("{column} IS NOT NULL"));
    if !first.is_empty() {
        sql.push_str(&format!(
            " AND CAST({column} AS BLOB) >= ? AND CAST({column} AS BLOB) < ?"
        ));
        bind(arguments, first.as_bytes())?;
        let mut end = first.as_bytes().to_vec();
        // UTF-8 has no byte 0xff, so that the last one can always grow.
        if let Some(end) = end.last_mut() {
            *end = end.saturating_add(1);
        }
        bind(arguments, end)?;
    }
    let bytes = format!("CAST({column} AS BLOB)");
    let (before, after) = (first.len(), last.len());
    if !last.is_empty() {
        sql.push_str(&format!(
            " AND length({bytes}) >= {} AND substr({bytes}, -{after}) = ?",
            before + after
        ));
        bind(arguments, last.as_bytes())?;
    }
    if !between.is_empty() {
        // What is left of the text after each part, as early as it comes, one inside the other.
        let mut left = format!(
            "SELECT substr({bytes}, {}, max(length({bytes}) - {}, 0)) AS left",
            before + 1,
            before + after
        );
        for part in between {
            let part = hex(part);
            left = format!(
                "SELECT substr(left, instr(left, {part}) + length({part})) AS left
                 FROM ({left}) WHERE instr(left, {part}) > 0"
            );
        }
        sql.push_str(&format!(" AND EXISTS ({left})"));
    }
    Ok(())
}

/// Bytes as SQL writes them.
fn hex(text: &str) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{digits}'")
}
