//! What an index could hold of a condition.

use silk_core::DatabaseKind;

use super::{
    KeyRole,
    expression::{Expr, SortKey, Style, render},
    facts::{ColumnFacts, TableFacts},
    wants::{TableWants, Wanted},
};

/// Different values up to which a column is worth an index for one of them.
const LOW_CARDINALITY: f64 = 20.0;

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

/// A condition as an index sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    /// What could be a key for it.
    pub(super) key: Option<(Key, KeyRole)>,
    /// The condition and a word for it, where an index could be restricted to it.
    pub(super) predicate: Option<(String, String)>,
}

/// Reads the conditions and orders of one table with its catalogue.
pub(super) struct Keys<'a> {
    pub(super) wants: &'a TableWants,
    pub(super) facts: &'a TableFacts,
    pub(super) style: Style,
}

impl Keys<'_> {
    /// What the condition is to an index.
    pub(super) fn term(&self, wanted: &Wanted) -> Term {
        let key = self.tested(&wanted.expr);
        let predicate = self.predicate(wanted);
        Term { key, predicate }
    }

    fn tested(&self, expr: &Expr) -> Option<(Key, KeyRole)> {
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

    fn is_own(&self, column: &super::expression::Column) -> bool {
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
            text: super::ddl::quote(&column.name, self.style),
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

    /// The keys of an order, as far as an index could hold them.
    pub(super) fn order(&self, keys: &[SortKey]) -> Vec<(Key, SortKey)> {
        keys.iter()
            .map_while(|key| Some((self.key(&key.expr)?, key.clone())))
            .collect()
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
