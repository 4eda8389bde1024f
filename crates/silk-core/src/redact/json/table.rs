//! Lists in which the place of a value says what it is: tables, pairs, and command lines.

use super::{Scan, keys::Role};
use crate::redact::shape;

impl<'t> Scan<'_, '_, 't> {
    /// Whether a value in a list is a secret by its place: behind its name (`["password", "…"]`
    /// within a list), or in a column of that name. Takes note of names of columns.
    pub(super) fn is_secret_in_table(&mut self, inner: &str, end: usize) -> bool {
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

    /// Whether a string in a list is what a flag before it takes: `["--password", "…"]`.
    pub(super) fn is_behind_flag(&mut self, inner: &'t str) -> bool {
        let redactor = self.redactor;
        let Some(level) = self.levels.last_mut() else {
            return false;
        };
        let flag = level.flag.take();
        if inner.starts_with("--") {
            level.flag = Some(inner);
            return false;
        }
        flag.is_some_and(|flag| !flag.contains('=') && redactor.is_sensitive(flag))
    }
}
