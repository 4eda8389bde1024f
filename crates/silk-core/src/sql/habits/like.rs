//! Patterns of LIKE.

use super::{in_condition, name_start, span, words};
use crate::{
    DatabaseKind,
    sql::{
        lexer::{Kind, Lexeme},
        structure::positions,
    },
};

/// A LIKE of a condition whose pattern begins, or may begin, with a wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wildcard<'a> {
    /// The column that is compared, as it stands in the text, where it is one.
    pub column: Option<&'a str>,
    /// What it is compared with.
    pub pattern: Pattern,
    /// Whether it is compared by GLOB, whose wildcards are `*` and `?`.
    pub is_glob: bool,
}

/// What a pattern begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// A wildcard, in the text: `LIKE '%x'`, `LIKE '%' || $1`.
    InText,
    /// Whatever the value at this place begins with, from 0 in the order of binding.
    Bound(usize),
}

/// Each LIKE, ILIKE and GLOB in a condition whose pattern begins with a wildcard, or with a value
/// that may begin with one. What is negated (`NOT LIKE`) has no index in any form, and is left out.
#[must_use]
pub fn wildcards(sql: &str, database: DatabaseKind) -> Vec<Wildcard<'_>> {
    let Some(words) = words(sql, database) else {
        return Vec::new();
    };
    if !words.iter().any(is_like) {
        return Vec::new();
    }
    let conditions = in_condition(&words);
    let places = positions(&words);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        if !is_like(word)
            || !conditions.get(at).copied().unwrap_or(false)
            || before.is_none_or(|before| before.is_word("NOT") || before.is_sign("."))
        {
            continue;
        }
        let Some(pattern) = pattern(&words, at, &places) else {
            continue;
        };
        let start = at.checked_sub(1).and_then(|end| name_start(&words, end));
        let column = start.and_then(|start| span(sql, words.get(start)?, words.get(at - 1)?));
        found.push(Wildcard {
            column,
            pattern,
            is_glob: word.is_word("GLOB"),
        });
    }
    found
}

fn is_like(word: &Lexeme<'_>) -> bool {
    word.is_any_word(&["LIKE", "ILIKE", "GLOB"])
}

fn pattern(words: &[Lexeme<'_>], like: usize, places: &[(usize, usize)]) -> Option<Pattern> {
    let is_glob = words.get(like)?.is_word("GLOB");
    let mut at = like + 1;
    // `LIKE ('%' || $1)`, `LIKE concat('%', $1, '%')`
    while words
        .get(at)
        .is_some_and(|word| word.is_sign("(") || word.is_word("CONCAT"))
    {
        at += 1;
    }
    let first = words.get(at)?;
    match first.kind {
        Kind::Placeholder => places
            .iter()
            .find(|(index, _)| *index == at)
            .map(|(_, place)| Pattern::Bound(*place)),
        Kind::Text => {
            let content = first
                .text
                .trim_start_matches(['E', 'e', 'N', 'n', '\'', '"']);
            let content = content.trim_end_matches(['\'', '"']);
            let goes_on = words
                .get(at + 1)
                .is_some_and(|next| next.is_sign("||") || next.is_sign(","));
            let is_wild = if goes_on {
                content.starts_with(signs(is_glob))
            } else {
                begins_with_wildcard(content, is_glob)
            };
            is_wild.then_some(Pattern::InText)
        }
        _ => None,
    }
}

const fn signs(is_glob: bool) -> &'static [char] {
    if is_glob { &['*', '?'] } else { &['%', '_'] }
}

/// Whether a pattern begins with a wildcard; one of wildcards alone looks for nothing.
#[must_use]
pub fn begins_with_wildcard(pattern: &str, is_glob: bool) -> bool {
    let signs = signs(is_glob);
    pattern.starts_with(signs) && !pattern.chars().all(|c| signs.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Vec<(Option<&str>, Pattern)> {
        wildcards(sql, DatabaseKind::Postgres)
            .into_iter()
            .map(|found| (found.column, found.pattern))
            .collect()
    }

    #[test]
    fn patterns_that_begin_with_anything_are_found() {
        for (sql, column) in [
            ("SELECT a FROM t WHERE name LIKE '%son'", Some("name")),
            (
                "SELECT a FROM t x WHERE x.name ILIKE '%son%'",
                Some("x.name"),
            ),
            (
                "SELECT a FROM t WHERE name LIKE '%' || $1 || '%'",
                Some("name"),
            ),
            (
                "SELECT a FROM t WHERE name LIKE concat('%', $1)",
                Some("name"),
            ),
            (
                "SELECT a FROM t WHERE lower(name) LIKE ('%' || lower($1))",
                None,
            ),
            ("SELECT a FROM t WHERE name GLOB '*son'", Some("name")),
            (
                "SELECT a FROM t JOIN u ON u.b LIKE '_x' AND 1 = 1",
                Some("u.b"),
            ),
        ] {
            assert_eq!(of(sql), [(column, Pattern::InText)], "{sql}");
        }
        assert_eq!(
            of("SELECT a FROM t WHERE b = $1 AND name LIKE $2"),
            [(Some("name"), Pattern::Bound(1))]
        );
        assert_eq!(
            of("SELECT a FROM t WHERE name LIKE $1 || '%'"),
            [(Some("name"), Pattern::Bound(0))]
        );
    }

    #[test]
    fn other_patterns_are_not() {
        for sql in [
            "SELECT a FROM t WHERE name LIKE 'son%'",
            "SELECT a FROM t WHERE name NOT LIKE '%son'",
            "SELECT name LIKE '%son' FROM t",
            "SELECT a FROM t ORDER BY name LIKE '%son'",
            "SELECT a FROM t WHERE name LIKE '%'",
            "SELECT a FROM t WHERE name = '%son'",
            "SELECT a FROM t WHERE name LIKE other",
            "CREATE TABLE copy (LIKE original)",
            "SELECT 'a; -- LIKE ''%x'",
        ] {
            assert_eq!(of(sql), [], "{sql}");
        }
    }
}
