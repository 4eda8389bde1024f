//! Conditions as trees: what databases print in plans, and what people write in SQL.
//!
//! Only the part that matters for indexes is understood: columns, literals, comparisons, calls and
//! how they are joined. Everything else becomes [`Expr::Opaque`], which nothing is concluded from.

mod lexer;
mod parser;
mod render;

pub(crate) use parser::{expression, sort_keys};
pub(crate) use render::render;

use silk_core::DatabaseKind;

/// Deeper than this, an expression is opaque.
const MAX_DEPTH: usize = 32;
/// Operators in a row, beyond which an expression is opaque: dropping a tree recurses.
const MAX_CHAIN: usize = 8;

/// A condition or value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    /// A column.
    Column(Column),
    /// A constant, as written.
    Literal(String),
    /// A value that is bound or handed down: `$1`, `?`, `:name`.
    Param(String),
    /// A change of type.
    Cast(Box<Self>, String),
    /// A function with its arguments.
    Call(String, Vec<Self>),
    /// An operator between two; words (`LIKE`) in upper case.
    Operator(String, Box<Self>, Box<Self>),
    /// A sign.
    Sign(String, Box<Self>),
    /// The opposite.
    Not(Box<Self>),
    /// All of these.
    And(Vec<Self>),
    /// One of these.
    Or(Vec<Self>),
    /// `IS NULL`, `IS NOT NULL`, `IS TRUE`…: the words behind `IS`, in upper case.
    Is(Box<Self>, &'static str),
    /// One of a list.
    In(Box<Self>, Vec<Self>),
    /// An operator against each element of an array: `= ANY`.
    AnyOf(String, Box<Self>, Box<Self>),
    /// A list of expressions in brackets, a row or an array.
    List(Vec<Self>),
    /// Not understood.
    Opaque,
}

/// A column, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// What the query calls its table, where it says so.
    pub(crate) table: Option<String>,
    /// Its name; `*` for all of them.
    pub(crate) name: String,
}

/// A key that rows are sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortKey {
    pub(crate) expr: Expr,
    pub(crate) descending: bool,
    /// Where it says so.
    pub(crate) nulls_first: Option<bool>,
}

/// How the databases write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// `"x"` is a text.
    pub(crate) double_quotes_are_texts: bool,
    /// A backslash escapes within every text.
    pub(crate) backslashes_escape: bool,
    /// `x::text`, else `CAST(x AS text)`.
    pub(crate) double_colon: bool,
    /// Names without quotes are lower case.
    pub(crate) folds_names: bool,
    /// What names are quoted with.
    pub(crate) quote: char,
}

impl Style {
    /// The way a database writes.
    pub(crate) const fn of(kind: DatabaseKind) -> Self {
        let is_mysql = matches!(kind, DatabaseKind::MySql);
        let is_postgres = matches!(kind, DatabaseKind::Postgres);
        Self {
            double_quotes_are_texts: is_mysql,
            backslashes_escape: is_mysql,
            double_colon: is_postgres,
            folds_names: is_postgres,
            quote: if is_mysql { '`' } else { '"' },
        }
    }
}

impl Expr {
    /// The conditions that all hold where this one does.
    pub(crate) fn conjuncts(self) -> Vec<Self> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(next) = open.pop() {
            match next {
                Self::And(parts) => open.extend(parts.into_iter().rev()),
                Self::Opaque => {}
                other => found.push(other),
            }
        }
        found
    }

    /// This and everything below.
    pub(crate) fn walk(&self) -> impl Iterator<Item = &Self> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let next = open.pop()?;
            match next {
                Self::Column(_) | Self::Literal(_) | Self::Param(_) | Self::Opaque => {}
                Self::Cast(of, _) | Self::Sign(_, of) | Self::Not(of) | Self::Is(of, _) => {
                    open.push(of);
                }
                Self::Operator(_, left, right) | Self::AnyOf(_, left, right) => {
                    open.extend([&**right, &**left]);
                }
                Self::In(left, list) => {
                    open.extend(list.iter().rev());
                    open.push(left);
                }
                Self::Call(_, list) | Self::And(list) | Self::Or(list) | Self::List(list) => {
                    open.extend(list.iter().rev());
                }
            }
            Some(next)
        })
    }

    /// The columns it names, in order.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.walk().filter_map(|part| match part {
            Self::Column(column) => Some(column),
            _ => None,
        })
    }

    /// Whether some part of it could not be read.
    pub(crate) fn is_opaque(&self) -> bool {
        self.walk().any(|part| *part == Self::Opaque)
    }

    /// Whether some part of it is only known when the query runs.
    pub(crate) fn has_param(&self) -> bool {
        self.walk().any(|part| matches!(part, Self::Param(_)))
    }
}

#[cfg(test)]
mod tests;
