//! The value behind a name: quoted in one way or another, a list, a block, or a bare word.

use super::{Scan, run_end};
use crate::redact::{REDACTED, text::word::SCHEMES};

impl Scan<'_, '_> {
    /// Masks the value that starts at `start`; returns its end.
    pub(super) fn value(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut first = start;
        while bytes.get(first) == Some(&b'\\') {
            first += 1;
        }
        if bytes
            .get(first..)
            .is_some_and(|rest| rest.starts_with(REDACTED.as_bytes()))
        {
            return first + REDACTED.len();
        }
        let escapes = first - start;
        if escapes == 0 {
            first = self.behind_type(first);
        }
        match bytes.get(first) {
            None => start,
            Some(b'"') if bytes[first..].starts_with(b"\"\"\"") => {
                let length = self
                    .text
                    .get(first + 3..)
                    .and_then(|rest| rest.find("\"\"\""));
                let last = length.map_or(bytes.len(), |length| first + 3 + length);
                self.mask(first + 3, last)
            }
            Some(quote @ (b'"' | b'\'' | b'`')) => {
                let mut last = first + 1;
                while let Some(byte) = bytes.get(last) {
                    if byte == quote {
                        break;
                    }
                    if *byte == b'\\' {
                        // Within escaped quotes, a backslash before a quote ends the value.
                        if escapes > 0 && bytes.get(last + escapes) == Some(quote) {
                            break;
                        }
                        if escapes == 0 {
                            last += 1;
                        }
                    }
                    last += 1;
                }
                let last = last.min(bytes.len());
                self.mask(first + 1, last).max(last)
            }
            // A block of YAML: the lines that are indented.
            Some(b'|' | b'>') if self.line_ends(first + 1).is_some() => {
                let mut last = self.line_ends(first + 1).unwrap_or(first);
                let start = last;
                while bytes.get(last) == Some(&b' ') {
                    last = (run_end(bytes, last, |byte| byte != b'\n') + 1).min(bytes.len());
                }
                self.mask(start, last)
            }
            // A list or object keeps its shape; what is in it has names of its own.
            Some(b'{') => first,
            Some(b'[') => {
                let length = self.text.get(first..).and_then(|rest| rest.find(']'));
                let last = length.map_or(bytes.len(), |length| first + length);
                self.mask(first + 1, last)
            }
            Some(_) => self.bare_value(first).max(start),
        }
    }

    /// Masks a value without quotes, behind the word of a scheme where there is one.
    fn bare_value(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let is_part = |byte: u8| {
            !byte.is_ascii_whitespace()
                && !matches!(
                    byte,
                    b',' | b';' | b'&' | b')' | b']' | b'}' | b'"' | b'\'' | b'`' | b'<' | b'>'
                )
        };
        let mut first = start;
        loop {
            let end = run_end(bytes, first, is_part);
            let word = self.text.get(first..end).unwrap_or_default();
            let is_scheme = SCHEMES
                .iter()
                .any(|scheme| word.eq_ignore_ascii_case(scheme));
            if is_scheme && bytes.get(end) == Some(&b' ') {
                first = end + 1;
                continue;
            }
            if first == end {
                return end;
            }
            return self.mask(first, self.code_end(first, end));
        }
    }

    /// Where a value starts behind what says of what type it is: `!vault x` of YAML, `string(8) "x"`
    /// as PHP shows it.
    fn behind_type(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(start..).unwrap_or_default();
        if rest.first() == Some(&b'!') {
            let end = run_end(bytes, start, |byte| !byte.is_ascii_whitespace());
            if bytes.get(end) == Some(&b' ') {
                return run_end(bytes, end, |byte| byte == b' ');
            }
        }
        if rest.starts_with(b"string(") {
            let end = run_end(bytes, start + 7, |byte| byte.is_ascii_digit());
            if bytes
                .get(end..)
                .is_some_and(|rest| rest.starts_with(b") \""))
            {
                return end + 2;
            }
        }
        start
    }

    /// The end of a one-time code in two groups, of which the first one stands from `start` to
    /// `end`: `482 913`.
    pub(super) fn code_end(&self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let is_group = |start: usize, end: usize| {
            matches!(end - start, 3 | 4)
                && bytes
                    .get(start..end)
                    .is_some_and(|group| group.iter().all(u8::is_ascii_digit))
        };
        if bytes.get(end) != Some(&b' ') || !is_group(start, end) {
            return end;
        }
        let last = run_end(bytes, end + 1, |byte| byte.is_ascii_alphanumeric());
        let is_code = is_group(end + 1, last) && last - end - 1 == end - start;
        if is_code { last } else { end }
    }

    /// Where the next line starts, if nothing but a sign of YAML stands before it.
    fn line_ends(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let end = run_end(bytes, start, |byte| matches!(byte, b'-' | b'+' | b'\r'));
        (bytes.get(end) == Some(&b'\n')).then_some(end + 1)
    }
}
