//! Pieces of an expression.

use super::style::Style;

/// A piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A bare word.
    Word(&'a str),
    /// A quoted name, unquoted.
    Name(String),
    /// A number or text, as written.
    Literal(&'a str),
    /// `$1`, `?`, `?1`, `:name`, `@name`.
    Param(&'a str),
    /// An operator of signs; `::`, `.` and `,` too.
    Sign(&'a str),
    /// `(`, `[` or `{`.
    Open(char),
    /// `)`, `]` or `}`.
    Close(char),
    /// What none of these is.
    Unknown,
}

/// The pieces of a text, in one pass.
pub(super) fn tokens(text: &str, style: Style) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        text,
        at: 0,
        style,
        tokens: Vec::new(),
    };
    while lexer.step().is_some() {}
    lexer.tokens
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    style: Style,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Reads one piece; nothing at the end.
    fn step(&mut self) -> Option<()> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let second = rest[first.len_utf8()..].chars().next();
        let token = match first {
            c if c.is_whitespace() => {
                self.at += c.len_utf8();
                return Some(());
            }
            '\'' => self.literal(0, self.style.backslashes_escape),
            'e' | 'E' if second == Some('\'') => self.literal(1, true),
            'b' | 'B' | 'x' | 'X' | 'n' | 'N' if second == Some('\'') => self.literal(1, false),
            '"' if self.style.double_quotes_are_texts => {
                self.quoted(0, '"', true);
                Token::Unknown
            }
            '"' | '`' => self.name(first),
            '(' | '[' | '{' => {
                self.at += 1;
                Token::Open(first)
            }
            ')' | ']' | '}' => {
                self.at += 1;
                Token::Close(first)
            }
            '$' | '@' | ':' if second.is_some_and(is_word) && !rest.starts_with("::") => {
                Token::Param(self.take(|at, c| at == 0 || is_word(c)))
            }
            '?' if !second.is_some_and(|c| matches!(c, '|' | '&')) => {
                Token::Param(self.take(|at, c| at == 0 || c.is_ascii_digit()))
            }
            '.' if second.is_some_and(|c| c.is_ascii_digit()) && !self.follows_name() => {
                self.number()
            }
            c if c.is_ascii_digit() => self.number(),
            c if is_word(c) => Token::Word(self.take(|_, c| is_word(c) || c == '$')),
            '.' | ',' => {
                self.at += 1;
                Token::Sign(&rest[..1])
            }
            ':' if second == Some(':') => {
                self.at += 2;
                Token::Sign(&rest[..2])
            }
            c if is_sign(c) => {
                let sign = self.take(|_, c| is_sign(c));
                // `a = -1` and `a=-1` are the same.
                let bare = sign.trim_end_matches(['-', '+']);
                if !bare.is_empty() && bare.len() < sign.len() && !bare.contains(['~', '@', '#']) {
                    self.at -= sign.len() - bare.len();
                    Token::Sign(bare)
                } else {
                    Token::Sign(sign)
                }
            }
            other => {
                self.at += other.len_utf8();
                Token::Unknown
            }
        };
        self.tokens.push(token);
        Some(())
    }

    fn follows_name(&self) -> bool {
        matches!(
            self.tokens.last(),
            Some(Token::Word(_) | Token::Name(_) | Token::Close(_))
        )
    }

    fn take(&mut self, wanted: impl Fn(usize, char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest
            .char_indices()
            .find(|(at, c)| !wanted(*at, *c))
            .map_or(rest.len(), |(at, _)| at);
        self.at += end;
        &rest[..end]
    }

    fn number(&mut self) -> Token<'a> {
        let mut before = ' ';
        let rest = self.rest();
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            let in_exponent = matches!(before, 'e' | 'E') && matches!(c, '+' | '-');
            if !(c.is_ascii_alphanumeric() || c == '.' || in_exponent) {
                end = at;
                break;
            }
            before = c;
        }
        self.at += end;
        Token::Literal(&rest[..end])
    }

    /// A text behind `prefix` letters.
    fn literal(&mut self, prefix: usize, escapes: bool) -> Token<'a> {
        let start = self.at;
        if self.quoted(prefix, '\'', escapes) {
            Token::Literal(&self.text[start..self.at])
        } else {
            Token::Unknown
        }
    }

    fn name(&mut self, quote: char) -> Token<'a> {
        let start = self.at + 1;
        if !self.quoted(0, quote, false) {
            return Token::Unknown;
        }
        let doubled: String = [quote, quote].into_iter().collect();
        let inside = &self.text[start..self.at - 1];
        Token::Name(inside.replace(&doubled, quote.encode_utf8(&mut [0; 4])))
    }

    /// Goes behind the closing quote; false where there is none.
    fn quoted(&mut self, prefix: usize, quote: char, escapes: bool) -> bool {
        let from = self.at + prefix + 1;
        let mut chars = self.text[from..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if escapes && c == '\\' {
                chars.next();
            } else if c == quote {
                if chars.peek().is_some_and(|(_, next)| *next == quote) {
                    chars.next();
                } else {
                    self.at = from + at + 1;
                    return true;
                }
            }
        }
        self.at = self.text.len();
        false
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

const fn is_sign(c: char) -> bool {
    matches!(
        c,
        '+' | '-'
            | '*'
            | '/'
            | '<'
            | '>'
            | '='
            | '~'
            | '!'
            | '@'
            | '#'
            | '%'
            | '^'
            | '&'
            | '|'
            | '?'
    )
}
