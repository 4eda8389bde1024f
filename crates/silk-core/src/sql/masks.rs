//! What stands for the secrets of a text.

use super::{
    context::Context,
    lexer::{Kind, Lexeme},
    nested, operands,
    quoted::{is_path_operator, literal_content, unescaped, unquoted},
    sentence,
};
use crate::{DatabaseKind, redact::Secrets, value::REDACTED};

/// Where in the text something stands that must not be kept, and what stands for it.
pub(super) struct Masks {
    /// By byte offset, ascending.
    at: Vec<(usize, String)>,
}

/// Texts of this many signs and no letter or digit may be a password.
const MIN_SIGNS: usize = 4;

impl Masks {
    pub(super) fn new(
        words: &[Lexeme<'_>],
        flags: &[bool],
        context: Context<'_>,
        secrets: &mut Secrets,
    ) -> Self {
        let mut at = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let is_sensitive = flags.get(index).copied().unwrap_or(false);
            let before = index.checked_sub(1).and_then(|before| words.get(before));
            let redacted = || format!("'{REDACTED}'");
            let mask = match word.kind {
                Kind::Number if is_sensitive => Some(redacted()),
                // That there is none is no secret, nor is what parts others.
                Kind::Text
                    if is_sensitive
                        && !literal_content(word.text).contains(char::is_alphanumeric)
                        && literal_content(word.text).len() < MIN_SIGNS =>
                {
                    None
                }
                Kind::Text if is_sensitive => {
                    (!before.is_some_and(is_path_operator)).then(redacted)
                }
                Kind::Text => inside(words, index, context, secrets),
                Kind::Quoted if is_sensitive && is_text(words, index, context) => Some(redacted()),
                // To MySQL it is a string.
                Kind::Quoted
                    if context.database == DatabaseKind::Unknown
                        && word.text.starts_with('"')
                        && !operands::is_simple_name(unquoted(word)) =>
                {
                    inside(words, index, context, secrets)
                }
                _ => None,
            };
            let Some(mask) = mask else { continue };
            if is_sensitive {
                let content = match word.kind {
                    Kind::Quoted => unquoted(word),
                    _ => literal_content(word.text),
                };
                secrets.add(content);
                secrets.add(&unescaped(content));
                // Of a connection string, the password on its own too.
                let _is_masked_anyway = context.redactor.text_with(content, secrets);
            }
            at.push((word.start, mask));
        }
        Self { at }
    }

    pub(super) fn get(&self, start: usize) -> Option<&str> {
        let found = self.at.binary_search_by_key(&start, |(at, _)| *at).ok()?;
        self.at.get(found).map(|(_, mask)| mask.as_str())
    }

    pub(super) fn is_masked(&self, start: usize) -> bool {
        self.get(start).is_some()
    }
}

/// Whether a quoted name at `index`, where a secret would stand, may be a string: SQLite takes
/// `"x"` as one where no column is called so.
fn is_text(words: &[Lexeme<'_>], index: usize, context: Context<'_>) -> bool {
    let Some(word) = words.get(index) else {
        return false;
    };
    let is_possible = matches!(
        context.database,
        DatabaseKind::Sqlite | DatabaseKind::Unknown
    ) && word.text.starts_with('"');
    let is_compared = index
        .checked_sub(1)
        .and_then(|before| words.get(before))
        .is_some_and(|before| {
            before.is_any_word(&["LIKE", "IS", "GLOB", "BY", "AND", "BETWEEN", "THEN", "ELSE"])
                || (before.kind == Kind::Punctuation && !matches!(before.text, "." | ")" | "]"))
        });
    let is_member = words
        .get(index + 1)
        .is_some_and(|next| next.is_sign(".") || next.is_sign("("));
    // A column of a sensitive name, as people write them.
    let name = unquoted(word);
    let is_column = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && context.redactor.is_sensitive(name);
    is_possible && is_compared && !is_member && !is_column
}

/// Secrets within a literal that is not one itself: a JSON document, a connection string, SQL, a
/// sentence.
fn inside(
    words: &[Lexeme<'_>],
    index: usize,
    context: Context<'_>,
    secrets: &mut Secrets,
) -> Option<String> {
    let redactor = context.redactor;
    let literal = words.get(index)?.text;
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
    if is_filter(content) && redactor.names_something_sensitive(content) {
        return Some(format!("'{REDACTED}'"));
    }
    if nested::may_be_sql(words, index, content) {
        return nested::mask(literal, content, context, secrets);
    }
    let unescaped = unescaped(content);
    let is_changed = redactor.text_with(&unescaped, secrets) != unescaped;
    let is_said = sentence::is_message(words, index);
    if is_changed || sentence::scrub(&unescaped, redactor, is_said, secrets).is_some() {
        return Some(format!("'{REDACTED}'"));
    }
    None
}

/// Whether a text is a path of JSON with a condition in it: `$.token ? (@ == "x")`.
fn is_filter(content: &str) -> bool {
    let path = content.trim_start();
    let path = ["strict ", "lax "]
        .iter()
        .find_map(|mode| path.strip_prefix(mode))
        .unwrap_or(path);
    path.trim_start().starts_with('$')
        && content.contains('"')
        && content.contains(['=', '<', '>', '?'])
}
