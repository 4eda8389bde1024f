//! Which tables a statement touches.

use std::collections::HashSet;

use super::{
    lexer::{Kind, Lexeme},
    quoted::unquoted,
    structure::{MAIN, cte_names},
};
use crate::DatabaseKind;

/// Nobody reads on behind this many.
const MAX_TABLES: usize = 256;

/// Tables touched, in order of appearance.
pub(super) fn tables(words: &[Lexeme<'_>], database: DatabaseKind) -> Vec<String> {
    let ctes: HashSet<String> = cte_names(words)
        .into_iter()
        .map(str::to_ascii_lowercase)
        .collect();
    let mut tables = Tables {
        words,
        database,
        ctes,
        found: Vec::new(),
    };
    tables.walk();
    tables.found
}

struct Tables<'l, 'a> {
    words: &'l [Lexeme<'a>],
    database: DatabaseKind,
    ctes: HashSet<String>,
    found: Vec<String>,
}

/// A parenthesis: whether a query stands in it, and whether its FROM list is being read.
#[derive(Clone, Copy)]
struct Level {
    is_query: bool,
    in_from: bool,
}

impl Tables<'_, '_> {
    fn at(&self, index: usize) -> Option<&Lexeme<'_>> {
        self.words.get(index)
    }

    fn is_open(&self, index: usize) -> bool {
        self.at(index).is_some_and(|word| word.is_sign("("))
    }

    fn walk(&mut self) {
        let mut levels = vec![Level {
            is_query: true,
            in_from: false,
        }];
        let mut index = 0;
        while let Some(word) = self.words.get(index).copied() {
            let last = levels.len() - 1;
            let level = levels[last];
            if word.is_sign("(") {
                // `FROM (a JOIN b …)` is a list of tables in parentheses.
                let is_list = level.in_from && self.starts_operand(index);
                let is_query = self.at(index + 1).is_some_and(|next| {
                    next.is_sign("(") || next.is_any_word(MAIN) || next.is_word("WITH")
                });
                let is_list = is_list && !is_query;
                levels.push(Level {
                    is_query: is_query || is_list,
                    in_from: is_list,
                });
                index = if is_list {
                    self.table(index + 1, false)
                } else {
                    index + 1
                };
            } else if word.is_sign(")") {
                if last > 0 {
                    levels.pop();
                }
                index += 1;
            } else if word.is_sign(",") && level.in_from {
                index = self.table(index + 1, false);
            } else if word.kind == Kind::Word && level.is_query {
                let (next, in_from) = self.word(index, &word, level.in_from);
                levels[last].in_from = in_from;
                index = next;
            } else {
                levels[last].in_from &= !word.is_sign(";");
                index += 1;
            }
        }
    }

    /// Whether what stands at `index` is one of the things that are read from.
    fn starts_operand(&self, index: usize) -> bool {
        index
            .checked_sub(1)
            .and_then(|before| self.at(before))
            .is_some_and(|before| {
                before.is_any_word(&["FROM", "JOIN"]) || before.is_sign(",") || before.is_sign("(")
            })
    }

    /// Reads on from a word; returns where to go on, and whether a FROM list is being read then.
    fn word(&mut self, index: usize, word: &Lexeme<'_>, in_from: bool) -> (usize, bool) {
        const ENDS_FROM: &[&str] = &[
            "WHERE",
            "SET",
            "GROUP",
            "ORDER",
            "HAVING",
            "LIMIT",
            "OFFSET",
            "WINDOW",
            "RETURNING",
            "UNION",
            "INTERSECT",
            "EXCEPT",
            "SELECT",
            "VALUES",
            "FOR",
            "FETCH",
            "WHEN",
        ];
        let before = index
            .checked_sub(1)
            .and_then(|before| self.words.get(before))
            .copied();
        let follows = |words: &[&str]| before.is_some_and(|before| before.is_any_word(words));
        let is_copy = self
            .words
            .first()
            .is_some_and(|first| first.is_word("COPY"));
        let next = index + 1;
        if word.is_word("FROM") {
            // `x IS DISTINCT FROM y` and `COPY t FROM stdin` read from no table.
            if is_copy || follows(&["DISTINCT"]) {
                return (next, in_from);
            }
            (self.table(next, false), true)
        } else if word.is_any_word(&["JOIN", "STRAIGHT_JOIN"]) {
            (self.table(next, false), true)
        } else if word.is_word("USING") && !self.is_open(next) {
            // `DELETE … USING t`, `MERGE … USING t`; `JOIN … USING (` is not.
            (self.table(next, false), in_from)
        } else if word.is_word("UPDATE") {
            // `FOR UPDATE`, `ON DUPLICATE KEY UPDATE`, `DO UPDATE`.
            if follows(&["FOR", "KEY", "DO", "ON", "THEN"]) {
                return (next, false);
            }
            (self.table(next, true), true)
        } else if word.is_any_word(&["INTO", "TABLE", "TRUNCATE"]) || (is_copy && index == 0) {
            (self.table(next, true), in_from)
        } else if word.is_any_word(&["INSERT", "REPLACE"])
            && self.database == DatabaseKind::MySql
            && before.is_none_or(|before| before.is_sign(";") || before.is_word("EXPLAIN"))
            && !self.is_open(next)
        {
            // MySQL needs no INTO.
            (self.table(next, true), in_from)
        } else {
            (next, in_from && !word.is_any_word(ENDS_FROM))
        }
    }

    /// Reads the name of a table at `index`, if there is one; returns where to go on.
    fn table(&mut self, mut index: usize, may_open: bool) -> usize {
        const NOISE: &[&str] = &[
            "ONLY",
            "LATERAL",
            "IGNORE",
            "LOW_PRIORITY",
            "HIGH_PRIORITY",
            "DELAYED",
            "OR",
            "TABLE",
            "IF",
            "NOT",
            "EXISTS",
            "INTO",
            "ROLLBACK",
            "ABORT",
            "FAIL",
            "REPLACE",
            "TEMP",
            "TEMPORARY",
            "UNLOGGED",
        ];
        let start = index;
        while self.words.get(index).is_some_and(|word| {
            word.is_any_word(NOISE)
                // `temp.t`, and a table called so.
                && !self.words.get(index + 1).is_some_and(|next| next.is_sign(".") || next.is_sign(",") || next.is_sign(";"))
                && (word.is_reserved || self.words.get(index + 1).is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Quoted)))
        }) {
            index += 1;
        }
        let mut name = String::new();
        let mut end = index;
        let mut parts = 0;
        while let Some(word) = self.words.get(end) {
            // A reserved word may be a name behind a dot.
            let is_part = word.is_name() || (parts > 0 && word.kind == Kind::Word);
            if !is_part {
                break;
            }
            if parts > 0 {
                name.push('.');
            }
            parts += 1;
            if word.kind == Kind::Word && self.database != DatabaseKind::MySql {
                name.push_str(&word.text.to_ascii_lowercase());
            } else {
                name.push_str(unquoted(word));
            }
            end += 1;
            if !self.words.get(end).is_some_and(|next| next.is_sign(".")) {
                break;
            }
            end += 1;
        }
        let is_call = !may_open && self.words.get(end).is_some_and(|next| next.is_sign("("));
        let is_file = self
            .words
            .get(index)
            .is_some_and(|word| word.is_any_word(&["OUTFILE", "DUMPFILE", "STDIN", "STDOUT"]));
        if name.is_empty() || is_call || is_file {
            return start.max(index);
        }
        let is_cte = parts == 1 && self.ctes.contains(&name.to_ascii_lowercase());
        if !is_cte && self.found.len() < MAX_TABLES && !self.found.contains(&name) {
            self.found.push(name);
        }
        end
    }
}
