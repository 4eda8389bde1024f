//! What a statement writes, and whether it searches at all.

use silk_core::DatabaseKind;
use sqlparser::ast::{
    AssignmentTarget, FromTable, ObjectName, Query, Statement, TableFactor, TableWithJoins,
};

use super::parsed;

/// The table whose rows a statement deletes or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its schema, where the statement says so.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// The columns that are set; none if rows are deleted.
    pub columns: Option<Vec<String>>,
}

/// The table whose rows a statement deletes or changes; none if it does neither, or to several.
#[must_use]
pub fn changed_by(sql: &str, kind: DatabaseKind) -> Option<Changed> {
    let named = |table: &TableWithJoins, columns| {
        let TableFactor::Table { name, .. } = &table.relation else {
            return None;
        };
        let mut parts = words(name, kind);
        Some(Changed {
            table: parts.pop()?,
            schema: parts.pop(),
            columns,
        })
    };
    match parsed(sql, kind)? {
        Statement::Delete(delete) if delete.tables.is_empty() => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            match from.as_slice() {
                [only] => named(only, None),
                _ => None,
            }
        }
        Statement::Update(update) => {
            let mut columns = Vec::new();
            for assignment in &update.assignments {
                match &assignment.target {
                    AssignmentTarget::ColumnName(name) => columns.extend(words(name, kind).pop()),
                    AssignmentTarget::Tuple(names) => {
                        columns.extend(names.iter().filter_map(|name| words(name, kind).pop()));
                    }
                }
            }
            named(&update.table, Some(columns))
        }
        _ => None,
    }
}

/// The parts of a name, as the catalogue has them.
fn words(name: &ObjectName, kind: DatabaseKind) -> Vec<String> {
    name.0
        .iter()
        .filter_map(|part| part.as_ident())
        .map(|ident| {
            if kind == DatabaseKind::Postgres && ident.quote_style.is_none() {
                ident.value.to_lowercase()
            } else {
                ident.value.clone()
            }
        })
        .collect()
}

/// Whether a statement looks for rows anywhere. One that only puts in the rows it is given does
/// not, and no index makes it faster. What cannot be read is taken to search.
#[must_use]
pub fn searches_tables(sql: &str, kind: DatabaseKind) -> bool {
    match parsed(sql, kind) {
        Some(Statement::Insert(insert)) => insert.source.as_deref().is_some_and(selects),
        Some(Statement::Query(query)) => selects(&query),
        _ => true,
    }
}

/// Whether a query reads from anywhere. The word may stand in a text or function: then the database
/// is asked in vain.
fn selects(query: &Query) -> bool {
    query.to_string().contains(" FROM ")
}
