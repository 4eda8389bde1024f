//! LIKE with a pattern that begins with a wildcard.
//!
//! **Definition.** A query that took long and compares a column with a pattern that begins with `%` or
//! `_` (`*` or `?` for GLOB), written or bound.
//! **Formula.** `duration − consumer >= min_rewrite`, and worth a finding by time and share.
//! **Time lost.** The union of the intervals of those that had such a pattern.
//! **Thresholds.** `min_rewrite` (20 ms): with a trigram index, or few rows, it takes less.
//! **Silent on.** Patterns that begin with a character; NOT LIKE; patterns that were not captured or
//! were redacted; a pattern of wildcards alone; what is quick.

use super::LEADING_WILDCARD;
use crate::{
    DatabaseKind, Finding, QueryRecord, ValueState,
    finding::facts::{Facts, Group},
    sql::habits::{self, Pattern, Wildcard},
    value::render,
};

pub(super) fn find<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let statement = group.statement;
    if !statement.normalized.contains("LIKE") && !statement.normalized.contains("GLOB") {
        return None;
    }
    let database = statement.database;
    let mut found: Vec<(&QueryRecord, Wildcard<'a>)> = Vec::new();
    for query in group.costly(facts) {
        let text = facts.text(query)?;
        let wildcard = habits::wildcards(&text.text, database)
            .into_iter()
            .find(|wildcard| has_wildcard(wildcard, query, database));
        found.extend(wildcard.map(|wildcard| (query, wildcard)));
    }
    let (longest, wildcard) = *found.iter().max_by_key(|(query, _)| query.duration_us)?;
    let queries: Vec<&QueryRecord> = found.iter().map(|(query, _)| *query).collect();
    let lost_us = facts.union_us(queries.iter().copied());
    if !facts.is_worth(lost_us) {
        return None;
    }
    let column = wildcard.column.unwrap_or("the column");
    let of = match &*statement.tables {
        [table] => Some((&**table, wildcard.column)),
        _ => None,
    };
    Some(Finding {
        rule: LEADING_WILDCARD.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "{} is searched by a pattern that begins with a wildcard: {}{}.",
            capitalised(column),
            facts.name(longest),
            facts.from(longest)
        ),
        detail: format!(
            "{} An ordinary index is sorted by how values begin, so it cannot answer this.",
            facts.took(&queries, lost_us)
        ),
        remedy: Some(remedy(database, of, column)),
        call_site: facts.site(longest).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(longest.seq),
        lost_us: Some(lost_us),
    })
}

/// Columns stay as they are written.
fn capitalised(column: &str) -> String {
    match column {
        "the column" => "A column".to_owned(),
        column => format!("Column {column}"),
    }
}

fn has_wildcard(wildcard: &Wildcard<'_>, query: &QueryRecord, database: DatabaseKind) -> bool {
    let Pattern::Bound(place) = wildcard.pattern else {
        return true;
    };
    let value = query.values.as_ref().and_then(|values| values.get(place));
    value.is_some_and(|value| {
        matches!(
            value.state,
            ValueState::Bytes(_) | ValueState::Truncated { .. }
        ) && habits::begins_with_wildcard(&render(value, database), wildcard.is_glob)
    })
}

fn remedy(database: DatabaseKind, of: Option<(&str, Option<&str>)>, column: &str) -> String {
    match (database, of) {
        (DatabaseKind::Postgres, Some((table, Some(column)))) => {
            let column = column.rsplit('.').next().unwrap_or(column);
            format!(
                "An index of trigrams answers it: CREATE EXTENSION pg_trgm; CREATE INDEX ON {table} \
                 USING gin ({column} gin_trgm_ops). For words of a text, to_tsvector with a gin index."
            )
        }
        (DatabaseKind::Postgres, _) => {
            "An index of trigrams answers it: CREATE EXTENSION pg_trgm, and a gin index with \
             gin_trgm_ops on what is compared. For words of a text, to_tsvector with a gin index."
                .to_owned()
        }
        (DatabaseKind::MySql, _) => format!(
            "Where whole words are looked for: a FULLTEXT index, and MATCH ({column}) AGAINST (? IN \
             BOOLEAN MODE). If the end is compared, keep it reversed in a column with an index."
        ),
        _ => format!(
            "An FTS5 table of {column} with tokenize = 'trigram' answers such a LIKE by its index."
        ),
    }
}
