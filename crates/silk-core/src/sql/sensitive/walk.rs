//! Words: where segments begin and end.

use super::{
    Walk,
    group::{GroupKind, Role},
};
use crate::sql::{
    lexer::{Kind, Lexeme},
    quoted::{literal_content, unquoted},
    structure::is_values,
};

const COLUMNS: &[&str] = &[
    "column1", "column2", "column3", "column4", "column5", "column6", "column7", "column8",
];

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
    "USING",
    "STRAIGHT_JOIN",
    "REPLACE",
    "MERGE",
    "WHEN",
    // Of the bodies of routines.
    "RAISE",
    "THEN",
    "BEGIN",
    "PERFORM",
];

impl<'a> Walk<'_, 'a> {
    pub(super) fn word(&mut self, index: usize, lexeme: &Lexeme<'a>) {
        let kind = self.group().kind;
        let is_call = self.at(index + 1).is_some_and(|next| next.is_sign("("));
        let is_member = self.before(index).is_some_and(|before| before.is_sign("."));
        if kind == GroupKind::Query && self.procedure(index, lexeme) {
            return;
        }
        if self.is_between_pair(index, lexeme) {
            return self.next_of_pair();
        }
        // No word of the language that matters here is longer.
        if is_member || !(lexeme.is_reserved || lexeme.text.len() <= 13) {
            self.name(index, lexeme);
        } else if lexeme.is_word("CASE") {
            self.open(GroupKind::Case);
        } else if lexeme.is_word("END") && kind == GroupKind::Case {
            self.close(index);
        } else if lexeme.is_word("IS")
            && self
                .lexemes
                .first()
                .is_some_and(|first| first.is_word("COMMENT"))
        {
            // What is said of a column is none of its values.
            self.cut(false);
        } else if lexeme.is_word("BETWEEN") {
            self.has_between = true;
        } else if lexeme.is_word("AND") && std::mem::take(&mut self.has_between) {
            // BETWEEN's own.
        } else if lexeme.is_any_word(&["AND", "OR", "XOR"]) {
            if kind == GroupKind::Plain {
                self.group().leaks = false;
            }
            self.cut(false);
        } else if kind == GroupKind::Case && lexeme.is_any_word(&["WHEN", "THEN", "ELSE"]) {
            self.branch(lexeme);
        } else if is_values(self.lexemes, index) && kind == GroupKind::Query {
            self.end_item(index);
            let group = self.group();
            let is_sensitive = group.columns.is_none() && group.into_secrets;
            group.in_values = true;
            group.awaits_source = false;
            group.position = None;
            group.role = Role::Other;
            self.cut(is_sensitive);
        } else if kind == GroupKind::Query && lexeme.is_word("FROM") {
            if !self
                .before(index)
                .is_some_and(|before| before.is_word("DISTINCT"))
            {
                self.end_item(index);
                self.stop_leaking();
                let group = self.group();
                group.position = None;
                group.role = Role::Other;
                group.in_from = true;
                group.has_from = true;
                self.cut(false);
            }
        } else if self.announces_secret(index, lexeme) {
            self.mark();
        } else if kind == GroupKind::Query
            && lexeme.is_any_word(CLAUSES)
            && !(is_call && lexeme.is_any_word(&["INSERT", "REPLACE"]))
        {
            self.clause(index, lexeme);
        } else if lexeme.is_any_word(CLAUSES) && lexeme.is_reserved && !is_call {
            self.cut(false);
        } else if kind == GroupKind::Query && lexeme.is_word("AS") && self.group().in_values {
            // `VALUES (?, ?) AS new(n, p)`
            let output = self.group().output;
            self.alias(index, output);
        } else if lexeme.is_word("KEY") && self.is_column(index) {
            // No reserved word in PostgreSQL and SQLite.
            self.named(index, lexeme);
        } else {
            self.name(index, lexeme);
        }
    }

    /// A branch of a CASE.
    fn branch(&mut self, lexeme: &Lexeme<'_>) {
        let has_key = std::mem::take(&mut self.group().has_key);
        let is_when = lexeme.is_word("WHEN");
        // `CASE token WHEN 'x'`: what stands before the first WHEN is what all are compared with.
        let segment = self.group().segment;
        let is_sensitive = self.segments[segment].is_sensitive;
        let is_of_secret = *self.group().is_of_secret.get_or_insert(is_sensitive);
        self.cut(has_key && lexeme.is_word("THEN") || is_of_secret && is_when);
    }

    /// Whether the word stands between a name and its value: `JSON_OBJECT('token' VALUE $1)`.
    fn is_between_pair(&mut self, index: usize, lexeme: &Lexeme<'_>) -> bool {
        lexeme.is_word("VALUE")
            && self.group().arguments.is_pairs()
            && self.before(index).is_some_and(|before| {
                matches!(before.kind, Kind::Text | Kind::Placeholder | Kind::Word)
            })
    }

    /// `IDENTIFIED BY 'x'` and `PRAGMA key = 'x'` name nothing sensitive, but tell.
    fn announces_secret(&self, index: usize, lexeme: &Lexeme<'_>) -> bool {
        let is_pragma = || {
            self.before(index)
                .is_some_and(|before| before.is_word("PRAGMA"))
        };
        let is_of_pair = self
            .groups
            .last()
            .is_some_and(|group| group.arguments.is_pairs());
        // `ATTACH DATABASE 'x' AS x KEY 'secret'`
        let is_before_text = || {
            !is_of_pair
                && self
                    .at(index + 1)
                    .is_some_and(|next| matches!(next.kind, Kind::Text | Kind::Placeholder))
        };
        lexeme.is_word("IDENTIFIED")
            // `ALTER USER x IDENTIFIED BY 'new' REPLACE 'old'`
            || (lexeme.is_word("REPLACE") && is_before_text())
            || (lexeme.is_any_word(&["KEY", "REKEY", "HEXKEY", "HEXREKEY", "TEXTKEY"])
                && (is_pragma() || is_before_text()))
    }

    /// Whether a word that may be one of the language stands as a column does: compared, assigned,
    /// or in a list of them.
    fn is_column(&self, index: usize) -> bool {
        let is_followed = self.at(index + 1).is_some_and(|next| {
            ["=", "<>", "!=", ",", ")"]
                .iter()
                .any(|sign| next.is_sign(sign))
                || next.is_any_word(&["IN", "LIKE", "IS"])
        });
        let is_of_language = self.before(index).is_some_and(|before| {
            before.is_any_word(&[
                "PRIMARY",
                "FOREIGN",
                "UNIQUE",
                "DUPLICATE",
                "NO",
                "FOR",
                "ON",
            ])
        });
        is_followed && !is_of_language
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

    fn clause(&mut self, index: usize, lexeme: &Lexeme<'_>) {
        self.end_item(index);
        let is_select = lexeme.is_any_word(&["SELECT", "RETURNING"]);
        if !lexeme.is_word("SELECT") {
            self.stop_leaking();
        }
        let next_word = |words: &[&str]| {
            self.at(index + 1)
                .is_some_and(|next| next.is_any_word(words))
        };
        let is_upsert = lexeme.is_word("ON") && next_word(&["CONFLICT", "DUPLICATE"]);
        // `USING (a, b)` names columns.
        let is_using_list = lexeme.is_word("USING")
            && self.at(index + 1).is_some_and(|next| next.is_sign("("))
            && !self.at(index + 2).is_some_and(|next| {
                next.is_any_word(&["SELECT", "VALUES", "WITH", "TABLE"]) || next.is_sign("(")
            });
        if is_upsert {
            self.name_inserted();
        }
        let group = self.group();
        if lexeme.is_any_word(&["INSERT", "REPLACE", "MERGE"]) {
            group.columns = None;
            group.into_secrets = false;
            group.is_source = false;
        }
        group.is_source |= std::mem::take(&mut group.awaits_source);
        let is_source = group.is_source;
        group.awaits_source = lexeme.is_any_word(&["INSERT", "REPLACE"]);
        group.in_values = false;
        // `EXECUTE 'ALTER ROLE x PASSWORD ' || $1 USING 'x'`
        let tells_secrets = std::mem::take(&mut group.tells_secrets) && lexeme.is_word("USING");
        group.tells_secrets = tells_secrets;
        group.in_from = lexeme.is_any_word(&["JOIN", "STRAIGHT_JOIN", "UPDATE", "MERGE"])
            || (lexeme.is_word("USING") && !is_using_list);
        group.has_from = group.in_from || (group.has_from && lexeme.is_any_word(&["ON", "USING"]));
        group.role = if lexeme.is_word("SET") || (lexeme.is_word("UPDATE") && !group.in_from) {
            Role::Set
        } else if lexeme.is_any_word(&["WHERE", "HAVING"]) || (lexeme.is_word("ON") && !is_upsert) {
            Role::Where
        } else if lexeme.is_word("SELECT") && is_source {
            Role::Element
        } else {
            Role::Other
        };
        // `ON DUPLICATE KEY UPDATE a = 1` assigns.
        if lexeme.is_word("UPDATE")
            && self
                .before(index)
                .is_some_and(|before| before.is_any_word(&["KEY"]))
        {
            let group = self.group();
            group.in_from = false;
            group.role = Role::Set;
        }
        if is_select {
            self.begin_items(index + 1);
        } else {
            self.group().position = None;
            self.cut(tells_secrets);
        }
    }

    /// The columns that an INSERT names are names of what goes into them from now on.
    fn name_inserted(&mut self) {
        let group = self.group();
        let names: Vec<&'a str> = group
            .columns
            .iter()
            .flatten()
            .map(|(name, _)| *name)
            .collect();
        if let Some(output) = group.output {
            self.flow.bind(output, None, &names);
        }
    }

    /// Begins the list of a SELECT.
    fn begin_items(&mut self, index: usize) {
        self.group().position = Some(0);
        self.item(index);
    }

    /// Begins the next element of a list or a row.
    pub(super) fn item(&mut self, index: usize) {
        let (position, output, kind, role) = {
            let group = self.group();
            (
                group.position.unwrap_or(0),
                group.output,
                group.kind,
                group.role,
            )
        };
        let is_inserted = role == Role::Element;
        let column = if is_inserted {
            self.query()
                .columns
                .as_ref()
                .and_then(|columns| columns.get(position))
                .copied()
        } else {
            None
        };
        let has_columns = self.query().columns.is_some();
        let is_inserted_row = has_columns;
        let into_secrets = is_inserted && !has_columns && self.query().into_secrets;
        self.cut(column.is_some_and(|(_, is_sensitive)| is_sensitive) || into_secrets);
        let segment = self.group().segment;
        self.segments[segment].column = column.map(|(name, _)| name);
        if kind == GroupKind::Query && self.group().leaks {
            self.segments[segment].leaks_to = self.group().around;
        }
        self.group().item_start = index;
        if let Some(output) = output {
            self.flow.add(output, position, segment);
            // What PostgreSQL and SQLite call the columns of VALUES.
            if kind == GroupKind::Row
                && !is_inserted_row
                && let Some(name) = COLUMNS.get(position)
            {
                self.flow.name(output, position, name);
            }
        }
    }

    /// Ends an item of a SELECT before `index`: what it is called.
    pub(super) fn end_item(&mut self, index: usize) {
        let (kind, position, start, output) = {
            let group = self.group();
            (group.kind, group.position, group.item_start, group.output)
        };
        let (GroupKind::Query, Some(position), Some(output)) = (kind, position, output) else {
            return;
        };
        let Some(last) = index.checked_sub(1).filter(|last| *last >= start) else {
            return;
        };
        let lexeme = self.lexemes[last];
        let before = self.before(last);
        if lexeme.is_sign("*") {
            let is_all = last == start || before.is_some_and(|before| before.is_sign("."));
            if is_all {
                self.flow.outputs[output].star.get_or_insert(position);
                // What is inserted so is known by position only.
                self.name_inserted();
            }
            return;
        }
        let is_aliased = before.is_some_and(|before| before.is_word("AS"));
        let name = match lexeme.kind {
            Kind::Quoted => Some(unquoted(&lexeme)),
            Kind::Word if is_aliased || !lexeme.is_reserved => Some(lexeme.text),
            Kind::Text if is_aliased => Some(literal_content(lexeme.text)),
            _ => None,
        };
        // The columns of the statement itself are read by nobody, unless they are renamed.
        let is_read = self.groups.len() > 1 || is_aliased;
        if let Some(name) = name.filter(|_| is_read) {
            self.flow.name(output, position, name);
        }
    }
}
