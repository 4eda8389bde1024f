//! Which indexes are worth a trial.

mod builder;
mod parts;

use super::{
    candidate::Candidate, expression::Style, facts::TableFacts, key::Keys, term::Term,
    wants::TableWants,
};
pub use builder::MAX_CANDIDATES;

use builder::Builder;
use parts::Parts;

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
