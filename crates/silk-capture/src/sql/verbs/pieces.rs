//! A text taken to pieces: words, parentheses, semicolons; comments and quoted texts read over.

use silk_core::DatabaseKind;

/// A piece of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Word(&'a str),
    Open,
    Close,
    End,
    /// Quoted texts, numbers, operators.
    Rest,
}

/// A place in a text, moved from piece to piece.
pub(super) struct Pieces<'a> {
    sql: &'a str,
    pub(super) at: usize,
    kind: DatabaseKind,
}

impl<'a> Pieces<'a> {
    pub(super) const fn new(sql: &'a str, kind: DatabaseKind) -> Self {
        Self { sql, at: 0, kind }
    }

    /// The next piece that is neither space nor comment.
    pub(super) fn next(&mut self) -> Option<Piece<'a>> {
        let bytes = self.sql.as_bytes();
        loop {
            let &byte = bytes.get(self.at)?;
            let next = bytes.get(self.at + 1).copied();
            match byte {
                _ if byte.is_ascii_whitespace() => self.at += 1,
                b'-' if next == Some(b'-') => self.skip_line(),
                b'#' if self.kind == DatabaseKind::MySql => self.skip_line(),
                b'/' if next == Some(b'*') => self.skip_comment(),
                b'\'' | b'"' | b'`' => {
                    self.skip_quoted(byte, self.kind == DatabaseKind::MySql && byte != b'`');
                    return Some(Piece::Rest);
                }
                b'[' if self.kind == DatabaseKind::Sqlite => {
                    self.skip_to(b']');
                    return Some(Piece::Rest);
                }
                b'$' if self.kind != DatabaseKind::MySql && self.skip_dollar() => {
                    return Some(Piece::Rest);
                }
                b'(' | b')' | b';' => {
                    self.at += 1;
                    return Some(match byte {
                        b'(' => Piece::Open,
                        b')' => Piece::Close,
                        _ => Piece::End,
                    });
                }
                _ if is_of_word(byte) => {
                    let start = self.at;
                    while bytes
                        .get(self.at)
                        .is_some_and(|&b| is_of_word(b) || b == b'$')
                    {
                        self.at += 1;
                    }
                    let word = &self.sql[start..self.at];
                    // `E'…'`: the only quote of PostgreSQL in which a backslash escapes.
                    if word.eq_ignore_ascii_case("e") && bytes.get(self.at) == Some(&b'\'') {
                        self.skip_quoted(b'\'', true);
                        return Some(Piece::Rest);
                    }
                    return Some(Piece::Word(word));
                }
                _ => {
                    self.at += 1;
                    return Some(Piece::Rest);
                }
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.sql.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(rest.len(), |line| line + 1);
    }

    /// PostgreSQL's comments nest.
    fn skip_comment(&mut self) {
        let nests = self.kind == DatabaseKind::Postgres;
        let bytes = self.sql.as_bytes();
        self.at += 2;
        let mut depth = 1_u32;
        while depth > 0 && self.at < bytes.len() {
            match (bytes[self.at], bytes.get(self.at + 1)) {
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                }
                (b'/', Some(b'*')) if nests => {
                    depth += 1;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
    }

    fn skip_to(&mut self, end: u8) {
        let rest = &self.sql.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .position(|&byte| byte == end)
            .map_or(rest.len(), |at| at + 1);
    }

    fn skip_quoted(&mut self, quote: u8, escapes: bool) {
        let bytes = self.sql.as_bytes();
        self.at += 1;
        while let Some(&byte) = bytes.get(self.at) {
            self.at += 1;
            if byte == b'\\' && escapes {
                self.at = (self.at + 1).min(bytes.len());
            } else if byte == quote {
                if bytes.get(self.at) != Some(&quote) {
                    return;
                }
                self.at += 1;
            }
        }
    }

    /// A text between `$tag$` and the same; `false` where it is a parameter or an operator.
    fn skip_dollar(&mut self) -> bool {
        let rest = &self.sql[self.at..];
        let Some(end) = rest[1..].find('$').map(|end| end + 2) else {
            return false;
        };
        let tag = &rest[..end];
        let name = &tag[1..tag.len() - 1];
        if !name.bytes().all(is_of_word) || name.starts_with(|first: char| first.is_ascii_digit()) {
            return false;
        }
        self.at += rest[end..]
            .find(tag)
            .map_or(rest.len(), |close| end + close + tag.len());
        true
    }
}

pub(super) const fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
