//! Which literals and placeholders meet a column of a sensitive name.
//!
//! The text is cut into segments: what stands between clause words, AND, OR and the commas of
//! lists. A segment that names a sensitive column is sensitive with all that is nested in it
//! (`password = crypt('x', gen_salt('bf'))`); one within a call or a row makes the segment around
//! it sensitive too (`crypt('x', password) = …`). Values that are inserted are matched with their
//! columns by position. Where this errs, it errs towards taking out too much.

mod accounts;
mod group;

use self::{
    accounts::is_of_accounts,
    group::{Group, GroupKind, Segment},
};
use super::{
    lexer::{Kind, Lexeme},
    quoted::{is_path_operator, literal_content, unquoted},
};
use crate::Redactor;

/// Groups nested deeper than this are not told apart.
const MAX_DEPTH: usize = 200;

/// Which of the significant lexemes are values of sensitive columns.
pub(super) fn sensitive(lexemes: &[Lexeme<'_>], redactor: &Redactor) -> Vec<bool> {
    let mut walk = Walk {
        lexemes,
        redactor,
        segments: vec![Segment::default()],
        groups: vec![Group::new(GroupKind::Query, None, 0)],
        of: Vec::with_capacity(lexemes.len()),
        columns: None,
        into_secrets: false,
        has_between: false,
    };
    for index in 0..lexemes.len() {
        walk.step(index);
    }
    walk.finish()
}

struct Walk<'l, 'a> {
    lexemes: &'l [Lexeme<'a>],
    redactor: &'l Redactor,
    segments: Vec<Segment>,
    groups: Vec<Group>,
    of: Vec<usize>,
    /// Of the columns that an INSERT names, whether they are sensitive.
    columns: Option<Vec<bool>>,
    /// Whether an INSERT names no columns, but a table that says what goes into it.
    into_secrets: bool,
    has_between: bool,
}

/// Words that start a new segment in a query.
const CLAUSES: &[&str] = &[
    "SELECT",
    "WHERE",
    "ON",
    "HAVING",
    "GROUP",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "SET",
    "RETURNING",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "JOIN",
    "INSERT",
    "DELETE",
    "UPDATE",
    "WINDOW",
    "FETCH",
    "QUALIFY",
];

impl<'a> Walk<'_, 'a> {
    fn at(&self, index: usize) -> Option<&Lexeme<'a>> {
        self.lexemes.get(index)
    }

    fn before(&self, index: usize) -> Option<&Lexeme<'a>> {
        index
            .checked_sub(1)
            .and_then(|index| self.lexemes.get(index))
    }

    fn group(&mut self) -> &mut Group {
        // The group of the statement is never closed.
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    fn step(&mut self, index: usize) {
        let lexeme = self.lexemes[index];
        match lexeme.kind {
            Kind::Word => self.word(index, &lexeme),
            Kind::Quoted => self.name(index, &lexeme),
            Kind::Text => self.text(index, &lexeme),
            Kind::Punctuation => self.sign(index, &lexeme),
            _ => {}
        }
        let segment = self.group().segment;
        self.of.push(segment);
    }

    /// Starts a segment in the present group.
    fn cut(&mut self, is_sensitive: bool) {
        let parent = self.group().around;
        self.segments.push(Segment {
            parent,
            is_sensitive,
        });
        let segment = self.segments.len() - 1;
        self.group().segment = segment;
        self.has_between = false;
    }

    fn mark(&mut self) {
        let segment = self.group().segment;
        self.segments[segment].is_sensitive = true;
        self.group().has_name = true;
    }

    fn column(&self, position: usize) -> bool {
        self.columns
            .as_ref()
            .and_then(|columns| columns.get(position))
            .copied()
            .unwrap_or(false)
    }

    fn word(&mut self, index: usize, lexeme: &Lexeme<'_>) {
        let kind = self.group().kind;
        let is_call = self.at(index + 1).is_some_and(|next| next.is_sign("("));
        let upper = lexeme.is_reserved || lexeme.text.len() <= 10;
        if upper && lexeme.is_word("CASE") {
            self.open(GroupKind::Case);
        } else if upper && lexeme.is_word("END") && kind == GroupKind::Case {
            self.close();
        } else if upper && lexeme.is_word("BETWEEN") {
            self.has_between = true;
        } else if upper && lexeme.is_word("AND") && std::mem::take(&mut self.has_between) {
            // BETWEEN's own.
        } else if upper && lexeme.is_any_word(&["AND", "OR", "XOR"]) {
            if kind == GroupKind::Plain {
                self.group().leaks = false;
            }
            self.cut(false);
        } else if kind == GroupKind::Case && lexeme.is_any_word(&["WHEN", "THEN", "ELSE"]) {
            self.cut(false);
        } else if upper && lexeme.is_word("VALUES") {
            let is_sensitive = self.columns.is_none() && self.into_secrets;
            self.cut(is_sensitive);
            let group = self.group();
            group.in_values = true;
            group.position = None;
        } else if kind == GroupKind::Query && lexeme.is_word("FROM") {
            if !self
                .before(index)
                .is_some_and(|before| before.is_word("DISTINCT"))
            {
                self.stop_leaking();
                self.cut(false);
                self.group().position = None;
            }
        } else if upper && lexeme.is_any_word(CLAUSES) && !(is_call && lexeme.is_word("INSERT")) {
            self.clause(lexeme);
        } else if upper && self.announces_secret(index, lexeme) {
            self.mark();
        } else {
            self.name(index, lexeme);
        }
    }

    /// `IDENTIFIED BY 'x'` and `PRAGMA key = 'x'` name nothing sensitive, but tell.
    fn announces_secret(&self, index: usize, lexeme: &Lexeme<'_>) -> bool {
        let is_pragma = || {
            self.before(index)
                .is_some_and(|before| before.is_word("PRAGMA"))
        };
        // `ATTACH DATABASE 'x' AS x KEY 'secret'`
        let is_before_text = || {
            self.at(index + 1)
                .is_some_and(|next| next.kind == Kind::Text)
        };
        lexeme.is_word("IDENTIFIED")
            || (lexeme.is_any_word(&["KEY", "REKEY"]) && (is_pragma() || is_before_text()))
    }

    /// From here on the names of the present group do not concern the segment around it; those
    /// of a subquery's list did (`(SELECT password FROM …) = 'x'`).
    fn stop_leaking(&mut self) {
        let group = self.group();
        let leaks = std::mem::take(&mut group.leaks) && group.has_name;
        let around = group
            .around
            .filter(|_| leaks && group.kind == GroupKind::Query);
        if let Some(around) = around {
            self.segments[around].is_sensitive = true;
        }
    }

    fn clause(&mut self, lexeme: &Lexeme<'_>) {
        if !lexeme.is_word("SELECT") {
            self.stop_leaking();
        }
        if lexeme.is_word("INSERT") {
            self.columns = None;
            self.into_secrets = false;
        }
        let is_select = lexeme.is_word("SELECT");
        let position = (is_select && self.columns.is_some()).then_some(0);
        let is_sensitive = position.is_some_and(|position| self.column(position));
        self.cut(is_sensitive);
        let group = self.group();
        group.in_values = false;
        group.position = position;
    }

    fn name(&mut self, index: usize, lexeme: &Lexeme<'_>) {
        let is_qualifier = self.at(index + 1).is_some_and(|next| next.is_sign("."));
        if is_qualifier || lexeme.is_reserved {
            return;
        }
        if self.is_table(index) {
            let is_target = self
                .before(index)
                .is_some_and(|before| before.is_word("INTO"));
            let name = unquoted(lexeme);
            self.into_secrets |=
                is_target && (self.redactor.is_sensitive(name) || is_of_accounts(name));
            return;
        }
        let name = unquoted(lexeme);
        let is_sensitive = self.redactor.is_sensitive(name);
        if self.group().kind == GroupKind::Columns {
            if let Some(columns) = &mut self.columns {
                columns.push(is_sensitive);
            }
            return;
        }
        if is_sensitive {
            self.mark();
        }
    }

    /// Whether the name at `index` is that of a table or CTE, which says nothing of values.
    fn is_table(&self, index: usize) -> bool {
        let Some(before) = self.before(index) else {
            return false;
        };
        let is_call = self.at(index + 1).is_some_and(|next| next.is_sign("("));
        if is_call && before.is_any_word(&["FROM", "JOIN", "LATERAL"]) {
            return false;
        }
        if before.is_word("FROM") {
            let is_distinct = index
                .checked_sub(1)
                .and_then(|from| self.before(from))
                .is_some_and(|word| word.is_word("DISTINCT"));
            return !is_distinct
                && self
                    .groups
                    .last()
                    .is_some_and(|group| group.kind == GroupKind::Query);
        }
        if before.is_word("UPDATE") {
            // `ON DUPLICATE KEY UPDATE` is followed by a column.
            let first = index.checked_sub(1).and_then(|update| self.before(update));
            return !first.is_some_and(|word| word.is_word("KEY"));
        }
        before.is_any_word(&["JOIN", "INTO", "TABLE", "WITH", "RECURSIVE"])
            && !(before.is_word("WITH")
                && self
                    .at(index + 1)
                    .is_none_or(|next| !next.is_any_word(&["AS"]) && !next.is_sign("(")))
    }

    /// A literal can be a name too: `data->>'password'`, `jsonb_set(data, '{password}', …)`.
    fn text(&mut self, index: usize, lexeme: &Lexeme<'_>) {
        if lexeme.text.len() > 80 {
            return;
        }
        if self.group().kind == GroupKind::Columns {
            // MySQL reads `"name"` as a text, unless it was told otherwise.
            let is_sensitive = self.redactor.is_sensitive(literal_content(lexeme.text));
            if let Some(columns) = &mut self.columns {
                columns.push(is_sensitive);
            }
            return;
        }
        if self.is_path(index) && self.redactor.is_sensitive(literal_content(lexeme.text)) {
            self.mark();
        }
    }

    fn is_path(&self, index: usize) -> bool {
        let Some(before) = self.before(index) else {
            return false;
        };
        let is_call = self.groups.last().is_some_and(|group| group.is_call);
        // `data['password']`, but not `ARRAY['password', …]`
        let is_subscript = before.is_sign("[")
            && index
                .checked_sub(1)
                .and_then(|bracket| self.before(bracket))
                .is_some_and(|of| of.is_name() || of.is_sign("]") || of.is_sign(")"));
        is_path_operator(before)
            || is_subscript
            || (is_call && (before.is_sign("(") || before.is_sign(",")))
    }

    fn sign(&mut self, index: usize, lexeme: &Lexeme<'_>) {
        match lexeme.text {
            "(" | "[" => self.parenthesis(index, lexeme),
            ")" | "]" => {
                while self.group().kind == GroupKind::Case {
                    self.close();
                }
                self.close();
            }
            "," => {
                let (kind, position) = {
                    let group = self.group();
                    (group.kind, group.position)
                };
                if matches!(kind, GroupKind::Query | GroupKind::Row) {
                    let position = position.map(|position| position + 1);
                    let is_sensitive = position.is_some_and(|position| self.column(position));
                    self.cut(is_sensitive);
                    self.group().position = position;
                }
            }
            ";" if self.groups.len() == 1 => {
                self.columns = None;
                self.cut(false);
                let group = self.group();
                group.in_values = false;
                group.position = None;
            }
            _ => {}
        }
    }

    fn parenthesis(&mut self, index: usize, lexeme: &Lexeme<'_>) {
        let next = self.at(index + 1).copied();
        let before = self.before(index).copied();
        let is_query = next.is_some_and(|next| {
            next.is_any_word(&[
                "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE",
            ])
        });
        let is_columns = lexeme.text == "(" && !is_query && self.is_column_list(index);
        let in_row = {
            let group = self.group();
            group.in_values && matches!(group.kind, GroupKind::Query | GroupKind::Plain)
        };
        let is_unnest = before.is_some_and(|before| before.is_word("UNNEST"));
        if is_query {
            self.open(GroupKind::Query);
            // A table in all but name leaks nothing.
            self.group().leaks = !before.is_none_or(|before| {
                before.is_name()
                    || before.is_any_word(&[
                        "AS",
                        "MATERIALIZED",
                        "FROM",
                        "JOIN",
                        "LATERAL",
                        "EXISTS",
                        "UNION",
                        "ALL",
                    ])
            });
            return;
        }
        if is_columns {
            self.columns = Some(Vec::new());
            self.open(GroupKind::Columns);
            return;
        }
        if self.columns.is_some() && (in_row || is_unnest) && lexeme.text == "(" {
            self.open(GroupKind::Row);
            let is_sensitive = self.column(0);
            self.cut(is_sensitive);
            let group = self.group();
            group.position = Some(0);
            group.leaks = false;
            return;
        }
        self.open(GroupKind::Plain);
        self.group().is_call = before.is_some_and(|before| before.is_name());
    }

    /// Whether the parenthesis opens the columns of `INSERT INTO a.b (`.
    fn is_column_list(&self, index: usize) -> bool {
        let mut position = index;
        while let Some(before) = self.before(position) {
            if before.is_any_word(&["INTO", "INSERT", "REPLACE"]) {
                return position < index || before.is_word("INSERT");
            }
            let is_part =
                before.is_name() || before.is_sign(".") || before.is_any_word(&["IGNORE", "AS"]);
            // `INSERT INTO a.b.c AS d (` is the longest there is.
            if !is_part || index - position > 8 {
                return false;
            }
            position -= 1;
        }
        false
    }

    fn open(&mut self, kind: GroupKind) {
        let around = self.group().segment;
        if self.groups.len() >= MAX_DEPTH {
            // Too deep to tell apart: the group shares the segment around it.
            self.groups
                .push(Group::new(GroupKind::Plain, Some(around), around));
            return;
        }
        self.segments.push(Segment {
            parent: Some(around),
            is_sensitive: false,
        });
        let segment = self.segments.len() - 1;
        let mut group = Group::new(kind, Some(around), segment);
        group.leaks = matches!(kind, GroupKind::Plain | GroupKind::Query);
        self.groups.push(group);
    }

    fn close(&mut self) {
        if self.groups.len() == 1 {
            return;
        }
        if let Some(group) = self.groups.pop()
            && group.leaks
            && group.has_name
        {
            self.mark();
        }
    }

    fn finish(mut self) -> Vec<bool> {
        while self.groups.len() > 1 {
            self.close();
        }
        // Parents come before their children.
        for index in 0..self.segments.len() {
            if let Some(parent) = self.segments[index].parent
                && self.segments[parent].is_sensitive
            {
                self.segments[index].is_sensitive = true;
            }
        }
        self.lexemes
            .iter()
            .enumerate()
            .map(|(index, lexeme)| {
                let is_value = matches!(
                    lexeme.kind,
                    Kind::Text | Kind::Number | Kind::Placeholder | Kind::Quoted
                );
                // `:password` says by itself what is bound to it.
                let is_named = lexeme.kind == Kind::Placeholder
                    && lexeme.text.len() > 1
                    && self.redactor.is_sensitive(&lexeme.text[1..]);
                is_value && (is_named || self.segments[self.of[index]].is_sensitive)
            })
            .collect()
    }
}
