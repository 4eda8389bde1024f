//! A statement on one line, without its long lists, so that the distinctive part is visible.

use std::fmt::Write as _;

use askama::filters::Safe;
use silk_core::{
    DatabaseKind,
    sql::{self, SqlTokenClass},
};

use super::{
    code::token_class,
    format::{Markup, escape},
};

/// Lists up to this many characters stay: `count(*)`, `id, name`.
const LONGEST_LIST: usize = 28;

/// Normalised SQL as highlighted markup of at most about `most` characters: columns between SELECT
/// and FROM, and what an INSERT lists in parentheses, become an ellipsis where they are long.
pub(crate) fn brief(normalized: &str, kind: DatabaseKind, most: usize) -> Markup {
    let tokens = sql::highlight(normalized, kind);
    let mut out = String::with_capacity(normalized.len().min(most * 4) + 64);
    let mut shown = 0;
    for (class, text) in shorten(&tokens) {
        if shown >= most {
            out.push('…');
            break;
        }
        let text = match text.char_indices().nth(most - shown) {
            Some((at, _)) => &text[..at],
            None => text,
        };
        shown += text.chars().count();
        match token_class(class) {
            // The whole of a line in bold says nothing.
            Some("sk") | None => out.push_str(&escape(text)),
            Some(class) => {
                let _ = write!(out, "<span class=\"{class}\">{}</span>", escape(text));
            }
        }
        if shown >= most {
            out.push('…');
            break;
        }
    }
    Safe(out)
}

type Token<'a> = (SqlTokenClass, &'a str);

fn shorten<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let is_word = |token: &Token<'_>, word: &str| token.1.eq_ignore_ascii_case(word);
    let is_insert = tokens
        .iter()
        .find(|(class, _)| *class == SqlTokenClass::Keyword)
        .is_some_and(|token| is_word(token, "INSERT") || is_word(token, "REPLACE"));
    let mut out = Vec::with_capacity(tokens.len());
    let (mut at, mut depth) = (0, 0_usize);
    let mut has_list = false;
    while at < tokens.len() {
        let token = tokens[at];
        match token.1 {
            "(" if is_insert && depth == 0 => {
                let end = matching(tokens, at);
                if length(&tokens[at + 1..end]) > LONGEST_LIST {
                    out.extend([token, ELLIPSIS]);
                    // Its closing parenthesis comes next.
                    at = end;
                    depth += 1;
                    continue;
                }
                depth += 1;
            }
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        out.push(token);
        at += 1;
        if depth == 0 && !has_list && is_word(&token, "SELECT") {
            has_list = true;
            let end = from_clause(tokens, at);
            if end < tokens.len() && length(&tokens[at..end]) > LONGEST_LIST {
                out.extend([SPACE, ELLIPSIS, SPACE]);
                at = end;
            }
        }
    }
    out
}

const ELLIPSIS: Token<'static> = (SqlTokenClass::Comment, "…");
const SPACE: Token<'static> = (SqlTokenClass::Space, " ");

fn length(tokens: &[Token<'_>]) -> usize {
    tokens.iter().map(|(_, text)| text.len()).sum()
}

/// Index of the parenthesis that closes the one at `open`, or the end.
fn matching(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, (_, text)) in tokens.iter().enumerate().skip(open) {
        match *text {
            "(" => depth += 1,
            ")" if depth <= 1 => return at,
            ")" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Index of the FROM that belongs to a SELECT just before `start`, or the end.
fn from_clause(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, (class, text)) in tokens.iter().enumerate().skip(start) {
        match *text {
            "(" => depth += 1,
            ")" if depth == 0 => break,
            ")" => depth -= 1,
            text if depth == 0
                && *class == SqlTokenClass::Keyword
                && text.eq_ignore_ascii_case("FROM") =>
            {
                return at;
            }
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sql: &str) -> String {
        let tokens = sql::highlight(sql, DatabaseKind::Postgres);
        shorten(&tokens).iter().map(|(_, text)| *text).collect()
    }

    #[test]
    fn what_tells_a_statement_apart_stays() {
        for (sql, brief) in [
            (
                "SELECT id, created, updated, deleted, first_name FROM person WHERE id = ?",
                "SELECT … FROM person WHERE id = ?",
            ),
            ("SELECT count(*) FROM thread", "SELECT count(*) FROM thread"),
            (
                "SELECT (SELECT count(*) FROM a), b, c, d, e, f FROM t WHERE x IN (?)",
                "SELECT … FROM t WHERE x IN (?)",
            ),
            (
                "INSERT INTO message(created, updated, deleted, text, sent_by_id) VALUES (?, ?, ?, ?, ?)",
                "INSERT INTO message(…) VALUES (?, ?, ?, ?, ?)",
            ),
            (
                "INSERT INTO t(id, created, updated, deleted, title) SELECT id, created, updated, deleted, title FROM t WHERE id = ?",
                "INSERT INTO t(…) SELECT … FROM t WHERE id = ?",
            ),
            (
                "SELECT 'a text that is long, and no FROM follows'",
                "SELECT 'a text that is long, and no FROM follows'",
            ),
            (
                "SELECT extract(year FROM at), aaaaaaaaaaaaaaaaaaaaa FROM t",
                "SELECT … FROM t",
            ),
        ] {
            assert_eq!(text(sql), brief);
        }
    }

    #[test]
    fn it_is_cut_and_stays_text() {
        let sql = format!("UPDATE t SET a = '<b>' WHERE {}", "x = 1 AND ".repeat(100));
        let markup = brief(&sql, DatabaseKind::Sqlite, 60).0;
        assert!(markup.ends_with('…') && !markup.contains("<b>"), "{markup}");
        assert!(brief("((((", DatabaseKind::Sqlite, 60).0.contains("(((("));
        assert!(
            brief(")))) SELECT", DatabaseKind::Sqlite, 60)
                .0
                .contains("))))")
        );
    }
}
