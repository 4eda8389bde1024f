//! What a statement is cut into.

use super::secret_words::Arguments;

/// What a segment of a query does: what redaction in tables of settings needs of it.
#[derive(Default, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    #[default]
    Other,
    /// An assignment.
    Set,
    /// A condition.
    Where,
    /// An element of a row, or of the list of a SELECT that an INSERT takes.
    Element,
}

#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) parent: Option<usize>,
    pub(super) is_sensitive: bool,
    /// The segment around that is sensitive where this one is.
    pub(super) leaks_to: Option<usize>,
    /// Segments of one scope are conditions and assignments of one statement, or one row.
    pub(super) scope: usize,
    pub(super) role: Role,
    /// The first column that is named, or the one that an element goes into.
    pub(super) column: Option<&'a str>,
    /// Whether a text in it is the name of a secret.
    pub(super) key: Option<Strength>,
}

/// How surely a text is the name of a secret: `smtp_password` is strong, `token` weak.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::sql) enum Strength {
    Weak,
    Strong,
}

/// What the texts of an array are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Array {
    /// A path to what is compared.
    Path,
    /// Names of what the call around it is given behind them.
    Names,
    /// Names of what stands at the same places of another array.
    Keys,
}

/// A procedure that is called without parentheses, whose arguments are being read.
#[derive(Clone, Copy)]
pub(super) struct Procedure {
    /// Which of its arguments are secrets, from 0; all where it is empty.
    pub(super) secrets: &'static [usize],
    /// The argument that is being read.
    pub(super) at: usize,
}

impl Procedure {
    pub(super) fn is_secret(self) -> bool {
        self.secrets.is_empty() || self.secrets.contains(&self.at)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupKind {
    /// The statement, or a subquery.
    Query,
    /// A call, a row, a parenthesised expression.
    Plain,
    /// `CASE … END`.
    Case,
    /// A column list behind `INSERT INTO t`.
    Columns,
    /// A row of VALUES, or what `UNNEST(…)` makes rows of.
    Row,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "a group is in many states that do not exclude each other"
)]
pub(super) struct Group<'a> {
    pub(super) kind: GroupKind,
    /// The segment that the group stands in.
    pub(super) around: Option<usize>,
    pub(super) segment: usize,
    /// The segment that conditions and calls within count for.
    pub(super) base: usize,
    pub(super) scope: usize,
    pub(super) role: Role,
    /// Whether a sensitive name makes the segment around the group sensitive.
    pub(super) leaks: bool,
    /// In a row, and in a call of pairs: the position, from 0. In a query: that of the item of its
    /// list.
    pub(super) position: Option<usize>,
    /// Where the present item begins.
    pub(super) item_start: usize,
    pub(super) has_name: bool,
    pub(super) in_values: bool,
    /// Whether a table is named next, or was just named.
    pub(super) in_from: bool,
    /// Whether the list of tables is not over.
    pub(super) has_from: bool,
    /// Whether what is inserted is still to come.
    pub(super) awaits_source: bool,
    /// Whether its SELECTs are what is inserted.
    pub(super) is_source: bool,
    pub(super) is_call: bool,
    /// In a call: what the names among its arguments say.
    pub(super) arguments: Arguments,
    /// In a call of pairs: whether the argument that comes is a secret by the one before it.
    pub(super) is_named: bool,
    /// In an array: what the names in it are.
    pub(super) array: Option<Array>,
    /// Whether the array is one of names and values in turn.
    pub(super) is_pairs: bool,
    /// The procedure whose arguments are being read.
    pub(super) procedure: Option<Procedure>,
    /// Whether it defines columns, each on its own.
    pub(super) is_definition: bool,
    /// Whether a secret follows behind each comma.
    pub(super) tells_secrets: bool,
    /// In a CASE: whether what is compared names a secret, once that is read.
    pub(super) is_of_secret: Option<bool>,
    /// In a CASE: whether the condition named a secret.
    pub(super) has_key: bool,
    /// What the query, or the function in FROM, gives.
    pub(super) output: Option<usize>,
    /// Of the columns that an INSERT names, their names and whether they are sensitive.
    pub(super) columns: Option<Vec<(&'a str, bool)>>,
    /// Whether an INSERT names no columns, but a table that says what goes into it.
    pub(super) into_secrets: bool,
}

impl Group<'_> {
    pub(super) const fn new(kind: GroupKind, around: Option<usize>, segment: usize) -> Self {
        Self {
            kind,
            around,
            segment,
            base: segment,
            scope: 0,
            role: Role::Other,
            leaks: true,
            position: None,
            item_start: 0,
            has_name: false,
            in_values: false,
            in_from: false,
            has_from: false,
            awaits_source: false,
            is_source: false,
            is_call: false,
            arguments: Arguments::Any,
            is_named: false,
            array: None,
            is_pairs: false,
            procedure: None,
            is_definition: false,
            tells_secrets: false,
            is_of_secret: None,
            has_key: false,
            output: None,
            columns: None,
            into_secrets: false,
        }
    }
}
