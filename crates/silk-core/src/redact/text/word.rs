//! Words that a secret follows, and words that are one.

use super::{
    Scan,
    bytes::{is_credential, is_name},
    command::may_be_flag,
    filter::{may_be_card, may_open, part_end},
    naming, run_end, run_end_while, sentence,
};
use crate::redact::{names::Verdict, shape::card_number};

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

/// How far around a part its path is looked at.
pub(super) const MAX_PATH: usize = 256;

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
        if let Some(last) = self.by_itself(start, word) {
            return last;
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
            && let Some(last) = self.before_colon(start, end)
        {
            return last;
        }
        if matches!(bytes.get(end), Some(b':' | b'/'))
            && let Some(last) = self.login(start, end)
        {
            return last;
        }
        if let Some(value) = self.assigned(end) {
            if self.is_secret_assigned(start, word, value) {
                return self.assigned_secret(word, value);
            }
            if bytes[end] == b':'
                && let Some(last) = self.next_line(word, value)
            {
                return last;
            }
        }
        // `--password x`, as on a command line.
        if word.starts_with("--")
            && bytes.get(end) == Some(&b' ')
            && bytes.get(end + 1).is_some_and(|byte| *byte != b'-')
            && self.redactor.is_sensitive(word)
        {
            return self.value(end + 1);
        }
        if let Some(value) = self.paired(start, end).or_else(|| self.wrapped(start, end))
            && self.redactor.is_sensitive(word)
        {
            return self.value(value);
        }
        if bytes.get(end) == Some(&b' ')
            && let Some(last) = self
                .shown_value(start, end)
                .or_else(|| self.scheme(word, end))
        {
            return last;
        }
        if sentence::is_said(bytes, end) && self.is_said_to_be_code(start, end) {
            return self.mask(start, end);
        }
        if naming::may_begin(word.as_bytes())
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

    /// Masks a word that is a secret on its own: a key that its issuer marked, a card's number.
    fn by_itself(&mut self, start: usize, word: &str) -> Option<usize> {
        let bytes = self.text.as_bytes();
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
                    return Some(self.mask(start, last));
                }
            }
        }
        if may_be_card(bytes, start, start + word.len())
            && let Some(last) = card_number(bytes, start)
        {
            return Some(self.mask(start, last));
        }
        None
    }

    /// Masks what is assigned to the name of a secret.
    fn assigned_secret(&mut self, word: &str, value: usize) -> usize {
        let bytes = self.text.as_bytes();
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
        if bytes.get(value) == Some(&b'\n') {
            return if word == "stringData" {
                self.block(value)
            } else {
                self.list(value)
            };
        }
        self.value(value)
    }

    /// Masks a value that a database shows: the row that violates a constraint, the value that is
    /// there already.
    fn shown_value(&mut self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let word = self.text.get(start..end)?;
        let rest = bytes.get(end..)?;
        if word == "contains"
            && rest.starts_with(b" (")
            && self
                .text
                .get(..start)
                .is_some_and(|head| head.ends_with("row "))
        {
            let line = run_end(bytes, end, |byte| byte != b'\n');
            let length = self
                .text
                .get(end + 2..line)
                .map(|rest| rest.rfind(')').unwrap_or(rest.len()));
            return Some(self.mask(end + 2, end + 2 + length.unwrap_or_default()));
        }
        let entry = b" entry '";
        if word == "Duplicate" && rest.starts_with(entry) {
            let first = end + entry.len();
            let line = run_end(bytes, first, |byte| byte != b'\n');
            let shown = self.text.get(first..line)?;
            let length = shown.rfind("' for key").unwrap_or(shown.len());
            return Some(self.mask(first, first + length));
        }
        None
    }

    /// Masks the credential behind `Bearer` or `Basic`.
    fn scheme(&mut self, word: &str, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let is_scheme = SCHEMES
            .iter()
            .take(2)
            .any(|scheme| word.eq_ignore_ascii_case(scheme));
        if !is_scheme || bytes.get(end) != Some(&b' ') {
            return None;
        }
        let first = run_end_while(bytes, end, b' ');
        let last = run_end(bytes, first, is_credential);
        let credential = bytes.get(first..last).unwrap_or_default();
        // `Bearer realm="x"`: what is asked for.
        let is_parameter = credential.ends_with(b"=")
            && bytes.get(last) == Some(&b'"')
            && credential.iter().filter(|byte| **byte == b'=').count() == 1;
        let is_long = credential.len() >= 16;
        let is_coded = credential.len() >= 6
            && credential
                .iter()
                .any(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'=' | b'.'));
        (!is_parameter && (is_long || is_coded)).then(|| self.mask(first, last))
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

    /// Whether the words before make a sensitive name of this one (`api key: …`, `mot de passe :
    /// …`), where it is none on its own.
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
}
