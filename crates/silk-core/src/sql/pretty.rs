//! SQL for people: broken into lines, and split for colouring.

use super::lexer::{Kind, Lexeme, lex};
use crate::DatabaseKind;

/// What a piece of SQL is, for colouring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlTokenClass {
    /// A word of the language.
    Keyword,
    /// A name.
    Identifier,
    /// A string or blob.
    Literal,
    /// A number.
    Number,
    /// `$1`, `?`, `:name`.
    Placeholder,
    /// Operators and punctuation.
    Operator,
    /// A comment.
    Comment,
    /// White space.
    Space,
}

/// Splits SQL for colouring; the pieces joined are the input. Never fails: what does not tokenize
/// is one piece.
#[must_use]
pub fn highlight(sql: &str, kind: DatabaseKind) -> Vec<(SqlTokenClass, &str)> {
    lex(sql, kind)
        .0
        .iter()
        .map(|lexeme| (class(lexeme), lexeme.text))
        .collect()
}

fn class(lexeme: &Lexeme<'_>) -> SqlTokenClass {
    match lexeme.kind {
        Kind::Word if lexeme.is_reserved => SqlTokenClass::Keyword,
        Kind::Word | Kind::Quoted | Kind::Unread => SqlTokenClass::Identifier,
        Kind::Text => SqlTokenClass::Literal,
        Kind::Number => SqlTokenClass::Number,
        Kind::Placeholder => SqlTokenClass::Placeholder,
        Kind::Punctuation => SqlTokenClass::Operator,
        Kind::Comment => SqlTokenClass::Comment,
        Kind::Space => SqlTokenClass::Space,
    }
}

/// Pretty-prints SQL: a line for each clause, tokens as they were written, comments kept.
///
/// Text that does not tokenize comes back as it is.
#[must_use]
pub fn format(sql: &str, kind: DatabaseKind) -> String {
    let (lexemes, is_read) = lex(sql, kind);
    if !is_read {
        return sql.to_owned();
    }
    let mut printer = Printer {
        out: String::with_capacity(sql.len() * 5 / 4),
        ..Printer::default()
    };
    let mut pieces = lexemes
        .iter()
        .filter(|lexeme| lexeme.kind != Kind::Space)
        .peekable();
    let mut before: Option<Lexeme<'_>> = None;
    while let Some(lexeme) = pieces.next() {
        // What stood together stays together, what stood apart stays apart.
        let is_apart = before.is_some_and(|before| before.start + before.text.len() < lexeme.start);
        printer.push(lexeme, before.as_ref(), pieces.peek().copied(), is_apart);
        before = Some(*lexeme);
    }
    printer.out
}

/// Indentation deeper than this helps nobody and would make hostile nesting quadratic.
const MAX_INDENT: usize = 20;

#[derive(Default)]
struct Printer {
    out: String,
    /// Of each open parenthesis whether a query stands in it.
    groups: Vec<bool>,
    in_between: bool,
    /// A line ends here, whatever comes.
    must_break: bool,
}

impl Printer {
    fn push(
        &mut self,
        lexeme: &Lexeme<'_>,
        before: Option<&Lexeme<'_>>,
        next: Option<&Lexeme<'_>>,
        is_apart: bool,
    ) {
        let in_query = self.groups.last().is_none_or(|is_query| *is_query);
        let mut closes = false;
        if lexeme.is_sign(")") || lexeme.is_sign("]") {
            closes = self.groups.pop().unwrap_or(false);
        }
        let indent = self
            .groups
            .iter()
            .filter(|is_query| **is_query)
            .count()
            .min(MAX_INDENT);
        let place = if before.is_none() {
            Place::Here
        } else if self.must_break || closes {
            Place::Line(indent)
        } else if in_query && self.starts_line(lexeme, before, next) {
            let is_part = lexeme.is_any_word(&["AND", "OR"]);
            Place::Line(indent + usize::from(is_part))
        } else if is_apart {
            Place::Space
        } else {
            Place::Here
        };
        self.must_break = false;
        match place {
            Place::Here => {}
            Place::Space => self.out.push(' '),
            Place::Line(indent) => {
                self.out.push('\n');
                for _ in 0..indent {
                    self.out.push_str("  ");
                }
            }
        }
        self.out.push_str(lexeme.text);
        if lexeme.is_word("BETWEEN") {
            self.in_between = true;
        } else if lexeme.is_word("AND") {
            self.in_between = false;
        }
        if lexeme.is_sign("(") || lexeme.is_sign("[") {
            let is_query = next.is_some_and(|next| next.is_any_word(&["SELECT", "WITH"]));
            self.groups.push(is_query);
            self.must_break = is_query;
        }
        // A comment to the end of the line would swallow what follows.
        let is_line_comment = lexeme.kind == Kind::Comment && !lexeme.text.starts_with("/*");
        if is_line_comment || lexeme.is_sign(";") {
            self.must_break = true;
        }
    }

    fn starts_line(
        &self,
        lexeme: &Lexeme<'_>,
        before: Option<&Lexeme<'_>>,
        next: Option<&Lexeme<'_>>,
    ) -> bool {
        const CLAUSES: &[&str] = &[
            "SELECT",
            "FROM",
            "WHERE",
            "GROUP",
            "ORDER",
            "HAVING",
            "LIMIT",
            "OFFSET",
            "UNION",
            "INTERSECT",
            "EXCEPT",
            "RETURNING",
            "VALUES",
            "WINDOW",
            "FETCH",
            "SET",
            "FOR",
        ];
        const JOINS: &[&str] = &["LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL"];
        let Some(before) = before else { return false };
        if lexeme.kind != Kind::Word || before.is_sign(".") {
            return false;
        }
        if lexeme.is_any_word(&["AND", "OR"]) {
            return !(lexeme.is_word("AND") && self.in_between);
        }
        if lexeme.is_word("JOIN") {
            return !before.is_any_word(JOINS) && !before.is_word("OUTER");
        }
        if lexeme.is_any_word(JOINS) {
            return next.is_some_and(|next| next.is_any_word(&["JOIN", "OUTER", "LEFT", "INNER"]))
                && !before.is_word("NATURAL");
        }
        if lexeme.is_word("FROM") {
            return !before.is_any_word(&["DISTINCT", "DELETE"]);
        }
        if lexeme.is_word("ON") {
            return next.is_some_and(|next| next.is_any_word(&["CONFLICT", "DUPLICATE"]));
        }
        if lexeme.is_word("SET") {
            return !before.is_any_word(&["UPDATE", "ON", "CHARACTER"]);
        }
        lexeme.is_any_word(CLAUSES)
    }
}

enum Place {
    Here,
    Space,
    Line(usize),
}
