//! SQL cut into pieces as the database cuts it: pieces with byte offsets that tile the text.
//!
//! Where a string ends decides what is a secret and what is a name, so this follows the databases
//! byte by byte. Where the database is not known, the text is read as PostgreSQL and SQLite read
//! it and as MySQL does; what only one of them can read is that one's. Nothing is taken for granted
//! behind the point where both can read it and differ.

mod rules;
mod scan;

use self::{
    rules::{AS_MYSQL, Rules, STANDARD},
    scan::Scanner,
};
use super::keywords::is_reserved;
use crate::DatabaseKind;

/// What a token is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare word: keyword or name.
    Word,
    /// A quoted identifier.
    Quoted,
    /// A string, blob or dollar-quoted literal.
    Text,
    /// A number.
    Number,
    /// `$1`, `?`, `?1`, `:name`, `@name`.
    Placeholder,
    /// Operators and punctuation.
    Punctuation,
    /// A comment.
    Comment,
    /// White space.
    Space,
    /// What could not be read for sure, up to the end: from the first quote on nothing of it is
    /// what it seems to be.
    Unread,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexeme<'a> {
    pub(super) kind: Kind,
    /// The piece as it stands in the text.
    pub(super) text: &'a str,
    /// Byte offset of the piece.
    pub(super) start: usize,
    /// Whether the piece is a word that the language reserves.
    pub(super) is_reserved: bool,
}

impl Lexeme<'_> {
    /// Whether this is neither space nor comment.
    pub(super) const fn is_significant(&self) -> bool {
        !matches!(self.kind, Kind::Space | Kind::Comment)
    }

    /// Whether this is the bare word `word`, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether this is one of the bare words.
    pub(super) fn is_any_word(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    /// Whether this is the operator or punctuation `text`.
    pub(super) fn is_sign(&self, text: &str) -> bool {
        self.kind == Kind::Punctuation && self.text == text
    }

    /// Whether this can name something: a quoted identifier or a word that is not reserved.
    pub(super) const fn is_name(&self) -> bool {
        match self.kind {
            Kind::Quoted => true,
            Kind::Word => !self.is_reserved,
            _ => false,
        }
    }
}

/// Reads `sql` into pieces that joined are `sql`; the second part tells whether all could be read.
pub(super) fn lex(sql: &str, database: DatabaseKind) -> (Vec<Lexeme<'_>>, bool) {
    let (mut lexemes, is_read) = match rules::of(database) {
        Some(rules) => scan(sql, rules),
        None => either(sql),
    };
    if is_read {
        return (lexemes, true);
    }
    // A quote that was taken for an opening one turns round all that follows.
    let first = lexemes.iter().position(has_quote).unwrap_or(lexemes.len());
    let start = lexemes
        .get(first)
        .map(|lexeme| lexeme.start)
        .or_else(|| lexemes.last().map(|last| last.start + last.text.len()))
        .unwrap_or(0);
    lexemes.truncate(first);
    if let Some(text) = sql.get(start..).filter(|text| !text.is_empty()) {
        lexemes.push(Lexeme {
            kind: Kind::Unread,
            text,
            start,
            is_reserved: false,
        });
    }
    (lexemes, false)
}

/// Whether a quote stands in the piece that could have been read otherwise.
fn has_quote(lexeme: &Lexeme<'_>) -> bool {
    lexeme.kind == Kind::Text || lexeme.text.contains(['\'', '"', '`'])
}

/// Significant pieces only.
pub(super) fn significant<'a>(lexemes: &[Lexeme<'a>]) -> Vec<Lexeme<'a>> {
    lexemes
        .iter()
        .filter(|lexeme| lexeme.is_significant())
        .copied()
        .collect()
}

/// The pieces by the rules of one dialect, up to what could not be read.
fn scan<'a>(sql: &'a str, rules: &Rules) -> (Vec<Lexeme<'a>>, bool) {
    let mut scanner = Scanner::new(sql, rules);
    // SQL has about one piece for four bytes.
    let mut lexemes = Vec::with_capacity(sql.len() / 4 + 8);
    let mut start = 0;
    while start < sql.len() {
        let Some((kind, end)) = scanner.piece(start) else {
            return (lexemes, false);
        };
        // A byte beyond ASCII is always part of a word, so that this is never none.
        let Some(text) = sql.get(start..end).filter(|text| !text.is_empty()) else {
            return (lexemes, false);
        };
        let lexeme = Lexeme {
            kind,
            text,
            start,
            is_reserved: kind == Kind::Word && is_reserved(text),
        };
        if lexemes.last().is_some_and(|last| is_cut(last, &lexeme)) {
            return (lexemes, false);
        }
        lexemes.push(lexeme);
        start = end;
    }
    (lexemes, true)
}

/// Whether a quote within a string ended it: `'it's'`. Nobody writes a name close behind a string.
fn is_cut(string: &Lexeme<'_>, word: &Lexeme<'_>) -> bool {
    string.kind == Kind::Text
        && string.text.ends_with('\'')
        && word.kind == Kind::Word
        && !word.is_reserved
        && !word.text.starts_with(['@', '_'])
}

/// The pieces of a text for a database that is not known.
fn either(sql: &str) -> (Vec<Lexeme<'_>>, bool) {
    let (standard, is_standard) = scan(sql, &STANDARD);
    let may_differ = !is_standard
        || sql.bytes().any(|byte| matches!(byte, b'\\' | b'#'))
        || sql.contains("--")
        || sql.contains("/*");
    if !may_differ {
        return (standard, true);
    }
    let (mysql, is_mysql) = scan(sql, &AS_MYSQL);
    match (is_standard, is_mysql) {
        (true, false) => (standard, true),
        (false, true) => (mysql, true),
        // Only MySQL runs such comments.
        (true, true) if sql.contains("/*!") => (mysql, true),
        _ => {
            let common = standard
                .iter()
                .zip(&mysql)
                .take_while(|(one, other)| {
                    one.start == other.start
                        && one.text.len() == other.text.len()
                        && one.kind == other.kind
                })
                .count();
            let is_same = common == standard.len() && common == mysql.len();
            let mut lexemes = standard;
            lexemes.truncate(common);
            (lexemes, is_same && is_standard)
        }
    }
}

#[cfg(test)]
mod tests;
