//! Names, and texts that are names.

use super::{
    Walk,
    accounts::{holds_secrets, is_of_accounts},
    flow::Source,
    group::{Array, GroupKind, Role, Strength},
    secret_words::{Arguments, announces},
    settings::names_secret,
};
use crate::sql::{
    lexer::{Kind, Lexeme},
    quoted::{is_path_operator, literal_content, unquoted},
};

impl<'a> Walk<'_, 'a> {
    pub(super) fn name(&mut self, index: usize, lexeme: &Lexeme<'a>) {
        let is_qualifier = self.at(index + 1).is_some_and(|next| next.is_sign("."));
        if is_qualifier || lexeme.is_reserved {
            return;
        }
        self.named(index, lexeme);
    }

    /// A name, whatever word it is.
    pub(super) fn named(&mut self, index: usize, lexeme: &Lexeme<'a>) {
        let name = unquoted(lexeme);
        if self.is_table(index) {
            self.table(index, name);
            return;
        }
        // What it is written with escapes for is not looked into.
        let is_escaped = name.contains('\\') && lexeme.text.starts_with(['U', 'u']);
        let is_sensitive = is_escaped
            || self.redactor.is_sensitive(name)
            || holds_secrets(&self.tables, name, self.redactor);
        let group = self.group();
        if group.kind == GroupKind::Columns {
            self.column(name, is_sensitive);
            return;
        }
        // The names of tables that are read from are not those of columns.
        if group.kind == GroupKind::Query && group.in_from && group.role == Role::Other {
            if is_sensitive && self.at(index + 1).is_some_and(|next| next.is_sign("(")) {
                self.mark();
            }
            return;
        }
        if is_sensitive {
            self.mark();
        }
        let is_call = self.at(index + 1).is_some_and(|next| next.is_sign("("));
        if !is_call {
            let (segment, base) = {
                let group = self.group();
                (group.segment, group.base)
            };
            self.names.push((segment, name));
            self.segments[base].column.get_or_insert(name);
        }
    }

    fn table(&mut self, index: usize, name: &'a str) {
        self.tables.push(name);
        let is_target = self
            .before(index)
            .is_some_and(|before| before.is_any_word(&["INTO", "INSERT", "REPLACE"]));
        let is_secret = is_target && (self.redactor.is_sensitive(name) || is_of_accounts(name));
        let group = self.group();
        if is_target {
            group.into_secrets |= is_secret;
            group.awaits_source = true;
        } else if group.in_from
            && let Some(output) = group.output
        {
            self.flow.outputs[output].sources.push(Source::Named(name));
        }
    }

    fn column(&mut self, name: &'a str, is_sensitive: bool) {
        let columns = self.query().columns.get_or_insert_default();
        columns.push((name, is_sensitive));
    }

    /// Whether the name at `index` is that of a table or CTE, which says nothing of values.
    fn is_table(&self, index: usize) -> bool {
        let Some(before) = self.before(index) else {
            return false;
        };
        // `FROM app.acc`: the name stands behind its schema.
        if before.is_sign(".") {
            let mut first = index;
            while self.before(first).is_some_and(|before| before.is_sign("."))
                && first >= 2
                && index - first < 6
            {
                first -= 2;
            }
            return first < index && first > 0 && self.is_table_word(first, index);
        }
        self.is_table_word(index, index)
    }

    /// The same for a name that begins at `first` and ends at `index`.
    fn is_table_word(&self, first: usize, index: usize) -> bool {
        let Some(before) = self.before(first) else {
            return false;
        };
        let is_call = self.at(index + 1).is_some_and(|next| next.is_sign("("));
        let group = self.groups.last();
        let in_query = group.is_some_and(|group| group.kind == GroupKind::Query);
        if is_call && before.is_any_word(&["FROM", "JOIN", "LATERAL", "USING"]) {
            return false;
        }
        if before.is_word("FROM") {
            let is_distinct = first
                .checked_sub(1)
                .and_then(|from| self.before(from))
                .is_some_and(|word| word.is_word("DISTINCT"));
            return !is_distinct && in_query;
        }
        if before.is_word("UPDATE") {
            // `ON DUPLICATE KEY UPDATE` is followed by a column.
            let word = first.checked_sub(1).and_then(|update| self.before(update));
            return !word.is_some_and(|word| word.is_word("KEY"));
        }
        if before.is_sign(",") {
            return !is_call && in_query && group.is_some_and(|group| group.in_from);
        }
        if before.is_any_word(&["INSERT", "REPLACE"]) {
            return in_query;
        }
        if before.is_word("WITH") {
            return self
                .at(index + 1)
                .is_some_and(|next| next.is_any_word(&["AS"]) || next.is_sign("("));
        }
        before.is_any_word(&[
            "JOIN",
            "INTO",
            "TABLE",
            "RECURSIVE",
            "ONLY",
            "USING",
            "STRAIGHT_JOIN",
        ])
    }

    /// A literal can be a name too: `data->>'password'`, `jsonb_set(data, '{password}', …)`.
    pub(super) fn text(&mut self, index: usize, lexeme: &Lexeme<'a>) {
        let content = literal_content(lexeme.text);
        if announces(content, self.redactor) {
            let is_filled = self.at(index + 1).is_some_and(|next| {
                next.is_sign(",") || next.is_sign("||") || next.is_word("USING")
            });
            if is_filled {
                self.mark();
                // `RAISE EXCEPTION 'bad password %', x`
                self.group().tells_secrets = true;
            }
        }
        if lexeme.text.len() > 80 {
            return;
        }
        if self.group().kind == GroupKind::Columns {
            // MySQL reads `"name"` as a text, unless its mode says otherwise.
            let is_sensitive = self.redactor.is_sensitive(content);
            self.column(content, is_sensitive);
            return;
        }
        let is_secret = names_secret(content, self.redactor);
        if let Some(strength) = is_secret {
            let is_strong = strength == Strength::Strong;
            let base = self.group().base;
            let key = &mut self.segments[base].key;
            *key = (*key).max(Some(strength));
            if let Some(case) = self
                .groups
                .iter_mut()
                .rev()
                .find(|group| group.kind != GroupKind::Plain)
                .filter(|group| group.kind == GroupKind::Case && is_strong)
            {
                case.has_key = true;
            }
        }
        if let Some(array) = self.group().array
            && self.redactor.is_sensitive(content)
            && let Some(around) = self.groups.len().checked_sub(2)
        {
            match array {
                Array::Path => {
                    let segment = self.groups[around].segment;
                    self.segments[segment].is_sensitive = true;
                    self.groups[around].has_name = true;
                    self.paths.push(index);
                }
                Array::Names => self.groups[around].is_named = true,
                Array::Keys => {
                    self.mark();
                    self.paths.push(index);
                }
            }
            return;
        }
        if self.is_pairs_in_text(index, content) && self.redactor.names_something_sensitive(content)
        {
            self.mark();
            return;
        }
        if self.is_path(index) && self.redactor.is_sensitive(content) {
            let arguments = self.groups.last().map(|group| group.arguments);
            match arguments.unwrap_or_default() {
                Arguments::Pairs(keys) => {
                    let group = self.group();
                    group.is_named |= group.position.is_none_or(|place| place % 2 == keys);
                }
                Arguments::Names => {}
                Arguments::Read => {
                    self.mark();
                    self.paths.push(index);
                }
                Arguments::Any => self.mark(),
            }
        }
    }

    /// Whether the names and the values stand in one text: `json_object('{login,bob,token,x}')`.
    fn is_pairs_in_text(&mut self, index: usize, content: &str) -> bool {
        self.group().arguments == Arguments::Pairs(0)
            && content.starts_with('{')
            && self.before(index).is_some_and(|before| before.is_sign("("))
            && self
                .at(index + 1)
                .is_some_and(|next| next.is_sign(")") || next.is_sign("::"))
    }

    /// Whether what stands at `index` may be the name of a value: behind a path operator, in a
    /// subscript, or as an argument.
    pub(super) fn is_path(&self, index: usize) -> bool {
        let Some(before) = self.before(index) else {
            return false;
        };
        let is_call = self.groups.last().is_some_and(|group| group.is_call);
        let is_first = before.is_sign("(")
            || self
                .groups
                .last()
                .is_some_and(|group| group.arguments.is_pairs())
                && (before.is_sign("[") || before.is_word("KEY"));
        // `data['password']`, but not `ARRAY['password', …]`
        let is_subscript = before.is_sign("[")
            && index
                .checked_sub(1)
                .and_then(|bracket| self.before(bracket))
                .is_some_and(|of| of.is_name() || of.is_sign("]") || of.is_sign(")"));
        let is_text = self
            .at(index)
            .is_some_and(|lexeme| lexeme.kind == Kind::Text);
        is_path_operator(before)
            || is_subscript
            // Of bound values only the first can be one.
            || (is_call && (is_first || (is_text && before.is_sign(","))))
    }
}
