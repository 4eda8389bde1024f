//! What a statement does, and to which tables.

use super::{
    lexer::{Kind, Lexeme},
    sensitive::unquoted,
};
use crate::DatabaseKind;

const MAIN: &[&str] =
    &["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "REPLACE", "TABLE"];

/// The command: that behind the CTEs where there are some; `OTHER` where no word starts the text.
pub(super) fn command(words: &[Lexeme<'_>]) -> String {
    let Some((position, first)) = words.iter().enumerate().find(|(_, word)| !word.is_sign("(")) else {
        return "OTHER".to_owned();
    };
    if first.kind != Kind::Word || !first.text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
        return "OTHER".to_owned();
    }
    if first.is_word("WITH") {
        let mut depth = 0_usize;
        for word in words.iter().skip(position + 1) {
            match word.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth == 0 && word.is_any_word(MAIN) => return word.text.to_ascii_uppercase(),
                _ => {}
            }
        }
    }
    first.text.to_ascii_uppercase()
}

/// Names that the CTEs of a statement define, in lower case.
pub(super) fn cte_names<'a>(words: &[Lexeme<'a>]) -> Vec<&'a str> {
    if !words.iter().any(|word| word.is_word("WITH")) {
        return Vec::new();
    }
    let mut names = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if !word.is_word("AS") || index == 0 {
            continue;
        }
        let mut next = index + 1;
        while words.get(next).is_some_and(|word| word.is_any_word(&["NOT", "MATERIALIZED"])) {
            next += 1;
        }
        if !words.get(next).is_some_and(|word| word.is_sign("(")) {
            continue;
        }
        // Back over a column list.
        let mut name = index - 1;
        if words.get(name).is_some_and(|word| word.is_sign(")")) {
            while name > 0 && index - name < 4_000 && !words[name].is_sign("(") {
                name -= 1;
            }
            name = name.saturating_sub(1);
        }
        let follows = name.checked_sub(1).and_then(|before| words.get(before));
        let is_cte =
            follows.is_some_and(|before| before.is_any_word(&["WITH", "RECURSIVE"]) || before.is_sign(","));
        if is_cte && let Some(name) = words.get(name).filter(|name| matches!(name.kind, Kind::Word | Kind::Quoted)) {
            names.push(unquoted(name));
        }
    }
    names
}

/// Tables touched, in order of appearance.
pub(super) fn tables(words: &[Lexeme<'_>], database: DatabaseKind) -> Vec<String> {
    let ctes: std::collections::HashSet<String> =
        cte_names(words).into_iter().map(str::to_ascii_lowercase).collect();
    let mut tables = Tables { words, database, ctes, found: Vec::new() };
    tables.walk();
    tables.found
}

struct Tables<'l, 'a> {
    words: &'l [Lexeme<'a>],
    database: DatabaseKind,
    ctes: std::collections::HashSet<String>,
    found: Vec<String>,
}

/// A parenthesis: whether a query stands in it, and whether its FROM list is being read.
#[derive(Clone, Copy)]
struct Level {
    is_query: bool,
    in_from: bool,
}

impl Tables<'_, '_> {
    fn walk(&mut self) {
        let mut levels = vec![Level { is_query: true, in_from: false }];
        let is_copy = self.words.first().is_some_and(|word| word.is_word("COPY"));
        let mut index = 0;
        while let Some(word) = self.words.get(index).copied() {
            let before = index.checked_sub(1).map(|before| self.words[before]);
            let level = levels.last().copied().unwrap_or(Level { is_query: true, in_from: false });
            let mut in_from = level.in_from;
            match word.text {
                "(" if word.kind == Kind::Punctuation => {
                    let next = self.words.get(index + 1);
                    let is_query = next.is_some_and(|next| {
                        next.is_sign("(") || next.is_any_word(MAIN) || next.is_word("WITH")
                    });
                    // `FROM (a JOIN b …)` is a list of tables in parentheses.
                    let is_list = in_from
                        && before.is_some_and(|before| before.is_any_word(&["FROM", "JOIN"]) || before.is_sign(",") || before.is_sign("("));
                    levels.push(Level { is_query: is_query || is_list, in_from: is_list && !is_query });
                    if is_list && !is_query {
                        index = self.table(index + 1, false);
                        continue;
                    }
                    index += 1;
                    continue;
                }
                ")" if word.kind == Kind::Punctuation => {
                    if levels.len() > 1 {
                        levels.pop();
                    }
                    index += 1;
                    continue;
                }
                "," if in_from => {
                    index = self.table(index + 1, false);
                    continue;
                }
                ";" => in_from = false,
                _ => {}
            }
            let mut next_index = index + 1;
            if word.kind == Kind::Word && level.is_query {
                let is_distinct = before.is_some_and(|before| before.is_word("DISTINCT"));
                if word.is_word("FROM") && !is_distinct && !(is_copy && index > 0) {
                    in_from = true;
                    next_index = self.table(index + 1, false);
                } else if word.is_word("JOIN") || word.is_word("STRAIGHT_JOIN") {
                    in_from = true;
                    next_index = self.table(index + 1, false);
                } else if word.is_word("USING") && !self.words.get(index + 1).is_some_and(|next| next.is_sign("(")) {
                    // `DELETE … USING t`, `MERGE … USING t`; `JOIN … USING (` is not.
                    next_index = self.table(index + 1, false);
                } else if word.is_word("INTO") {
                    next_index = self.table(index + 1, true);
                } else if word.is_word("UPDATE") {
                    let is_clause = before
                        .is_some_and(|before| before.is_any_word(&["FOR", "KEY", "DO", "ON", "THEN"]));
                    if !is_clause {
                        in_from = true;
                        next_index = self.table(index + 1, true);
                    }
                } else if word.is_any_word(&["TABLE", "TRUNCATE"]) || (is_copy && index == 0) {
                    next_index = self.table(index + 1, true);
                } else if word.is_any_word(&["INSERT", "REPLACE"]) && self.database == DatabaseKind::MySql {
                    let is_start = before.is_none_or(|before| before.is_sign(";") || before.is_word("EXPLAIN"));
                    if is_start && !self.words.get(index + 1).is_some_and(|next| next.is_sign("(")) {
                        next_index = self.table(index + 1, true);
                    }
                } else if word.is_any_word(&[
                    "WHERE", "SET", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "WINDOW",
                    "RETURNING", "UNION", "INTERSECT", "EXCEPT", "SELECT", "VALUES", "FOR", "FETCH", "WHEN",
                ]) {
                    in_from = false;
                }
            }
            if let Some(level) = levels.last_mut() {
                level.in_from = in_from;
            }
            index = next_index;
        }
    }

    /// Reads the name of a table at `index`, if there is one; returns where to go on.
    fn table(&mut self, mut index: usize, may_open: bool) -> usize {
        const NOISE: &[&str] = &[
            "ONLY", "LATERAL", "IGNORE", "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "OR", "TABLE", "IF",
            "NOT", "EXISTS", "INTO", "ROLLBACK", "ABORT", "FAIL", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED",
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
        let is_file = self.words.get(index).is_some_and(|word| word.is_any_word(&["OUTFILE", "DUMPFILE", "STDIN", "STDOUT"]));
        if name.is_empty() || is_call || is_file {
            return start.max(index);
        }
        let is_cte = parts == 1 && self.ctes.contains(&name.to_ascii_lowercase());
        if !is_cte && !self.found.contains(&name) {
            self.found.push(name);
        }
        end
    }
}

/// For each placeholder by position whether it is flagged.
pub(super) fn placeholders(words: &[Lexeme<'_>], flags: &[bool]) -> Vec<bool> {
    /// No driver binds more.
    const MOST: usize = 1 << 17;
    let mut sensitive: Vec<bool> = Vec::new();
    let mut named: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    let mut last = 0;
    for (word, flag) in words.iter().zip(flags) {
        if word.kind != Kind::Placeholder {
            continue;
        }
        let name = word.text.get(1..).unwrap_or_default();
        let position = if name.is_empty() {
            last + 1
        } else if let Ok(number) = name.parse::<usize>() {
            number
        } else {
            *named.entry(word.text).or_insert(last + 1)
        };
        if position == 0 || position > MOST {
            continue;
        }
        last = last.max(position);
        if sensitive.len() < position {
            sensitive.resize(position, false);
        }
        sensitive[position - 1] |= *flag;
    }
    sensitive
}
