//! Which indexes are worth a trial.

mod builder;
mod parts;
mod unions;

use super::{
    candidate::Candidate, expression::Style, facts::TableFacts, key::Keys, wants::TableWants,
};
use parts::Parts;

pub(super) use builder::{Builder, Tail};

pub use builder::MAX_CANDIDATES;
pub use unions::unions;

/// Indexes that might give what is wanted of a table, the most promising first; at most twelve, none
/// that an existing one already is.
#[must_use]
pub fn candidates(wants: &TableWants, facts: &TableFacts) -> Vec<Candidate> {
    let keys = Keys {
        wants,
        facts,
        style: Style::of(facts.kind),
    };
    let mut builder = Builder {
        facts,
        found: Vec::new(),
    };
    Parts::of(&keys).offer(&mut builder);
    // Where all other sides of an `OR` have an index, one is all that is missing.
    for candidate in unions::missing(&keys).into_iter().flat_map(single) {
        builder.found.truncate(MAX_CANDIDATES - 1);
        builder.keep(candidate);
    }
    builder.covering(wants);
    builder.found.truncate(MAX_CANDIDATES);
    builder.found
}

fn single(mut set: Vec<Candidate>) -> Option<Candidate> {
    if set.len() == 1 { set.pop() } else { None }
}
