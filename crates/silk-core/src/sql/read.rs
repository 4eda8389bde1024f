//! One text of SQL, read whole.

use std::{
    borrow::Cow,
    hash::{BuildHasher as _, Hash as _, Hasher as _},
    sync::Arc,
};

use super::{
    fingerprint::fingerprint,
    lexer::{Kind, Lexeme, lex, significant},
    normalize::normalize,
    quoted::{is_path_operator, literal_content, unquoted},
    sensitive::sensitive,
    structure, tables,
};
use crate::{
    DatabaseKind, Redactor, Statement,
    redact::{REDACTED, Secrets},
};

/// What is known of a text, whatever database of its kind it runs on.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) text: Arc<str>,
    pub(super) statement: Arc<Statement>,
    pub(super) has_literals: bool,
    pub(super) is_redacted: bool,
    pub(super) placeholders: Placeholders,
    /// Equal for texts that differ in comments and white space alone.
    pub(super) identity: u64,
    /// What was taken out of the text, so that it can be scrubbed from the rest of a request.
    pub(super) secrets: Secrets,
}

/// Which bound values are secrets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Placeholders {
    /// By position.
    Each(Vec<bool>),
    /// The text could not be read and names something sensitive.
    All,
}

pub(super) fn read(sql: &str, database: DatabaseKind, redactor: &Redactor) -> Reading {
    let (lexemes, is_read) = lex(sql, database);
    let words = significant(&lexemes);
    let flags = sensitive(&words, redactor);
    let mut secrets = Secrets::default();
    let masks = Masks::new(&words, &flags, database, redactor, &mut secrets);
    let (text, is_redacted) = print(sql, &lexemes, &masks, redactor, &mut secrets);
    let has_literals = words
        .iter()
        .any(|word| matches!(word.kind, Kind::Text | Kind::Number));
    let (normalized, command, tables) = if is_read {
        let as_text = |word: &Lexeme<'_>| masks.is_masked(word.start);
        (
            normalize(&words, database, &as_text),
            structure::command(&words),
            tables::tables(&words, database),
        )
    } else {
        (text.trim().to_owned(), "OTHER".to_owned(), Vec::new())
    };
    let placeholders = if is_read {
        Placeholders::Each(structure::placeholders(&words, &flags))
    } else if redactor.names_something_sensitive(sql) {
        Placeholders::All
    } else {
        Placeholders::Each(Vec::new())
    };
    Reading {
        statement: Arc::new(Statement {
            fingerprint: fingerprint(database, &normalized),
            database,
            normalized,
            command,
            tables,
        }),
        text: text.into(),
        has_literals: has_literals || !is_read,
        is_redacted,
        placeholders,
        identity: identity(&words),
        secrets,
    }
}

/// Of the text itself, literals included: never kept, for it would tell a secret that is guessed.
fn identity(words: &[Lexeme<'_>]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    for word in words {
        word.text.hash(&mut hasher);
    }
    hasher.finish()
}

/// Where in the text something stands that must not be kept, and what stands for it.
struct Masks {
    /// By byte offset, ascending.
    at: Vec<(usize, String)>,
}

impl Masks {
    fn new(
        words: &[Lexeme<'_>],
        flags: &[bool],
        database: DatabaseKind,
        redactor: &Redactor,
        secrets: &mut Secrets,
    ) -> Self {
        let mut at = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let is_sensitive = flags.get(index).copied().unwrap_or(false);
            let before = index.checked_sub(1).and_then(|before| words.get(before));
            let mask = match word.kind {
                Kind::Number if is_sensitive => Some(format!("'{REDACTED}'")),
                Kind::Text if is_sensitive => {
                    (!before.is_some_and(is_path_operator)).then(|| format!("'{REDACTED}'"))
                }
                Kind::Text => inside(word.text, redactor, secrets),
                // SQLite takes `"x"` as a string where no column is called so.
                Kind::Quoted
                    if is_sensitive
                        && matches!(database, DatabaseKind::Sqlite | DatabaseKind::Unknown)
                        && word.text.starts_with('"') =>
                {
                    let is_compared = before.is_some_and(|before| {
                        before.is_any_word(&["LIKE", "IS", "GLOB"])
                            || (before.kind == Kind::Punctuation
                                && matches!(
                                    before.text,
                                    "=" | "==" | "<>" | "!=" | "(" | "," | "||"
                                ))
                    });
                    let is_member = words
                        .get(index + 1)
                        .is_some_and(|next| next.is_sign(".") || next.is_sign("("));
                    let is_name = redactor.is_sensitive(unquoted(word));
                    (is_compared && !is_member && !is_name).then(|| format!("'{REDACTED}'"))
                }
                _ => None,
            };
            if let Some(mask) = mask {
                if is_sensitive {
                    let content = match word.kind {
                        Kind::Quoted => unquoted(word),
                        _ => literal_content(word.text),
                    };
                    secrets.add(content);
                    secrets.add(&unescaped(content));
                    // Of a connection string, the password by itself too.
                    let _is_masked_anyway = redactor.text_with(content, secrets);
                }
                at.push((word.start, mask));
            }
        }
        Self { at }
    }

    fn get(&self, start: usize) -> Option<&str> {
        let found = self.at.binary_search_by_key(&start, |(at, _)| *at).ok()?;
        self.at.get(found).map(|(_, mask)| mask.as_str())
    }

    fn is_masked(&self, start: usize) -> bool {
        self.get(start).is_some()
    }
}

/// Secrets within a literal that is not one itself: a JSON document, a connection string.
fn inside(literal: &str, redactor: &Redactor, secrets: &mut Secrets) -> Option<String> {
    let content = literal_content(literal);
    if content.len() < 6 {
        return None;
    }
    let trimmed = content.trim_start();
    if trimmed.starts_with(['{', '[']) {
        let (redacted, is_changed) = redactor.json(content, secrets);
        if is_changed {
            // Quotes and backslashes were not written by us alone: keep the frame only where the
            // content was plain.
            let is_plain = !content.contains('\\') && !content.contains("''");
            return Some(if is_plain {
                literal.replacen(content, &redacted, 1)
            } else {
                format!("'{REDACTED}'")
            });
        }
    }
    let unescaped = unescaped(content);
    let is_changed = redactor.text_with(&unescaped, secrets) != unescaped;
    is_changed.then(|| format!("'{REDACTED}'"))
}

/// A literal's content as the database reads it, near enough.
fn unescaped(content: &str) -> Cow<'_, str> {
    if content.contains('\\') || content.contains("''") {
        Cow::Owned(content.replace('\\', "").replace("''", "'"))
    } else {
        Cow::Borrowed(content)
    }
}

fn print(
    sql: &str,
    lexemes: &[Lexeme<'_>],
    masks: &Masks,
    redactor: &Redactor,
    secrets: &mut Secrets,
) -> (String, bool) {
    let mut text = String::with_capacity(sql.len());
    let mut is_redacted = false;
    for lexeme in lexemes {
        match lexeme.kind {
            Kind::Comment => {
                let safe = redactor.text_with(lexeme.text, secrets);
                text.push_str(&safe);
            }
            Kind::Unread => {
                let safe = if redactor.names_something_sensitive(sql) {
                    mask_quoted(lexeme.text)
                } else {
                    redactor.text(lexeme.text)
                };
                is_redacted |= safe != lexeme.text;
                text.push_str(&safe);
            }
            _ => match masks.get(lexeme.start) {
                Some(mask) => {
                    is_redacted = true;
                    text.push_str(mask);
                }
                None => text.push_str(lexeme.text),
            },
        }
    }
    (text, is_redacted)
}

/// Masks everything quoted in a text that could not be tokenized. A quote that is not closed stays
/// open, so that the result is no better SQL than it was.
fn mask_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['\'', '"', '$']) {
        let (head, tail) = rest.split_at(start);
        out.push_str(head);
        let quote = if tail.starts_with('\'') {
            '\''
        } else if tail.starts_with('"') {
            '"'
        } else {
            '$'
        };
        let inner = tail.get(1..).unwrap_or_default();
        out.push(quote);
        let Some(end) = inner.find(quote) else {
            if !inner.is_empty() {
                out.push_str(REDACTED);
            }
            return out;
        };
        if quote == '$'
            && inner
                .get(..end)
                .is_some_and(|tag| tag.chars().all(|c| c.is_alphanumeric() || c == '_'))
        {
            // A dollar quote that did not end: nothing behind it is SQL.
            out.push_str(REDACTED);
            return out;
        }
        out.push_str(REDACTED);
        out.push(quote);
        rest = inner.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}
