//! How many rows a query asks for.

use sqlparser::ast::{Expr, LimitClause, Query, Value};

use crate::advice::expression::SortKey;

/// What `LIMIT` and `OFFSET` say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FirstRows {
    /// Rows that are asked for; none if that is bound or worked out.
    pub(crate) rows: Option<f64>,
    /// Rows that are skipped before them; none if that is bound or worked out.
    pub(crate) skipped: Option<f64>,
}

/// A query that asks for its first rows only.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed {
    pub(crate) first: FirstRows,
    /// What it is ordered by; empty where no order is asked for.
    pub(crate) order: Vec<SortKey>,
    /// What it calls the tables of its own `FROM`.
    pub(crate) aliases: Vec<String>,
}

impl FirstRows {
    /// What the query asks for; none if it asks for all rows.
    pub(super) fn of(query: &Query) -> Option<Self> {
        if let Some(fetch) = &query.fetch {
            return (!fetch.percent && !fetch.with_ties).then(|| Self {
                rows: fetch.quantity.as_ref().map_or(Some(1.0), number),
                skipped: match &query.limit_clause {
                    Some(LimitClause::LimitOffset {
                        offset: Some(offset),
                        ..
                    }) => number(&offset.value),
                    _ => Some(0.0),
                },
            });
        }
        match query.limit_clause.as_ref()? {
            LimitClause::LimitOffset { limit, offset, .. } => Some(Self {
                rows: match limit.as_ref()? {
                    // Less than none is no limit in SQLite.
                    Expr::UnaryOp { .. } => return None,
                    limit => number(limit),
                },
                skipped: offset
                    .as_ref()
                    .map_or(Some(0.0), |offset| number(&offset.value)),
            }),
            LimitClause::OffsetCommaLimit { offset, limit } => Some(Self {
                rows: number(limit),
                skipped: number(offset),
            }),
        }
    }

    /// Rows that have to be made for it.
    pub(crate) fn made(self) -> Option<f64> {
        Some(self.rows? + self.skipped?)
    }
}

fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}
