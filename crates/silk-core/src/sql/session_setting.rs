//! Which setting of the session a statement changes.

use crate::Statement;

/// Of a statement that sets something for the session, the part that names it: `SET search_path` of
/// `SET search_path = a`.
pub(super) fn setting(statement: &Statement) -> Option<Box<str>> {
    let sets = matches!(&*statement.command, "SET" | "USE" | "RESET" | "PRAGMA")
        || (statement.tables.is_empty() && statement.normalized.contains("set_config("));
    sets.then(|| name(&statement.normalized).into())
}

fn name(normalized: &str) -> &str {
    if normalized.starts_with("USE ") {
        return "USE";
    }
    let end = [normalized.find('='), normalized.find(" TO ")];
    let end = end.into_iter().flatten().min();
    normalized[..end.unwrap_or(normalized.len())].trim_end()
}
