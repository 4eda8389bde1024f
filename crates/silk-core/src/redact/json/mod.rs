//! JSON that may be cut in the middle, redacted without being parsed into a tree.

mod keys;
mod levels;
mod pairs;
mod strings;
mod table;

use std::borrow::Cow;

use self::{
    keys::{Key, Keys, Role},
    levels::Level,
    pairs::is_private,
    strings::{is_closed, string_end, unescape},
};
use super::{
    REDACTED, Redactor, Secrets,
    names::{Verdict, is_no_secret},
    shape::{card_number, is_complaint, is_switch},
    text::{ESCAPE, is_harmless, run_end},
};

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
            pending: Verdict::Harmless,
            is_changed: false,
            is_odd: false,
            keys: Keys::default(),
            variables: Vec::new(),
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

struct Scan<'r, 's, 't> {
    redactor: &'r Redactor,
    secrets: &'s mut Secrets,
    text: &'t str,
    /// The text up to `flushed`, made safe; what follows is copied when something in it changes.
    out: String,
    flushed: usize,
    levels: Vec<Level<'t>>,
    /// What is known of the value that comes by its key.
    pending: Verdict,
    is_changed: bool,
    is_odd: bool,
    keys: Keys<'t>,
    /// Of a request in GraphQL: variables that its query gives to arguments of sensitive names.
    variables: Vec<&'t str>,
}

impl<'t> Scan<'_, '_, 't> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut index = 0;
        while let Some(byte) = bytes.get(index) {
            match byte {
                b'{' | b'[' => {
                    self.open(*byte == b'{');
                    index += 1;
                }
                b'}' | b']' => {
                    self.close();
                    index += 1;
                }
                b',' => {
                    self.pending = Verdict::Harmless;
                    if let Some(level) = self.levels.last_mut() {
                        level.expects_key = level.is_object;
                        level.place += 1;
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
                        self.key(inner);
                    } else {
                        self.string((index, end), inner, marks);
                    }
                    index = end;
                }
                _ => {
                    let end = run_end(bytes, index, |byte| {
                        !byte.is_ascii_whitespace()
                            && !matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"')
                    });
                    let end = end.max(index + 1);
                    self.bare(index, end);
                    index = end;
                }
            }
        }
    }

    /// Brings the output up to `end`.
    fn flush(&mut self, end: usize) {
        self.out
            .push_str(self.text.get(self.flushed..end).unwrap_or_default());
        self.flushed = end;
    }

    /// Reads a key.
    fn key(&mut self, written: &'t str) {
        let redactor = self.redactor;
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        // The name of a number may begin around it: `{"card": {"number": …}}`.
        let around = level.parent.filter(|parent| parent.may_join);
        let (number, answer, role) =
            self.keys.answer(written, around.map(|key| key.number), || {
                let key = unescape(written);
                let mut answer = redactor.answer(&key);
                if let Some(around) = around
                    && answer.verdict != Verdict::Secret
                    && !redactor.is_sensitive(around.text)
                {
                    answer.verdict = redactor.answer(&format!("{} {key}", around.text)).verdict;
                }
                (answer, Role::of(&key))
            });
        level.expects_key = false;
        level.is_value = role.is_value();
        level.is_of_file |= answer.is_of_file;
        level.is_of_error |= answer.is_of_error;
        level.key = Some(Key {
            text: written,
            number,
            may_join: answer.may_join,
            role,
        });
        self.pending = answer.verdict;
        if level.is_value
            && let Some((label, by)) = level.label
            && answer.verdict == Verdict::Harmless
        {
            self.pending = redactor.label(label, by, written);
        }
        if (level.is_jwk && is_private(written))
            || (level.is_manifest && written == "data" && self.text.contains("\"Secret\""))
            || (!self.variables.is_empty()
                && level
                    .parent
                    .is_some_and(|parent| parent.text == "variables")
                && self.variables.contains(&written))
        {
            self.pending = Verdict::Secret;
        }
        match role {
            Role::Jose => level.is_jwk = true,
            Role::Manifest => level.is_manifest = true,
            Role::Variables => self.variables = redactor.variables(self.text),
            _ => {}
        }
        // The name itself must be read first.
        level.before = role.is_label().then_some(written);
    }

    fn string(&mut self, (start, end): (usize, usize), inner: &'t str, marks: u8) {
        let verdict = self.verdict();
        let around = self.levels.last();
        let (is_in_table, is_in_list) =
            around.map_or((false, false), |level| (level.is_table, !level.is_object));
        if verdict != Verdict::Harmless || is_in_table {
            let value = unescape(inner);
            if self.is_secret(&value) && !self.is_excused(&value)
                || is_in_table && self.is_secret_in_table(inner, end)
            {
                self.secrets.add(&value);
                self.mask(start, end);
                return;
            }
        }
        if is_in_list && self.is_behind_flag(inner) {
            self.secrets.add(&unescape(inner));
            return self.mask(start, end);
        }
        if let Some(level) = self.levels.last_mut().filter(|level| level.is_object)
            && let Some(by) = level.before.take()
        {
            level.label = Some((inner, by));
            self.names_values(inner, by);
        }
        if is_in_table && let Some(level) = self.levels.last_mut() {
            level.before = Some(inner);
        }
        if is_harmless(marks, inner.len()) {
            return self.keep(start, end);
        }
        let value = if marks & ESCAPE == 0 {
            Cow::Borrowed(inner)
        } else {
            unescape(inner)
        };
        let has_document = matches!(value, Cow::Owned(_))
            && inner.len() < 1 << 16
            && value.trim_start().starts_with(['{', '['])
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

    fn bare(&mut self, start: usize, end: usize) {
        let word = self.text.get(start..end).unwrap_or_default();
        let is_plain = matches!(word, "null" | "true" | "false");
        let is_number = word
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
        if !is_plain && !is_number && end < self.text.len() {
            self.is_odd = true;
        }
        if is_plain {
            return;
        }
        let is_card = word.len() >= 13 && card_number(word.as_bytes(), 0) == Some(word.len());
        let is_in_table = self.levels.last().is_some_and(|level| level.is_table);
        // Codes, numbers of cards and the like are whole; a place on a map is not.
        let is_secret =
            is_card || self.is_secret(word) && !word.contains('.') && !self.is_count(word);
        if is_secret || is_in_table && self.is_secret_in_table(word, end) {
            self.secrets.add(word);
            self.mask(start, end);
        }
    }

    /// Whether a number says how many there are of what its name, or that of its pair, says.
    fn is_count(&self, word: &str) -> bool {
        self.levels.last().is_some_and(|level| {
            level.verdict != Verdict::Secret
                && (level.key.is_some_and(|key| is_no_secret(key.text, word))
                    || level.is_value
                        && level
                            .label
                            .is_some_and(|(name, _)| is_no_secret(name, word)))
        })
    }

    /// Whether a text under the name of a secret is none: it says whether there is one, or, among
    /// errors, what is wrong with it.
    fn is_excused(&self, value: &str) -> bool {
        value.is_empty()
            || is_switch(value)
            || self.is_count(value)
            || self.levels.last().is_some_and(|level| level.is_in_errors) && is_complaint(value)
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
