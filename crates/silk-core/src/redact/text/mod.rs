//! Free text: log messages, panics, errors, bodies.
//!
//! A scan walks from word to word. What the bytes of a word and those behind it say in passing
//! ([`bytes`], [`filter`]) settles nearly all words; only where a secret may stand is a word looked
//! at by the exact rules ([`word`], [`value`], [`address`]).

mod address;
mod assigned;
mod bytes;
mod command;
mod filter;
mod key;
mod lines;
mod login;
mod naming;
mod sentence;
mod value;
mod word;

pub(super) use self::bytes::{ESCAPE, QUOTE, is_harmless, mark};

use self::bytes::{Class, class, word_end};
use super::{
    REDACTED, Redactor, Secrets,
    secrets::{MIN_BYTES, without},
};

impl Redactor {
    /// Free text made safe: `password=…`, `token: …`, `Bearer …`, passwords in URLs, JWTs, marked
    /// keys, private keys, and the `Key (email)=(…)` of PostgreSQL.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.scan(text, None).unwrap_or_else(|| text.to_owned())
    }

    /// The same, remembering what it took out.
    #[must_use]
    pub fn text_with(&self, text: &str, secrets: &mut Secrets) -> String {
        self.scan(text, Some(secrets))
            .unwrap_or_else(|| text.to_owned())
    }

    /// The text made safe; none if nothing in it had to go.
    pub(super) fn scan(&self, text: &str, secrets: Option<&mut Secrets>) -> Option<String> {
        let mut scan = Scan::new(self, text, secrets);
        scan.run();
        scan.finish()
    }
}

/// The digits of the longest one-time code.
const MAX_CODE: usize = 8;
/// One-time codes of a text that are looked for again.
const MAX_CODES: usize = 4;

pub(super) struct Scan<'r, 't> {
    pub(super) redactor: &'r Redactor,
    secrets: Option<&'r mut Secrets>,
    pub(super) text: &'t str,
    out: String,
    kept: usize,
    /// One-time codes taken out: a text that names one once may name it again.
    codes: Vec<&'t str>,
    /// Whether `<` begins a tag: where the whole text is markup, not where a type is named.
    is_markup: bool,
}

impl<'r, 't> Scan<'r, 't> {
    fn new(redactor: &'r Redactor, text: &'t str, secrets: Option<&'r mut Secrets>) -> Self {
        Self {
            redactor,
            secrets,
            text,
            out: String::new(),
            kept: 0,
            codes: Vec::new(),
            is_markup: begins_with_tag(text),
        }
    }

    fn finish(mut self) -> Option<String> {
        if self.kept == 0 && self.out.is_empty() {
            return None;
        }
        self.out
            .push_str(self.text.get(self.kept..).unwrap_or_default());
        for code in &self.codes {
            if let Some(clean) = without(&self.out, code) {
                self.out = clean;
            }
        }
        Some(self.out)
    }

    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut index = 0;
        while index < bytes.len() {
            match class(bytes[index]) {
                Class::Name => {
                    let end = word_end(bytes, index);
                    index = if filter::may_matter(bytes, index, end) {
                        self.word(index, end).max(end)
                    } else {
                        // Nothing begins with a blank.
                        end + usize::from(bytes.get(end) == Some(&b' '))
                    };
                }
                Class::Opening => index = self.opening(index),
                Class::Other => index += 1,
            }
        }
    }

    /// Looks at what begins with a byte that stands in no name; returns from where to go on.
    fn opening(&mut self, index: usize) -> usize {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(index..).unwrap_or_default();
        if self.is_markup && rest.starts_with(b"<") {
            return self.tag(index).max(index + 1);
        }
        if rest.starts_with(b"://") {
            return self.user_info(index + 3);
        }
        if rest.starts_with(b"$") {
            return self.password_hash(index);
        }
        if rest.starts_with(b")=(") {
            let start = index + 3;
            let length = self
                .text
                .get(start..)
                .and_then(|rest| rest.find(") ").or_else(|| rest.rfind(')')));
            let end = length.map_or(bytes.len(), |length| start + length);
            return self.mask(start, end);
        }
        index + 1
    }

    /// Masks a range; returns its end.
    pub(super) fn mask(&mut self, start: usize, end: usize) -> usize {
        if start >= end || self.text.get(start..end) == Some(REDACTED) {
            return end.max(start);
        }
        let (Some(kept), Some(secret)) =
            (self.text.get(self.kept..start), self.text.get(start..end))
        else {
            return end;
        };
        if let Some(secrets) = &mut self.secrets {
            secrets.add(secret);
        }
        if (MIN_BYTES..=MAX_CODE).contains(&secret.len())
            && self.codes.len() < MAX_CODES
            && secret.bytes().all(|byte| byte.is_ascii_digit())
            && !self.codes.contains(&secret)
        {
            self.codes.push(secret);
        }
        self.out.push_str(kept);
        self.out.push_str(REDACTED);
        self.kept = end;
        end
    }

    /// Up to where the text is done with.
    pub(super) const fn masked_to(&self) -> usize {
        self.kept
    }
}

/// Whether a text is markup, by its first sign.
fn begins_with_tag(text: &str) -> bool {
    // Most texts begin with a letter.
    !text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .starts_with('<')
}

pub(super) fn run_end(bytes: &[u8], start: usize, is_part: impl Fn(u8) -> bool) -> usize {
    bytes.get(start..).map_or(start, |rest| {
        rest.iter()
            .position(|byte| !is_part(*byte))
            .map_or(bytes.len(), |length| start + length)
    })
}

fn run_end_while(bytes: &[u8], start: usize, what: u8) -> usize {
    run_end(bytes, start, |byte| byte == what)
}

#[cfg(test)]
mod tests;
