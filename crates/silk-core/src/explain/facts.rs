//! What databases know of tables: sizes, columns, indexes.

use std::collections::BTreeMap;

/// A table, as a plan or a statement names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// Its schema, if the database names it.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

/// What a database knows of one of its tables, for judging plans that read it.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationFacts {
    /// The table, as it was asked for.
    pub relation: Relation,
    /// Rows it holds, as the statistics have it.
    pub rows: Option<f64>,
    /// Fraction of its pages all of whose rows are visible to everyone, 0 to 1 (PostgreSQL).
    pub all_visible: Option<f64>,
    /// Types of its columns, by name.
    pub column_types: BTreeMap<String, String>,
    /// Columns that an index of all its rows starts with, each once.
    pub leading_columns: Vec<String>,
}
