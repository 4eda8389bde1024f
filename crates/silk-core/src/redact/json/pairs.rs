//! Pairs of a name and its values: `{"name": "password", "value": …}`, `{"setting": …, "old": …}`.

use super::{Scan, strings::unescape};
use crate::redact::{
    Redactor,
    names::{Verdict, words},
    shape::Judge,
};

/// Values of an object that are remembered until its name comes.
const MAX_VALUES: usize = 8;

/// Uses of variables that are looked at in a request of GraphQL.
const MAX_VARIABLES: usize = 256;

/// Where a string that was kept stands, its quotes included.
pub(super) struct ValueAt<'t> {
    key: &'t str,
    /// In the text.
    start: usize,
    end: usize,
    /// Where it starts in the output, once that has come so far.
    out: usize,
}

impl<'t> Scan<'_, '_, 't> {
    /// The present object gives this name under the key `by`: the values before it may be secrets.
    pub(super) fn names_values(&mut self, name: &str, by: &str) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        // The last one first: those before it keep their places in the output.
        let mut value = level.value_at.take();
        let mut before = std::mem::take(&mut level.values_before);
        // Members of a key of JOSE wait for what says that it is one.
        let mut waiting = Vec::new();
        let mut is_masked = false;
        while let Some(at) = value {
            let written = self.text.get(at.start + 1..at.end - 1).unwrap_or_default();
            let is_secret = match self.redactor.label(name, by, at.key) {
                Verdict::Secret => true,
                Verdict::Harmless => false,
                Verdict::Judge(judge) => judge.is_secret(&unescape(written), false),
            };
            if is_secret {
                self.names_secret(&at);
                is_masked = true;
            } else if is_private(at.key) {
                waiting.push(at);
            }
            value = before.pop();
        }
        // Where something was masked they stand elsewhere by now.
        if !is_masked && let Some(level) = self.levels.last_mut() {
            let mut waiting = waiting.into_iter();
            level.value_at = waiting.next();
            level.values_before = waiting.rev().collect();
        }
    }

    /// A string stays; unless a name comes after it that makes it a secret.
    pub(super) fn keep(&mut self, start: usize, end: usize) {
        let out = self.out.len() + (start - self.flushed);
        if let Some(level) = self.levels.last_mut().filter(|level| level.is_value) {
            let key = level.key.map_or("", |key| key.text);
            let here = ValueAt {
                key,
                start,
                end,
                out,
            };
            if let Some(before) = level.value_at.replace(here)
                && level.values_before.len() < MAX_VALUES
            {
                level.values_before.push(before);
            }
        }
    }

    /// The present object is about a secret: this value, which came before the name, is one.
    fn names_secret(&mut self, at: &ValueAt<'_>) {
        let ValueAt {
            start, end, out, ..
        } = *at;
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
}

impl Redactor {
    /// What a name that a document gives as a value, under the key `by`, says of the value under
    /// the key `key` beside it.
    pub(super) fn label(&self, name: &str, by: &str, key: &str) -> Verdict {
        let is_list_of_arguments = matches!(key, "params" | "args" | "arguments");
        if by == "kty" {
            return if is_private(key) {
                Verdict::Secret
            } else {
                Verdict::Harmless
            };
        }
        // `{"method": "login", "params": ["bob", …]}`
        if by == "method" || is_list_of_arguments {
            return if by == "method" && is_list_of_arguments && self.is_login(name) {
                Verdict::Judge(Judge::Any)
            } else {
                Verdict::Harmless
            };
        }
        if is_private(key) {
            return Verdict::Harmless;
        }
        // `{"op": "replace", "path": "/password", "value": …}`; pages have paths and contents.
        if name.len() > 64 || by == "path" && key != "value" {
            return Verdict::Harmless;
        }
        match self.answer(name).verdict {
            // Tokens of a language, signatures of functions: what they are decides.
            Verdict::Secret
                if matches!(by, "type" | "kind")
                    && matches!(name, "token" | "session" | "signature" | "cookie" | "auth") =>
            {
                Verdict::Judge(Judge::Key)
            }
            // `{"label": "Password", "to": "/password"}`: of links and spans of time.
            Verdict::Secret
                if matches!(key, "from" | "to" | "before" | "after")
                    && matches!(by, "name" | "key" | "id" | "label" | "type" | "path") =>
            {
                Verdict::Judge(Judge::Key)
            }
            verdict => verdict,
        }
    }

    /// Whether a method logs somebody in, or is called by the name of a secret.
    fn is_login(&self, method: &str) -> bool {
        const LOGINS: &[&str] = &[
            "auth",
            "authenticate",
            "authorize",
            "login",
            "logon",
            "signin",
        ];
        method.len() <= 64
            && (self.is_sensitive(method)
                || words(method)
                    .last()
                    .is_some_and(|last| LOGINS.contains(&last.as_str())))
    }

    /// The variables of a request in GraphQL that its query gives to arguments of sensitive names:
    /// `login(password: $p)`.
    pub(in crate::redact) fn variables<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let is_name = |character: char| character.is_alphanumeric() || character == '_';
        let mut found = Vec::new();
        for (at, _) in text.match_indices('$').take(MAX_VARIABLES) {
            let (head, tail) = text.split_at(at);
            let end = tail[1..].find(|character| !is_name(character));
            let name = tail.get(1..end.map_or(tail.len(), |end| end + 1));
            let argument = head.trim_end().strip_suffix(':').map(str::trim_end);
            let argument =
                argument.and_then(|head| head.rsplit(|character| !is_name(character)).next());
            if let (Some(name), Some(argument)) = (name, argument)
                && !name.is_empty()
                && self.is_sensitive(argument)
            {
                found.push(name);
            }
        }
        found
    }
}

/// Whether a key is that of a private member of a key of JOSE.
pub(super) fn is_private(key: &str) -> bool {
    matches!(key, "k" | "d" | "p" | "q" | "dp" | "dq" | "qi")
}
