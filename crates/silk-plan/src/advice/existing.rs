//! What the indexes that are there already give.

use super::{
    candidate::{Candidate, CandidateKey, KeyRole},
    expression::{Style, expression, render},
    facts::{IndexFacts, IndexKey, TableFacts},
    key::Key,
};

/// Puts the keys of an existing index first where all of them are wanted: the new one then takes
/// its place.
pub(super) fn extend_existing(list: &mut Vec<Key>, facts: &TableFacts) {
    let longest = facts
        .indexes
        .iter()
        .filter(|index| index.is_plain && index.predicate.is_none())
        .filter(|index| {
            index
                .keys
                .iter()
                .all(|key| list.iter().any(|wanted| is_same(wanted, key)))
        })
        .max_by_key(|index| index.keys.len());
    let Some(index) = longest else { return };
    let mut first = Vec::with_capacity(list.len());
    for key in &index.keys {
        if let Some(at) = list.iter().position(|wanted| is_same(wanted, key)) {
            first.push(list.remove(at));
        }
    }
    first.append(list);
    *list = first;
}

fn is_same(key: &Key, existing: &IndexKey) -> bool {
    existing.class.is_none()
        && !existing.is_expression
        && key.column.as_deref() == Some(&existing.text)
}

/// Whether the existing index already is what the candidate would be.
pub(super) fn provides(index: &IndexFacts, candidate: &Candidate) -> bool {
    index.is_plain
        && has_predicate(index, candidate)
        && starts_with(&index.keys, &candidate.keys)
        && candidate.include.iter().all(|name| {
            index.include.contains(name) || index.keys.iter().any(|key| key.text == *name)
        })
}

/// Whether the candidate does all that the existing index does.
pub(super) fn is_extended_by(index: &IndexFacts, candidate: &Candidate) -> bool {
    let kept = |name: &String| {
        candidate.include.contains(name)
            || candidate
                .keys
                .iter()
                .any(|key| key.column.as_ref() == Some(name))
    };
    index.is_plain
        && !index.is_unique
        && !index.is_constraint
        && has_predicate(index, candidate)
        && index.keys.len() <= candidate.keys.len()
        && index
            .keys
            .iter()
            .zip(&candidate.keys)
            .all(|(existing, key)| is_key(existing, key, false))
        && index.include.iter().all(kept)
}

fn has_predicate(index: &IndexFacts, candidate: &Candidate) -> bool {
    let style = Style::of(candidate.kind);
    match &index.predicate {
        None => candidate.predicates.is_empty(),
        Some(predicate) => {
            let mut existing: Vec<String> = expression(predicate, style)
                .conjuncts()
                .iter()
                .filter_map(|part| render(part, style))
                .collect();
            let mut wanted: Vec<String> = candidate
                .predicates
                .iter()
                .filter_map(|text| render(&expression(text, style), style))
                .collect();
            existing.sort();
            wanted.sort();
            existing == wanted
                || existing
                    .iter()
                    .map(|text| bare(text))
                    .eq(wanted.iter().map(|text| bare(text)))
        }
    }
}

/// Without the casts between texts that PostgreSQL writes.
fn bare(text: &str) -> String {
    text.replace("::text", "")
        .replace("::character varying", "")
}

/// Whether the keys of an existing index begin with those of a candidate, read from either end.
fn starts_with(existing: &[IndexKey], keys: &[CandidateKey]) -> bool {
    existing.len() >= keys.len()
        && [false, true].into_iter().any(|is_turned| {
            existing
                .iter()
                .zip(keys)
                .all(|(existing, key)| is_key(existing, key, is_turned))
        })
}

fn is_key(existing: &IndexKey, key: &CandidateKey, is_turned: bool) -> bool {
    let is_same_text = if existing.is_expression {
        let style = Style {
            double_colon: true,
            ..Style::of(silk_core::DatabaseKind::Postgres)
        };
        key.column.is_none()
            && render(&expression(&existing.text, style), style)
                == render(&expression(&key.text, style), style)
    } else {
        key.column.as_deref() == Some(&existing.text)
    };
    if !is_same_text || existing.class.as_deref() != key.class {
        return false;
    }
    // Only an order cares for the direction.
    if key.role != KeyRole::Order {
        return true;
    }
    let nulls_first = key.nulls_first.unwrap_or(key.descending);
    if is_turned {
        existing.descending != key.descending && existing.nulls_first != nulls_first
    } else {
        existing.descending == key.descending && existing.nulls_first == nulls_first
    }
}
