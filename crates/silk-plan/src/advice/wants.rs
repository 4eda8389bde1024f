//! What a query wants of each table: its conditions, orders and columns.

use std::collections::{BTreeSet, HashSet};

use silk_core::DatabaseKind;

use super::expression::{Column, Expr, SortKey, Style, render};

/// What a query wants of one table, by whichever name the query calls it.
#[derive(Debug, Clone, PartialEq)]
pub struct TableWants {
    /// The table's schema, where it is known.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
    /// What the query calls it.
    pub alias: String,
    /// Share of the whole that is spent on it, with what it is sorted for, 0 to 1.
    pub share: f64,
    /// The node of the plan that reads it.
    pub node: Option<usize>,
    /// How that node reads it: `Seq Scan`.
    pub access: String,
    /// Rows it gives for each time it runs, over all processes, as the planner expects.
    pub estimated_rows: Option<f64>,
    /// Fraction of the rows read that a run threw away, 0 to 1.
    pub discarded: Option<f64>,
    /// Whether something above stops it before its end.
    pub is_limited: bool,
    /// Fraction of its rows that are read in the order that is asked for before a limit is
    /// reached, 0 to 1, as the planner expects; none if no index could give that order.
    pub asked: Option<f64>,
    /// Conditions that all hold of its rows.
    pub(super) conditions: Vec<Wanted>,
    /// Orders that are wanted of its rows, the outermost first.
    pub(super) orders: Vec<Vec<SortKey>>,
    /// Columns that are needed; none if that is not known.
    pub(super) needed: Option<BTreeSet<String>>,
    /// Expressions whose literals stand in the SQL as they are; none if all do.
    pub(super) known: Option<HashSet<String>>,
    /// The foreign key for which the table is searched, where the query does not name it: its rows
    /// refer to those that are deleted or changed.
    pub reference: Option<Reference>,
    /// Conditions that could not be read, or that no plain index serves, in words.
    pub(super) unreadable: Vec<String>,
}

impl TableWants {
    /// Whether the query asks for some of its rows by conditions that an index could serve.
    #[must_use]
    pub fn is_searched(&self) -> bool {
        !self.conditions.is_empty()
    }
}

/// A foreign key, seen from the table that it points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its name, where it has one.
    pub constraint: Option<String>,
    /// The table it points at.
    pub parent: String,
    /// The columns that refer, in order.
    pub columns: Vec<String>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) expr: Expr,
    /// Whether it stands in the SQL as it is: not made of a value that was bound.
    pub(super) is_constant: bool,
}

impl TableWants {
    /// Nothing wanted of a table.
    pub(crate) fn of(schema: Option<&str>, table: &str, alias: &str) -> Self {
        Self {
            schema: schema.map(ToOwned::to_owned),
            table: table.to_owned(),
            alias: alias.to_owned(),
            share: 1.0,
            node: None,
            access: String::new(),
            estimated_rows: None,
            discarded: None,
            is_limited: false,
            asked: None,
            conditions: Vec::new(),
            orders: Vec::new(),
            needed: None,
            known: None,
            reference: None,
            unreadable: Vec::new(),
        }
    }

    /// What one condition wants of a table.
    pub(crate) fn of_condition(
        schema: Option<&str>,
        table: &str,
        alias: &str,
        condition: Expr,
    ) -> Self {
        let mut wants = Self::of(schema, table, alias);
        for part in condition.conjuncts() {
            wants.add(part);
        }
        wants
    }

    /// What a database searches a table for when rows that it refers to go or change.
    #[must_use]
    pub fn of_reference(schema: Option<&str>, table: &str, reference: Reference) -> Self {
        let mut wants = Self::of(schema, table, table);
        for name in &reference.columns {
            let column = Expr::Column(Column {
                table: None,
                name: name.clone(),
            });
            // What refers to nothing is never looked for.
            wants.add(Expr::Is(Box::new(column.clone()), "NOT NULL"));
            let value = Expr::Param("?".to_owned());
            wants.add(Expr::Operator(
                "=".to_owned(),
                Box::new(column),
                Box::new(value),
            ));
        }
        wants.reference = Some(reference);
        wants
    }

    /// Adds a condition, once.
    pub(super) fn add(&mut self, expr: Expr) {
        // Long lists of conditions are machine-made, and no index holds them all.
        if self.conditions.len() < 64 && !self.conditions.iter().any(|known| known.expr == expr) {
            let is_constant = !expr.has_param();
            self.conditions.push(Wanted { expr, is_constant });
        }
    }

    /// Whether anything is wanted that an index could give.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.orders.is_empty()
    }

    /// The first column of the first order that is wanted, be it that of `max(column)`.
    pub(crate) fn first_ordered(&self) -> Option<&str> {
        match &self.orders.first()?.first()?.expr {
            Expr::Column(column) => Some(&column.name),
            _ => None,
        }
    }

    /// Whether there are conditions that could not be read.
    pub(crate) fn has_unreadable(&self) -> bool {
        !self.unreadable.is_empty()
    }

    /// Whether a condition tests the table on its own, and does not only join it to another.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.conditions.iter().any(|wanted| {
            wanted.expr.columns().all(|column| {
                column
                    .table
                    .as_deref()
                    .is_none_or(|table| table.eq_ignore_ascii_case(&self.alias))
            })
        })
    }

    /// The columns that its conditions name, as they are written there.
    #[must_use]
    pub fn compared(&self) -> BTreeSet<String> {
        let columns = self
            .conditions
            .iter()
            .flat_map(|wanted| wanted.expr.columns());
        columns.map(|column| column.name.clone()).collect()
    }

    /// Conditions on no other columns than these, whose values stand in the SQL, as they can stand
    /// in a statement about this table alone. None that calls a function: it may do anything.
    #[must_use]
    pub fn constants_on(&self, columns: &[&str], kind: DatabaseKind) -> Vec<String> {
        let style = Style::of(kind);
        let is_one = |expr: &Expr| {
            expr.columns().next().is_some()
                && !expr.walk().any(|part| matches!(part, Expr::Call(..)))
                && expr.columns().all(|column| {
                    let is_own = column
                        .table
                        .as_deref()
                        .is_none_or(|table| table.eq_ignore_ascii_case(&self.alias));
                    is_own
                        && columns
                            .iter()
                            .any(|name| name.eq_ignore_ascii_case(&column.name))
                })
        };
        self.conditions
            .iter()
            .filter(|wanted| wanted.is_constant && is_one(&wanted.expr))
            .filter_map(|wanted| render(&wanted.expr, style))
            .collect()
    }

    /// Whether a value that was bound may stand in a condition on this column.
    #[must_use]
    pub fn is_bound_on(&self, column: &str) -> bool {
        let mut bound = self.conditions.iter().filter(|wanted| !wanted.is_constant);
        bound.any(|wanted| {
            let mut columns = wanted.expr.columns();
            columns.any(|named| named.name.eq_ignore_ascii_case(column))
        })
    }

    /// Whether rows are looked for in which this column is NULL, be it as one side of an `OR`.
    #[must_use]
    pub fn looks_for_null(&self, column: &str) -> bool {
        let is_it =
            |of: &Expr| matches!(of, Expr::Column(of) if of.name.eq_ignore_ascii_case(column));
        self.conditions.iter().any(|wanted| {
            let mut parts = wanted.expr.walk();
            parts.any(|part| matches!(part, Expr::Is(of, "NULL") if is_it(of)))
        })
    }

    /// Whether a value that was bound may stand in a condition.
    #[must_use]
    pub fn has_bound_conditions(&self) -> bool {
        self.conditions.iter().any(|wanted| !wanted.is_constant)
    }
}

/// Takes for constants only what also stands in the plan of the same statement without its values:
/// the rest is made of values that were bound.
pub fn keep_constants(wants: &mut [TableWants], generic: &[TableWants], kind: DatabaseKind) {
    let style = Style::of(kind);
    let mut conditions: HashSet<(&str, String)> = HashSet::new();
    let mut parts: HashSet<String> = HashSet::new();
    for wants in generic {
        for wanted in &wants.conditions {
            if !wanted.expr.has_param()
                && let Some(text) = render(&wanted.expr, style)
            {
                conditions.insert((wants.table.as_str(), text));
            }
            parts.extend(operands(&wanted.expr).filter_map(|part| render(part, style)));
        }
        let keys = wants.orders.iter().flatten();
        parts.extend(keys.filter_map(|key| render(&key.expr, style)));
    }
    for wants in wants {
        let table = wants.table.as_str();
        for wanted in &mut wants.conditions {
            wanted.is_constant = wanted.is_constant
                && render(&wanted.expr, style)
                    .is_some_and(|text| conditions.contains(&(table, text)));
        }
        wants.known = Some(parts.clone());
    }
}

/// The two sides of a comparison.
fn operands(expr: &Expr) -> impl Iterator<Item = &Expr> {
    let sides = match expr {
        Expr::Operator(_, left, right) => [Some(&**left), Some(&**right)],
        Expr::AnyOf(_, left, _) => [Some(&**left), None],
        Expr::In(left, _) | Expr::Is(left, _) => [Some(&**left), None],
        _ => [None, None],
    };
    sides.into_iter().flatten()
}

/// Takes nothing for a constant: what is one is not known.
pub fn forget_constants(wants: &mut [TableWants]) {
    for wants in wants {
        for wanted in &mut wants.conditions {
            wanted.is_constant = false;
        }
        wants.known = Some(HashSet::new());
    }
}

/// Adds what another plan of the same statement wants: one that ran tells more than an estimate.
pub fn merge(wants: &mut Vec<TableWants>, other: Vec<TableWants>) {
    for other in other {
        let known = wants
            .iter_mut()
            .find(|known| known.table == other.table && known.alias == other.alias);
        match known {
            Some(known) => {
                known.share = known.share.max(other.share);
                known.discarded = known.discarded.or(other.discarded);
            }
            None => wants.push(other),
        }
    }
    wants.sort_by(|a, b| b.share.total_cmp(&a.share));
}
