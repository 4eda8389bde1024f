//! Statistics that are out of date.

use super::figures::percent;
use crate::advice::{facts::TableFacts, names::quote_table};

/// Fraction of rows changed since, from which statistics are stale.
const STALE: f64 = 0.2;

/// That they are, and what to do; none if they are not.
pub(super) fn stale(facts: &TableFacts) -> Option<String> {
    if !facts.is_analyzed {
        return Some(format!(
            "{} has no statistics, so the numbers are guesses: ANALYZE {} first",
            facts.name,
            quote_table(facts.schema.as_deref(), &facts.name, facts.kind)
        ));
    }
    let changed = facts
        .changed_since_analyze
        .filter(|changed| *changed >= STALE)?;
    Some(format!(
        "{} of the rows of {} changed since its statistics were taken: ANALYZE {} first",
        percent(changed),
        facts.name,
        quote_table(facts.schema.as_deref(), &facts.name, facts.kind)
    ))
}
