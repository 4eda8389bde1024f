//! What a condition is to an index: a key to search by, or what the index is restricted to.

use silk_core::DatabaseKind;

use super::{
    candidate::KeyRole,
    expression::{Expr, render},
    key::{Key, Keys},
    wants::Wanted,
};

/// Different values up to which a column is worth an index for one of them.
const LOW_CARDINALITY: f64 = 20.0;

/// A condition as an index sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// What could be a key for it.
    pub(super) key: Option<(Key, KeyRole)>,
    /// The condition and a word for it, where an index could be restricted to it.
    pub(super) predicate: Option<(String, String)>,
}

impl Keys<'_> {
    /// What the condition is to an index.
    pub(super) fn term(&self, wanted: &Wanted) -> Term {
        let key = self.tested(&wanted.expr);
        let predicate = self.predicate(wanted);
        Term { key, predicate }
    }

    /// The condition as an index could be restricted to it: constant in the SQL, on a column of few
    /// values, or about NULL.
    fn predicate(&self, wanted: &Wanted) -> Option<(String, String)> {
        if !wanted.is_constant || self.facts.kind == DatabaseKind::MySql || wanted.expr.is_opaque()
        {
            return None;
        }
        let mut columns = wanted.expr.columns();
        let first = columns.next()?;
        // One column only, and nothing of other tables.
        if columns.any(|column| column.name != first.name) || !self.is_own(first) {
            return None;
        }
        let column = self.facts.column(&first.name)?;
        let is_few = column.is_boolean
            || column
                .distinct
                .is_some_and(|distinct| distinct <= LOW_CARDINALITY);
        let word = |word: &str| {
            if word.is_empty() {
                column.name.clone()
            } else {
                format!("{word}_{}", column.name)
            }
        };
        let label = match &wanted.expr {
            Expr::Column(_) if column.is_boolean || self.facts.kind == DatabaseKind::Sqlite => {
                word("")
            }
            Expr::Not(inner) if matches!(**inner, Expr::Column(_)) => word("not"),
            Expr::Is(_, "NULL") => word("no"),
            Expr::Is(_, "NOT NULL") if column.null_fraction.unwrap_or(0.0) >= 0.5 => word(""),
            Expr::Is(_, "TRUE") => word(""),
            Expr::Is(_, "FALSE") => word("not"),
            Expr::Operator(operator, ..) if is_few => match operator.as_str() {
                "=" | "==" => word(""),
                "<>" | "!=" => word("not"),
                _ => return None,
            },
            Expr::In(..) if is_few => word(""),
            _ => return None,
        };
        let text = render(&plain_texts(&wanted.expr), self.style)?;
        (text.len() <= 200).then_some((text, label))
    }
}

/// `(status)::text = 'read'::text` is what PostgreSQL makes of `status = 'read'`.
fn plain_texts(expr: &Expr) -> Expr {
    let is_text =
        |name: &str| name == "text" || name == "character varying" || name.starts_with("bpchar");
    match expr {
        Expr::Operator(operator, left, right) => {
            let bare = |side: &Expr| match side {
                Expr::Cast(of, name)
                    if is_text(name) && matches!(**of, Expr::Column(_) | Expr::Literal(_)) =>
                {
                    (**of).clone()
                }
                other => other.clone(),
            };
            Expr::Operator(
                operator.clone(),
                Box::new(bare(left)),
                Box::new(bare(right)),
            )
        }
        other => other.clone(),
    }
}
