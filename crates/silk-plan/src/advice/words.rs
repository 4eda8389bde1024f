//! What is said about an index, in sentences.

use std::collections::BTreeSet;

use silk_core::DatabaseKind;

use super::{Candidate, CandidateKey, KeyRole, TableFacts, TableWants, expression::Style};

/// Pages below which a table is read faster as a whole.
const SMALL_PAGES: f64 = 20.0;
/// Rows below which it is.
const SMALL_ROWS: f64 = 500.0;
/// Fraction of a table that is read faster by reading all of it.
const UNSELECTIVE: f64 = 0.3;
/// Fraction of pages that have to be visible to everyone.
const VISIBLE: f64 = 0.8;
/// Fraction of rows changed since, from which statistics are stale.
const STALE: f64 = 0.2;

/// Why these columns, in this order.
#[must_use]
pub fn reason(candidate: &Candidate) -> String {
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

fn said(key: &CandidateKey) -> &str {
    key.column.as_deref().unwrap_or(&key.text)
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What it costs to keep up.
#[must_use]
pub fn write_cost(candidate: &Candidate, facts: &TableFacts, fraction: Option<f64>) -> String {
    let bytes: f64 = candidate
        .keys
        .iter()
        .map(|key| key.column.as_deref())
        .chain(candidate.include.iter().map(|name| Some(name.as_str())))
        .map(|name| {
            name.and_then(|name| facts.column(name)?.bytes)
                .unwrap_or(16.0)
        })
        .sum::<f64>()
        + 16.0;
    let mut text = match fraction {
        Some(fraction) if candidate.is_partial() => format!(
            "an entry of about {bytes:.0} bytes for each row it holds: about {} of all rows",
            percent(fraction)
        ),
        _ if candidate.is_partial() => {
            format!("an entry of about {bytes:.0} bytes for each row it holds")
        }
        _ => format!("an entry of about {bytes:.0} bytes for each row inserted"),
    };
    if let Some(activity) = facts.activity.filter(|activity| activity.writes() > 0.0) {
        text.push_str(&format!(
            "; {} inserts, {} updates and {} deletes since the database began to count",
            count(activity.inserts),
            count(activity.updates),
            count(activity.deletes)
        ));
        let columns: BTreeSet<&str> = candidate
            .keys
            .iter()
            .filter_map(|key| key.column.as_deref())
            .chain(candidate.include.iter().map(String::as_str))
            .collect();
        if activity.hot_updates >= 0.1 * activity.updates && activity.updates > 0.0 {
            let columns: Vec<&str> = columns.into_iter().collect();
            text.push_str(&format!(
                "; {} of the updates touched no index (HOT), those that change {} no longer would",
                percent(activity.hot_updates / activity.updates),
                if columns.is_empty() {
                    "its columns".to_owned()
                } else {
                    listed(&columns)
                }
            ));
        }
    }
    if candidate.replaces.is_some() {
        text.push_str("; one index less where the old one is dropped");
    }
    text
}

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
    if candidate.is_partial() {
        found.push(format!(
            "it serves only statements that say {} in their text; with a bound value in its place \
             it is not used by a generic plan",
            candidate.predicates.join(" AND ")
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
        && activity.writes() > 10.0 * activity.scans.max(1.0)
        && activity.writes() > 10_000.0
    {
        found.push(format!(
            "{} is written more than it is read ({} rows written, {} scans): every index makes \
             that slower",
            facts.name,
            count(activity.writes()),
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
        let index = super::ddl::quote(replaced, Style::of(facts.kind));
        let drop = match facts.kind {
            DatabaseKind::Postgres => format!("DROP INDEX CONCURRENTLY {index}"),
            DatabaseKind::MySql => format!(
                "ALTER TABLE {} DROP INDEX {index}",
                super::quote_table(candidate.schema.as_deref(), &candidate.table, facts.kind)
            ),
            _ => format!("DROP INDEX {index}"),
        };
        found.push(format!("then drop the one it takes the place of: {drop}"));
    }
    found
}

fn stale(facts: &TableFacts) -> Option<String> {
    if !facts.is_analyzed {
        return Some(format!(
            "{} has no statistics, so the numbers are guesses: ANALYZE {} first",
            facts.name,
            super::quote_table(facts.schema.as_deref(), &facts.name, facts.kind)
        ));
    }
    let changed = facts
        .changed_since_analyze
        .filter(|changed| *changed >= STALE)?;
    Some(format!(
        "{} of the rows of {} changed since its statistics were taken: ANALYZE {} first",
        percent(changed),
        facts.name,
        super::quote_table(facts.schema.as_deref(), &facts.name, facts.kind)
    ))
}

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
            super::quote_table(facts.schema.as_deref(), name, facts.kind)
        ));
    }
    notes.extend(stale(facts));
    for text in &wants.unreadable {
        notes.extend(special(text, "a condition"));
    }
    for wanted in &wants.conditions {
        if let Some(text) = super::expression::render(&wanted.expr, Style::of(facts.kind))
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

/// A number of rows, pages or units with its thousands apart: `800,441`.
#[must_use]
pub fn count(value: f64) -> String {
    let digits = format!("{:.0}", value.max(0.0));
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if percent > 0.0 && percent < 10.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}
