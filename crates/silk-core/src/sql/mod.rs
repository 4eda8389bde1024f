//! SQL read by a real tokenizer: normalised text, fingerprint, command and tables.
//!
//! A statement is the shape of a query: every literal and placeholder a `?`, lists of any length
//! folded to one element, comments gone, spaces single, reserved words in upper case, names as the
//! database sees them (`"person"` is `person`, `"Person"` is not in PostgreSQL). Text that does not
//! tokenize is kept as it is, with what is quoted taken out where it names something sensitive.
//!
//! # Limits of redaction
//! Columns are known by the names in the text alone. An INSERT without column names tells none:
//! all its values are taken out where the table's name is sensitive or one of accounts (`users`,
//! `customers`…), none elsewhere. A value that reaches a sensitive column through another name
//! (`SET password = v.b FROM (VALUES ($1, $2)) AS v(a, b)`, a procedure's argument) is not seen.

mod cache;
mod fingerprint;
mod functions;
mod keywords;
mod lexer;
mod normalize;
mod pretty;
mod quoted;
mod read;
mod safety;
mod sensitive;
mod shape;
mod structure;
mod tables;

use std::sync::{Arc, Mutex, PoisonError};

pub use pretty::{SqlTokenClass, format, highlight};
pub use safety::{FunctionCall, explainable_calls, is_explainable, is_read_only, reading_calls};
pub use shape::{Role, Shape, Slot, shape};

use self::{
    cache::Cache,
    read::{Placeholders, Reading},
};
use crate::{Database, DatabaseKind, Redactor, SqlText, redact::Secrets};

/// Reads SQL: normalises, fingerprints and redacts it, with a bounded cache.
#[derive(Debug)]
pub struct SqlReader {
    redactor: Arc<Redactor>,
    cache: Mutex<Cache>,
}

impl SqlReader {
    /// A reader that redacts with `redactor`.
    #[must_use]
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self {
            redactor,
            cache: Mutex::new(Cache::default()),
        }
    }

    /// Normalises, fingerprints and redacts; cached by text and kind of database.
    #[must_use]
    pub fn read(&self, sql: &str, database: &Arc<Database>) -> SqlText {
        let reading = self.reading(sql, database.kind);
        SqlText {
            text: Arc::clone(&reading.text),
            statement: Arc::clone(&reading.statement),
            database: Arc::clone(database),
            has_literals: reading.has_literals,
            is_redacted: reading.is_redacted,
        }
    }

    /// For each bound value, in the order of binding, whether it meets a sensitive column.
    ///
    /// Where the text does not tokenize but names something sensitive, all of them do.
    #[must_use]
    pub fn sensitive_values(
        &self,
        sql: &str,
        database: DatabaseKind,
        value_count: usize,
    ) -> Vec<bool> {
        let sensitive = self.sensitive(sql, database);
        (0..value_count)
            .map(|place| sensitive.contains(place))
            .collect()
    }

    /// The same for all executions of a text, to be asked once.
    #[must_use]
    pub fn sensitive(&self, sql: &str, database: DatabaseKind) -> SensitiveValues {
        SensitiveValues(self.reading(sql, database))
    }

    /// Remembers what reading took out of the text, to be scrubbed out of the rest of the request.
    pub fn add_secrets(&self, sql: &str, database: DatabaseKind, secrets: &mut Secrets) {
        secrets.extend(&self.reading(sql, database).secrets);
    }

    fn reading(&self, sql: &str, database: DatabaseKind) -> Arc<Reading> {
        // What a panic may have left behind is still a cache.
        let known = self
            .cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(sql, database);
        if let Some(reading) = known {
            return reading;
        }
        let mut reading = read::read(sql, database, &self.redactor);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        reading.statement = cache.intern(reading.statement);
        let reading = Arc::new(reading);
        cache.insert(sql, database, &reading);
        reading
    }
}

/// Which bound values of a text meet a sensitive column.
#[derive(Debug, Clone)]
pub struct SensitiveValues(Arc<Reading>);

impl SensitiveValues {
    /// A number that is equal for texts which differ in comments and white space alone.
    #[must_use]
    pub fn text_identity(&self) -> u64 {
        self.0.identity
    }

    /// Whether values are bound to the text; of one that could not be read that is not known, and
    /// they may be.
    #[must_use]
    pub fn has_placeholders(&self) -> bool {
        match &self.0.placeholders {
            Placeholders::All => true,
            Placeholders::Each(flags) => !flags.is_empty(),
        }
    }

    /// Whether the value at `place` does, from 0 in the order of binding.
    #[must_use]
    pub fn contains(&self, place: usize) -> bool {
        match &self.0.placeholders {
            Placeholders::All => true,
            Placeholders::Each(flags) => flags.get(place).copied().unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests;
