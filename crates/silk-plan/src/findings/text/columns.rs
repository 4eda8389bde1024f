//! The columns of a condition, and what hides them from an index.

use std::collections::HashSet;

use super::words::without_literals;

/// Bytes of a call's arguments that are looked at for a column: more than any that is written by
/// a person has.
const MAX_ARGUMENTS: usize = 1_000;

/// Columns named in a condition, without what they are qualified by.
pub(in crate::findings) fn columns(text: &str) -> Vec<String> {
    const WORDS: [&str; 24] = [
        "AND", "OR", "NOT", "IS", "NULL", "TRUE", "FALSE", "ANY", "ALL", "ARRAY", "ROW", "COLLATE",
        "CASE", "WHEN", "THEN", "ELSE", "END", "DISTINCT", "FROM", "hashed", "SubPlan", "InitPlan",
        "and", "or",
    ];
    let words = without_literals(text);
    let mut found = Vec::new();
    let mut known = HashSet::new();
    let mut rest = words.as_str();
    while let Some(at) = rest.find(|c: char| c.is_alphabetic() || c == '_' || c == '"') {
        let after_cast = rest[..at].ends_with("::");
        let word = &rest[at..];
        let end = word
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '$')))
            .unwrap_or(word.len())
            .max(1);
        let (name, tail) = word.split_at(end);
        if after_cast {
            // A type may be of more words: it ends with anything that is none.
            let end = tail
                .find(|c: char| !(c.is_alphabetic() || c == ' '))
                .unwrap_or(tail.len());
            rest = &tail[end..];
            continue;
        }
        let column = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
        let is_column = !tail.starts_with('(')
            && !WORDS.contains(&name)
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if is_column && known.insert(column) {
            found.push(column.to_owned());
        }
        rest = tail;
    }
    found
}

/// The function or operator that hides a column from its index, compared with something.
pub(in crate::findings) fn hidden_column(text: &str) -> Option<&'static str> {
    let words = without_literals(text);
    if ![" = ", " >= ", " <= ", " < ", " > ", " ~~ "]
        .iter()
        .any(|operator| words.contains(operator))
    {
        return None;
    }
    let called = [
        "lower(",
        "upper(",
        "date_trunc(",
        "date(",
        "btrim(",
        "substr(",
        "\"substring\"(",
        "substring(",
        "coalesce(",
        "COALESCE(",
        "EXTRACT(",
        "abs(",
        "length(",
        "concat(",
    ]
    .into_iter()
    .find(|function| {
        words.match_indices(function).any(|(at, found)| {
            let before = words[..at].chars().next_back();
            let free = before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '.'));
            // Around a literal or value it hides nothing: the column may stand bare on the other side.
            free && names_column(&words[at + found.len()..])
        })
    });
    called
        .map(|function| function.trim_end_matches('('))
        .or_else(|| words.contains(" ->> ").then_some("->>"))
}

/// Whether the arguments up to the closing bracket name a column.
fn names_column(arguments: &str) -> bool {
    let mut depth = 0_usize;
    let arguments = &arguments[..arguments.floor_char_boundary(MAX_ARGUMENTS)];
    let end = arguments
        .find(|c| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' if depth == 0 => true,
            ')' => {
                depth -= 1;
                false
            }
            _ => false,
        })
        .unwrap_or(arguments.len());
    arguments[..end].split([' ', ',', '(', ')']).any(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase() || c == '_' || c == '"')
            && !word.starts_with("''")
            && !matches!(
                word,
                "time" | "zone" | "without" | "with" | "varying" | "precision" | "now"
            )
    })
}

/// The column and the type it is cast to, where an index on the bare column cannot serve.
pub(in crate::findings) fn cast_columns(text: &str) -> Vec<(String, String)> {
    let words = without_literals(text);
    let mut found = Vec::new();
    let mut opened = None;
    for (at, mark) in words.match_indices(['(', ')']) {
        if mark == "(" {
            opened = Some(at);
        }
        let Some(open) = opened.filter(|_| words[at..].starts_with(")::")) else {
            continue;
        };
        let column = &words[open + 1..at];
        let is_column = column.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"')
            && column
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'));
        // `lower(name)::text` casts what the function gives.
        let called = words[..open]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        if !is_column || called {
            continue;
        }
        let after = &words[at + 3..];
        let end = after
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ' ')))
            .unwrap_or(after.len());
        let kind = after[..end].split(" = ").next().unwrap_or_default().trim();
        let compared = [" = ", " > ", " < ", " >= ", " <= "]
            .iter()
            .any(|operator| after[end.min(kind.len())..].starts_with(operator));
        if compared {
            found.push((column.to_owned(), kind.to_owned()));
        }
    }
    found
}

/// The relation prefixes in a condition: `a.id = b.id` → `a`, `b`.
pub(in crate::findings) fn prefixes(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '"')))
        .filter_map(|word| word.split_once('.'))
        .map(|(prefix, _)| prefix)
        .filter(|prefix| prefix.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"'))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
