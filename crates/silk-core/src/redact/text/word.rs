//! Words that a secret follows, and words that are one.

use super::{
    Scan,
    bytes::{is_credential, is_name},
    command::may_be_flag,
    filter::{MAX_BLANKS, may_be_card, may_open, part_end},
    run_end, run_end_while, sentence,
};
use crate::redact::{
    names::{Verdict, is_count},
    shape::{card_number, is_complaint},
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

/// Words before one that may make a name with it: those of `numéro de sécurité sociale`.
const MAX_WORDS: usize = 3;

/// How far before a list of complaints `errors` may stand.
const MAX_OF_ERRORS: usize = 64;

/// How far around a part its path is looked at.
const MAX_PATH: usize = 256;

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
        let is_marked = matches!(
            word.as_bytes().first(),
            Some(b'A' | b'e' | b'g' | b'n' | b'r' | b's' | b'w' | b'x')
        );
        if is_marked && let Some(marked) = MARKED.iter().find(|marked| word.starts_with(**marked)) {
            let is_jwt = *marked != "eyJ" || word.contains('.');
            let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
            if is_jwt && has_digit {
                let last = run_end(bytes, start, is_credential);
                if last - start >= 16 {
                    return self.mask(start, last);
                }
            }
        }
        if may_be_card(bytes, start, end)
            && let Some(last) = card_number(bytes, start)
        {
            return self.mask(start, last);
        }
        if bytes.get(end) == Some(&b'/')
            && may_open(bytes, end)
            && let Some(last) = self.behind(start, end)
        {
            return last;
        }
        if word.starts_with('-')
            && (may_be_flag(word.as_bytes()) || matches!(word, "--user" | "--proxy-user"))
            && let Some(last) = self.flag(start, end)
        {
            return last;
        }
        if bytes.get(end) == Some(&b':')
            && bytes[end - 1].is_ascii_digit()
            && let Some(last) = self.bot(start, end)
        {
            return last;
        }
        if let Some(value) = self.assigned(end)
            && self.is_secret_assigned(start, word, value)
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
        if sentence::is_said(bytes, end) && self.is_said_to_be_code(start, end) {
            return self.mask(start, end);
        }
        if sentence::may_begin(word.as_bytes())
            && let Some(last) = self.sentence(start, end)
        {
            return last;
        }
        if matches!(word.as_bytes().first(), Some(0xe0..))
            && let Some(last) = self.unparted(start, end)
        {
            return last;
        }
        end
    }

    /// Masks the part of a path behind the one from `start` to `end`, where it opens a door or a
    /// known route says that it is secret.
    fn behind(&mut self, start: usize, end: usize) -> Option<usize> {
        let last = part_end(self.text.as_bytes(), end + 1);
        let (before, part) = (self.text.get(start..end)?, self.text.get(end + 1..last)?);
        let is_secret = self.redactor.opens(before, part)
            || self.is_of_hook(start, part)
            || self.redactor.routes.is_before_secret(before)
                && self.is_of_route(start, end + 1..last);
        is_secret.then(|| self.mask(end + 1, last))
    }

    /// Whether a known route says of the path around `start` that this part of it is secret.
    fn is_of_route(&self, start: usize, part: std::ops::Range<usize>) -> bool {
        let bytes = self.text.as_bytes();
        let is_path = |byte: u8| is_name(byte) || matches!(byte, b'%' | b'~' | b'+' | b'=' | b'/');
        let before = bytes.get(..start).unwrap_or_default();
        let length = before
            .iter()
            .rev()
            .take(MAX_PATH)
            .take_while(|byte| is_path(**byte))
            .count();
        let first = start - length;
        let last = run_end(
            bytes
                .get(..bytes.len().min(part.end + MAX_PATH))
                .unwrap_or_default(),
            part.end,
            is_path,
        );
        let Some(path) = self.text.get(first..last) else {
            return false;
        };
        let known = self.redactor.routes.secrets_of(path);
        known.contains(&(part.start - first..part.end - first))
    }

    /// Whether what is assigned to a word is secret: by the word, by it and the word before
    /// (`api key: …`), or by what it looks like.
    fn is_secret_assigned(&self, start: usize, word: &str, value: usize) -> bool {
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
        if is_count(word, self.candidate(value)) {
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

    /// Whether the word stands in a query string.
    fn is_in_query(&self, start: usize) -> bool {
        let before = start
            .checked_sub(1)
            .and_then(|at| self.text.as_bytes().get(at));
        matches!(before, Some(b'?' | b'&'))
    }

    /// The value that starts here, without its quotes.
    fn candidate(&self, start: usize) -> &str {
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
        self.text.get(first..last).unwrap_or_default()
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

    /// Whether the words before make a sensitive name of this one (`api key: …`, `mot de passe :
    /// …`), where it is none by itself.
    pub(super) fn is_second_word(&self, start: usize, word: &str) -> bool {
        let mut first = start;
        for _ in 0..MAX_WORDS {
            let Some(before) = self.word_before(first) else {
                return false;
            };
            first -= before.len() + 1;
            let answer = self.redactor.answer(before);
            if answer.may_join
                && answer.verdict != Verdict::Secret
                && let Some(name) = self.text.get(first..start + word.len())
                && self.redactor.is_sensitive(name)
            {
                return true;
            }
        }
        false
    }

    /// Whether the word before makes a harmless name of this one: `error code: …`.
    pub(super) fn is_harmless_second_word(&self, start: usize, word: &str) -> bool {
        self.word_before(start).is_some_and(|before| {
            self.redactor.answer(before).may_join
                && self.redactor.answer(&format!("{before} {word}")).verdict == Verdict::Harmless
        })
    }

    /// The word before, parted by one blank.
    fn word_before(&self, start: usize) -> Option<&str> {
        let head = self.text.as_bytes().get(..start)?;
        if head.last() != Some(&b' ') {
            return None;
        }
        let end = start - 1;
        let first = head
            .get(..end)?
            .iter()
            .rev()
            .take(32)
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte >= 0x80)
            .count();
        self.text.get(end - first..end).filter(|_| first > 0)
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
