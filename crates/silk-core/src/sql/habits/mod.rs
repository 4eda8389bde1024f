//! How a text is written, where that costs more the more rows there are: patterns that begin with
//! anything, NOT IN with a subquery, counts, pages by OFFSET; and the same in a form that does not.

mod count;
mod like;
mod not_in;
mod pages;

pub use count::{Count, count};
pub use like::{Pattern, Wildcard, begins_with_wildcard, wildcards};
pub use not_in::{NotIn, not_in};
pub use pages::by_key;

use super::lexer::{Kind, Lexeme, lex, significant};
use crate::DatabaseKind;

/// The words of a text of one statement; none of one that could not be read.
fn words(sql: &str, database: DatabaseKind) -> Option<Vec<Lexeme<'_>>> {
    let (lexemes, is_read) = lex(sql, database);
    let mut words = significant(&lexemes);
    while words.last().is_some_and(|last| last.is_sign(";")) {
        words.pop();
    }
    let is_one = !words.iter().any(|word| word.is_sign(";"));
    (is_read && is_one && !words.is_empty()).then_some(words)
}

/// Of each word, how many parentheses are open before it.
fn depths(words: &[Lexeme<'_>]) -> Vec<usize> {
    let mut depth = 0_usize;
    words
        .iter()
        .map(|word| {
            if word.is_sign(")") {
                depth = depth.saturating_sub(1);
            }
            let at = depth;
            if word.is_sign("(") {
                depth += 1;
            }
            at
        })
        .collect()
}

/// Of each word, whether it is part of a condition: behind WHERE, ON or HAVING of its query.
fn in_condition(words: &[Lexeme<'_>]) -> Vec<bool> {
    const OTHERS: &[&str] = &[
        "SELECT",
        "FROM",
        "GROUP",
        "ORDER",
        "LIMIT",
        "SET",
        "VALUES",
        "RETURNING",
        "UNION",
        "JOIN",
        "WINDOW",
    ];
    let mut open = vec![false];
    let mut flags = Vec::with_capacity(words.len());
    for word in words {
        let now = open.last().copied().unwrap_or(false);
        if word.is_sign("(") {
            open.push(now);
        } else if word.is_sign(")") {
            if open.len() > 1 {
                open.pop();
            }
        } else if let Some(last) = open.last_mut() {
            if word.is_any_word(&["WHERE", "ON", "HAVING"]) {
                *last = true;
            } else if word.is_any_word(OTHERS) {
                *last = false;
            }
        }
        flags.push(open.last().copied().unwrap_or(false));
    }
    flags
}

/// The text from one word to another, both included.
fn span<'a>(sql: &'a str, first: &Lexeme<'_>, last: &Lexeme<'_>) -> Option<&'a str> {
    sql.get(first.start..last.start.checked_add(last.text.len())?)
}

/// Where a name that may be qualified (`a`, `t.a`) begins that ends at `end`.
fn name_start(words: &[Lexeme<'_>], end: usize) -> Option<usize> {
    if !is_column(words.get(end)?) {
        return None;
    }
    let mut start = end;
    while start >= 2
        && words.get(start - 1).is_some_and(|dot| dot.is_sign("."))
        && words.get(start - 2).is_some_and(is_column)
    {
        start -= 2;
    }
    Some(start)
}

/// Where such a name ends that begins at `start`.
fn name_end(words: &[Lexeme<'_>], start: usize) -> Option<usize> {
    if !is_column(words.get(start)?) {
        return None;
    }
    let mut end = start;
    while words.get(end + 1).is_some_and(|dot| dot.is_sign("."))
        && words.get(end + 2).is_some_and(is_column)
    {
        end += 2;
    }
    Some(end)
}

fn is_column(word: &Lexeme<'_>) -> bool {
    word.is_name() && (word.kind == Kind::Quoted || !word.text.starts_with('@'))
}
