//! Objects and lists that a document is in, and what they say of the values within.

use super::{
    Scan,
    keys::{Key, Role},
    pairs::ValueAt,
};
use crate::redact::{
    names::{Verdict, words},
    shape::Judge,
};

pub(super) struct Level<'t> {
    pub(super) is_object: bool,
    /// What the key of this object or list says of what is in it.
    pub(super) verdict: Verdict,
    pub(super) expects_key: bool,
    /// The key whose value comes.
    pub(super) key: Option<Key<'t>>,
    /// The key that this object or list is the value of, or that a list around it is.
    pub(super) parent: Option<Key<'t>>,
    /// `{"name": "password", "value": …}`: the name, and its key.
    pub(super) label: Option<(&'t str, &'t str)>,
    /// `{"value": "…", "name": …}`: where such a value stands, the last one.
    pub(super) value_at: Option<ValueAt<'t>>,
    /// Those before it: `{"old": "…", "new": "…", "name": …}`.
    pub(super) values_before: Vec<ValueAt<'t>>,
    pub(super) is_value: bool,
    /// Whether the names beside say that digests and codes are those of files and errors.
    pub(super) is_of_file: bool,
    pub(super) is_of_error: bool,
    /// Whether it says what is wrong with fields.
    pub(super) is_in_errors: bool,
    /// Whether it is a key of JOSE, whose private members have names of one letter.
    pub(super) is_jwk: bool,
    /// Whether it is a manifest of Kubernetes, whose kind comes behind its data.
    pub(super) is_manifest: bool,
    /// Whether it is a list in which the place of a value says what it is.
    pub(super) is_table: bool,
    /// In a list: how many values came.
    pub(super) place: u32,
    /// In a list: the value before, as it is written.
    pub(super) before: Option<&'t str>,
    /// In a list: the flag of a command line before, as it is written.
    pub(super) flag: Option<&'t str>,
    /// In a list: places of names of secrets. In what holds lists: those of its first one, which
    /// names the columns of the others.
    pub(super) columns: Vec<u32>,
}

impl<'t> Scan<'_, '_, 't> {
    /// An object or a list begins.
    pub(super) fn open(&mut self, is_object: bool) {
        let around = self.levels.last();
        let verdict = if is_object {
            self.verdict_of_object()
        } else {
            self.verdict()
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
            is_jwk: false,
            is_manifest: false,
            is_table,
            place: 0,
            before: None,
            flag: None,
            columns,
        });
        self.pending = Verdict::Harmless;
    }

    pub(super) fn close(&mut self) {
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
    pub(super) fn verdict(&self) -> Verdict {
        let Some(level) = self.levels.last() else {
            return self.pending;
        };
        match (self.pending, level.verdict) {
            (Verdict::Secret, _) | (_, Verdict::Secret) => Verdict::Secret,
            (Verdict::Harmless, verdict @ Verdict::Judge(_)) => verdict,
            (Verdict::Harmless, verdict) if !level.is_object => verdict,
            (verdict, _) => verdict,
        }
    }

    /// What is known of all that is in an object that begins.
    fn verdict_of_object(&self) -> Verdict {
        let around = self.levels.last();
        match self.verdict() {
            // What is in an object has names of its own; in a session it must still be looked at.
            verdict @ Verdict::Judge(_) => {
                let is_kept = around
                    .is_some_and(|level| level.is_object && level.verdict == verdict)
                    && self.pending == Verdict::Harmless;
                if is_kept { verdict } else { Verdict::Harmless }
            }
            Verdict::Secret if self.is_session() => Verdict::Judge(Judge::Key),
            verdict => verdict,
        }
    }

    /// Whether an object that begins is a session, or one of several: those of conferences and of
    /// trainings are called so too. Not where all around it is secret.
    fn is_session(&self) -> bool {
        let mut around = self.levels.iter().rev();
        let Some(level) = around.next() else {
            return false;
        };
        let (key, outer) = if level.is_object {
            (level.key, Some(level))
        } else {
            (level.parent, around.next())
        };
        let is_free = outer.is_some_and(|level| level.verdict != Verdict::Secret);
        is_free
            && key.is_some_and(|key| {
                words(key.text)
                    .last()
                    .is_some_and(|last| matches!(last.as_str(), "session" | "sessions"))
            })
    }

    /// Whether a value that comes, as it is meant, is a secret.
    pub(super) fn is_secret(&self, value: &str) -> bool {
        match self.verdict() {
            Verdict::Secret => true,
            Verdict::Harmless => false,
            Verdict::Judge(judge) => {
                let level = self.levels.last();
                let is_excused = level.is_some_and(|level| match judge {
                    Judge::Digest => level.is_of_file,
                    Judge::Code => level.is_of_error,
                    Judge::Key | Judge::Number | Judge::Any => false,
                });
                // What a session has under no name of a secret: its id.
                let is_strict = level
                    .is_some_and(|level| level.is_object && level.verdict == Verdict::Judge(judge));
                !is_excused && judge.is_secret(value, is_strict)
            }
        }
    }
}
