//! The conditions and orders of a table, sorted by what they are to an index, and put together again.

use super::builder::{Builder, MAX_KEYS, Tail};
use crate::advice::{
    candidate::KeyRole,
    existing::extend_existing,
    expression::{Column, Expr, SortKey, expression},
    facts::TableFacts,
    key::{Key, Keys},
    term::Term,
};

/// What the conditions and orders come to.
pub(super) struct Parts {
    pub(super) equal: Vec<Key>,
    /// Those of `equal` that are not already said by the predicates.
    equal_beside: Vec<Key>,
    joins: Vec<Key>,
    ranges: Vec<(Key, KeyRole)>,
    orders: Vec<Vec<(Key, SortKey)>>,
    /// Conditions an index could be restricted to, with their names.
    predicates: Vec<(String, String)>,
    /// The keys of the predicates.
    restricted: Vec<Key>,
}

impl Parts {
    pub(super) fn of(keys: &Keys<'_>) -> Self {
        let Keys { wants, facts, .. } = *keys;
        let terms: Vec<Term> = wants
            .conditions
            .iter()
            .map(|wanted| keys.term(wanted))
            .collect();
        let mut parts = Self {
            equal: Vec::new(),
            equal_beside: Vec::new(),
            joins: Vec::new(),
            ranges: Vec::new(),
            orders: wants.orders.iter().map(|order| keys.order(order)).collect(),
            predicates: Vec::new(),
            restricted: Vec::new(),
        };
        parts.orders.retain(|order| !order.is_empty());
        for term in &terms {
            if let Some(predicate) = &term.predicate
                && parts.predicates.len() < 2
            {
                parts.predicates.push(predicate.clone());
                if let Some((key, _)) = &term.key {
                    parts.restricted.push(key.clone());
                } else {
                    parts.restricted.extend(column_of(predicate, facts, keys));
                }
                if let Some((key, KeyRole::Equal)) = &term.key {
                    push(&mut parts.equal, key);
                }
                continue;
            }
            let Some((key, role)) = &term.key else {
                continue;
            };
            match role {
                KeyRole::Equal => {
                    push(&mut parts.equal, key);
                    push(&mut parts.equal_beside, key);
                }
                KeyRole::Join => push(&mut parts.joins, key),
                _ => {
                    if !parts.ranges.iter().any(|(known, _)| known.text == key.text) {
                        parts.ranges.push((key.clone(), *role));
                    }
                }
            }
        }
        for list in [&mut parts.equal, &mut parts.equal_beside] {
            // The most selective first; the name decides between equals, so that it is always the
            // same.
            list.sort_by(|a, b| {
                b.distinct
                    .total_cmp(&a.distinct)
                    .then_with(|| a.text.cmp(&b.text))
            });
            extend_existing(list, facts);
            list.truncate(MAX_KEYS - 1);
        }
        parts.joins.truncate(2);
        parts.ranges.truncate(2);
        parts
    }

    pub(super) fn offer(&self, builder: &mut Builder<'_>) {
        let none: &[(String, String)] = &[];
        let restricted = &self.predicates[..];
        let order = self.orders.first().map(Vec::as_slice);
        if !restricted.is_empty() {
            let beside = &self.equal_beside;
            if let Some(order) = order {
                builder.add(&[(beside, KeyRole::Equal)], Tail::Order(order), restricted);
            }
            for range in &self.ranges {
                builder.add(&[(beside, KeyRole::Equal)], Tail::Range(range), restricted);
            }
            if !beside.is_empty() {
                builder.add(&[(beside, KeyRole::Equal)], Tail::None, restricted);
            }
            if !self.joins.is_empty() {
                let lists = [(&self.joins, KeyRole::Join), (beside, KeyRole::Equal)];
                builder.add(&lists, Tail::None, restricted);
            }
            if beside.is_empty() {
                let any = self.restricted[..self.restricted.len().min(1)].to_vec();
                builder.add(&[(&any, KeyRole::Any)], Tail::None, restricted);
            }
        }
        if !self.equal.is_empty() {
            let equal = &[(&self.equal, KeyRole::Equal)];
            for order in self.orders.iter().take(2) {
                builder.add(equal, Tail::Order(order), none);
            }
            for range in &self.ranges {
                builder.add(equal, Tail::Range(range), none);
            }
            builder.add(equal, Tail::None, none);
        }
        if !self.joins.is_empty() {
            let both = [(&self.joins, KeyRole::Join), (&self.equal, KeyRole::Equal)];
            // An order within each value that joins is seldom the one asked for: worth a trial, and
            // nothing to say where there is none.
            if let Some(order) = order
                && builder.facts.kind != silk_core::DatabaseKind::MySql
            {
                builder.add(&both, Tail::Order(order), none);
            }
            if let Some(range) = self.ranges.first() {
                builder.add(&both, Tail::Range(range), none);
            }
            builder.add(&both, Tail::None, none);
            builder.add(&both[..1], Tail::None, none);
            let turned = [(&self.equal, KeyRole::Equal), (&self.joins, KeyRole::Join)];
            builder.add(&turned, Tail::None, none);
        }
        for order in self.orders.iter().take(2) {
            builder.add(&[], Tail::Order(order), none);
        }
        for range in &self.ranges {
            builder.add(&[], Tail::Range(range), none);
        }
        if self.equal.len() > 1 {
            for key in self.equal.iter().take(2) {
                let one = vec![key.clone()];
                builder.add(&[(&one, KeyRole::Equal)], Tail::None, none);
            }
        }
    }
}

/// The key of a predicate that is no search on its own (`status <> 'done'`).
fn column_of(predicate: &(String, String), facts: &TableFacts, keys: &Keys<'_>) -> Option<Key> {
    let expr = expression(&predicate.0, keys.style);
    let column = facts.column(&expr.columns().next()?.name)?;
    keys.key(&Expr::Column(Column {
        table: None,
        name: column.name.clone(),
    }))
}

fn push(list: &mut Vec<Key>, key: &Key) {
    if !list.iter().any(|known| known.text == key.text) {
        list.push(key.clone());
    }
}
