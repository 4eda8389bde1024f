//! The databases that queries run on.

use serde::{Deserialize, Serialize};

use crate::word_enum::word_enum;

/// Which database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseKind {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    #[serde(rename = "mysql")]
    MySql,
    /// SQLite.
    Sqlite,
    /// Not known: the layer tier without a hint from the builder.
    Unknown,
}

word_enum!(DatabaseKind {
    Postgres = "postgres",
    MySql = "mysql",
    Sqlite = "sqlite",
    Unknown = "unknown",
});

/// A database that queries went to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Database {
    /// Its dialect.
    pub kind: DatabaseKind,
    /// Name of the database or file, as the pool's options tell; empty where not known.
    pub name: String,
}
