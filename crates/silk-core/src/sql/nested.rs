//! SQL within the literals of SQL: `DO $$ … $$`, `EXECUTE '…'`, the body of a function.

use super::{context::Context, lexer::Lexeme, quoted::unescaped, read};
use crate::{redact::Secrets, value::REDACTED};

/// SQL within SQL within SQL: nobody quotes deeper than this.
const MAX_DEPTH: usize = 4;

/// Words that SQL begins with.
const BEGINNINGS: &[&str] = &[
    "ALTER", "BEGIN", "CALL", "COPY", "CREATE", "DECLARE", "DELETE", "DO", "DROP", "EXECUTE",
    "GRANT", "IF", "INSERT", "MERGE", "PERFORM", "PREPARE", "RAISE", "REPLACE", "RETURN", "REVOKE",
    "SELECT", "SET", "UPDATE", "VALUES", "WITH",
];

/// Whether the literal at `index` is read as SQL: by where it stands, or by how it begins and that
/// it has values.
pub(super) fn may_be_sql(words: &[Lexeme<'_>], index: usize, content: &str) -> bool {
    let before = index.checked_sub(1).and_then(|before| words.get(before));
    let is_body = before.is_some_and(|before| before.is_any_word(&["DO", "EXECUTE", "IMMEDIATE"]))
        || (words
            .get(index)
            .is_some_and(|word| word.text.starts_with('$'))
            && before.is_some_and(|before| {
                before.is_word("AS") || before.kind == super::lexer::Kind::Word
            }));
    if is_body {
        return true;
    }
    let first = content
        .trim_start_matches(|character: char| character.is_whitespace() || character == '(')
        .split(|character: char| !character.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    BEGINNINGS
        .iter()
        .any(|word| word.eq_ignore_ascii_case(first))
        && content.contains(['\'', '=', '$', '"', '('])
}

/// The literal without the secrets of the SQL in it; none if it has none.
pub(super) fn mask(
    literal: &str,
    content: &str,
    context: Context<'_>,
    secrets: &mut Secrets,
) -> Option<String> {
    let redactor = context.redactor;
    if context.depth >= MAX_DEPTH {
        return redactor
            .names_something_sensitive(content)
            .then(|| format!("'{REDACTED}'"));
    }
    let context = Context {
        depth: context.depth + 1,
        ..context
    };
    if literal.starts_with('$') {
        let safe = read::safe_text(content, context, secrets)?;
        let tag = literal.get(..(literal.len() - content.len()) / 2)?;
        return Some(format!("{tag}{safe}{tag}"));
    }
    let plain = unescaped(content);
    let safe = read::safe_text(&plain, context, secrets)?;
    // Only what is quoted plainly can be quoted again.
    let is_plain = literal.starts_with('\'') && !content.contains('\\');
    Some(if is_plain {
        format!("'{}'", safe.replace('\'', "''"))
    } else {
        format!("'{REDACTED}'")
    })
}
