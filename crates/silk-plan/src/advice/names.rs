//! Names as they can stand in a statement, whatever is in them.

use silk_core::DatabaseKind;

use super::expression::{Style, quote};

/// A table as it can stand in a statement.
#[must_use]
pub fn quote_table(schema: Option<&str>, table: &str, kind: DatabaseKind) -> String {
    let style = Style::of(kind);
    match schema {
        Some(schema) => format!("{}.{}", quote(schema, style), quote(table, style)),
        None => quote(table, style),
    }
}

/// A name as it can stand in a statement.
#[must_use]
pub fn quote_name(name: &str, kind: DatabaseKind) -> String {
    quote(name, Style::of(kind))
}
