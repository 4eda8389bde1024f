//! What is known of a table beside the plan.

use silk_core::DatabaseKind;

/// A table, its columns and its indexes, as the catalogue tells.
#[derive(Debug, Clone, PartialEq)]
pub struct TableFacts {
    /// Whose table.
    pub kind: DatabaseKind,
    /// Its schema, where statements should name it.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Rows, estimated.
    pub rows: Option<f64>,
    /// Pages it takes.
    pub pages: Option<f64>,
    /// Fraction of its pages all of whose rows are visible to everyone, 0 to 1.
    pub all_visible: Option<f64>,
    /// Rows changed since statistics were taken, as a fraction of all.
    pub changed_since_analyze: Option<f64>,
    /// Whether statistics were ever taken.
    pub is_analyzed: bool,
    /// Whether it is cut into partitions: its indexes cannot be made concurrently.
    pub is_partitioned: bool,
    /// Whether it is a partition of another table.
    pub is_partition: bool,
    /// What was done to it since the database began to count.
    pub activity: Option<Activity>,
    /// Its columns.
    pub columns: Vec<ColumnFacts>,
    /// Its indexes.
    pub indexes: Vec<IndexFacts>,
    /// Columns by which each of its indexes finds the rows, and which therefore stand at its end
    /// unnamed: InnoDB's primary key, SQLite's rowid. None with PostgreSQL.
    pub row_key: Vec<String>,
}

/// What was done to a table.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Activity {
    /// Rows put in.
    pub inserts: f64,
    /// Rows changed.
    pub updates: f64,
    /// Of these, without touching any index.
    pub hot_updates: f64,
    /// Rows taken out.
    pub deletes: f64,
    /// Scans, of the table and its indexes.
    pub scans: f64,
}

impl Activity {
    /// Rows written.
    #[must_use]
    pub fn writes(&self) -> f64 {
        self.inserts + self.updates + self.deletes
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its type, as the database names it.
    pub type_name: String,
    /// Whether a plain (btree) index can hold it.
    pub is_indexable: bool,
    /// Whether it is true or false.
    pub is_boolean: bool,
    /// Different values, estimated.
    pub distinct: Option<f64>,
    /// Fraction of rows in which it is NULL, 0 to 1.
    pub null_fraction: Option<f64>,
    /// Bytes a value takes.
    pub bytes: Option<f64>,
    /// How far the order of values is that of rows on disk, -1 to 1.
    pub correlation: Option<f64>,
    /// The operator class that a search by prefix (`LIKE 'a%'`) needs, where the default does not.
    pub pattern_class: Option<&'static str>,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IndexFacts {
    /// Its name.
    pub name: String,
    /// Its keys, in order.
    pub keys: Vec<IndexKey>,
    /// Columns it carries beside.
    pub include: Vec<String>,
    /// Pages it takes.
    pub pages: Option<f64>,
    /// What it is restricted to.
    pub predicate: Option<String>,
    /// Whether it keeps values from coming twice.
    pub is_unique: bool,
    /// Whether a constraint rests on it.
    pub is_constraint: bool,
    /// Whether it is a plain (btree) one, whole and in use.
    pub is_plain: bool,
}

/// A key of an index.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IndexKey {
    /// The column, or the expression as the database writes it.
    pub text: String,
    /// Whether it is an expression.
    pub is_expression: bool,
    /// Whether it is sorted downwards.
    pub descending: bool,
    /// Whether NULL comes first.
    pub nulls_first: bool,
    /// The operator class, where it is not the default.
    pub class: Option<String>,
}

impl TableFacts {
    /// The column of this name; names of SQLite and MySQL are the same in any case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        let exact = self.columns.iter().find(|column| column.name == name);
        if exact.is_some() || self.kind == DatabaseKind::Postgres {
            return exact;
        }
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Bytes a row takes on average.
    #[must_use]
    pub fn row_bytes(&self) -> Option<f64> {
        let sum: f64 = self
            .columns
            .iter()
            .map(|column| column.bytes.unwrap_or(8.0))
            .sum();
        (!self.columns.is_empty()).then_some(sum + 28.0)
    }
}
