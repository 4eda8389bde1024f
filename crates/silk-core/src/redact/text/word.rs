//! Words that a secret follows, and words that are one.

use super::{
    Scan,
    bytes::{is_credential, is_name},
    run_end, run_end_while,
};

/// Scheme words behind which a credential stands.
pub(super) const SCHEMES: &[&str] = &["bearer", "basic", "digest", "negotiate", "token"];

/// Beginnings of keys that their issuers marked.
pub(super) const MARKED: &[&str] = &[
    "AKIA",
    "ASIA",
    "AIza",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "sk-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xoxs-",
    "npm_",
    "whsec_",
    "eyJ",
];

/// Blanks looked over between a name and its sign.
const MAX_BLANKS: usize = 4;

/// Whether [`Scan::word`] could find anything in the word from `start` to `end`, told by its first
/// and last bytes and what follows. Must say so wherever it would.
pub(super) fn may_matter(bytes: &[u8], start: usize, end: usize) -> bool {
    let next = match bytes.get(end) {
        // Most words: another one follows.
        Some(b' ') => {
            let after = bytes.get(end + 1..).unwrap_or_default();
            let blanks = after
                .iter()
                .take(MAX_BLANKS - 1)
                .take_while(|byte| **byte == b' ')
                .count();
            matches!(after.get(blanks), Some(b'=' | b':' | b'%'))
        }
        Some(b'"' | b'\'' | b'\\' | b']' | b'`' | b'=' | b':' | b'%') => true,
        _ => false,
    };
    next || may_be_special(bytes.get(start..end).unwrap_or_default())
}

/// Whether a word may matter by itself.
fn may_be_special(word: &[u8]) -> bool {
    let &[first, second, .., last] = word else {
        return false;
    };
    // The last letter of `-----BEGIN`.
    last == b'N'
        || match first {
            b'-' => second == b'-',
            b'A' => matches!(second, b'K' | b'S' | b'I'),
            b'B' | b'b' => matches!(second, b'A' | b'a' | b'E' | b'e'),
            b'c' => word == b"contains",
            b'e' => second == b'y',
            b'g' => matches!(second, b'h' | b'i' | b'l'),
            b'n' => second == b'p',
            b'r' | b's' => matches!(second, b'k'),
            b'w' => second == b'h',
            b'x' => second == b'o',
            _ => false,
        }
}

impl Scan<'_, '_> {
    /// Looks at a word by all rules; returns from where to go on.
    pub(super) fn word(&mut self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let Some(word) = self.text.get(start..end) else {
            return end;
        };
        if word.ends_with("-----BEGIN") {
            return self.private_key(end - 10);
        }
        if let Some(marked) = MARKED.iter().find(|marked| word.starts_with(**marked)) {
            let is_jwt = *marked != "eyJ" || word.contains('.');
            let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
            if is_jwt && has_digit {
                let last = run_end(bytes, start, is_credential);
                if last - start >= 16 {
                    return self.mask(start, last);
                }
            }
        }
        if let Some(value) = self.assigned(end)
            && (self.redactor.is_sensitive(word) || self.is_second_word(start, word))
        {
            let is_cookies = ["cookie", "set-cookie"]
                .iter()
                .any(|name| word.eq_ignore_ascii_case(name));
            let is_quoted = matches!(bytes.get(value), Some(b'"' | b'\'' | b'\\' | b'['));
            if is_cookies && !is_quoted {
                // All of them, up to the end of the line or of what quotes it.
                let last = run_end(bytes, value, |byte| {
                    !matches!(byte, b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'}' | b']')
                });
                return self.mask(value, last);
            }
            return self.value(value);
        }
        // `--password x`, as on a command line.
        if word.starts_with("--")
            && bytes.get(end) == Some(&b' ')
            && bytes.get(end + 1).is_some_and(|byte| *byte != b'-')
            && self.redactor.is_sensitive(word)
        {
            return self.value(end + 1);
        }
        if let Some(value) = self.paired(start, end)
            && self.redactor.is_sensitive(word)
        {
            return self.value(value);
        }
        // PostgreSQL shows the whole row that violates a constraint.
        if word == "contains"
            && self
                .text
                .get(..start)
                .is_some_and(|head| head.ends_with("row "))
            && bytes[end..].starts_with(b" (")
        {
            let line = run_end(bytes, end, |byte| byte != b'\n');
            let length = self
                .text
                .get(end + 2..line)
                .map(|rest| rest.rfind(')').unwrap_or(rest.len()));
            return self.mask(end + 2, end + 2 + length.unwrap_or_default());
        }
        let is_scheme = SCHEMES
            .iter()
            .take(2)
            .any(|scheme| word.eq_ignore_ascii_case(scheme));
        if is_scheme && bytes.get(end) == Some(&b' ') {
            let first = run_end_while(bytes, end, b' ');
            let last = run_end(bytes, first, is_credential);
            let credential = bytes.get(first..last).unwrap_or_default();
            let is_long = credential.len() >= 16;
            let is_coded = credential.len() >= 6
                && credential
                    .iter()
                    .any(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'=' | b'.'));
            if is_long || is_coded {
                return self.mask(first, last);
            }
        }
        end
    }

    /// Where the value starts that is assigned to the name which ends at `end`.
    fn assigned(&self, end: usize) -> Option<usize> {
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
    fn within_calls(&self, start: usize) -> usize {
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

    /// Whether the word before makes a sensitive name of this one (`api key: …`), where it is none
    /// by itself.
    fn is_second_word(&self, start: usize, word: &str) -> bool {
        let head = self.text.as_bytes().get(..start).unwrap_or_default();
        if head.last() != Some(&b' ') {
            return false;
        }
        let end = start - 1;
        let first = head
            .get(..end)
            .unwrap_or_default()
            .iter()
            .rev()
            .take(32)
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        let Some(before) = self.text.get(end - first..end).filter(|_| first > 0) else {
            return false;
        };
        !self.redactor.is_sensitive(before)
            && self.redactor.is_sensitive(&format!("{before} {word}"))
    }

    /// Where the value starts in a pair of Rust's Debug: `("password", "…")`.
    fn paired(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let quote = start.checked_sub(1)?;
        let is_pair = bytes.get(quote) == Some(&b'"')
            && bytes.get(quote.checked_sub(1)?) == Some(&b'(')
            && bytes.get(end..)?.starts_with(b"\", ");
        is_pair.then(|| self.within_calls(end + 3))
    }
}
