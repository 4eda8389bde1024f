//! Indexes that only help together: one for each side of an `OR`.

use super::{
    builder::{Builder, Tail},
    parts::Parts,
};
use crate::advice::{
    candidate::{Candidate, KeyRole},
    expression::{Expr, Style},
    facts::TableFacts,
    key::{Key, Keys},
    wants::TableWants,
};

/// Sides of an `OR` that are worth an index each.
const MAX_SIDES: usize = 3;
/// Sets tried for one table.
const MAX_SETS: usize = 4;

/// Indexes of which each serves one side of an `OR`, so that none helps without the others: two or
/// three in a set, none that an existing one already is.
#[must_use]
pub fn unions(wants: &TableWants, facts: &TableFacts) -> Vec<Vec<Candidate>> {
    let keys = Keys {
        wants,
        facts,
        style: Style::of(facts.kind),
    };
    let mut sets = missing(&keys);
    sets.retain(|set| set.len() > 1);
    sets
}

/// For each `OR` of conditions, the indexes that its sides lack.
pub(super) fn missing(keys: &Keys<'_>) -> Vec<Vec<Candidate>> {
    let wants = keys.wants;
    let ors: Vec<&[Expr]> = wants
        .conditions
        .iter()
        .filter_map(|wanted| match &wanted.expr {
            Expr::Or(sides) if sides.len() <= MAX_SIDES => Some(&sides[..]),
            _ => None,
        })
        .collect();
    if ors.is_empty() {
        return Vec::new();
    }
    let builder = Builder {
        facts: keys.facts,
        found: Vec::new(),
    };
    // What holds whichever side does can stand first in each.
    let outer = Parts::of(keys).equal;
    let none = Vec::new();
    let mut sets = Vec::new();
    for sides in ors {
        for before in [&none, &outer] {
            let set = set_of(keys, &builder, sides, before);
            let is_new = !set.is_empty() && !sets.contains(&set);
            if is_new && sets.len() < MAX_SETS {
                sets.push(set);
            }
        }
    }
    sets
}

/// An index for each side that has none; nothing where a side could not have one.
fn set_of(
    keys: &Keys<'_>,
    builder: &Builder<'_>,
    sides: &[Expr],
    before: &Vec<Key>,
) -> Vec<Candidate> {
    let mut set: Vec<Candidate> = Vec::new();
    for side in sides {
        let mut equal = Vec::new();
        let mut range = None;
        for part in side.clone().conjuncts() {
            match keys.tested(&part) {
                Some((key, KeyRole::Equal)) => equal.push(key),
                Some((key, role @ (KeyRole::Range | KeyRole::Prefix))) => {
                    range = range.or(Some((key, role)));
                }
                _ => {}
            }
        }
        if equal.is_empty() && range.is_none() {
            return Vec::new();
        }
        let tail = range.as_ref().map_or(Tail::None, Tail::Range);
        let lists = [(before, KeyRole::Equal), (&equal, KeyRole::Equal)];
        let Some(mut candidate) = builder.build(&lists, tail, &[]) else {
            return Vec::new();
        };
        if builder.is_provided(&candidate) {
            continue;
        }
        candidate.replaces = builder.replaced(&candidate);
        let is_in = |known: &Candidate| known.statement(None) == candidate.statement(None);
        if !set.iter().any(is_in) {
            set.push(candidate);
        }
    }
    set
}
