//! Which indexes are worth a trial.

use super::{
    Candidate, CandidateKey, KeyRole,
    existing::{extend_existing, is_extended_by, provides},
    expression::{SortKey, Style, expression},
    facts::TableFacts,
    key::{Key, Keys, Term},
    wants::TableWants,
};

/// Indexes tried for one table.
pub const MAX_CANDIDATES: usize = 12;
/// Pages that have to be visible to everyone before carrying columns along is worth anything.
const COVERING_VISIBLE: f64 = 0.8;
/// Columns that are carried along at most.
const MAX_INCLUDED: usize = 3;
/// Longest value that is worth carrying along, in bytes.
const MAX_INCLUDED_BYTES: f64 = 64.0;
/// Keys of an index at most.
const MAX_KEYS: usize = 5;

/// Indexes that might give what is wanted of a table, the most promising first; at most twelve, none
/// that an existing one already is.
#[must_use]
pub fn candidates(wants: &TableWants, facts: &TableFacts) -> Vec<Candidate> {
    let keys = Keys {
        wants,
        facts,
        style: Style::of(facts.kind),
    };
    let terms: Vec<Term> = wants
        .conditions
        .iter()
        .map(|wanted| keys.term(wanted))
        .collect();
    let mut builder = Builder {
        facts,
        found: Vec::new(),
    };
    let parts = Parts::of(&keys, &terms, wants, facts);
    parts.offer(&mut builder);
    builder.covering(wants);
    builder.found.truncate(MAX_CANDIDATES);
    builder.found
}

/// What the conditions and orders come to.
struct Parts {
    equal: Vec<Key>,
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
    fn of(keys: &Keys<'_>, terms: &[Term], wants: &TableWants, facts: &TableFacts) -> Self {
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
        for term in terms {
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

    fn offer(&self, builder: &mut Builder<'_>) {
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

/// The key of a predicate that is no search by itself (`status <> 'done'`).
fn column_of(predicate: &(String, String), facts: &TableFacts, keys: &Keys<'_>) -> Option<Key> {
    let expr = expression(&predicate.0, keys.style);
    let column = facts.column(&expr.columns().next()?.name)?;
    keys.key(&super::expression::Expr::Column(
        super::expression::Column {
            table: None,
            name: column.name.clone(),
        },
    ))
}

fn push(list: &mut Vec<Key>, key: &Key) {
    if !list.iter().any(|known| known.text == key.text) {
        list.push(key.clone());
    }
}

/// What comes behind the keys that are compared for equality.
#[derive(Clone, Copy)]
enum Tail<'a> {
    None,
    Range(&'a (Key, KeyRole)),
    Order(&'a [(Key, SortKey)]),
}

struct Builder<'a> {
    facts: &'a TableFacts,
    found: Vec<Candidate>,
}

impl Builder<'_> {
    fn add(
        &mut self,
        lists: &[(&Vec<Key>, KeyRole)],
        tail: Tail<'_>,
        predicates: &[(String, String)],
    ) {
        let mut keys: Vec<CandidateKey> = Vec::new();
        for (list, role) in lists {
            for key in *list {
                push_key(&mut keys, key, *role, None);
            }
        }
        match tail {
            Tail::None => {}
            Tail::Range((key, role)) => push_key(&mut keys, key, *role, None),
            Tail::Order(order) => {
                for (key, sort) in order {
                    push_key(&mut keys, key, KeyRole::Order, Some(sort));
                }
                plain_direction(&mut keys);
            }
        }
        keys.truncate(MAX_KEYS);
        if keys.is_empty() {
            return;
        }
        if self.facts.kind != silk_core::DatabaseKind::Postgres {
            // Only PostgreSQL lets an index say where NULL goes.
            for key in &mut keys {
                key.nulls_first = None;
            }
        }
        let candidate = Candidate {
            kind: self.facts.kind,
            schema: self.facts.schema.clone(),
            table: self.facts.name.clone(),
            is_partitioned: self.facts.is_partitioned,
            keys,
            include: Vec::new(),
            predicates: predicates.iter().map(|(text, _)| text.clone()).collect(),
            predicate_labels: predicates.iter().map(|(_, label)| label.clone()).collect(),
            replaces: None,
        };
        self.keep(candidate);
    }

    fn keep(&mut self, mut candidate: Candidate) {
        let is_known = |known: &Candidate| known.statement(None) == candidate.statement(None);
        if self.found.iter().any(is_known)
            || self
                .facts
                .indexes
                .iter()
                .any(|index| provides(index, &candidate))
        {
            return;
        }
        candidate.replaces = self
            .facts
            .indexes
            .iter()
            .filter(|index| is_extended_by(index, &candidate))
            .max_by_key(|index| index.keys.len())
            .map(|index| index.name.clone());
        self.found.push(candidate);
    }

    /// Variants that carry along what else is needed, so that the table need not be visited.
    fn covering(&mut self, wants: &TableWants) {
        let Some(needed) = &wants.needed else { return };
        if self.facts.kind != silk_core::DatabaseKind::Postgres
            || self.facts.all_visible.unwrap_or(0.0) < COVERING_VISIBLE
        {
            return;
        }
        let mut variants = Vec::new();
        for candidate in self.found.iter().take(4) {
            // An expression's column is needed from the table all the same.
            if candidate.keys.iter().any(|key| key.column.is_none()) {
                continue;
            }
            let missing: Vec<&String> = needed
                .iter()
                .filter(|name| {
                    !candidate
                        .keys
                        .iter()
                        .any(|key| key.column.as_ref() == Some(*name))
                })
                .collect();
            let is_small = missing.iter().all(|name| {
                self.facts
                    .column(name)
                    .is_some_and(|column| column.bytes.unwrap_or(8.0) <= MAX_INCLUDED_BYTES)
            });
            if missing.is_empty() || missing.len() > MAX_INCLUDED || !is_small {
                continue;
            }
            let mut variant = candidate.clone();
            variant.include = missing.into_iter().cloned().collect();
            variants.push(variant);
        }
        // The simple ones come first; at the limit, covering ones take the place of the last.
        variants.truncate(3);
        self.found.truncate(MAX_CANDIDATES - variants.len());
        for variant in variants {
            self.keep(variant);
        }
    }
}

fn push_key(keys: &mut Vec<CandidateKey>, key: &Key, role: KeyRole, sort: Option<&SortKey>) {
    if keys.iter().any(|known| known.text == key.text) {
        return;
    }
    let descending = sort.is_some_and(|sort| sort.descending);
    keys.push(CandidateKey {
        text: key.text.clone(),
        label: key.label.clone(),
        column: key.column.clone(),
        descending,
        nulls_first: sort
            .and_then(|sort| sort.nulls_first)
            .filter(|nulls_first| *nulls_first != descending),
        class: key.pattern_class.filter(|_| role == KeyRole::Prefix),
        role,
    });
}

/// An index is read from either end: what is sorted downwards throughout needs no `DESC`.
fn plain_direction(keys: &mut [CandidateKey]) {
    let is_down = keys
        .iter()
        .find(|key| key.role == KeyRole::Order)
        .is_some_and(|key| key.descending);
    if !is_down {
        return;
    }
    for key in keys.iter_mut().filter(|key| key.role == KeyRole::Order) {
        key.descending = !key.descending;
        key.nulls_first = key.nulls_first.map(|first| !first);
    }
}
