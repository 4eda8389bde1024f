//! What has been read of a statement.

use sqlparser::ast;

use super::Listed;
use crate::advice::{
    expression::{Expr, Style, expression},
    wants::TableWants,
};

/// Subqueries beyond this depth are not looked at.
pub(super) const MAX_DEPTH: usize = 12;

/// What has been read so far.
pub(super) struct Reader {
    pub(super) style: Style,
    pub(super) found: Vec<TableWants>,
    /// Queries that ask for their first rows only.
    pub(super) listed: Vec<Listed>,
}

/// The tables of one query, and what its joins say.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) wants: Vec<TableWants>,
    pub(super) conditions: Vec<Expr>,
}

impl Reader {
    pub(super) fn expr(&self, expr: &ast::Expr) -> Expr {
        expression(&expr.to_string(), self.style)
    }
}

/// Whether a column may be of what the query calls `alias`.
pub(super) fn is_of(table: Option<&str>, alias: &str) -> bool {
    table.is_none_or(|table| table.eq_ignore_ascii_case(alias))
}
