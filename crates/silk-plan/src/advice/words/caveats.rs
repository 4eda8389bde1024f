//! What would make an advice wrong.

use silk_core::DatabaseKind;

use super::{figures::count, stale::stale};
use crate::advice::{
    candidate::{Candidate, KeyRole},
    expression::{Style, quote},
    facts::TableFacts,
    names::quote_table,
    wants::TableWants,
};

/// What would make the advice wrong.
#[must_use]
pub fn caveats(candidate: &Candidate, wants: &TableWants, facts: &TableFacts) -> Vec<String> {
    let mut found = Vec::new();
    let low = candidate
        .keys
        .first()
        .and_then(|key| facts.column(key.column.as_deref()?)?.distinct)
        .is_some_and(|distinct| distinct <= 1_000.0);
    if facts.kind == DatabaseKind::Postgres && low {
        found.push(
            "the size is an upper bound: equal entries are stored once, which the estimate does \
             not know"
                .to_owned(),
        );
    }
    let said = said_predicates(candidate);
    if !said.is_empty() {
        found.push(format!(
            "it serves only statements that say {} in their text; with a bound value in its place \
             it is not used by a generic plan",
            said.join(" AND ")
        ));
    }
    if candidate.keys.iter().any(|key| key.role == KeyRole::Prefix) && wants.has_bound_conditions()
    {
        found.push(
            "a pattern that is bound is not known to a generic plan, which a cached statement \
             runs from its sixth execution on: that one does not use the index"
                .to_owned(),
        );
    }
    if candidate.keys.iter().any(|key| key.column.is_none()) {
        found.push("the query has to spell the expression as the index does".to_owned());
    }
    if !candidate.include.is_empty() {
        found.push(
            "it saves visiting the table only where pages are visible to everyone: keep it \
             vacuumed"
                .to_owned(),
        );
    }
    if let Some(activity) = facts.activity
        // The rows that it holds were written once whatever it is for: its first fill tells nothing.
        && let later = activity.writes() - facts.rows.unwrap_or(0.0).min(activity.inserts)
        && later > 10.0 * activity.scans.max(1.0)
        && later > 10_000.0
    {
        found.push(format!(
            "{} is written more than it is read ({} rows written, {} scans): every index makes \
             that slower",
            facts.name,
            count(later),
            count(activity.scans)
        ));
    }
    found.extend(stale(facts));
    if facts.is_partition {
        found.push(format!(
            "{} is a partition: made on the table it belongs to, the index is there for each of them",
            facts.name
        ));
    }
    if facts.is_partitioned {
        found.push(
            "the table is cut into partitions: writes wait while the index is made, unless it is \
             made on each partition concurrently first"
                .to_owned(),
        );
    }
    if let Some(replaced) = &candidate.replaces {
        found.push(format!(
            "then drop the one it takes the place of: {}",
            drop_index(replaced, candidate, facts)
        ));
    }
    found
}

fn drop_index(name: &str, candidate: &Candidate, facts: &TableFacts) -> String {
    let index = quote(name, Style::of(facts.kind));
    match facts.kind {
        DatabaseKind::Postgres => format!("DROP INDEX CONCURRENTLY {index}"),
        DatabaseKind::MySql => format!(
            "ALTER TABLE {} DROP INDEX {index}",
            quote_table(candidate.schema.as_deref(), &candidate.table, facts.kind)
        ),
        _ => format!("DROP INDEX {index}"),
    }
}

/// What a statement has to say for the index to serve it: that a key is not NULL goes without
/// saying where the key is compared.
fn said_predicates(candidate: &Candidate) -> Vec<&str> {
    let goes_without = |predicate: &str| {
        predicate.strip_suffix(" IS NOT NULL").is_some_and(|of| {
            let mut keys = candidate.keys.iter();
            keys.any(|key| key.text == of && !matches!(key.role, KeyRole::Order | KeyRole::Any))
        })
    };
    let predicates = candidate.predicates.iter().map(String::as_str);
    predicates.filter(|text| !goes_without(text)).collect()
}
