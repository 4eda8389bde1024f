//! Tables of settings: the name of a secret stands in one column, the secret in another.

mod words;

use self::words::{HARMLESS, KEYS, KINDS, TAILS, VALUES};
use super::group::{Role, Segment, Strength};
use crate::Redactor;

/// Longer texts are not names.
const MAX_NAME: usize = 64;

fn ends_with_any(column: Option<&str>, words: &[&str]) -> bool {
    column
        .is_some_and(|column| last_word(column).is_some_and(|last| words.contains(&last.as_str())))
}

/// The last word of a name in lower case: of `updatedAt` and `updated_at` it is `at`.
fn last_word(column: &str) -> Option<String> {
    Redactor::words_of(column).pop()
}

/// Whether a text is the name of a secret, and how surely: its last word has to say so.
pub(in crate::sql) fn names_secret(text: &str, redactor: &Redactor) -> Option<Strength> {
    let is_name = (2..=MAX_NAME).contains(&text.len())
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':')
        });
    if !is_name || !redactor.is_sensitive(text) {
        return None;
    }
    let words = Redactor::words_of(text);
    let is_long = words.len() > 1;
    // Without the words that may follow.
    let mut end = words.len();
    while let Some(last) = end.checked_sub(1).and_then(|last| words.get(last)) {
        // `api_key`, `access_key`: two words together say so, neither of them alone.
        let is_pair = end
            .checked_sub(2)
            .and_then(|first| words.get(first))
            .is_some_and(|first| {
                !redactor.is_sensitive(first) && redactor.is_sensitive(&format!("{first}_{last}"))
            });
        if is_pair || redactor.is_sensitive(last) {
            return Some(if is_long {
                Strength::Strong
            } else {
                Strength::Weak
            });
        }
        if !TAILS.contains(&last.as_str()) {
            return None;
        }
        end -= 1;
    }
    None
}

/// Whether a text in this column may be the name of a setting.
fn is_key(column: Option<&str>, strength: Strength) -> bool {
    match strength {
        Strength::Strong => !ends_with_any(column, KINDS),
        Strength::Weak => column.is_none() || ends_with_any(column, KEYS),
    }
}

/// Whether a value that goes into this column, or is compared with it, is what a setting is set to.
fn is_value(role: Role, column: Option<&str>, strength: Strength) -> bool {
    match role {
        Role::Other => false,
        Role::Where => ends_with_any(column, VALUES),
        Role::Set | Role::Element => match strength {
            Strength::Strong => !ends_with_any(column, HARMLESS),
            Strength::Weak => column.is_none() || ends_with_any(column, VALUES),
        },
    }
}

/// Marks the values of settings that are named in the text.
pub(super) fn mark(segments: &mut [Segment<'_>], parents: &[usize]) {
    // Of each scope, what it names; what a row names counts for the assignments behind it too.
    let mut keys: Vec<Option<(Strength, usize)>> = vec![None; parents.len()];
    let mut is_any = false;
    for (index, segment) in segments.iter().enumerate() {
        if let Some(strength) = segment.key
            && segment.role != Role::Other
            && is_key(segment.column, strength)
        {
            is_any = true;
            let key = &mut keys[segment.scope];
            if key.is_none_or(|(known, _)| known < strength) {
                *key = Some((strength, index));
            }
        }
    }
    if !is_any {
        return;
    }
    let mut of_rows: Vec<Option<Strength>> = vec![None; parents.len()];
    for (scope, parent) in parents.iter().enumerate() {
        if let Some((strength, _)) = keys[scope] {
            of_rows[*parent] = of_rows[*parent].max(Some(strength));
        }
    }
    for (index, segment) in segments.iter_mut().enumerate() {
        let own = keys[segment.scope].filter(|(_, key)| *key != index);
        let strength = own
            .map(|(strength, _)| strength)
            .or_else(|| of_rows[segment.scope].filter(|_| segment.role == Role::Set));
        if let Some(strength) = strength {
            segment.is_sensitive |= is_value(segment.role, segment.column, strength);
        }
    }
}

/// Which bound values are secrets where another bound value is the name of one.
#[derive(Debug, Default)]
pub(in crate::sql) struct Links(Vec<Link>);

/// A placeholder that is a name, a value, or may be either.
#[derive(Debug)]
struct Link {
    scope: usize,
    parent: usize,
    place: usize,
    is_key: [bool; 2],
    is_value: [bool; 2],
    is_set: bool,
}

impl Links {
    pub(super) fn add(&mut self, segment: &Segment<'_>, parent: usize, place: usize) {
        let each = [Strength::Weak, Strength::Strong];
        let link = Link {
            scope: segment.scope,
            parent,
            place,
            is_key: each
                .map(|strength| segment.role != Role::Other && is_key(segment.column, strength)),
            is_value: each.map(|strength| is_value(segment.role, segment.column, strength)),
            is_set: segment.role == Role::Set,
        };
        if link.is_key[1] || link.is_value[1] {
            self.0.push(link);
        }
    }

    /// A placeholder in a call or behind a path operator.
    pub(super) fn add_path(&mut self, scope: usize, place: usize, is_key: bool) {
        self.0.push(Link {
            scope,
            parent: scope,
            place,
            is_key: [is_key; 2],
            is_value: [!is_key; 2],
            is_set: false,
        });
    }

    /// Drops what could never tell.
    pub(super) fn finish(mut self) -> Self {
        if self.0.len() < 2 || !self.0.iter().any(|link| link.is_key[1]) {
            self.0 = Vec::new();
        }
        self.0.shrink_to_fit();
        self
    }

    pub(in crate::sql) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Marks in `flags` the secrets that another value names; `names` tells of a place whether
    /// its value is the name of a secret.
    pub(in crate::sql) fn mark(
        &self,
        flags: &mut [bool],
        mut names: impl FnMut(usize) -> Option<Strength>,
    ) {
        let mut keys: std::collections::HashMap<usize, (Strength, usize)> =
            std::collections::HashMap::new();
        let mut of_rows: std::collections::HashMap<usize, Strength> =
            std::collections::HashMap::new();
        for link in self.0.iter().filter(|link| link.is_key[1]) {
            if let Some(strength) = names(link.place)
                && link.is_key[strength as usize]
            {
                keys.entry(link.scope).or_insert((strength, link.place));
                if link.parent != link.scope {
                    of_rows.entry(link.parent).or_insert(strength);
                }
            }
        }
        if keys.is_empty() {
            return;
        }
        for link in &self.0 {
            let own = keys
                .get(&link.scope)
                .filter(|(_, key)| *key != link.place)
                .map(|(strength, _)| *strength);
            let strength =
                own.or_else(|| of_rows.get(&link.scope).copied().filter(|_| link.is_set));
            if let (Some(strength), Some(flag)) = (strength, flags.get_mut(link.place)) {
                *flag |= link.is_value[strength as usize];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_secret_says_so_at_its_end() {
        let redactor = Redactor::default();
        for (text, expected) in [
            ("smtp_password", Some(Strength::Strong)),
            ("api_key2", Some(Strength::Strong)),
            ("stripe_secret_key", Some(Strength::Strong)),
            ("smtp.password", Some(Strength::Strong)),
            ("stripeSecretKey", Some(Strength::Strong)),
            ("jwt-secret-prod", Some(Strength::Strong)),
            ("password", Some(Strength::Weak)),
            ("password_reset", None),
            ("password_reset_email", None),
            ("token_type", None),
            ("aws_secret_access_key", Some(Strength::Strong)),
            ("theme", None),
            ("my password is", None),
            ("monkey_key", None),
        ] {
            assert_eq!(names_secret(text, &redactor), expected, "{text}");
        }
    }
}
