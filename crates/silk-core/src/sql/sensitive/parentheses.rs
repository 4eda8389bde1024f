//! Parentheses: rows, lists, calls and subqueries.

use super::{
    MAX_DEPTH, Walk,
    flow::Source,
    group::{Group, GroupKind, Role, Segment},
    secret_words::{Arguments, gives_values, is_sized_type, only_counts, takes_secrets},
};
use crate::sql::{lexer::Lexeme, quoted::unquoted};

impl<'a> Walk<'_, 'a> {
    pub(super) fn sign(&mut self, index: usize, lexeme: &Lexeme<'a>) {
        match lexeme.text {
            "(" | "[" => self.parenthesis(index, lexeme),
            ")" | "]" => {
                while self.group().kind == GroupKind::Case {
                    self.close(index);
                }
                self.close(index);
            }
            "," => self.comma(index),
            // `JSON_OBJECT('token': $1)`
            ":" if self.group().arguments.is_pairs() => self.next_of_pair(),
            ";" if self.groups.len() == 1 => {
                self.end_item(index);
                let scope = self.scope(false);
                let output = self.flow.open();
                let group = self.group();
                *group = Group::new(GroupKind::Query, None, group.segment);
                group.scope = scope;
                group.output = Some(output);
                self.cut(false);
            }
            _ => {}
        }
    }

    fn comma(&mut self, index: usize) {
        if self.group().is_definition {
            return self.cut(false);
        }
        if self.group().arguments.is_pairs() {
            return self.next_of_pair();
        }
        if self.next_argument(index + 1) {
            return;
        }
        let (kind, position, in_values, has_from, tells_secrets) = {
            let group = self.group();
            (
                group.kind,
                group.position,
                group.in_values,
                group.has_from,
                group.tells_secrets,
            )
        };
        match (kind, position) {
            (GroupKind::Query | GroupKind::Row, Some(position)) => {
                self.end_item(index);
                self.group().position = Some(position + 1);
                self.item(index + 1);
            }
            (GroupKind::Query, None) => {
                // Between rows nothing changes.
                if in_values {
                    return;
                }
                if has_from {
                    let group = self.group();
                    group.in_from = true;
                    group.role = Role::Other;
                }
                self.cut(tells_secrets);
            }
            _ => {}
        }
    }

    /// Goes on to the next argument of a call whose arguments are names and values in turn.
    pub(super) fn next_of_pair(&mut self) {
        let group = self.group();
        group.position = group.position.map(|position| position + 1);
        let is_named = std::mem::take(&mut group.is_named);
        let base = group.base;
        self.cut(is_named);
        // Who the values of a call belong to stays.
        self.group().base = base;
    }

    fn parenthesis(&mut self, index: usize, lexeme: &Lexeme<'a>) {
        let next = self.at(index + 1).copied();
        let before = self.before(index).copied();
        let is_round = lexeme.text == "(";
        let is_query = next.is_some_and(|next| {
            next.is_any_word(&[
                "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE",
            ])
        });
        if is_round && !is_query && self.is_column_list(index) {
            self.group().columns = Some(Vec::new());
            self.open(GroupKind::Columns);
            return;
        }
        if is_round && let Some((close, names)) = self.cte_columns(index) {
            self.skip_to = close + 1;
            self.list = Some((close, names));
            return;
        }
        if is_query {
            self.subquery(index, before);
            return;
        }
        let in_row = {
            let group = self.group();
            group.in_values && group.kind == GroupKind::Query
        };
        if is_round && in_row {
            let output = self.group().output;
            let scope = self.scope(true);
            self.open(GroupKind::Row);
            let group = self.group();
            group.output = output;
            group.scope = scope;
            group.role = Role::Element;
            group.position = Some(0);
            group.leaks = false;
            self.item(index + 1);
            return;
        }
        if is_round && self.row(index) {
            return;
        }
        let (in_from, role, kind) = {
            let group = self.group();
            (group.in_from, group.role, group.kind)
        };
        let is_call = before.is_some_and(|before| before.is_name());
        if is_round && is_call && in_from && kind == GroupKind::Query {
            self.function_in_from(index, before);
            return;
        }
        let is_definition = is_round && self.is_definition(index);
        if !is_round && self.array_of_pairs(index) {
            return;
        }
        let array = if is_round { None } else { self.array(index) };
        self.open(GroupKind::Plain);
        let group = self.group();
        group.is_definition = is_definition;
        group.array = array;
        group.leaks &= !is_definition;
        group.in_from = in_from && role == Role::Other && !is_call;
        group.is_call = is_call;
        if is_round && before.is_some_and(|before| is_sized_type(before.text)) {
            // How long it is, of whatever it is.
            group.leaks = false;
            let segment = group.segment;
            self.segments[segment].parent = None;
        } else if let Some(function) = before.filter(|_| is_call) {
            self.call(unquoted(&function));
        }
    }

    fn call(&mut self, function: &str) {
        if takes_secrets(function) {
            self.mark();
        } else if only_counts(function) {
            self.group().leaks = false;
        }
        let arguments = Arguments::of(function);
        let group = self.group();
        group.arguments = arguments;
        group.leaks &= !arguments.is_pairs();
        group.position = arguments.is_pairs().then_some(0);
    }

    /// A function that is read from: what it is given comes out of it, of UNNEST one by one.
    fn function_in_from(&mut self, index: usize, before: Option<Lexeme<'a>>) {
        let output = self.flow.open();
        if let Some(of) = self.group().output {
            self.flow.outputs[of].sources.push(Source::Output(output));
        }
        let is_unnest = before.is_some_and(|before| before.is_word("UNNEST"));
        if is_unnest {
            self.open(GroupKind::Row);
            let group = self.group();
            group.output = Some(output);
            group.position = Some(0);
            group.leaks = false;
            self.item(index + 1);
            return;
        }
        self.open(GroupKind::Plain);
        let segment = self.group().segment;
        self.group().output = Some(output);
        self.group().is_call = true;
        self.flow.add(output, 0, segment);
        if let Some(function) = before {
            if gives_values(unquoted(&function)) {
                self.flow.name(output, 0, "value");
            }
            self.call(unquoted(&function));
        }
    }

    fn subquery(&mut self, index: usize, before: Option<Lexeme<'a>>) {
        let (around_output, in_from, awaits_source, columns, into_secrets) = {
            let group = self.group();
            let awaits = group.awaits_source;
            (
                group.output,
                group.in_from,
                awaits,
                group.columns.clone().filter(|_| awaits),
                group.into_secrets && awaits,
            )
        };
        let is_body = before.is_some_and(|before| before.is_any_word(&["AS", "MATERIALIZED"]));
        let row = self.rows.at(index);
        let output = if let Some((output, _)) = row {
            Some(output)
        } else if awaits_source && !is_body {
            around_output
        } else {
            Some(self.flow.open())
        };
        let cte = is_body.then(|| self.cte(index)).flatten();
        let scope = self.scope(false);
        self.open(GroupKind::Query);
        let group = self.group();
        // A table in all but name leaks nothing.
        group.leaks = !before.is_none_or(|before| {
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
                    "USING",
                ])
        }) && !in_from
            && row.is_none();
        group.scope = scope;
        group.output = output;
        group.columns = columns;
        group.into_secrets = into_secrets;
        group.awaits_source = awaits_source && !is_body;
        if let (Some((name, columns)), Some(output)) = (cte, output) {
            self.flow.bind(output, Some(name), &columns);
        } else if in_from
            && row.is_none()
            && let (Some(of), Some(output)) = (around_output, output)
        {
            self.flow.outputs[of].sources.push(Source::Output(output));
        }
    }

    pub(super) fn open(&mut self, kind: GroupKind) {
        let (around, base, scope, role) = {
            let group = self.group();
            (group.segment, group.base, group.scope, group.role)
        };
        if self.groups.len() >= MAX_DEPTH {
            // Too deep to tell apart: the group shares the segment around it.
            let mut group = Group::new(GroupKind::Plain, Some(around), around);
            (group.base, group.scope, group.role) = (base, scope, role);
            self.groups.push(group);
            return;
        }
        self.segments.push(Segment {
            parent: Some(around),
            is_sensitive: false,
            leaks_to: None,
            scope,
            role: Role::Other,
            column: None,
            key: None,
        });
        let segment = self.segments.len() - 1;
        let mut group = Group::new(kind, Some(around), segment);
        group.leaks = matches!(kind, GroupKind::Plain | GroupKind::Query);
        if kind != GroupKind::Query {
            group.scope = scope;
        }
        // The branches of a CASE are kept apart.
        if matches!(kind, GroupKind::Plain | GroupKind::Row) {
            group.role = role;
        }
        if kind == GroupKind::Plain {
            group.base = base;
        }
        self.groups.push(group);
    }

    pub(super) fn close(&mut self, index: usize) {
        if self.groups.len() == 1 {
            return;
        }
        self.end_item(index);
        let Some(group) = self.groups.pop() else {
            return;
        };
        if group.leaks && group.kind == GroupKind::Plain {
            self.segments[group.segment].leaks_to = group.around;
        }
        if group.leaks && group.has_name {
            self.mark();
        }
        let in_from = self.group().in_from;
        if in_from && group.output.is_some() && index < self.lexemes.len() {
            self.alias(index, group.output);
        }
    }
}
