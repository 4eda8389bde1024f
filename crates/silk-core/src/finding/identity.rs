//! Which queries of a request are equal, values and all.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use crate::{Value, ValueState, sql::SensitiveValues};

/// Tells which queries of a request are equal, by text, bound values, and settings of the session.
///
/// To be asked before values are redacted, query by query in the order of their start.
#[derive(Debug, Default)]
pub struct Identities {
    hasher: foldhash::fast::RandomState,
    /// By what is set: what it was last set to.
    set: Vec<(Box<str>, u64)>,
    settings: u64,
}

impl Identities {
    /// Equal for two queries whose text (but for comments) and values are; none if the values
    /// are not known, or were cut off.
    #[must_use]
    #[inline]
    pub fn of(&self, text: &SensitiveValues, values: Option<&[Value]>) -> Option<u64> {
        match values {
            Some(values) => self.hash(text, values),
            None if text.has_placeholders() => None,
            None => self.hash(text, &[]),
        }
    }

    fn hash(&self, text: &SensitiveValues, values: &[Value]) -> Option<u64> {
        let mut hasher = self.hasher.build_hasher();
        text.text_identity().hash(&mut hasher);
        for value in values {
            let (is_null, bytes): (bool, &[u8]) = match &value.state {
                ValueState::Null => (true, &[]),
                ValueState::Bytes(bytes) => (false, bytes),
                ValueState::Truncated { .. } | ValueState::Redacted | ValueState::Unavailable => {
                    return None;
                }
            };
            (value.type_name.as_str(), is_null, bytes).hash(&mut hasher);
        }
        Some(hasher.finish())
    }

    /// As [`of`](Self::of), but different after the session was set otherwise: after another
    /// `SET search_path` the same text reads other tables. Takes note of what the text sets.
    #[inline]
    pub fn within_session(&mut self, text: &SensitiveValues, identity: Option<u64>) -> Option<u64> {
        let within = identity.map(|identity| identity ^ self.settings);
        if let Some(name) = text.setting() {
            self.note(name, identity);
        }
        within
    }

    fn note(&mut self, name: &str, identity: Option<u64>) {
        // Not known what: as if it had set something else.
        let new = identity.unwrap_or(0).rotate_left(17);
        let known = self.set.iter_mut().find(|(known, _)| **known == *name);
        match known {
            Some((_, old)) => {
                self.settings ^= *old ^ new;
                *old = new;
            }
            None => {
                self.settings ^= new;
                self.set.push((name.into(), new));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{DatabaseKind, Redactor, sql::SqlReader};

    #[test]
    fn texts_values_and_settings_tell_queries_apart() {
        let reader = SqlReader::new(Arc::new(Redactor::default()));
        let value = |n: u8| Value {
            type_name: "INT4".to_owned(),
            state: ValueState::Bytes(vec![0, 0, 0, n]),
        };
        let mut identities = Identities::default();
        let mut of = |sql: &str, values: Option<&[Value]>| {
            let text = reader.sensitive(sql, DatabaseKind::Postgres);
            let identity = identities.of(&text, values);
            identities.within_session(&text, identity)
        };
        let by_id = "SELECT a FROM t WHERE id = $1";
        let one = of(by_id, Some(&[value(1)]));
        assert!(one.is_some());
        assert_eq!(
            one,
            of(
                "SELECT a  FROM t /* trace 7 */ WHERE id = $1",
                Some(&[value(1)])
            )
        );
        assert_ne!(one, of(by_id, Some(&[value(2)])));
        assert_ne!(
            of("SELECT a FROM t WHERE id = 1", None),
            of("SELECT a FROM t WHERE id = 2", None)
        );
        assert_eq!(of(by_id, None), None, "values were not captured");
        of("SET search_path = tenant_1", Some(&[]));
        let first = of(by_id, Some(&[value(1)]));
        assert_ne!(first, one);
        of("SET search_path = tenant_2", Some(&[]));
        assert_ne!(of(by_id, Some(&[value(1)])), first);
        of("SET search_path = tenant_1", Some(&[]));
        assert_eq!(of(by_id, Some(&[value(1)])), first);
    }
}
