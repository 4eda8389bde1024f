//! The index that a finding asks for.

use serde::Serialize;

use crate::advice::Candidate;

/// An index that a finding asks for, and the statement that makes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IndexSuggestion {
    /// The table's schema, where the plan or the query names it.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// Its columns, in order.
    pub columns: Vec<IndexColumn>,
    /// The statement that makes it, as it can be pasted; without a semicolon.
    pub statement: String,
}

/// A column of an index that a finding asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexColumn {
    /// The column or expression, as it stands in the statement.
    pub text: String,
    /// Whether it is sorted downwards.
    pub descending: bool,
    /// Whether NULL comes first; none if that follows from the direction.
    pub nulls_first: Option<bool>,
}

impl IndexSuggestion {
    pub(super) fn of(index: &Candidate) -> Self {
        Self {
            schema: index.schema.clone(),
            table: index.table.clone(),
            columns: index
                .keys
                .iter()
                .map(|key| IndexColumn {
                    text: key.text.clone(),
                    descending: key.descending,
                    nulls_first: key.nulls_first,
                })
                .collect(),
            statement: index.statement(Some(&index.plain_name())),
        }
    }
}
