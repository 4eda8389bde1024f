//! JSON that may be cut in the middle, redacted without being parsed into a tree.

mod keys;
mod pairs;
mod strings;

use std::borrow::Cow;

use self::{
    keys::{Key, Keys, Role},
    pairs::ValueAt,
    strings::{is_closed, string_end, unescape},
};
use super::{
    REDACTED, Redactor, Secrets,
    names::{Verdict, is_count},
    shape::{self, Judge, card_number, is_complaint},
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

struct Level<'t> {
    is_object: bool,
    /// What the key of this object or list says of what is in it.
    verdict: Verdict,
    expects_key: bool,
    /// The key whose value comes.
    key: Option<Key<'t>>,
    /// The key that this object or list is the value of, or that a list around it is.
    parent: Option<Key<'t>>,
    /// `{"name": "password", "value": …}`: the name, and its key.
    label: Option<(&'t str, &'t str)>,
    /// `{"value": "…", "name": …}`: where such a value stands, the last one.
    value_at: Option<ValueAt<'t>>,
    /// Those before it: `{"old": "…", "new": "…", "name": …}`.
    values_before: Vec<ValueAt<'t>>,
    is_value: bool,
    /// Whether the names beside say that digests and codes are those of files and errors.
    is_of_file: bool,
    is_of_error: bool,
    /// Whether it says what is wrong with fields.
    is_in_errors: bool,
    /// Whether it is a list in which the place of a value says what it is.
    is_table: bool,
    /// In a list: how many values came.
    place: u32,
    /// In a list: the value before, as it is written.
    before: Option<&'t str>,
    /// In a list: places of names of secrets. In what holds lists: those of its first one, which
    /// names the columns of the others.
    columns: Vec<u32>,
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

    /// An object or a list begins.
    fn open(&mut self, is_object: bool) {
        let around = self.levels.last();
        let verdict = match (self.verdict(), is_object) {
            // What is in an object has names of its own.
            (Verdict::Judge(_), true) => Verdict::Harmless,
            (verdict, _) => verdict,
        };
        let parent = around.and_then(|level| level.key.or(level.parent));
        let is_table = !is_object
            && around.is_some_and(|level| {
                !level.is_object || level.key.is_some_and(|key| key.role == Role::Columns)
            });
        let is_in_errors = around.is_some_and(|level| {
            level.is_in_errors || level.key.is_some_and(|key| key.role == Role::Errors)
        });
        // A list of lists under names of columns that stand beside it.
        let columns = match around {
            Some(level) if !is_object && level.is_object => level.columns.clone(),
            _ => Vec::new(),
        };
        self.levels.push(Level {
            is_object,
            verdict,
            expects_key: is_object,
            key: None,
            parent,
            label: None,
            value_at: None,
            values_before: Vec::new(),
            is_value: false,
            is_of_file: false,
            is_of_error: false,
            is_in_errors,
            is_table,
            place: 0,
            before: None,
            columns,
        });
        self.pending = Verdict::Harmless;
    }

    fn close(&mut self) {
        self.pending = Verdict::Harmless;
        let Some(closed) = self.levels.pop() else {
            return;
        };
        let Some(around) = self.levels.last_mut() else {
            return;
        };
        let is_head = if around.is_object {
            around.key.is_some_and(|key| key.role == Role::Columns)
        } else {
            around.place == 0 && around.columns.is_empty()
        };
        if is_head && !closed.is_object && !closed.columns.is_empty() {
            around.columns = closed.columns;
        }
    }

    /// What is known of the value that comes.
    fn verdict(&self) -> Verdict {
        let Some(level) = self.levels.last() else {
            return self.pending;
        };
        match (self.pending, level.verdict) {
            (Verdict::Secret, _) | (_, Verdict::Secret) => Verdict::Secret,
            (Verdict::Harmless, verdict) if !level.is_object => verdict,
            (verdict, _) => verdict,
        }
    }

    /// Whether a value that comes, as it is meant, is a secret.
    fn is_secret(&self, value: &str) -> bool {
        match self.verdict() {
            Verdict::Secret => true,
            Verdict::Harmless => false,
            Verdict::Judge(judge) => {
                let level = self.levels.last();
                let is_excused = level.is_some_and(|level| match judge {
                    Judge::Digest => level.is_of_file,
                    Judge::Code => level.is_of_error,
                    Judge::Key | Judge::Number => false,
                });
                !is_excused && judge.is_secret(value, false)
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
                {
                    answer.verdict = redactor.answer(&format!("{} {key}", around.text)).verdict;
                }
                (answer, Role::of(&key))
            });
        level.expects_key = false;
        level.is_value = role == Role::Value;
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
        // The name itself is to be read first.
        level.before = (role == Role::Label).then_some(written);
    }

    fn string(&mut self, (start, end): (usize, usize), inner: &'t str, marks: u8) {
        let verdict = self.verdict();
        let is_in_table = self.levels.last().is_some_and(|level| level.is_table);
        if verdict != Verdict::Harmless || is_in_table {
            let value = unescape(inner);
            if self.is_secret(&value) && !self.is_complaint(&value)
                || is_in_table && self.is_secret_in_table(inner, end)
            {
                self.secrets.add(&value);
                self.mask(start, end);
                return;
            }
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

    /// Whether a value in a list is a secret by its place: behind its name (`["password", "…"]`
    /// within a list), or in a column of that name. Takes note of names of columns.
    fn is_secret_in_table(&mut self, inner: &str, end: usize) -> bool {
        let count = self.levels.len();
        let (Some(level), around) = (self.levels.last(), count.checked_sub(2)) else {
            return false;
        };
        let around = around.and_then(|at| self.levels.get(at));
        let place = level.place;
        let is_nested = around.is_some_and(|around| !around.is_object);
        let is_columns = around.is_some_and(|around| {
            around.is_object && around.key.is_some_and(|key| key.role == Role::Columns)
        });
        let is_first = around.is_some_and(|around| around.place == 0 && around.columns.is_empty());
        let is_pair = is_nested && place == 1 && self.is_last(end);
        let is_name = |text: &str| text.len() <= 64 && self.redactor.is_sensitive(text);
        if is_pair && level.before.is_some_and(is_name) && !is_name(inner) {
            return true;
        }
        let is_in_column = around.is_some_and(|around| around.columns.contains(&place));
        if is_nested && is_in_column && !is_name(inner) {
            return true;
        }
        let is_head = is_columns || is_nested && is_first;
        if is_head
            && is_name(inner)
            && let Some(level) = self.levels.last_mut()
        {
            level.columns.push(place);
        }
        // `["Authorization", "Bearer …", …]`
        let is_flat = is_columns && place % 2 == 1;
        is_flat
            && self
                .levels
                .last()
                .and_then(|level| level.before)
                .is_some_and(|name| self.redactor.is_sensitive(name) && shape::is_odd(inner))
    }

    /// Whether nothing but the end of its list follows a value.
    fn is_last(&self, end: usize) -> bool {
        let rest = self.text.as_bytes().get(end..).unwrap_or_default();
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        matches!(next, None | Some(b']'))
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
        let is_secret = is_card || self.is_secret(word) && !self.is_count(word);
        if is_secret || is_in_table && self.is_secret_in_table(word, end) {
            self.secrets.add(word);
            self.mask(start, end);
        }
    }

    /// Whether a number says how many there are of what its name, or that of its pair, says.
    fn is_count(&self, word: &str) -> bool {
        self.levels.last().is_some_and(|level| {
            level.verdict != Verdict::Secret
                && (level.key.is_some_and(|key| is_count(key.text, word))
                    || level.is_value && level.label.is_some_and(|(name, _)| is_count(name, word)))
        })
    }

    /// Whether a text among errors says what is wrong with a field.
    fn is_complaint(&self, value: &str) -> bool {
        self.levels.last().is_some_and(|level| level.is_in_errors) && is_complaint(value)
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
