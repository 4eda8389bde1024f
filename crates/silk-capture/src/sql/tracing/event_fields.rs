//! Fields of sqlx's events and of the app's spans, read out of `tracing`.

use std::{
    cell::RefCell,
    collections::HashMap,
    fmt::{self, Write as _},
    sync::Arc,
    time::Duration,
};

use tracing::field::{Field, Visit};

use crate::{
    record::SqlSource,
    sql::verbs::{Verb, plain_verb},
};

/// Fields kept of a span or event.
pub(super) const MAX_FIELDS: usize = 32;
/// Bytes kept of each.
const MAX_FIELD_BYTES: usize = 1_024;
/// Texts that a thread remembers, so that each is copied once per thread.
const MAX_REMEMBERED_TEXTS: usize = 512;
/// Longer texts are not remembered.
const MAX_REMEMBERED_BYTES: usize = 8 << 10;

/// The message of an event, looked at without being copied.
pub(super) struct Message<F>(pub(super) F);

impl<F: FnMut(&str)> Visit for Message<F> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            (self.0)(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// sqlx's own event about a query.
#[derive(Default)]
pub(super) struct Query {
    pub(super) sql: Option<SqlSource>,
    /// Its verb, where the text is one plain statement.
    pub(super) verb: Option<Verb>,
    pub(super) elapsed: Duration,
    pub(super) rows_returned: u64,
    pub(super) rows_affected: u64,
}

impl Query {
    fn set(&mut self, text: &str) {
        let (text, verb) = remembered(text);
        (self.sql, self.verb) = (Some(SqlSource::Shared(text)), verb);
    }
}

impl Visit for Query {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            // The summary comes first and is the whole text where `db.statement` is empty.
            "summary" if !value.ends_with('…') => self.set(value),
            "db.statement" if !value.is_empty() => {
                let text = value.strip_prefix("\n\n").unwrap_or(value);
                self.set(text.strip_suffix('\n').unwrap_or(text));
            }
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed = Duration::try_from_secs_f64(value).unwrap_or_default();
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "rows_returned" => self.rows_returned = value,
            "rows_affected" => self.rows_affected = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// sqlx's event about a wait for a connection.
#[derive(Default)]
pub(super) struct Wait {
    pub(super) took: Duration,
}

impl Visit for Wait {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "acquired_after_secs" {
            self.took = Duration::try_from_secs_f64(value).unwrap_or_default();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Fields of a span or event as text.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) fields: Vec<(String, String)>,
    /// What the bridge from `log` has for a target; all of its events have the same of their own.
    pub(super) log_target: Option<String>,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}

impl Fields {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let is_kept = match field.name() {
            "message" | "log.target" => true,
            // Where the macro of `log` stands in a library.
            "log.module_path" | "log.file" | "log.line" => false,
            _ => self.fields.len() < MAX_FIELDS,
        };
        if !is_kept {
            return;
        }
        let mut text = Capped(String::new());
        // Once it is full, formatting stops there.
        let _ = text.write_fmt(value);
        match field.name() {
            "message" => self.message = text.0,
            "log.target" => self.log_target = Some(text.0),
            name => self.fields.push((name.to_owned(), text.0)),
        }
    }
}

/// A text that stops growing.
struct Capped(String);

impl fmt::Write for Capped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_FIELD_BYTES.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        Err(fmt::Error)
    }
}

/// A text as its thread remembers it, and its verb where it is one plain statement: neither is
/// worked out again for each query.
fn remembered(text: &str) -> (Arc<str>, Option<Verb>) {
    thread_local! {
        static TEXTS: RefCell<HashMap<Arc<str>, Option<Verb>, foldhash::fast::RandomState>> =
            RefCell::default();
    }
    if text.len() > MAX_REMEMBERED_BYTES {
        return (text.into(), plain_verb(text));
    }
    let known = TEXTS.try_with(|texts| {
        let mut texts = texts.try_borrow_mut().ok()?;
        if let Some((known, verb)) = texts.get_key_value(text) {
            return Some((Arc::clone(known), *verb));
        }
        let (new, verb): (Arc<str>, _) = (text.into(), plain_verb(text));
        // Texts with literals would fill it: start anew, what repeats is soon back.
        if texts.len() >= MAX_REMEMBERED_TEXTS {
            texts.clear();
        }
        texts.insert(Arc::clone(&new), verb);
        Some((new, verb))
    });
    let known = known.ok().flatten();
    known.unwrap_or_else(|| (text.into(), plain_verb(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let mut text = Capped(String::new());
        assert!(text.write_str(&"é".repeat(600)).is_err());
        assert_eq!(text.0.len(), 1_024);
        let mut text = Capped("x".into());
        assert!(text.write_str(&"é".repeat(600)).is_err());
        assert_eq!(text.0.len(), 1_023);
    }

    #[test]
    fn texts_are_shared_within_a_thread() {
        let (one, two) = (remembered("SELECT 1"), remembered("SELECT 1"));
        assert!(Arc::ptr_eq(&one.0, &two.0));
        assert_eq!((one.1, two.1), (Some(Verb::Read), Some(Verb::Read)));
        assert_eq!(remembered("SELECT 1; DELETE FROM a").1, None);
    }
}
