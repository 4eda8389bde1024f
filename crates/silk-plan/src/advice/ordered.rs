//! The index that gives rows in the order in which a query asks for its first ones.

use std::collections::BTreeSet;

use silk_core::DatabaseKind;

use super::{
    candidate::{Candidate, KeyRole},
    candidates::{Builder, Tail},
    expression::{SortKey, Style, render},
    facts::{ColumnFacts, TableFacts},
    key::{Key, Keys},
    wants::TableWants,
};

/// What such an index is made of.
pub(crate) struct Order<'a> {
    pub(crate) wants: &'a TableWants,
    pub(crate) kind: DatabaseKind,
    pub(crate) keys: &'a [SortKey],
    /// Whether the columns compared for equality come first.
    pub(crate) is_narrowed: bool,
}

/// The index, and how many columns compared for equality it begins with.
///
/// None if one table's index cannot give the whole order: a key of another table, an expression
/// the database has no index for.
pub(crate) fn index_for(order: &Order<'_>) -> Option<(Candidate, usize)> {
    let facts = named(order);
    let keys = Keys {
        wants: order.wants,
        facts: &facts,
        style: Style::of(order.kind),
    };
    let ordered = keys.order(order.keys);
    if ordered.is_empty() || ordered.len() < order.keys.len() {
        return None;
    }
    let mut equal: Vec<Key> = Vec::new();
    if order.is_narrowed {
        for wanted in &order.wants.conditions {
            if let Some((key, KeyRole::Equal)) = keys.tested(&wanted.expr)
                && !equal.iter().any(|known| known.text == key.text)
            {
                equal.push(key);
            }
        }
    }
    let builder = Builder {
        facts: &facts,
        found: Vec::new(),
    };
    let lists = [(&equal, KeyRole::Equal)];
    let index = builder.build(&lists, Tail::Order(&ordered), &[])?;
    // The longest that are built: a part of the order is not the order.
    let is_whole = ordered.iter().all(|(key, _)| {
        let mut keys = index.keys.iter();
        keys.any(|built| built.text == key.text)
    });
    let begins = index
        .keys
        .iter()
        .take_while(|key| key.role == KeyRole::Equal)
        .count();
    is_whole.then_some((index, begins))
}

/// Whether all conditions are comparisons for equality that an index can begin with.
pub(crate) fn is_all_equal(order: &Order<'_>) -> bool {
    let facts = named(order);
    let keys = Keys {
        wants: order.wants,
        facts: &facts,
        style: Style::of(order.kind),
    };
    let mut conditions = order.wants.conditions.iter();
    conditions.all(|wanted| matches!(keys.tested(&wanted.expr), Some((_, KeyRole::Equal))))
}

/// The table, with the columns that the query itself names.
fn named(order: &Order<'_>) -> TableFacts {
    let wants = order.wants;
    let conditions = wants
        .conditions
        .iter()
        .flat_map(|wanted| wanted.expr.columns());
    let keys = order.keys.iter().flat_map(|key| key.expr.columns());
    let own = |table: &Option<String>| {
        table
            .as_deref()
            .is_none_or(|table| table.eq_ignore_ascii_case(&wants.alias))
    };
    let names: BTreeSet<&str> = conditions
        .chain(keys)
        .filter(|column| own(&column.table) && column.name != "*")
        .map(|column| column.name.as_str())
        .collect();
    TableFacts {
        kind: order.kind,
        schema: wants.schema.clone(),
        name: wants.table.clone(),
        rows: None,
        pages: None,
        all_visible: None,
        changed_since_analyze: None,
        is_analyzed: false,
        is_partitioned: false,
        is_partition: false,
        activity: None,
        columns: names
            .into_iter()
            .map(|name| ColumnFacts {
                name: name.to_owned(),
                is_indexable: true,
                ..ColumnFacts::default()
            })
            .collect(),
        indexes: Vec::new(),
        row_key: Vec::new(),
    }
}

/// An order as it stands in a query.
pub(crate) fn written(keys: &[SortKey], style: Style) -> String {
    let keys = keys.iter().map(|key| {
        let mut text = render(&key.expr, style).unwrap_or_else(|| "…".to_owned());
        if key.descending {
            text.push_str(" DESC");
        }
        text
    });
    keys.collect::<Vec<_>>().join(", ")
}

/// The index on the columns that conditions compare: those compared with `=` first, then one range.
/// None where none of them compares a bare column.
pub(crate) fn index_on(wants: &TableWants, kind: DatabaseKind) -> Option<Candidate> {
    let order = Order {
        wants,
        kind,
        keys: &[],
        is_narrowed: true,
    };
    let facts = named(&order);
    let keys = Keys {
        wants,
        facts: &facts,
        style: Style::of(kind),
    };
    let tested = wants.conditions.iter();
    let tested: Vec<(Key, KeyRole)> = tested
        .filter_map(|wanted| keys.tested(&wanted.expr))
        .filter(|(key, _)| key.column.is_some())
        .collect();
    let mut equal: Vec<Key> = Vec::new();
    let mut range = None;
    for (key, role) in tested {
        match role {
            KeyRole::Equal if !equal.iter().any(|known| known.text == key.text) => equal.push(key),
            KeyRole::Range if range.is_none() => range = Some((key, role)),
            _ => {}
        }
    }
    let builder = Builder {
        facts: &facts,
        found: Vec::new(),
    };
    let tail = range.as_ref().map_or(Tail::None, Tail::Range);
    builder.build(&[(&equal, KeyRole::Equal)], tail, &[])
}
