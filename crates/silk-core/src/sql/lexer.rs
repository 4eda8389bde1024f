//! The seam to the tokenizer: tokens with byte offsets that tile the text.

use std::any::TypeId;

use sqlparser::{
    dialect::{Dialect, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect},
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace},
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
    /// What the tokenizer could not read, up to the end.
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
    let dialect: &dyn Dialect = match database {
        DatabaseKind::Postgres => &PostgreSqlDialect {},
        DatabaseKind::MySql => &PlainMySql(MySqlDialect {}),
        DatabaseKind::Sqlite => &SQLiteDialect {},
        DatabaseKind::Unknown => &GenericDialect {},
    };
    let mut tokens = Vec::new();
    let is_read = Tokenizer::new(dialect, sql)
        .tokenize_with_location_into_buf(&mut tokens)
        .is_ok();
    let lexemes = place(sql, &tokens, is_read, database);
    (lexemes, is_read)
}

/// Significant pieces only.
pub(super) fn significant<'a>(lexemes: &[Lexeme<'a>]) -> Vec<Lexeme<'a>> {
    lexemes
        .iter()
        .filter(|lexeme| lexeme.is_significant())
        .copied()
        .collect()
}

fn place<'a>(
    sql: &'a str,
    tokens: &[TokenWithSpan],
    is_read: bool,
    database: DatabaseKind,
) -> Vec<Lexeme<'a>> {
    let mut cursor = Cursor::new(sql);
    let mut lexemes: Vec<Lexeme<'a>> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let start = cursor.advance(token.span.start);
        let end = cursor.advance(token.span.end);
        let Some(text) = sql.get(start..end).filter(|text| !text.is_empty()) else {
            continue;
        };
        let kind = classify(&token.token);
        if let Some(last) = lexemes.last_mut() {
            let joined = match (last.kind, kind) {
                (Kind::Space, Kind::Space) => Some(Kind::Space),
                // `:name` and `@name` are two tokens to the tokenizer.
                (Kind::Punctuation, Kind::Word | Kind::Number) if is_prefix(last, database) => {
                    Some(Kind::Placeholder)
                }
                _ => None,
            };
            if let Some(joined) = joined {
                last.text = &sql[last.start..end];
                last.kind = joined;
                continue;
            }
        }
        let kind = match kind {
            Kind::Word
                if database == DatabaseKind::Unknown
                    && text.starts_with('@')
                    && !text.starts_with("@@") =>
            {
                Kind::Placeholder
            }
            kind => kind,
        };
        if let Token::CustomBinaryOperator(_) = token.token
            && let Some(length) = operator_length(text)
        {
            // `a>-1` is `a > -1`: PostgreSQL ends such an operator before the sign.
            let (operator, signs) = text.split_at(length);
            lexemes.push(Lexeme {
                kind,
                text: operator,
                start,
                is_reserved: false,
            });
            for (index, sign) in signs.bytes().enumerate() {
                let start = start + length + index;
                let text = if sign == b'-' { "-" } else { "+" };
                lexemes.push(Lexeme {
                    kind,
                    text,
                    start,
                    is_reserved: false,
                });
            }
            continue;
        }
        let is_reserved = kind == Kind::Word && is_reserved(text);
        lexemes.push(Lexeme {
            kind,
            text,
            start,
            is_reserved,
        });
    }
    if !is_read {
        let start = cursor.offset;
        if let Some(text) = sql.get(start..).filter(|text| !text.is_empty()) {
            lexemes.push(Lexeme {
                kind: Kind::Unread,
                text,
                start,
                is_reserved: false,
            });
        }
    }
    lexemes
}

/// The length of an operator without the signs of the number behind it, if there are some.
fn operator_length(text: &str) -> Option<usize> {
    let operator = text.trim_end_matches(['-', '+']);
    let is_one = text.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']);
    (!is_one && !operator.is_empty() && operator.len() < text.len()).then_some(operator.len())
}

fn is_prefix(last: &Lexeme<'_>, database: DatabaseKind) -> bool {
    match database {
        // A slice of an array (`a[1:n]`) is no placeholder, and sqlx knows only `$n` and `?`.
        DatabaseKind::Postgres | DatabaseKind::MySql => false,
        DatabaseKind::Sqlite | DatabaseKind::Unknown => last.text == ":" || last.text == "@",
    }
}

fn classify(token: &Token) -> Kind {
    match token {
        Token::Word(word) if word.quote_style.is_some() => Kind::Quoted,
        // The tokenizer takes the `5` of `.5E'x'` for a word.
        Token::Word(word) if word.value.bytes().all(|byte| byte.is_ascii_digit()) => Kind::Number,
        Token::Word(_) => Kind::Word,
        Token::Number(..) => Kind::Number,
        Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::TripleSingleQuotedString(_)
        | Token::TripleDoubleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::DoubleQuotedByteStringLiteral(_)
        | Token::TripleSingleQuotedByteStringLiteral(_)
        | Token::TripleDoubleQuotedByteStringLiteral(_)
        | Token::SingleQuotedRawStringLiteral(_)
        | Token::DoubleQuotedRawStringLiteral(_)
        | Token::TripleSingleQuotedRawStringLiteral(_)
        | Token::TripleDoubleQuotedRawStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::QuoteDelimitedStringLiteral(_)
        | Token::NationalQuoteDelimitedStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_) => Kind::Text,
        Token::Placeholder(_) => Kind::Placeholder,
        Token::Whitespace(
            Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_),
        ) => Kind::Comment,
        Token::Whitespace(_) => Kind::Space,
        _ => Kind::Punctuation,
    }
}

/// Walks from the tokenizer's lines and columns to byte offsets, once through the text.
struct Cursor<'a> {
    rest: std::str::Chars<'a>,
    offset: usize,
    line: u64,
    column: u64,
}

impl<'a> Cursor<'a> {
    fn new(sql: &'a str) -> Self {
        Self {
            rest: sql.chars(),
            offset: 0,
            line: 1,
            column: 1,
        }
    }

    fn advance(&mut self, to: Location) -> usize {
        while (self.line, self.column) < (to.line, to.column) {
            let Some(character) = self.rest.next() else {
                break;
            };
            self.offset += character.len_utf8();
            if character == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.offset
    }
}

/// MySQL's dialect, but with `/*! … */` as the comment it looks like: expanded, its tokens would
/// no longer tile the text.
#[derive(Debug)]
struct PlainMySql(MySqlDialect);

impl Dialect for PlainMySql {
    fn dialect(&self) -> TypeId {
        self.0.dialect()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.0.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.0.is_identifier_part(ch)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        self.0.is_delimited_identifier_start(ch)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn ignores_wildcard_escapes(&self) -> bool {
        true
    }

    fn supports_numeric_prefix(&self) -> bool {
        true
    }

    fn requires_single_line_comment_whitespace(&self) -> bool {
        self.0.requires_single_line_comment_whitespace()
    }
}
