//! Secrets in sentences: `password is …`, `Ihr Code lautet …`, `482913 is your code`.

use super::{Scan, bytes::is_name, run_end};
use crate::redact::{
    names::Verdict,
    shape::{is_code, is_odd, is_opaque},
};

/// Words between a name and its value.
const LINKS: &[&str] = &[
    "is",
    "was",
    "are",
    "now",
    "has",
    "have",
    "been",
    "=",
    "->",
    "to",
    "set",
    "changed",
    "reset",
    "updated",
    "rotated",
    "rotated,",
    "replaced",
    "old",
    "new",
    "from",
    "ist",
    "wurde",
    "geändert",
    "auf",
    "war",
    "lautet",
    "lautete",
    "est",
    "était",
    "es",
    "era",
    "é",
    "è",
    "foi",
    "is:",
    "ist:",
    "lautet:",
    "est:",
    "es:",
    "jest",
    "to:",
    "это",
    "är",
    "er",
    "на",
    "是",
    "为",
    "為",
];

/// Signs around a value.
const AROUND: [char; 13] = [
    '"', '\'', '`', '.', ',', ';', ':', '!', '?', ')', '(', ']', '[',
];

/// Words between a name and whose it is: `the password for bob is: …`.
const OF: &[&str] = &[
    "for", "of", "on", "at", "für", "von", "pour", "de", "para", "voor", "per",
];

/// Links looked over: `has been set to`.
const MAX_LINKS: usize = 5;

/// Words behind the name of a secret that stand for more of it: `session id …`.
const MORE: &[&str] = &["id", "key", "value", "string"];

/// Words before a code that is asked for: `Enter 482913 to confirm`.
const ASKING: &[&str] = &["enter", "type", "use"];

/// Beginnings of what it is asked for.
const PURPOSES: &[&str] = &[
    "activate", "authent", "code", "complete", "confirm", "log", "otp", "password", "reset",
    "sign", "unlock", "verif",
];

/// Words looked over behind one of these.
const MAX_OF: usize = 4;

/// Words of one-time codes and passwords behind `482913 is your`.
const CODES: &[&str] = &["code", "otp", "pin", "password", "passcode"];

/// How far behind `is your` such a word is looked for.
const MAX_CODE_NAME: usize = 60;

impl Scan<'_, '_> {
    /// Masks the value that a sentence gives to the name from `start` to `end`; returns its end.
    pub(super) fn sentence(&mut self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if bytes.get(end) != Some(&b' ') {
            return None;
        }
        let word = self.text.get(start..end)?;
        let (mut first, mut last) = self.next_word(end)?;
        let mut has_link = false;
        if ASKING
            .iter()
            .any(|asking| asking.eq_ignore_ascii_case(word))
        {
            return self.asked(first, last);
        }
        let mut next = self.text.get(first..last)?;
        if MORE.iter().any(|more| more.eq_ignore_ascii_case(next)) {
            (first, last) = self.next_word(last)?;
            next = self.text.get(first..last)?;
        }
        if OF.iter().any(|of| of.eq_ignore_ascii_case(next)) {
            (first, last) = self.behind_owner(last)?;
        }
        for _ in 0..MAX_LINKS {
            let next = self.text.get(first..last)?;
            if !LINKS.iter().any(|link| link.eq_ignore_ascii_case(next)) {
                break;
            }
            has_link = true;
            (first, last) = self.next_word(last)?;
        }
        let raw = self.text.get(first..last)?;
        let value = raw.trim_matches(AROUND);
        let from = first + (value.as_ptr() as usize).checked_sub(raw.as_ptr() as usize)?;
        if value.len() < 4 || !value.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let is_secret = match self.redactor.answer(word).verdict {
            _ if word.eq_ignore_ascii_case("key") => {
                self.is_second_word(start, word) && (is_opaque(value) || is_odd(value))
            }
            Verdict::Secret if is_number => {
                let is_of_digits =
                    !matches!(word.as_bytes().first()?.to_ascii_lowercase(), b't' | b's');
                is_of_digits && value.len() <= 12 && (has_link || value.len() <= 8)
            }
            Verdict::Secret => looks_secret(value, has_link),
            Verdict::Judge(_) => is_code(value) && !self.is_harmless_second_word(start, word),
            Verdict::Harmless => {
                let head = self.text.get(..start)?;
                word.eq_ignore_ascii_case("passe")
                    && head.to_ascii_lowercase().ends_with("mot de ")
                    && looks_secret(value, has_link)
            }
        };
        if !is_secret {
            return None;
        }
        let end = self.mask(from, from + value.len());
        Some(self.changed_to(last).unwrap_or(end))
    }

    /// Masks the second of two values: `changed from … to …`; the first one ends at `from`.
    fn changed_to(&mut self, from: usize) -> Option<usize> {
        let (first, last) = self.next_word(from)?;
        if !matches!(self.text.get(first..last)?, "to" | "->" | "auf") {
            return None;
        }
        let (first, last) = self.next_word(last)?;
        let value = self.text.get(first..last)?.trim_matches(AROUND);
        let is_value = value.len() >= 4 && value.bytes().any(|byte| byte.is_ascii_digit());
        let from = first
            + (value.as_ptr() as usize).checked_sub(self.text.get(first..)?.as_ptr() as usize)?;
        is_value.then(|| self.mask(from, from + value.len()))
    }

    /// Masks the code from `first` to `last` where it is asked for: `Enter 482913 to confirm`.
    fn asked(&mut self, first: usize, last: usize) -> Option<usize> {
        let value = self.text.get(first..last)?.trim_matches(AROUND);
        let from = first
            + (value.as_ptr() as usize).checked_sub(self.text.get(first..)?.as_ptr() as usize)?;
        if !(is_code(value) && value.bytes().any(|byte| byte.is_ascii_digit())) {
            return None;
        }
        let (to, mut end) = self.next_word(last)?;
        if !matches!(self.text.get(to..end)?, "to" | "as" | "when" | "for") {
            return None;
        }
        let mut is_purpose = false;
        for _ in 0..MAX_OF {
            let Some((first, last)) = self.next_word(end) else {
                break;
            };
            let word = self.text.get(first..last)?;
            is_purpose |= PURPOSES.iter().any(|purpose| word.starts_with(purpose));
            end = last;
        }
        is_purpose.then(|| self.mask(from, from + value.len()))
    }

    /// The link, or the word behind a colon, that follows whose a secret is.
    fn behind_owner(&self, from: usize) -> Option<(usize, usize)> {
        let mut last = from;
        for _ in 0..=MAX_OF {
            let (first, end) = self.next_word(last)?;
            let word = self.text.get(first..end)?;
            if LINKS.iter().any(|link| link.eq_ignore_ascii_case(word)) {
                return Some((first, end));
            }
            if word.ends_with(':') {
                return self.next_word(end);
            }
            last = end;
        }
        None
    }

    /// `482913 is your verification code`: the number from `start` to `end`.
    pub(super) fn is_said_to_be_code(&self, start: usize, end: usize) -> bool {
        let bytes = self.text.as_bytes();
        let Some(word) = self.text.get(start..end) else {
            return false;
        };
        if !is_said(bytes, end)
            || !(is_code(word) || word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return false;
        }
        let from = end + SAID.len();
        let until = self.text.floor_char_boundary(from + MAX_CODE_NAME);
        let sentence = self.text.get(from..until).unwrap_or_default();
        let sentence = sentence
            .split(['.', '\n', '!', '?'])
            .next()
            .unwrap_or_default();
        sentence.split(' ').any(|word| {
            CODES
                .iter()
                .any(|code| code.eq_ignore_ascii_case(word.trim_end_matches(',')))
        })
    }

    /// A name in a script without blanks, and its value: `密码：…`. All of it is one word.
    pub(super) fn unparted(&mut self, start: usize, end: usize) -> Option<usize> {
        let word = self.text.get(start..end)?;
        let tail = word
            .rfind(|character: char| !character.is_ascii())
            .and_then(|at| {
                word.get(at..)?
                    .chars()
                    .next()
                    .map(|last| at + last.len_utf8())
            })?;
        let (head, value) = word.split_at_checked(tail)?;
        let head = head.trim_end_matches(['：', '是', '为', '為', 'は', '는', '은']);
        let is_secret = value.len() >= 4
            && value.bytes().any(|byte| byte.is_ascii_digit())
            && head.len() <= 64
            && self.redactor.answer(head).verdict == Verdict::Secret;
        is_secret.then(|| self.mask(start + tail, end))
    }

    /// The next run of anything but blanks behind `from`, not beyond the line.
    fn next_word(&self, from: usize) -> Option<(usize, usize)> {
        let bytes = self.text.as_bytes();
        let first = run_end(bytes, from, |byte| byte == b' ');
        let last = run_end(bytes, first, |byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b'<' | b'>' | b'{' | b'}' | b'\\')
        });
        (first < last && first - from <= 3).then_some((first, last))
    }
}

const SAID: &str = " is your ";

/// Whether ` is your ` follows.
pub(super) fn is_said(bytes: &[u8], end: usize) -> bool {
    bytes.get(end + 1) == Some(&b'i')
        && bytes
            .get(end..)
            .is_some_and(|rest| rest.starts_with(SAID.as_bytes()))
}

/// Whether a word that stands where a secret may stand is one: with a link before it, most with
/// letters and a digit are.
fn looks_secret(value: &str, has_link: bool) -> bool {
    let is_plain = value.bytes().all(is_name);
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_version = letters <= 1 && value.contains('.');
    let is_time = value.contains(':') || value.get(4..5) == Some("-");
    if letters == 0 || is_version || is_time {
        return false;
    }
    has_link
        || !is_plain
        || is_odd(value)
        || letters >= 3
            && value
                .bytes()
                .next_back()
                .is_some_and(|byte| byte.is_ascii_digit())
}
