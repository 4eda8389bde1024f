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
            Some(_) => {
                let mut last = first;
                loop {
                    let word_end = run_end(bytes, last, |byte| {
                        !byte.is_ascii_whitespace()
                            && !matches!(
                                byte,
                                b',' | b';'
                                    | b'&'
                                    | b')'
                                    | b']'
                                    | b'}'
                                    | b'"'
                                    | b'\''
                                    | b'`'
                                    | b'<'
                                    | b'>'
                            )
                    });
                    let word = self.text.get(last..word_end).unwrap_or_default();
                    let is_scheme = SCHEMES
                        .iter()
                        .any(|scheme| word.eq_ignore_ascii_case(scheme));
                    if is_scheme && bytes.get(word_end) == Some(&b' ') {
                        last = word_end + 1;
                        first = last;
                        continue;
                    }
                    if last == word_end {
                        return word_end.max(start);
                    }
                    return self.mask(first, word_end);
                }
            }
        }
    }

    /// Where the next line starts, if nothing but a sign of YAML stands before it.
    fn line_ends(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let end = run_end(bytes, start, |byte| matches!(byte, b'-' | b'+' | b'\r'));
        (bytes.get(end) == Some(&b'\n')).then_some(end + 1)
    }
}
