//! JSON that may be cut in the middle, redacted without being parsed into a tree.

use std::borrow::Cow;

use super::{
    REDACTED, Redactor, Secrets,
    text::{is_harmless, mark},
};

/// Keys of a document whose answers are kept: those of its rows.
const MAX_KEYS: usize = 32;

impl Redactor {
    /// A JSON document (or several, or the beginning of one), values of sensitive keys taken out
    /// at any depth, everything else byte for byte; and whether something was taken out.
    pub(crate) fn json(&self, text: &str, secrets: &mut Secrets) -> (String, bool) {
        let mut scan = Scan {
            redactor: self,
            secrets,
            text,
            out: String::new(),
            flushed: 0,
            levels: Vec::new(),
            is_pending: false,
            is_changed: false,
            is_odd: false,
            keys: Keys::default(),
        };
        scan.run();
        scan.flush(text.len());
        let Scan {
            out,
            is_changed,
            is_odd,
            ..
        } = scan;
        if is_odd {
            // Not quite JSON: names without quotes would have been missed.
            let safe = self.text_with(&out, secrets);
            let is_changed = is_changed || safe != out;
            return (safe, is_changed);
        }
        (out, is_changed)
    }
}

struct Level {
    is_object: bool,
    is_sensitive: bool,
    expects_key: bool,
    /// `{"name": "password", "value": …}`
    names_secret: bool,
    /// `{"value": "…", "name": …}`: where such a value stands.
    value_at: Option<ValueAt>,
    is_value: bool,
}

/// Where a string that was kept stands, its quotes included.
struct ValueAt {
    /// In the text.
    start: usize,
    end: usize,
    /// Where it starts in the output, once that has come so far.
    out: usize,
}

struct Scan<'r, 's, 't> {
    redactor: &'r Redactor,
    secrets: &'s mut Secrets,
    text: &'t str,
    /// The text up to `flushed`, made safe; what follows is copied when something in it changes.
    out: String,
    flushed: usize,
    levels: Vec<Level>,
    /// Whether the value that comes belongs to a sensitive key.
    is_pending: bool,
    is_changed: bool,
    is_odd: bool,
    keys: Keys<'t>,
}

/// Answers about keys, in the order of their coming: rows have the same keys in the same order.
#[derive(Default)]
struct Keys<'t> {
    known: Vec<(&'t str, bool)>,
    /// The one that is likely to come next.
    next: usize,
}

impl<'t> Keys<'t> {
    /// Whether a key, as it is written, is sensitive; `judge` is asked about new ones.
    fn is_sensitive(&mut self, key: &'t str, judge: impl FnOnce() -> bool) -> bool {
        let expected = self.known.get(self.next).filter(|(known, _)| *known == key);
        if let Some((_, answer)) = expected {
            self.next += 1;
            return *answer;
        }
        if let Some(at) = self.known.iter().position(|(known, _)| *known == key) {
            self.next = at + 1;
            return self.known[at].1;
        }
        let answer = judge();
        if self.known.len() < MAX_KEYS {
            self.known.push((key, answer));
            self.next = self.known.len();
        }
        answer
    }
}

impl<'t> Scan<'_, '_, 't> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut index = 0;
        let mut is_label = false;
        while let Some(byte) = bytes.get(index) {
            match byte {
                b'{' | b'[' => {
                    let is_sensitive = self.is_secret();
                    let is_object = *byte == b'{';
                    self.levels.push(Level {
                        is_object,
                        is_sensitive,
                        expects_key: is_object,
                        names_secret: false,
                        value_at: None,
                        is_value: false,
                    });
                    self.is_pending = false;
                    index += 1;
                }
                b'}' | b']' => {
                    self.levels.pop();
                    self.is_pending = false;
                    index += 1;
                }
                b',' => {
                    self.is_pending = false;
                    if let Some(level) = self.levels.last_mut() {
                        level.expects_key = level.is_object;
                    }
                    index += 1;
                }
                b':' | b' ' | b'\t' | b'\r' | b'\n' => index += 1,
                b'"' => {
                    let (end, marks) = string_end(bytes, index + 1);
                    let inner_end = if end > index + 1
                        && bytes.get(end - 1) == Some(&b'"')
                        && is_closed(bytes, index, end)
                    {
                        end - 1
                    } else {
                        end
                    };
                    let inner = self.text.get(index + 1..inner_end).unwrap_or_default();
                    let is_key = self.levels.last().is_some_and(|level| level.expects_key);
                    if is_key {
                        is_label = self.key(inner);
                    } else {
                        self.string((index, end), inner, marks, is_label);
                        is_label = false;
                    }
                    index = end;
                }
                _ => {
                    let length = self.text.get(index..).unwrap_or_default().find(|c: char| {
                        matches!(c, '{' | '}' | '[' | ']' | ',' | ':' | '"') || c.is_whitespace()
                    });
                    let end = length.map_or(bytes.len(), |length| index + length.max(1));
                    self.bare(index, end);
                    index = end;
                }
            }
        }
    }

    fn is_secret(&self) -> bool {
        self.is_pending || self.levels.last().is_some_and(|level| level.is_sensitive)
    }

    /// Brings the output up to `end`.
    fn flush(&mut self, end: usize) {
        self.out
            .push_str(self.text.get(self.flushed..end).unwrap_or_default());
        self.flushed = end;
    }

    /// Reads a key; tells whether its value is a name itself.
    fn key(&mut self, written: &'t str) -> bool {
        let key = unescape(written);
        let redactor = self.redactor;
        let is_sensitive = self
            .keys
            .is_sensitive(written, || redactor.is_sensitive(&key));
        let Some(level) = self.levels.last_mut() else {
            return false;
        };
        level.expects_key = false;
        level.is_value = matches!(&*key, "value" | "values" | "content");
        self.is_pending = is_sensitive || (level.names_secret && level.is_value);
        matches!(&*key, "name" | "key" | "field" | "id")
    }

    fn string(&mut self, (start, end): (usize, usize), inner: &str, marks: u8, is_label: bool) {
        if self.is_secret() {
            let value = unescape(inner);
            self.secrets.add(&value);
            self.mask(start, end);
            return;
        }
        if is_label && self.redactor.is_sensitive(inner) {
            self.names_secret();
        }
        if is_harmless(marks, inner.len()) {
            return self.keep(start, end);
        }
        let value = unescape(inner);
        let has_document = value.trim_start().starts_with(['{', '['])
            && inner.len() < 1 << 16
            && matches!(value, Cow::Owned(_))
            && {
                // Documents within documents are few; a fresh list bounds what they remember.
                let (_, is_changed) = self.redactor.json(&value, self.secrets);
                is_changed
            };
        if has_document || self.redactor.scan(&value, Some(self.secrets)).is_some() {
            self.mask(start, end);
        } else {
            self.keep(start, end);
        }
    }

    /// A string stays; unless a name comes after it that makes it a secret.
    fn keep(&mut self, start: usize, end: usize) {
        let out = self.out.len() + (start - self.flushed);
        if let Some(level) = self.levels.last_mut().filter(|level| level.is_value) {
            level.value_at = Some(ValueAt { start, end, out });
        }
    }

    /// The present object is about a secret: its value is one, also where it came before.
    fn names_secret(&mut self) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        level.names_secret = true;
        let Some(ValueAt { start, end, out }) = level.value_at.take() else {
            return;
        };
        let Some(value) = self.text.get(start + 1..end.saturating_sub(1)) else {
            return;
        };
        self.secrets.add(&unescape(value));
        if start >= self.flushed {
            self.mask(start, end);
        } else if self.out.get(out..out + (end - start)).is_some() {
            self.out
                .replace_range(out..out + (end - start), "\"[redacted]\"");
            self.is_changed = true;
        }
    }

    fn bare(&mut self, start: usize, end: usize) {
        let word = self.text.get(start..end).unwrap_or_default();
        let is_plain = matches!(word, "null" | "true" | "false");
        let is_number = word
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
        if !is_plain && !is_number && end < self.text.len() {
            self.is_odd = true;
        }
        if self.is_secret() && !is_plain {
            self.secrets.add(word);
            self.mask(start, end);
        }
    }

    fn mask(&mut self, start: usize, end: usize) {
        self.flush(start);
        self.flushed = end;
        self.out.push('"');
        self.out.push_str(REDACTED);
        self.out.push('"');
        self.is_changed = true;
    }
}

/// Where the string that starts behind its quote ends, the closing quote included; and the marks
/// of its bytes.
fn string_end(bytes: &[u8], mut index: usize) -> (usize, u8) {
    let mut marks = 0;
    while let Some(byte) = bytes.get(index) {
        if *byte == b'"' {
            return (index + 1, marks);
        }
        marks |= mark(*byte);
        index += if *byte == b'\\' { 2 } else { 1 };
    }
    (bytes.len(), marks)
}

/// Whether the string from `start` up to `end` was closed (and not cut behind an escaped quote).
fn is_closed(bytes: &[u8], start: usize, end: usize) -> bool {
    let escapes = bytes.get(start + 1..end - 1).unwrap_or_default();
    escapes
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count()
        % 2
        == 0
}

/// A string's content without escapes; as it stands where they are broken.
pub(super) fn unescape(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    // A cut escape at the end is left out.
    let mut end = inner.len();
    for _ in 0..12 {
        let Some(part) = inner.get(..end) else {
            end -= 1;
            continue;
        };
        if let Ok(text) = serde_json::from_str::<String>(&format!("\"{part}\"")) {
            return Cow::Owned(text);
        }
        if end == 0 {
            break;
        }
        end -= 1;
    }
    Cow::Owned(inner.replace('\\', ""))
}
