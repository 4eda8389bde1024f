//! Why an index has the keys it has.

use super::figures::listed;
use crate::advice::{
    candidate::{Candidate, CandidateKey, KeyRole},
    wants::{Reference, TableWants},
};

/// Why these columns, in this order.
#[must_use]
pub fn reason(candidate: &Candidate, wants: &TableWants) -> String {
    if let Some(reference) = &wants.reference {
        return refers(candidate, reference);
    }
    let mut parts = Vec::new();
    let mut say = |role: KeyRole, one: &str, many: &str| {
        let labels: Vec<&str> = candidate
            .keys
            .iter()
            .filter(|key| key.role == role)
            .map(said)
            .collect();
        match labels.as_slice() {
            [] => {}
            [label] => parts.push(format!("{label} {one}")),
            labels => parts.push(format!("{} {many}", listed(labels))),
        }
    };
    say(
        KeyRole::Equal,
        "is compared for equality",
        "are compared for equality",
    );
    say(KeyRole::Join, "joins", "join");
    say(KeyRole::Range, "narrows a range", "narrow a range");
    say(
        KeyRole::Prefix,
        "is searched by its beginning",
        "are searched by their beginnings",
    );
    let joins = candidate.keys.iter().any(|key| key.role == KeyRole::Join);
    if joins {
        say(
            KeyRole::Order,
            "is the order asked for, among rows that join alike",
            "are the order asked for, among rows that join alike",
        );
    } else {
        say(
            KeyRole::Order,
            "is the order asked for, so that nothing has to be sorted",
            "are the order asked for, so that nothing has to be sorted",
        );
    }
    if candidate.is_partial() {
        parts.push(format!(
            "only rows with {} are in it, which is what the query always asks for",
            candidate.predicates.join(" and ")
        ));
    }
    if !candidate.include.is_empty() {
        let names: Vec<&str> = candidate.include.iter().map(String::as_str).collect();
        parts.push(format!(
            "{} {} carried along, so that the table need not be visited",
            listed(&names),
            if names.len() == 1 { "is" } else { "are" }
        ));
    }
    if let Some(replaced) = &candidate.replaces {
        parts.push(format!("it does all that {replaced} does"));
    }
    let mut text = parts.join("; ");
    if text.is_empty() {
        "the query names its columns".clone_into(&mut text);
    }
    text
}

/// Why a foreign key wants an index.
fn refers(candidate: &Candidate, reference: &Reference) -> String {
    let columns: Vec<&str> = reference.columns.iter().map(String::as_str).collect();
    let (table, parent) = (&candidate.table, &reference.parent);
    let constraint = match &reference.constraint {
        Some(name) => format!(" ({name})"),
        None => String::new(),
    };
    format!(
        "{} of {table} {} to {parent}{constraint}: for each row of {parent} that goes or gets \
         another key, the database searches {table} for rows that refer to it",
        listed(&columns),
        if columns.len() == 1 {
            "refers"
        } else {
            "refer"
        },
    )
}

fn said(key: &CandidateKey) -> &str {
    key.column.as_deref().unwrap_or(&key.text)
}
