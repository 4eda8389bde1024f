//! One text of SQL, read whole.

use std::{
    hash::{BuildHasher as _, Hash as _, Hasher as _},
    sync::Arc,
};

use super::{
    context::Context,
    fingerprint::fingerprint,
    lexer::{Kind, Lexeme, lex, significant},
    masks::Masks,
    normalize::normalize,
    sensitive::{Found, sensitive, settings::Links},
    sentence,
    session_setting::setting,
    structure, tables,
};
use crate::{DatabaseKind, Redactor, Statement, redact::Secrets, value::REDACTED};

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
    /// What it sets for the session, by name.
    pub(super) setting: Option<Box<str>>,
    /// Which bound values are secrets where another one says so.
    pub(super) links: Links,
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
    let Found { flags, links } = sensitive(&words, redactor);
    let mut secrets = Secrets::default();
    let context = Context {
        database,
        redactor,
        depth: 0,
    };
    let masks = Masks::new(&words, &flags, context, &mut secrets);
    let (text, is_redacted) = print(sql, &lexemes, &masks, redactor, &mut secrets);
    let has_literals = words
        .iter()
        .any(|word| matches!(word.kind, Kind::Text | Kind::Number));
    let as_text = |word: &Lexeme<'_>| masks.is_masked(word.start);
    let mut normalized = normalize(&words, database, &as_text);
    let (command, tables) = if is_read {
        (structure::command(&words), tables::tables(&words, database))
    } else {
        // The same shape for all values: what is known of the shape.
        let unread = lexemes.last().filter(|last| last.kind == Kind::Unread);
        let safe = unread.map(|last| mask_unread(last.text, redactor, &mut secrets));
        if !normalized.is_empty() {
            normalized.push(' ');
        }
        normalized.push_str(safe.unwrap_or_default().trim());
        ("OTHER".to_owned(), Vec::new())
    };
    let placeholders = if is_read {
        Placeholders::Each(structure::placeholders(&words, &flags))
    } else if redactor.names_something_sensitive(sql) {
        Placeholders::All
    } else {
        Placeholders::Each(Vec::new())
    };
    let statement = Statement {
        fingerprint: fingerprint(database, &normalized),
        database,
        normalized,
        command,
        tables,
    };
    Reading {
        setting: setting(&statement),
        statement: Arc::new(statement),
        text: text.into(),
        has_literals: has_literals || !is_read,
        is_redacted,
        placeholders,
        identity: identity(&words),
        links,
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

/// SQL that stands in a literal without its secrets; none if it has none.
pub(super) fn safe_text(sql: &str, context: Context<'_>, secrets: &mut Secrets) -> Option<String> {
    let (lexemes, _) = lex(sql, context.database);
    let words = significant(&lexemes);
    let flags = sensitive(&words, context.redactor).flags;
    let masks = Masks::new(&words, &flags, context, secrets);
    let (text, _) = print(sql, &lexemes, &masks, context.redactor, secrets);
    (text != sql).then_some(text)
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
            Kind::Comment => text.push_str(&comment(lexeme.text, redactor, secrets)),
            Kind::Unread => {
                let safe = mask_unread(lexeme.text, redactor, secrets);
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

fn comment(text: &str, redactor: &Redactor, secrets: &mut Secrets) -> String {
    let safe = redactor.text_with(text, secrets);
    sentence::scrub(&safe, redactor, true, secrets).unwrap_or(safe)
}

/// Where the first quote in dollars opens: `$$`, `$tag$`.
fn dollar_quote(text: &str) -> Option<usize> {
    text.match_indices('$').map(|(at, _)| at).find(|at| {
        let tag = text.get(at + 1..).unwrap_or_default();
        let end = tag.find(|character: char| !character.is_alphanumeric() && character != '_');
        // `$1` is no tag.
        end.is_some_and(|end| {
            tag[end..].starts_with('$') && !tag.starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

/// What could not be read: nothing of it is kept from the first quote on, for any word of it may
/// stand in a string. The quote stays open, so that the result is no better SQL than it was.
fn mask_unread(text: &str, redactor: &Redactor, secrets: &mut Secrets) -> String {
    let quote = text.find(['\'', '"', '`', '\\']).into_iter();
    let quote = quote.chain(dollar_quote(text)).min();
    let (head, tail) = text.split_at(quote.unwrap_or(text.len()));
    let mut safe = String::with_capacity(text.len());
    // Numbers that end a word are part of a name.
    let mut is_word = false;
    for character in comment(head, redactor, secrets).chars() {
        let is_digit = character.is_ascii_digit();
        if !is_digit || is_word {
            safe.push(character);
        } else if !safe.ends_with('?') {
            safe.push('?');
        }
        is_word = character.is_alphabetic() || character == '_' || (is_digit && is_word);
    }
    if let Some(quote) = tail.chars().next() {
        if quote != '\\' {
            safe.push(quote);
        }
        if tail.len() > 1 {
            safe.push_str(REDACTED);
        }
    }
    safe
}
