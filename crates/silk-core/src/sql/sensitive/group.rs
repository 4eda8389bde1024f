//! What a statement is cut into.

#[derive(Default, Clone, Copy)]
pub(super) struct Segment {
    pub(super) parent: Option<usize>,
    pub(super) is_sensitive: bool,
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
    /// A row of VALUES, or `UNNEST(…)`, of an INSERT with columns.
    Row,
}

pub(super) struct Group {
    pub(super) kind: GroupKind,
    /// The segment that the group stands in.
    pub(super) around: Option<usize>,
    pub(super) segment: usize,
    /// Whether a sensitive name makes the segment around the group sensitive.
    pub(super) leaks: bool,
    /// In the list of a SELECT, or in a row: the position, from 0.
    pub(super) position: Option<usize>,
    pub(super) has_name: bool,
    pub(super) in_values: bool,
    pub(super) is_call: bool,
}

impl Group {
    pub(super) const fn new(kind: GroupKind, around: Option<usize>, segment: usize) -> Self {
        Self {
            kind,
            around,
            segment,
            leaks: true,
            position: None,
            has_name: false,
            in_values: false,
            is_call: false,
        }
    }
}
