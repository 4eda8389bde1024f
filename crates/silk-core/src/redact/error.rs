//! Database errors without the values they quote.

use std::borrow::Cow;

use super::{REDACTED, Redactor, shape::is_odd};
use crate::{DatabaseKind, QueryError};

/// Words behind which a quoted text names a part of the schema, not a value.
const NOUNS: &[&str] = &[
    "attribute",
    "clause",
    "collation",
    "column",
    "columns",
    "constraint",
    "cursor",
    "database",
    "engine",
    "extension",
    "field",
    "function",
    "index",
    "key",
    "language",
    "operator",
    "parameter",
    "policy",
    "procedure",
    "property",
    "publication",
    "relation",
    "role",
    "routine",
    "savepoint",
    "schema",
    "sequence",
    "server",
    "statement",
    "table",
    "tablespace",
    "trigger",
    "type",
    "variable",
    "view",
];

impl Redactor {
    /// A database's error without values: `invalid input syntax for type integer: "[redacted]"`,
    /// `Duplicate entry '[redacted]' for key 'users.email'`. Names of tables, columns and
    /// constraints stay; details and hints are not for keeping and are not asked for.
    #[must_use]
    pub fn query_error(
        &self,
        kind: DatabaseKind,
        code: Option<String>,
        message: &str,
    ) -> QueryError {
        // Only the first line: what follows is detail, context, or the query itself.
        let line = message.lines().next().unwrap_or_default();
        let line = whole_values(line);
        let line = made_up_name(&line);
        let line = match kind {
            DatabaseKind::MySql => unquote(&line, &['\'']),
            _ => unquote(&line, &['"', '\'']),
        };
        QueryError {
            code,
            message: self.text(&line),
        }
    }
}

/// Values that may hold quotes themselves: known by what stands around them.
fn whole_values(line: &str) -> String {
    const FRAMES: &[(&str, &str)] = &[
        ("Duplicate entry '", "' for key"),
        ("value: '", "' for column"),
        ("value: '", "' for function"),
        ("near '", "' at line"),
        ("value: '", "'"),
        ("near \"", "\": syntax error"),
        ("unrecognized token: \"", "\""),
        (": \"", "\""),
        ("row contains (", ")"),
    ];
    let mut line = line.to_owned();
    for (open, close) in FRAMES {
        let Some(found) = line.find(open) else {
            continue;
        };
        let start = found + open.len();
        let Some(length) = line.get(start..).and_then(|rest| rest.rfind(close)) else {
            continue;
        };
        let value = &line[start..start + length];
        if *open == "near \"" && is_sql_word(value) {
            continue;
        }
        line.replace_range(start..start + length, REDACTED);
        if *open != ": \"" {
            break;
        }
    }
    line
}

/// SQLite takes a text in double quotes for the name of a column, and says that there is none: what
/// looks like no name is masked.
fn made_up_name(line: &str) -> Cow<'_, str> {
    match line.strip_prefix("no such column: ") {
        Some(name) if is_odd(name) || name.contains(' ') && !name.starts_with(['"', '\'']) => {
            Cow::Owned(format!("no such column: {REDACTED}"))
        }
        _ => Cow::Borrowed(line),
    }
}

/// Masks quoted texts, unless the word before says that they name a part of the schema.
fn unquote(line: &str, quotes: &[char]) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find(quotes) {
        let (head, tail) = rest.split_at(start);
        out.push_str(head);
        let quote = if tail.starts_with('"') { '"' } else { '\'' };
        let inner = tail.get(1..).unwrap_or_default();
        // An apostrophe within a word (`doesn't`) is no quote.
        let is_apostrophe =
            quote == '\'' && head.chars().next_back().is_some_and(char::is_alphanumeric);
        if is_apostrophe {
            out.push(quote);
            rest = inner;
            continue;
        }
        let Some(end) = inner.find(quote) else {
            out.push(quote);
            out.push_str(REDACTED);
            return out;
        };
        let value = inner.get(..end).unwrap_or_default();
        let noun = head
            .trim_end()
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or_default();
        // `Table 'a.b'`, `Unknown column 'x'`: names have no spaces, but for `'field list'`.
        let is_clause = matches!(
            value,
            "field list"
                | "where clause"
                | "on clause"
                | "order clause"
                | "group statement"
                | "having clause"
        );
        let is_name = is_clause
            || NOUNS.iter().any(|known| noun.eq_ignore_ascii_case(known))
            || (noun.eq_ignore_ascii_case("near") && is_sql_word(value))
            || (noun.is_empty() && out.ends_with(['.', '`']))
            || value == REDACTED;
        out.push(quote);
        let looks_like_name = is_clause || !value.contains(char::is_whitespace);
        out.push_str(if is_name && looks_like_name {
            value
        } else {
            REDACTED
        });
        out.push(quote);
        rest = inner.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn is_sql_word(word: &str) -> bool {
    sqlparser::keywords::ALL_KEYWORDS
        .binary_search(&word.to_ascii_uppercase().as_str())
        .is_ok()
        || matches!(
            word,
            "(" | ")" | "," | ";" | "=" | "*" | "." | "$1" | "?" | REDACTED
        )
}
