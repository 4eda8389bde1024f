//! Walks over a text once, piece by piece.

mod operator;

use super::{
    Kind,
    rules::{Hash, Joins, Rules, is_charset},
};

/// A piece: what it is, and where it ends. None if the text cannot be read from here on.
pub(super) type Piece = Option<(Kind, usize)>;

pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    sql: &'a str,
    rules: &'a Rules,
    /// The kind and end of the piece before.
    before: (Kind, usize),
    /// Whether a comment that is run is open.
    in_run_comment: bool,
}

const fn is_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

const fn is_part(byte: u8) -> bool {
    is_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(sql: &'a str, rules: &'a Rules) -> Self {
        Self {
            bytes: sql.as_bytes(),
            sql,
            rules,
            before: (Kind::Space, 0),
            in_run_comment: false,
        }
    }

    /// The piece that begins at `start`, which is within the text.
    pub(super) fn piece(&mut self, start: usize) -> Piece {
        let piece = self.read(start)?;
        self.before = piece;
        Some(piece)
    }

    fn at(&self, index: usize) -> u8 {
        self.bytes.get(index).copied().unwrap_or(0)
    }

    fn run(&self, start: usize, is_it: impl Fn(u8) -> bool) -> usize {
        self.bytes
            .get(start..)
            .and_then(|rest| rest.iter().position(|byte| !is_it(*byte)))
            .map_or(self.bytes.len(), |length| start + length)
    }

    fn starts_with(&self, index: usize, text: &[u8]) -> bool {
        self.bytes
            .get(index..)
            .is_some_and(|rest| rest.starts_with(text))
    }

    fn read(&mut self, start: usize) -> Piece {
        let byte = self.at(start);
        let next = self.at(start + 1);
        let rules = self.rules;
        match byte {
            _ if is_space(byte) => Some((Kind::Space, self.run(start, is_space))),
            b'\'' => self.text(start, start, rules.has_escapes),
            b'"' if rules.double_is_text => self.text(start, start, rules.has_escapes),
            b'"' => Some((Kind::Quoted, self.quoted(start, rules.has_escapes)?)),
            b'`' if rules.has_backticks => Some((Kind::Quoted, self.quoted(start, false)?)),
            b'[' if rules.has_brackets => {
                let end = self.run(start, |byte| byte != b']');
                (end < self.bytes.len()).then_some((Kind::Quoted, end + 1))
            }
            b'-' if next == b'-' && self.is_dash_comment(start) => {
                Some((Kind::Comment, self.line_end(start)))
            }
            b'#' if self.is_hash_comment(start) => Some((Kind::Comment, self.line_end(start))),
            b'/' if next == b'*' => self.comment(start),
            b'*' if next == b'/' && self.in_run_comment => {
                self.in_run_comment = false;
                Some((Kind::Comment, start + 2))
            }
            b'$' => self.dollar(start),
            b'0'..=b'9' => Some(self.number(start)),
            b'.' if next.is_ascii_digit() && !self.is_member(start) => Some(self.number(start)),
            _ if is_start(byte) => self.word(start),
            b'?' if rules.has_marks => Some((
                Kind::Placeholder,
                self.run(start + 1, |b| b.is_ascii_digit()),
            )),
            b'@' if rules.has_at_words && (is_part(next) || next == b'@') => {
                let end = self.run(start + 1, |byte| {
                    is_part(byte) || matches!(byte, b'@' | b'.')
                });
                Some((Kind::Word, end))
            }
            b'@' if rules.has_named_values && next == b'@' && is_start(self.at(start + 2)) => {
                Some((Kind::Word, self.run(start + 2, is_part)))
            }
            b':' | b'@' if rules.has_named_values && is_part(next) => {
                Some((Kind::Placeholder, self.run(start + 1, is_part)))
            }
            // MySQL's other way to write NULL; anywhere else it is no SQL, which tells that a
            // string began or ended where it seemed not to.
            b'\\' if rules.has_escapes && next == b'N' => Some((Kind::Word, start + 2)),
            b'\\' => None,
            _ => Some((Kind::Punctuation, self.operator(start))),
        }
    }

    /// Whether the dot at `index` stands close behind a name.
    fn is_member(&self, index: usize) -> bool {
        (self.rules.has_digit_names || self.rules.has_brackets)
            && self.before.1 == index
            && matches!(self.before.0, Kind::Word | Kind::Quoted)
    }

    fn line_end(&self, start: usize) -> usize {
        let ends_with_return = self.rules.has_free_operators;
        self.run(start, |byte| {
            byte != b'\n' && !(ends_with_return && byte == b'\r')
        })
    }

    fn is_dash_comment(&self, start: usize) -> bool {
        let next = self.at(start + 2);
        if !self.rules.dashes_need_space || start + 2 >= self.bytes.len() {
            return true;
        }
        // Where the database is not known, only what could be minus twice is in doubt.
        let is_known = !self.rules.has_named_values;
        next <= b' ' || !(is_known || next.is_ascii_digit() || matches!(next, b'\'' | b'"' | b'('))
    }

    fn is_hash_comment(&self, start: usize) -> bool {
        match self.rules.hash {
            Hash::Operator => false,
            Hash::Comment => true,
            Hash::Either { is_comment } => {
                let line = self.bytes.get(..start).unwrap_or_default();
                let begins_line = line
                    .iter()
                    .rev()
                    .find(|byte| !matches!(byte, b' ' | b'\t'))
                    .is_none_or(|byte| *byte == b'\n');
                begins_line || (is_comment && !matches!(self.at(start + 1), b'>' | b'-'))
            }
        }
    }

    fn comment(&mut self, start: usize) -> Piece {
        if self.rules.runs_comments
            && (self.at(start + 2) == b'!' || self.starts_with(start + 2, b"M!"))
        {
            // Its version is part of what opens it.
            let open = start + if self.at(start + 2) == b'!' { 3 } else { 4 };
            self.in_run_comment = true;
            return Some((Kind::Comment, self.run(open, |byte| byte.is_ascii_digit())));
        }
        let mut depth = 1_usize;
        let mut index = start + 2;
        loop {
            index = self.run(index, |byte| byte != b'*' && byte != b'/');
            if index >= self.bytes.len() {
                return self
                    .rules
                    .may_leave_comment
                    .then_some((Kind::Comment, index));
            }
            match (self.at(index), self.at(index + 1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    index += 2;
                    if depth == 0 {
                        return Some((Kind::Comment, index));
                    }
                }
                (b'/', b'*') if self.rules.nests_comments => {
                    depth += 1;
                    index += 2;
                }
                _ => index += 1,
            }
        }
    }

    /// The end of what is quoted by the byte at `start`; none if it is not closed.
    fn quoted(&self, start: usize, has_escapes: bool) -> Option<usize> {
        let quote = self.at(start);
        let mut index = start + 1;
        loop {
            index = self.run(index, |byte| {
                byte != quote && !(has_escapes && byte == b'\\')
            });
            if index >= self.bytes.len() {
                return None;
            }
            index += if self.at(index) == b'\\' && has_escapes || self.at(index + 1) == quote {
                2
            } else {
                return Some(index + 1);
            };
        }
    }

    /// A string that begins at `start`, its quote at `quote`.
    fn text(&self, _start: usize, quote: usize, has_escapes: bool) -> Piece {
        let mut end = self.quoted(quote, has_escapes)?;
        while self.rules.joins == Joins::OverLines
            && self.at(quote) == b'\''
            && let Some(next) = self.continued(end)
        {
            end = self.quoted(next, has_escapes)?;
        }
        Some((Kind::Text, end))
    }

    /// Where the string goes on that ended at `end`, over at least one end of line.
    fn continued(&self, end: usize) -> Option<usize> {
        let mut index = self.run(end, |byte| matches!(byte, b' ' | b'\t' | 0x0c));
        let mut has_line = false;
        loop {
            match self.at(index) {
                b'\n' | b'\r' => has_line = true,
                b'-' if self.at(index + 1) == b'-' => {
                    index = self.line_end(index);
                    continue;
                }
                byte if is_space(byte) => {}
                b'\'' if has_line => return Some(index),
                _ => return None,
            }
            index += 1;
        }
    }

    fn dollar(&self, start: usize) -> Piece {
        let next = self.at(start + 1);
        if self.rules.has_dollar_names {
            return Some((Kind::Word, self.run(start, is_part)));
        }
        if next.is_ascii_digit() {
            let end = self.run(start + 1, |byte| byte.is_ascii_digit());
            return Some((Kind::Placeholder, end));
        }
        let tag = self.run(start + 1, |byte| is_part(byte) && byte != b'$');
        if self.rules.has_dollar_quotes && self.at(tag) == b'$' {
            let tag = self.sql.get(start..=tag)?;
            let body = start + tag.len();
            let length = self.sql.get(body..)?.find(tag)?;
            return Some((Kind::Text, body + length + tag.len()));
        }
        if self.rules.has_named_values && is_start(next) {
            return Some((Kind::Placeholder, tag));
        }
        Some((Kind::Punctuation, start + 1))
    }

    fn number(&self, start: usize) -> (Kind, usize) {
        let rules = self.rules;
        let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'_';
        let is_name = self.before.1 == start
            && start > 0
            && self.at(start - 1) == b'.'
            && rules.has_digit_names;
        if is_name {
            // `t.1a`
            return (Kind::Word, self.run(start, is_part));
        }
        if self.at(start) == b'0'
            && matches!(self.at(start + 1), b'x' | b'X' | b'o' | b'O' | b'b' | b'B')
            && (self.at(start + 2).is_ascii_hexdigit() || self.at(start + 2) == b'_')
        {
            return (Kind::Number, self.run(start + 2, is_part));
        }
        let whole = self.run(start, is_digit);
        let mut end = whole;
        if self.at(end) == b'.' && self.at(end + 1) != b'.' {
            end = self.run(end + 1, is_digit);
        }
        if matches!(self.at(end), b'e' | b'E') {
            let sign = usize::from(matches!(self.at(end + 1), b'+' | b'-'));
            if self.at(end + 1 + sign).is_ascii_digit() {
                end = self.run(end + 1 + sign, is_digit);
            }
        }
        let last = self.run(end, is_part);
        if last > end && end == whole && rules.has_digit_names {
            return (Kind::Word, last);
        }
        // `1a` is a mistake: nothing of it is kept.
        (Kind::Number, last)
    }

    fn word(&self, start: usize) -> Piece {
        let rules = self.rules;
        let end = self.run(start, is_part);
        let is_single = end == start + 1;
        let next = self.at(end);
        if is_single {
            let letter = self.at(start).to_ascii_lowercase();
            if next == b'\'' {
                match letter {
                    b'e' if rules.has_marked_strings => return self.text(start, end, true),
                    b'x' => return self.text(start, end, false),
                    b'n' | b'b' if rules.has_national_strings => {
                        return self.text(start, end, rules.has_escapes);
                    }
                    _ => {}
                }
            }
            if letter == b'u' && next == b'&' && rules.has_marked_strings {
                match self.at(end + 1) {
                    b'\'' => {
                        let (kind, end) = self.text(start, end + 1, false)?;
                        return Some((kind, self.escape_clause(end)));
                    }
                    b'"' => return Some((Kind::Quoted, self.quoted(end + 1, false)?)),
                    _ => {}
                }
            }
        }
        if rules.has_charsets
            && self.at(start) == b'_'
            && self.sql.get(start + 1..end).is_some_and(is_charset)
        {
            let value = self.run(end, is_space);
            let is_quote =
                self.at(value) == b'\'' || (self.at(value) == b'"' && rules.double_is_text);
            let is_marked = matches!(self.at(value), b'x' | b'X' | b'b' | b'B' | b'n' | b'N')
                && self.at(value + 1) == b'\'';
            if is_quote {
                return self.text(start, value, rules.has_escapes);
            }
            if is_marked {
                return self.text(start, value + 1, rules.has_escapes);
            }
            if self.at(value) == b'0' && matches!(self.at(value + 1), b'x' | b'b') {
                return Some((Kind::Number, self.run(value, is_part)));
            }
        }
        Some((Kind::Word, end))
    }

    /// The end of `UESCAPE '!'` behind a string that ends at `end`.
    fn escape_clause(&self, end: usize) -> usize {
        let word = self.run(end, is_space);
        let is_it = self
            .sql
            .get(word..word + 7)
            .is_some_and(|word| word.eq_ignore_ascii_case("uescape"));
        let quote = self.run(word + 7, is_space);
        if is_it && self.at(quote) == b'\'' {
            self.quoted(quote, false).unwrap_or(end)
        } else {
            end
        }
    }
}
