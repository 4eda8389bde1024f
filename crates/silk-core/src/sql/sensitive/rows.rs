//! Rows that are compared or assigned: `(login, password) = ($1, $2)`. What stands at one place of
//! them belongs together, what stands at others does not.

use std::collections::HashMap;

use super::{
    Walk,
    group::{GroupKind, Role},
};

/// Signs between two rows.
const SIGNS: &[&str] = &[
    "=", "==", "<>", "!=", "<", ">", "<=", ">=", "<=>", "*=", "*<>",
];

/// What is known of the rows of a text, once there is one that may be compared.
#[derive(Default)]
pub(super) struct Rows {
    /// Of each lexeme that opens a parenthesis or bracket, where that closes, else 0; empty until
    /// it is asked for.
    closes: Vec<usize>,
    /// Of each row that is compared, where it opens, and the output that its places are the columns
    /// of; whether it is one of several.
    open: HashMap<usize, (usize, bool)>,
}

impl Rows {
    /// The output of the row that opens at `index`, and whether it is one of several.
    pub(super) fn at(&self, index: usize) -> Option<(usize, bool)> {
        self.open.get(&index).copied()
    }
}

impl Walk<'_, '_> {
    /// Opens the parenthesis at `index` if it is a row that is compared with another one.
    pub(super) fn row(&mut self, index: usize) -> bool {
        if self.rows.at(index).is_none() {
            self.pair(index);
        }
        let Some((output, is_one)) = self.rows.at(index) else {
            return false;
        };
        let scope = is_one.then(|| self.scope(true));
        self.open(GroupKind::Row);
        let group = self.group();
        group.output = Some(output);
        group.position = Some(0);
        group.leaks = false;
        if let Some(scope) = scope {
            group.scope = scope;
        }
        // Where rows are compared no column takes a place.
        if group.role == Role::Element {
            group.role = Role::Other;
        }
        self.item(index + 1);
        true
    }

    /// Looks whether the parenthesis at `index` is a row with another one to be compared with, and
    /// notes both.
    fn pair(&mut self, index: usize) {
        let is_call = self.before(index).is_some_and(|before| {
            before.is_name() && !before.is_word("ROW") || before.is_any_word(&["IN", "VALUES"])
        });
        if is_call || self.closes_at(index).is_none_or(|close| close - index < 4) {
            return;
        }
        let mut found = Vec::new();
        if self.others(index, &mut found).is_none() {
            return;
        }
        let output = self.flow.open_rows();
        let is_many = found.len() > 1;
        self.rows.open.insert(index, (output, false));
        for other in found {
            self.rows.open.insert(other, (output, is_many));
        }
    }

    /// Notes that what stands in two arrays belongs together, place by place.
    pub(super) fn pair_of_arrays(&mut self, index: usize, other: usize) {
        let output = self.flow.open_rows();
        self.rows.open.insert(index, (output, false));
        self.rows.open.insert(other, (output, false));
    }

    /// The rows, or the subquery, that the row at `index` is compared with.
    fn others(&mut self, index: usize, found: &mut Vec<usize>) -> Option<()> {
        let close = self.closes_at(index)?;
        let mut at = close + 1;
        let sign = *self.at(at)?;
        if SIGNS.iter().any(|known| sign.is_sign(known)) {
            at += 1;
        } else if sign.is_word("OPERATOR") {
            at = self.closes_at(at + 1)? + 1;
        } else if sign.is_word("IS") {
            at += 1;
            at += usize::from(self.at(at)?.is_word("NOT"));
            if !(self.at(at)?.is_word("DISTINCT") && self.at(at + 1)?.is_word("FROM")) {
                return None;
            }
            at += 2;
        } else {
            at += usize::from(sign.is_word("NOT"));
            let word = *self.at(at)?;
            at += 1;
            if word.is_word("BETWEEN") {
                at += usize::from(self.at(at)?.is_any_word(&["SYMMETRIC", "ASYMMETRIC"]));
                let width = self.width(index)?;
                let first = self.opens(at)?;
                let and = self.closes_at(first)? + 1;
                let second = self.opens(and + 1)?;
                let is_between = self.at(and)?.is_word("AND")
                    && self.width(first)? == width
                    && self.width(second)? == width;
                found.extend([first, second]);
                return is_between.then_some(());
            }
            if !word.is_word("IN") {
                return None;
            }
            return self.list(index, at, found);
        }
        let width = self.width(index)?;
        let other = self.opens(at)?;
        let is_row = if self.is_query(other) {
            self.has_own_columns(other)
        } else {
            self.width(other)? == width
        };
        found.push(other);
        is_row.then_some(())
    }

    /// What stands behind IN: rows, or a subquery.
    fn list(&mut self, index: usize, at: usize, found: &mut Vec<usize>) -> Option<()> {
        let width = self.width(index)?;
        if !self.at(at)?.is_sign("(") {
            return None;
        }
        if self.is_query(at) {
            found.push(at);
            return self.has_own_columns(at).then_some(());
        }
        let close = self.closes_at(at)?;
        let mut next = at + 1;
        while next < close {
            let row = self.opens(next)?;
            if self.is_query(row) || self.width(row)? != width {
                return None;
            }
            found.push(row);
            next = self.closes_at(row)? + 1;
            if next < close && !self.at(next)?.is_sign(",") {
                return None;
            }
            next += 1;
        }
        (!found.is_empty()).then_some(())
    }

    /// Where the row opens that begins at `at`, with the word ROW or without.
    fn opens(&self, at: usize) -> Option<usize> {
        let at = at + usize::from(self.at(at)?.is_word("ROW"));
        self.at(at)?.is_sign("(").then_some(at)
    }

    fn is_query(&self, open: usize) -> bool {
        self.at(open + 1)
            .is_some_and(|next| next.is_any_word(&["SELECT", "VALUES", "WITH", "TABLE"]))
    }

    /// Whether a subquery says itself what its columns are: not by `*`, nor behind CTEs.
    fn has_own_columns(&mut self, open: usize) -> bool {
        let Some(close) = self.closes_at(open) else {
            return false;
        };
        if self
            .at(open + 1)
            .is_some_and(|next| next.is_any_word(&["WITH", "TABLE"]))
        {
            return false;
        }
        let mut at = open + 1;
        while at < close {
            let Some(word) = self.at(at).copied() else {
                return false;
            };
            let is_all = word.is_sign("*")
                && self.before(at).is_some_and(|before| {
                    before.is_sign(".")
                        || before.is_sign(",")
                        || before.is_any_word(&["SELECT", "ALL", "DISTINCT"])
                });
            if is_all {
                return false;
            }
            at = if word.is_sign("(") {
                self.closes_at(at).unwrap_or(close)
            } else {
                at
            } + 1;
        }
        true
    }

    /// How many places the row at `open` has; none for one that is no row.
    fn width(&mut self, open: usize) -> Option<usize> {
        let close = self.closes_at(open)?;
        let mut width = 1;
        let mut at = open + 1;
        while at < close {
            let word = self.at(at)?;
            width += usize::from(word.is_sign(","));
            at = if word.is_sign("(") || word.is_sign("[") {
                self.closes_at(at)?
            } else {
                at
            } + 1;
        }
        (width > 1).then_some(width)
    }

    /// Where the parenthesis at `open` closes.
    pub(super) fn closes_at(&mut self, open: usize) -> Option<usize> {
        if self.rows.closes.is_empty() {
            self.rows.closes = vec![0; self.lexemes.len()];
            let mut stack = Vec::new();
            for (index, lexeme) in self.lexemes.iter().enumerate() {
                if lexeme.is_sign("(") || lexeme.is_sign("[") {
                    stack.push(index);
                } else if (lexeme.is_sign(")") || lexeme.is_sign("]"))
                    && let Some(open) = stack.pop()
                {
                    self.rows.closes[open] = index;
                }
            }
        }
        let close = self.rows.closes.get(open).copied();
        close.filter(|close| *close > 0)
    }
}
