//! Makes candidates of keys, and keeps those that are new.

use crate::advice::{
    candidate::{Candidate, CandidateKey, KeyRole},
    existing::{is_extended_by, provides},
    expression::SortKey,
    facts::TableFacts,
    key::Key,
    wants::TableWants,
};

/// Pages that have to be visible to everyone before carrying columns along is worth anything.
const COVERING_VISIBLE: f64 = 0.8;
/// Columns that are carried along at most.
const MAX_INCLUDED: usize = 3;
/// Longest value that is worth carrying along, in bytes.
const MAX_INCLUDED_BYTES: f64 = 64.0;
/// Indexes tried for one table.
pub const MAX_CANDIDATES: usize = 12;
/// Keys of an index at most.
pub(super) const MAX_KEYS: usize = 5;

/// What comes behind the keys that are compared for equality.
#[derive(Clone, Copy)]
pub(in crate::advice) enum Tail<'a> {
    None,
    Range(&'a (Key, KeyRole)),
    Order(&'a [(Key, SortKey)]),
}

pub(in crate::advice) struct Builder<'a> {
    pub(in crate::advice) facts: &'a TableFacts,
    pub(in crate::advice) found: Vec<Candidate>,
}

impl Builder<'_> {
    /// Makes a candidate, and keeps it where it is new.
    pub(super) fn add(
        &mut self,
        lists: &[(&Vec<Key>, KeyRole)],
        tail: Tail<'_>,
        predicates: &[(String, String)],
    ) {
        if let Some(candidate) = self.build(lists, tail, predicates) {
            self.keep(candidate);
        }
    }

    /// The candidate of these keys, in this order; none without any.
    pub(in crate::advice) fn build(
        &self,
        lists: &[(&Vec<Key>, KeyRole)],
        tail: Tail<'_>,
        predicates: &[(String, String)],
    ) -> Option<Candidate> {
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
        self.drop_row_key(&mut keys);
        if keys.is_empty() {
            return None;
        }
        if self.facts.kind != silk_core::DatabaseKind::Postgres {
            // Only PostgreSQL lets an index say where NULL goes.
            for key in &mut keys {
                key.nulls_first = None;
            }
        }
        Some(Candidate {
            kind: self.facts.kind,
            schema: self.facts.schema.clone(),
            table: self.facts.name.clone(),
            is_partitioned: self.facts.is_partitioned,
            keys,
            include: Vec::new(),
            predicates: predicates.iter().map(|(text, _)| text.clone()).collect(),
            predicate_labels: predicates.iter().map(|(_, label)| label.clone()).collect(),
            replaces: None,
        })
    }

    /// Takes off the end what every index of the table carries there anyway.
    fn drop_row_key(&self, keys: &mut Vec<CandidateKey>) {
        let row_key = &self.facts.row_key;
        for length in (1..=row_key.len().min(keys.len().saturating_sub(1))).rev() {
            let at = keys.len() - length;
            let is_same = keys[at..].iter().zip(row_key).all(|(key, name)| {
                !key.descending && key.column.as_ref().is_some_and(|column| column == name)
            });
            if is_same {
                keys.truncate(at);
                return;
            }
        }
    }

    /// Whether an index that is there already gives all that the candidate would.
    pub(super) fn is_provided(&self, candidate: &Candidate) -> bool {
        let mut indexes = self.facts.indexes.iter();
        indexes.any(|index| provides(index, candidate))
    }

    /// Keeps a candidate that is new.
    pub(super) fn keep(&mut self, mut candidate: Candidate) {
        let is_known = |known: &Candidate| known.statement(None) == candidate.statement(None);
        if self.found.iter().any(is_known) || self.is_provided(&candidate) {
            return;
        }
        candidate.replaces = self.replaced(&candidate);
        self.found.push(candidate);
    }

    /// The longest existing index that the candidate would take the place of.
    pub(super) fn replaced(&self, candidate: &Candidate) -> Option<String> {
        self.facts
            .indexes
            .iter()
            .filter(|index| is_extended_by(index, candidate))
            .max_by_key(|index| index.keys.len())
            .map(|index| index.name.clone())
    }

    /// Variants that carry along what else is needed, so that the table need not be visited.
    pub(super) fn covering(&mut self, wants: &TableWants) {
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
