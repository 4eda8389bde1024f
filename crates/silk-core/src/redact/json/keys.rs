//! Keys of objects, and what they say of their values.

use crate::redact::names::Answer;

/// Keys of a document whose answers are kept: those of its rows.
const MAX_KEYS: usize = 32;

/// A key, and where its answer is kept.
#[derive(Clone, Copy)]
pub(super) struct Key<'t> {
    pub(super) text: &'t str,
    pub(super) number: usize,
    pub(super) may_join: bool,
    pub(super) role: Role,
}

/// Answers about keys, in the order of their coming: rows have the same keys in the same order.
#[derive(Default)]
pub(super) struct Keys<'t> {
    known: Vec<Known<'t>>,
    /// The one that is likely to come next.
    next: usize,
}

pub(super) struct Known<'t> {
    key: &'t str,
    /// The number of the key around, where that matters.
    parent: Option<usize>,
    answer: Answer,
    role: Role,
}

/// What a key is for in its object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Role {
    #[default]
    Other,
    /// Its value is a name: `{"name": "password", …}`.
    Label,
    /// Its value is that of the name.
    Value,
    /// Its value is a private member of a key of JOSE.
    Private,
    /// Its value is a name, or that of a key of JOSE.
    Both,
    /// It says that its object is a key of JOSE.
    Jose,
    /// It says that its object is a manifest of Kubernetes.
    Manifest,
    /// Its value has the variables of a request in GraphQL.
    Variables,
    /// Its value is a list of names of columns.
    Columns,
    /// Its value says what is wrong with fields: `{"errors": {"password": ["is too short"]}}`.
    Errors,
}

impl Role {
    /// Whether the value is a name.
    pub(super) const fn is_label(self) -> bool {
        matches!(self, Self::Label | Self::Both | Self::Jose)
    }

    /// Whether the value may be that of a name.
    pub(super) const fn is_value(self) -> bool {
        matches!(self, Self::Value | Self::Both | Self::Private)
    }

    pub(super) fn of(key: &str) -> Self {
        match key {
            "k" => Self::Both,
            "kty" => Self::Jose,
            "apiVersion" => Self::Manifest,
            "variables" => Self::Variables,
            "d" | "p" | "q" | "dp" | "dq" | "qi" | "oth" => Self::Private,
            "name" | "kind" | "method" | "key" | "field" | "id" | "type" | "param"
            | "parameter" | "property" | "attribute" | "label" | "header" | "path" | "variable"
            | "Name" | "Key" | "n" | "setting" | "option" | "attr" | "column" | "fieldName"
            | "field_name" => Self::Label,
            "value" | "values" | "content" | "val" | "v" | "data" | "text" | "default"
            | "defaultValue" | "current" | "answer" | "Value" | "newValue" | "oldValue" | "new"
            | "old" | "from" | "to" | "before" | "after" | "previous" | "new_value"
            | "old_value" | "stringData" | "params" | "args" | "arguments" => Self::Value,
            "columns" | "fields" | "headers" | "cols" | "keys" => Self::Columns,
            "errors" | "error" | "fieldErrors" | "field_errors" | "validationErrors"
            | "validation_errors" | "violations" => Self::Errors,
            _ => Self::Other,
        }
    }
}

impl<'t> Keys<'t> {
    /// The number and answer of a key, as it is written; `judge` is asked about new ones.
    pub(super) fn answer(
        &mut self,
        key: &'t str,
        parent: Option<usize>,
        judge: impl FnOnce() -> (Answer, Role),
    ) -> (usize, Answer, Role) {
        let is_it = |known: &Known<'_>| known.parent == parent && known.key == key;
        let expected = self.known.get(self.next).filter(|known| is_it(known));
        if let Some(known) = expected {
            self.next += 1;
            return (self.next - 1, known.answer, known.role);
        }
        if let Some(at) = self.known.iter().position(is_it) {
            self.next = at + 1;
            return (at, self.known[at].answer, self.known[at].role);
        }
        let (answer, role) = judge();
        if self.known.len() < MAX_KEYS {
            self.known.push(Known {
                key,
                parent,
                answer,
                role,
            });
            self.next = self.known.len();
            return (self.next - 1, answer, role);
        }
        (usize::MAX, answer, role)
    }
}
