//! Arrays in brackets: paths, names of what stands behind them, names and values in turn.

use super::{
    Walk,
    group::{Array, GroupKind},
    secret_words::Arguments,
};
use crate::sql::quoted::is_path_operator;

impl Walk<'_, '_> {
    /// Of which segment or call the names are that stand in the brackets at `index`: those of a path
    /// are (`data #>> ARRAY['token']`, `jsonb_set(data, ARRAY['token'], …)`).
    pub(super) fn array(&mut self, index: usize) -> Option<Array> {
        if !self.before(index)?.is_word("ARRAY") {
            return None;
        }
        if self.before(index - 1).is_some_and(is_path_operator) {
            return Some(Array::Path);
        }
        self.group().arguments.is_pairs().then_some(Array::Names)
    }

    /// Opens the brackets at `index` if names and values stand in them in turn:
    /// `json_object(ARRAY['login', $1, 'token', $2])`, and the same as pairs in brackets of their
    /// own; or if they are the names to the values of another array.
    pub(super) fn array_of_pairs(&mut self, index: usize) -> bool {
        let is_array = self
            .before(index)
            .is_some_and(|before| before.is_word("ARRAY"));
        let is_inner = self.group().is_pairs;
        let is_first =
            self.group().arguments == Arguments::Pairs(0) && self.group().position == Some(0);
        if !(is_array && is_first || is_inner) {
            // The values to names before.
            return self.rows.at(index).is_some() && self.row(index);
        }
        if let Some(other) = self.values_behind(index).filter(|_| !is_inner) {
            self.pair_of_arrays(index, other);
            let is_open = self.row(index);
            self.group().array = Some(Array::Keys);
            return is_open;
        }
        self.open(GroupKind::Plain);
        let group = self.group();
        group.arguments = Arguments::Pairs(0);
        group.position = Some(0);
        group.is_call = true;
        group.is_pairs = true;
        group.leaks = false;
        true
    }

    /// Where the array opens whose values are those to the names in the brackets at `index`.
    fn values_behind(&mut self, index: usize) -> Option<usize> {
        let close = self.closes_at(index)?;
        let is_next = self.at(close + 1)?.is_sign(",") && self.at(close + 2)?.is_word("ARRAY");
        (is_next && self.at(close + 3)?.is_sign("[")).then_some(close + 3)
    }
}
