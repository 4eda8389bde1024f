//! What is assigned to a name: where it starts, and whether it is a secret.

use super::{Scan, bytes::is_name, filter::MAX_BLANKS, run_end, word::MAX_PATH};
use crate::redact::{
    names::{Verdict, is_no_secret},
    shape::{is_complaint, is_odd},
};

/// How far before a list of complaints `errors` may stand.
const MAX_OF_ERRORS: usize = 64;

/// Words behind the name of a secret and a colon that say something of it: what is wrong with it,
/// and what may be done with it. Sorted.
pub(super) const STATES: &[&str] = &[
    "cannot",
    "create",
    "delete",
    "empty",
    "expected",
    "expired",
    "failed",
    "invalid",
    "list",
    "missing",
    "must",
    "ok",
    "read",
    "refresh",
    "reset",
    "revoke",
    "rotate",
    "should",
    "unexpected",
    "update",
    "verify",
    "view",
    "write",
];

impl Scan<'_, '_> {
    /// Whether what is assigned to a word is secret: by the word, by it and the word before
    /// (`api key: …`), or by what it looks like.
    pub(super) fn is_secret_assigned(&self, start: usize, word: &str, value: usize) -> bool {
        let answer = self.redactor.answer(word);
        match answer.verdict {
            Verdict::Secret => !self.is_harmless_value(start, word, value),
            Verdict::Harmless => {
                self.is_second_word(start, word)
                    || answer.is_action
                        && self.is_in_query(start)
                        && answer.opens(word, self.candidate(value))
            }
            Verdict::Judge(judge) => {
                self.is_second_word(start, word)
                    || judge.is_secret(self.candidate(value), self.is_in_query(start))
                        && !self.is_harmless_second_word(start, word)
            }
        }
    }

    /// Whether what stands behind the name of a secret is none: how many there are, or what is
    /// wrong with it.
    fn is_harmless_value(&self, start: usize, word: &str, value: usize) -> bool {
        let candidate = self.candidate(value);
        if is_no_secret(word, candidate)
            || self.is_said_of(word, value, candidate)
            || is_line_of_file(word, candidate)
        {
            return true;
        }
        let rest = self.text.get(value..).unwrap_or_default();
        let Some(list) = rest.strip_prefix('[') else {
            return false;
        };
        let until = list.floor_char_boundary(MAX_PATH);
        let list = list.get(..until).unwrap_or_default();
        let from = self
            .text
            .floor_char_boundary(start.saturating_sub(MAX_OF_ERRORS));
        let head = self.text.get(from..start).unwrap_or_default();
        head.contains("errors")
            && list.split_once(']').is_some_and(|(list, _)| {
                list.split(',')
                    .all(|complaint| is_complaint(complaint.trim_matches([' ', '"', '\'', '\\'])))
            })
    }

    /// Whether what stands behind `token:` says something of it (`token: expected`, `token:read`)
    /// or comes from what is called so (`auth: login ok`).
    fn is_said_of(&self, word: &str, value: usize, candidate: &str) -> bool {
        let before = |back: usize| {
            value
                .checked_sub(back)
                .and_then(|at| self.text.as_bytes().get(at))
        };
        let is_after_blank = before(1) == Some(&b' ') && before(2) == Some(&b':');
        if !is_after_blank && before(1) != Some(&b':') {
            return false;
        }
        STATES.binary_search(&candidate).is_ok()
            || is_after_blank && word == "auth" && !candidate.is_empty() && !is_odd(candidate)
    }

    /// Whether the word stands in a query string.
    fn is_in_query(&self, start: usize) -> bool {
        let before = start
            .checked_sub(1)
            .and_then(|at| self.text.as_bytes().get(at));
        matches!(before, Some(b'?' | b'&'))
    }

    /// The value that starts here, without its quotes.
    pub(super) fn candidate(&self, start: usize) -> &str {
        let bytes = self.text.as_bytes();
        let first = run_end(bytes, start, |byte| {
            matches!(byte, b'\\' | b'"' | b'\'' | b'`' | b'[')
        });
        let last = run_end(bytes, first, |byte| {
            !byte.is_ascii_whitespace()
                && !matches!(
                    byte,
                    b'\\'
                        | b'"'
                        | b'\''
                        | b'`'
                        | b','
                        | b';'
                        | b'&'
                        | b')'
                        | b']'
                        | b'}'
                        | b'<'
                        | b'>'
                )
        });
        let last = self.code_end(first, last);
        self.text.get(first..last).unwrap_or_default()
    }

    /// Where the value starts that is assigned to the name which ends at `end`.
    pub(super) fn assigned(&self, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut index = end;
        // `\"password\": …`, `'password' => …`, `user[password]=…`
        while matches!(bytes.get(index), Some(b'"' | b'\'' | b'\\' | b']' | b'`')) {
            index += 1;
        }
        let mut blanks = 0;
        while bytes.get(index) == Some(&b' ') && blanks < MAX_BLANKS {
            index += 1;
            blanks += 1;
        }
        let rest = bytes.get(index..)?;
        let mut index = if rest.starts_with(b"::") {
            return None;
        } else if rest.starts_with(b"=>") || rest.starts_with(b":=") || rest.starts_with(b"==") {
            index + 2
        } else if rest.starts_with(b"=") || rest.starts_with(b":") {
            index + 1
        } else if rest.starts_with(b"%3D") || rest.starts_with(b"%3d") {
            index + 3
        } else {
            return None;
        };
        while bytes.get(index) == Some(&b' ') {
            index += 1;
        }
        Some(self.within_calls(index))
    }

    /// `Some("…")`, `Secret("…")`, `Some(Password("…"))` of Rust's Debug: where the text within
    /// starts.
    pub(super) fn within_calls(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut index = start;
        let mut after_some = start;
        for _ in 0..4 {
            let end = run_end(bytes, index, |byte| is_name(byte) || byte == b':');
            if end == index || bytes.get(end) != Some(&b'(') {
                break;
            }
            let is_some = bytes.get(index..end) == Some(b"Some");
            index = end + 1;
            if is_some {
                after_some = index;
            }
        }
        match bytes.get(index) {
            Some(b'"' | b'\'' | b'\\') => index,
            _ => after_some,
        }
    }

    /// Where the value starts in a pair of Rust's Debug: `("password", "…")`.
    pub(super) fn paired(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let quote = start.checked_sub(1)?;
        let is_pair = bytes.get(quote) == Some(&b'"')
            && bytes.get(quote.checked_sub(1)?) == Some(&b'(')
            && bytes.get(end..)?.starts_with(b"\", ");
        is_pair.then(|| self.within_calls(end + 3))
    }

    /// Where the value starts in a type of its own of Rust's Debug: `ApiKey("…")`.
    pub(super) fn wrapped(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let is_type = bytes.get(start)?.is_ascii_uppercase();
        // Parsers have tokens too.
        if self.text.get(start..end)? == "Token" && !is_odd(self.candidate(end + 1)) {
            return None;
        }
        (is_type && bytes.get(end..)?.starts_with(b"(\"")).then_some(end + 1)
    }
}

/// Endings of files of source code.
const SOURCES: &[&str] = &[
    "c", "cc", "cpp", "cs", "ex", "go", "java", "js", "jsx", "kt", "php", "py", "rb", "rs", "ts",
    "tsx",
];

/// Whether what stands behind a colon is a line: `auth.rs:45`, `token.py:12:`.
fn is_line_of_file(word: &str, candidate: &str) -> bool {
    word.rsplit_once('.')
        .is_some_and(|(_, ending)| SOURCES.contains(&ending))
        && candidate
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b':')
}
