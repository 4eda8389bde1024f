//! SQL read by a real tokenizer: normalised text, fingerprint, command and tables.
//!
//! A statement is the shape of a query: every literal and placeholder a `?`, lists of any length
//! folded to one element, comments gone, spaces single, reserved words in upper case, names as the
//! database sees them (`"person"` is `person`, `"Person"` is not in PostgreSQL). Of text that
//! cannot be read nothing is kept from the first quote on: a quote that only seemed to open a
//! string turns round all that follows. Where the database is not known, text is read as each of
//! them reads it.
//!
//! # Limits of redaction
//! Columns are known by the names in the text alone. An INSERT without column names tells none:
//! all its values are taken out where the table's name is sensitive or one of accounts (`users`,
//! `customers`…), none elsewhere. Values are followed through the names that subqueries, CTEs,
//! VALUES and functions in FROM give them, and into SQL that stands in a literal, but not into
//! variables or the arguments of a procedure. In tables of settings a secret is known by its name
//! (`smtp_password`), written or bound; where the name is bound and the secret written, it stays.

mod cache;
mod called;
mod context;
mod effect;
mod fingerprint;
mod functions;
pub mod habits;
mod keywords;
mod lexer;
mod masks;
mod nested;
mod normalize;
mod operands;
mod pretty;
mod quoted;
mod read;
mod safety;
mod sensitive;
mod sentence;
mod session_setting;
mod shape;
mod structure;
mod tables;

use std::sync::{Arc, Mutex, PoisonError};

pub use called::{called, statement_count, tables_named};
pub use effect::{Effect, effect};
pub use pretty::{SqlTokenClass, format, highlight};
pub use safety::{FunctionCall, explainable_calls, is_explainable, is_read_only, reading_calls};
pub use shape::{Role, Shape, Slot, shape};

use self::{
    cache::Cache,
    read::{Placeholders, Reading},
    sensitive::settings,
};
use crate::{Database, DatabaseKind, Redactor, SqlText, Value, ValueState, redact::Secrets};

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
        self.sensitive(sql, database.kind).text(database)
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
        self.sensitive(sql, database).add_secrets(secrets);
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

/// A text that was read: which of its bound values meet a sensitive column, and what else is known
/// of all its executions.
#[derive(Debug, Clone)]
pub struct SensitiveValues(Arc<Reading>);

impl SensitiveValues {
    /// The text, made safe, as one that ran on `database`.
    #[must_use]
    pub fn text(&self, database: &Arc<Database>) -> SqlText {
        SqlText {
            text: Arc::clone(&self.0.text),
            statement: Arc::clone(&self.0.statement),
            database: Arc::clone(database),
            has_literals: self.0.has_literals,
            is_redacted: self.0.is_redacted,
        }
    }

    /// Remembers what reading took out of the text, to be scrubbed out of the rest of the request.
    pub fn add_secrets(&self, secrets: &mut Secrets) {
        secrets.extend(&self.0.secrets);
    }

    /// A number that is equal for texts which differ in comments and white space alone.
    #[must_use]
    pub fn text_identity(&self) -> u64 {
        self.0.identity
    }

    /// What the text sets for the session, by name; none if it sets nothing.
    #[must_use]
    #[inline]
    pub fn setting(&self) -> Option<&str> {
        self.0.setting.as_deref()
    }

    /// Whether values are bound to the text; of one that could not be read that is not known, and
    /// they may be.
    #[must_use]
    #[inline]
    pub fn has_placeholders(&self) -> bool {
        match &self.0.placeholders {
            Placeholders::All => true,
            Placeholders::Each(flags) => !flags.is_empty(),
        }
    }

    /// Whether bound values may say of each other that they are secrets: then
    /// ask [`of`](SensitiveValues::of), else [`contains`](SensitiveValues::contains)
    /// knows all.
    #[must_use]
    pub fn has_links(&self) -> bool {
        !self.0.links.is_empty()
    }

    /// For each of the `values` that were bound, in the order of binding, whether it is a secret:
    /// it meets a sensitive column, or another value says so (`VALUES ($1, $2)` with
    /// `smtp_password` as the first one).
    #[must_use]
    pub fn of(&self, values: &[Value], redactor: &Redactor) -> Vec<bool> {
        let mut flags: Vec<bool> = (0..values.len())
            .map(|place| self.contains(place))
            .collect();
        let links = &self.0.links;
        if !links.is_empty() {
            links.mark(&mut flags, |place| {
                let (ValueState::Bytes(bytes) | ValueState::Truncated { bytes, .. }) =
                    &values.get(place)?.state
                else {
                    return None;
                };
                // Drivers frame a text with bytes that are no part of it.
                let text = std::str::from_utf8(bytes).ok()?;
                let start = text.find(|character: char| !character.is_control())?;
                settings::names_secret(text.get(start..)?, redactor)
            });
        }
        flags
    }

    /// Whether the value at `place` meets a sensitive column, from 0 in the order of binding. See
    /// [`SensitiveValues::of`] for what the values say of each other.
    #[must_use]
    #[inline]
    pub fn contains(&self, place: usize) -> bool {
        match &self.0.placeholders {
            Placeholders::All => true,
            Placeholders::Each(flags) => flags.get(place).copied().unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests;
