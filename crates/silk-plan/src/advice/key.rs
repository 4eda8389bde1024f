//! What an index could hold of a condition.

use silk_core::DatabaseKind;

use super::{
    candidate::KeyRole,
    expression::{Column, Expr, SortKey, Style, quote, render},
    facts::{ColumnFacts, TableFacts},
    wants::TableWants,
};

/// A column or expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) label: String,
    pub(super) column: Option<String>,
    /// Different values, estimated; expressions are taken for selective.
    pub(super) distinct: f64,
    pub(super) pattern_class: Option<&'static str>,
}

/// Reads the conditions and orders of one table with its catalogue.
pub(super) struct Keys<'a> {
    pub(super) wants: &'a TableWants,
    pub(super) facts: &'a TableFacts,
    pub(super) style: Style,
}

impl Keys<'_> {
    /// The key that a condition searches by, and how.
    pub(super) fn tested(&self, expr: &Expr) -> Option<(Key, KeyRole)> {
        match expr {
            // A bare truth value: SQLite does not look it up in an index, PostgreSQL does.
            Expr::Column(_) => self
                .flag(expr)
                .filter(|_| self.facts.kind == DatabaseKind::Postgres)
                .map(|key| (key, KeyRole::Equal)),
            Expr::Not(inner) => match &**inner {
                Expr::Column(_) => self
                    .flag(inner)
                    .filter(|_| self.facts.kind == DatabaseKind::Postgres)
                    .map(|key| (key, KeyRole::Equal)),
                _ => None,
            },
            Expr::Is(of, "NULL" | "TRUE" | "FALSE") => Some((self.key(of)?, KeyRole::Equal)),
            Expr::In(of, list) if list.iter().all(|item| self.is_foreign(item)) => {
                Some((self.key(of)?, KeyRole::Equal))
            }
            Expr::AnyOf(operator, of, array) if operator == "=" && self.is_foreign(array) => {
                Some((self.key(of)?, KeyRole::Equal))
            }
            Expr::Operator(operator, left, right) => self.compared(operator, left, right),
            _ => None,
        }
    }

    fn compared(&self, operator: &str, left: &Expr, right: &Expr) -> Option<(Key, KeyRole)> {
        let (own, other, is_turned) = if self.is_foreign(right) {
            (left, right, false)
        } else if self.is_foreign(left) {
            (right, left, true)
        } else {
            return None;
        };
        let role = match operator {
            "=" | "==" | "<=>" if other.columns().next().is_some() => KeyRole::Join,
            "=" | "==" | "<=>" => KeyRole::Equal,
            "<" | "<=" | ">" | ">=" if other.columns().next().is_none() => KeyRole::Range,
            "~~" | "LIKE" | "GLOB" if !is_turned && is_prefix(other) => KeyRole::Prefix,
            _ => return None,
        };
        let key = self.key(own)?;
        Some((key, role))
    }

    /// Whether none of the table's own columns is in it.
    fn is_foreign(&self, expr: &Expr) -> bool {
        !expr.is_opaque() && !expr.columns().any(|column| self.is_own(column))
    }

    pub(super) fn is_own(&self, column: &Column) -> bool {
        match &column.table {
            Some(table) if self.style.folds_names => *table == self.wants.alias,
            Some(table) => table.eq_ignore_ascii_case(&self.wants.alias),
            None => self.facts.column(&column.name).is_some(),
        }
    }

    fn own_column(&self, expr: &Expr) -> Option<&ColumnFacts> {
        match expr {
            Expr::Column(column) if self.is_own(column) => self.facts.column(&column.name),
            _ => None,
        }
    }

    fn flag(&self, expr: &Expr) -> Option<Key> {
        let column = self.own_column(expr)?;
        column.is_boolean.then(|| self.of_column(column))
    }

    fn of_column(&self, column: &ColumnFacts) -> Key {
        let distinct = match column.distinct {
            Some(distinct) => distinct,
            None if column.is_boolean => 2.0,
            None => 200.0,
        };
        Key {
            text: quote(&column.name, self.style),
            label: column.name.clone(),
            column: Some(column.name.clone()),
            distinct,
            pattern_class: column.pattern_class,
        }
    }

    /// What an index could hold of an expression of this table's.
    pub(super) fn key(&self, expr: &Expr) -> Option<Key> {
        if let Some(column) = self.own_column(self.without_cast(expr)) {
            return column.is_indexable.then(|| self.of_column(column));
        }
        // MariaDB has no indexes on expressions, and MySQL only since 8.0.13.
        if self.facts.kind == DatabaseKind::MySql || expr.is_opaque() || expr.has_param() {
            return None;
        }
        let mut columns = expr.columns().peekable();
        columns.peek()?;
        if !columns.all(|column| self.is_own(column) && self.facts.column(&column.name).is_some())
            || !is_stable(expr)
        {
            return None;
        }
        let written = render(expr, self.style)?;
        let has_literal = expr.walk().any(|part| matches!(part, Expr::Literal(_)));
        if has_literal
            && let Some(known) = &self.wants.known
            && !known.contains(&written)
        {
            // A value that was bound has no place in an index.
            return None;
        }
        // Bytes of a long expression are bytes of every entry, and of the name.
        if written.len() > 200 {
            return None;
        }
        let first = expr.columns().next()?;
        let function = match expr {
            Expr::Call(name, _) => name.as_str(),
            _ => "expr",
        };
        Some(Key {
            text: match expr {
                Expr::Call(..) => written,
                _ => format!("({written})"),
            },
            label: format!("{}_{function}", first.name),
            column: None,
            distinct: self.facts.rows.unwrap_or(1_000.0).max(1.0) / 2.0,
            pattern_class: (self.facts.kind == DatabaseKind::Postgres)
                .then_some("text_pattern_ops"),
        })
    }

    /// `(status)::text` is the column itself where it is a text of another name.
    fn without_cast<'e>(&self, expr: &'e Expr) -> &'e Expr {
        if let Expr::Cast(of, to) = expr
            && let Some(column) = self.own_column(of)
            && to == "text"
            && (column.type_name.starts_with("character varying") || column.type_name == "text")
        {
            return of;
        }
        expr
    }

    /// The keys of an order, up to the first that no index could hold.
    pub(super) fn order(&self, keys: &[SortKey]) -> Vec<(Key, SortKey)> {
        keys.iter()
            .map_while(|key| Some((self.key(&key.expr)?, key.clone())))
            .collect()
    }
}

/// A pattern with a beginning: `'abc%'`, or a value that may have one.
fn is_prefix(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(text) => text
            .trim_start_matches(['E', 'e'])
            .strip_prefix('\'')
            .is_some_and(|text| !text.starts_with(['%', '_', '*', '?', '[', '\''])),
        Expr::Cast(of, _) => is_prefix(of),
        Expr::Param(_) => true,
        _ => false,
    }
}

/// Whether the expression gives the same each time, as far as its names tell: an index can only be
/// made of such, and the database has the last word.
fn is_stable(expr: &Expr) -> bool {
    expr.walk().all(|part| match part {
        Expr::Call(name, _) => !matches!(
            name.to_ascii_lowercase().as_str(),
            "random"
                | "now"
                | "clock_timestamp"
                | "statement_timestamp"
                | "timeofday"
                | "nextval"
                | "currval"
                | "current_timestamp"
                | "current_date"
                | "current_time"
                | "localtime"
                | "localtimestamp"
                | "count"
                | "sum"
                | "avg"
                | "min"
                | "max"
                | "to_char"
                | "to_date"
                | "to_timestamp"
                | "randomblob"
                | "changes"
                | "row_number"
                | "concat"
                | "format"
        ),
        Expr::AnyOf(..) | Expr::In(..) | Expr::And(_) | Expr::Or(_) => false,
        _ => true,
    })
}
