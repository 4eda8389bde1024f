//! Why nothing is advised.

use std::collections::BTreeSet;

use super::{
    figures::{count, percent},
    stale::stale,
};
use crate::advice::{
    expression::{Style, render},
    facts::TableFacts,
    names::quote_table,
    wants::TableWants,
};

/// Pages below which a table is read faster as a whole.
const SMALL_PAGES: f64 = 20.0;
/// Rows below which it is.
const SMALL_ROWS: f64 = 500.0;
/// Fraction of a table that is read faster by reading all of it.
const UNSELECTIVE: f64 = 0.3;
/// Fraction of pages that have to be visible to everyone.
const VISIBLE: f64 = 0.8;

/// Why nothing is advised for a table.
#[must_use]
pub fn notes_without_advice(wants: &TableWants, facts: &TableFacts, tried: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let name = &facts.name;
    let is_small = facts.pages.is_some_and(|pages| pages < SMALL_PAGES)
        || facts.rows.is_some_and(|rows| rows < SMALL_ROWS);
    if is_small && facts.is_analyzed {
        notes.push(format!(
            "{name} is small ({}{} rows): reading all of it is as fast as an index",
            match facts.pages {
                Some(pages) => format!("{} pages, ", count(pages)),
                None => String::new(),
            },
            count(facts.rows.unwrap_or(0.0))
        ));
        return notes;
    }
    let kept = match (wants.estimated_rows, facts.rows) {
        _ if wants.discarded.is_some() => wants.discarded.map(|discarded| 1.0 - discarded),
        (Some(given), Some(rows)) if rows > 0.0 => Some((given / rows).min(1.0)),
        _ => None,
    };
    if let Some(kept) = kept.filter(|kept| *kept >= UNSELECTIVE)
        && wants.is_narrowed()
        && !wants.is_limited
    {
        notes.push(format!(
            "the conditions keep {} of {name}: so many rows are read faster from the table than \
             through an index",
            percent(kept)
        ));
    }
    if let Some(visible) = facts.all_visible.filter(|visible| *visible < VISIBLE)
        && let Some(pages) = facts.pages
    {
        notes.push(format!(
            "{} of {} pages of {name} ({}) are visible to everyone: for the others an index-only \
             scan visits the table as well; VACUUM {} and ask again",
            count(visible * pages),
            count(pages),
            percent(visible),
            quote_table(facts.schema.as_deref(), name, facts.kind)
        ));
    }
    notes.extend(stale(facts));
    for text in &wants.unreadable {
        notes.extend(special(text, "a condition"));
    }
    for wanted in &wants.conditions {
        if let Some(text) = render(&wanted.expr, Style::of(facts.kind))
            && let Some(column) = wanted.expr.columns().next()
        {
            notes.extend(special(&text, &format!("the condition on {}", column.name)));
        }
    }
    if notes.is_empty() {
        notes.push(match tried {
            0 => format!("{name}: its indexes already give all that an index could"),
            1 => format!("{name}: one index was tried and would not be used, or save too little"),
            _ => format!("{name}: {tried} indexes were tried; none would be used and save enough"),
        });
    }
    let mut said = BTreeSet::new();
    notes.retain(|note| said.insert(note.clone()));
    notes
}

/// Conditions that other kinds of indexes serve. Their values are not repeated.
fn special(text: &str, what: &str) -> Option<String> {
    let has = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
    if has(&["~~ '%", "~~* '", "LIKE '%", "~~ '_"]) {
        return Some(format!(
            "{what} is a pattern that begins with anything: that needs a trigram index (pg_trgm), \
             which cannot be tried without making it"
        ));
    }
    has(&[" @> ", " <@ ", " @@ ", " ?| ", " && "]).then(|| {
        format!("{what} needs a GIN or GiST index, which cannot be tried without making it")
    })
}
