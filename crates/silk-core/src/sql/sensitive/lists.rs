//! Lists of names in parentheses: columns of a table, of an INSERT, of what is renamed.

use super::Walk;
use crate::sql::{lexer::Kind, quoted::unquoted};

/// More names than this are not read.
const MAX_NAMES: usize = 2_000;

impl<'a> Walk<'_, 'a> {
    /// Whether the parenthesis opens the columns of `CREATE TABLE a.b (`.
    pub(super) fn is_definition(&self, index: usize) -> bool {
        let mut at = index;
        while let Some(before) = self.before(at).filter(|_| index - at <= 3) {
            if before.is_any_word(&["TABLE", "EXISTS"]) {
                let create = at.saturating_sub(8)..at;
                return create
                    .filter_map(|at| self.at(at))
                    .any(|word| word.is_word("CREATE"));
            }
            at -= 1;
        }
        false
    }

    /// The name and the columns of the CTE whose body opens at `index`.
    pub(super) fn cte(&mut self, index: usize) -> Option<(&'a str, Vec<&'a str>)> {
        let mut word = index.checked_sub(1)?;
        while self.at(word)?.is_any_word(&["AS", "MATERIALIZED", "NOT"]) {
            word = word.checked_sub(1)?;
        }
        let last = self.at(word)?;
        if !last.is_sign(")") {
            let is_name = matches!(last.kind, Kind::Word | Kind::Quoted);
            return is_name.then(|| (unquoted(last), Vec::new()));
        }
        let (close, names) = self.list.take()?;
        if close != word {
            return None;
        }
        // `name ( a , b )`
        let open = close.checked_sub(2 * names.len())?;
        let name = self.before(open)?;
        Some((unquoted(name), names))
    }

    /// The columns of a CTE whose list opens at `index`: where it closes, and their names.
    pub(super) fn cte_columns(&self, index: usize) -> Option<(usize, Vec<&'a str>)> {
        let name = index.checked_sub(1)?;
        let is_first = self.before(name).is_some_and(|before| {
            before.is_any_word(&["WITH", "RECURSIVE"]) || before.is_sign(",")
        });
        if !is_first || !matches!(self.at(name)?.kind, Kind::Word | Kind::Quoted) {
            return None;
        }
        let (close, names) = self.name_list(index)?;
        // `name ( a , b )` and nothing else, so that its beginning can be found from its end.
        let is_plain = close - index == 2 * names.len();
        let is_body = self.at(close + 1)?.is_word("AS")
            && self.at(close + 2).is_some_and(|next| {
                next.is_sign("(") || next.is_any_word(&["NOT", "MATERIALIZED"])
            });
        (is_plain && is_body).then_some((close, names))
    }

    /// A list of names in parentheses, perhaps with types: where it closes, and the names.
    pub(super) fn name_list(&self, open: usize) -> Option<(usize, Vec<&'a str>)> {
        let mut names = Vec::new();
        let mut index = open + 1;
        let mut is_next = true;
        loop {
            let word = self.at(index)?;
            if word.is_sign(")") {
                return (!names.is_empty()).then_some((index, names));
            }
            if word.is_sign(",") {
                is_next = true;
            } else if matches!(word.kind, Kind::Word | Kind::Quoted) {
                if std::mem::take(&mut is_next) {
                    names.push(unquoted(word));
                }
            } else if !word.is_sign("[") && !word.is_sign("]") {
                return None;
            }
            if names.len() > MAX_NAMES {
                return None;
            }
            index += 1;
        }
    }

    /// Reads `AS v(a, b)` behind what ends at `index`, and binds these names.
    pub(super) fn alias(&mut self, index: usize, output: Option<usize>) {
        let Some(output) = output else { return };
        let mut word = index;
        loop {
            let Some(next) = self.at(word + 1) else {
                return;
            };
            if !next.is_any_word(&["AS", "WITH", "ORDINALITY"]) {
                break;
            }
            word += 1;
        }
        word += 1;
        if self.at(index).is_some_and(|at| at.is_word("AS")) {
            word = index + 1;
        }
        let Some(name) = self.at(word).filter(|name| name.is_name()).copied() else {
            return;
        };
        let relation = unquoted(&name);
        let is_list = self.at(word + 1).is_some_and(|next| next.is_sign("("));
        match self.name_list(word + 1).filter(|_| is_list) {
            Some((close, names)) => {
                self.skip_to = close + 1;
                self.flow.bind(output, Some(relation), &names);
            }
            None => {
                self.skip_to = word + 1;
                // A function of one column calls it as the whole.
                let is_single = self.flow.is_single(output);
                let names: &[&str] = if is_single { &[relation] } else { &[] };
                self.flow.bind(output, Some(relation), names);
            }
        }
    }

    /// Whether the parenthesis opens the columns of `INSERT INTO a.b (`.
    pub(super) fn is_column_list(&self, index: usize) -> bool {
        let mut position = index;
        // `PARTITION (p0) (`
        if let Some(open) = self.partition(index) {
            position = open;
        }
        let last = position;
        while let Some(before) = self.before(position) {
            if before.is_any_word(&["INTO", "INSERT", "REPLACE"]) {
                return position < index || before.is_word("INSERT");
            }
            let is_part =
                before.is_name() || before.is_sign(".") || before.is_any_word(&["IGNORE", "AS"]);
            // `INSERT INTO a.b.c AS d (` is the longest there is.
            if !is_part || last - position > 8 {
                return false;
            }
            position -= 1;
        }
        false
    }

    /// Where the PARTITION begins whose list ends before `index`.
    pub(super) fn partition(&self, index: usize) -> Option<usize> {
        if !self.before(index)?.is_sign(")") {
            return None;
        }
        let mut open = index - 1;
        while !self.at(open)?.is_sign("(") {
            if index - open > MAX_NAMES {
                return None;
            }
            open = open.checked_sub(1)?;
        }
        let word = open.checked_sub(1)?;
        self.at(word)?.is_word("PARTITION").then_some(word)
    }
}
