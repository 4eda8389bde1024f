//! An exact count of many rows.
//!
//! **Definition.** A query that gives one number, how many rows there are, and that took long: the
//! database reads each of them to count it.
//! **Formula.** `count(…)` alone in the select list, `duration − consumer >= min_rewrite`, and worth a
//! finding by time and share.
//! **Time lost.** The union of their intervals.
//! **Thresholds.** `min_rewrite` (20 ms): counting some hundred thousand rows takes as long.
//! **Remedy.** The estimate that the database keeps, a sample, or the same count up to a cap, written
//! out for the query.
//! **Silent on.** Counts by group, of different values, or besides other columns; counts with a cap;
//! counts that are quick.

use super::COUNTS_EVERYTHING;
use crate::{
    DatabaseKind, Finding,
    finding::{
        facts::{Facts, Group},
        words::duration,
    },
    sql::habits::{self, Count},
};

pub(super) fn find<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let statement = group.statement;
    let table = statement.tables.first()?;
    let queries = group.costly(facts);
    let longest = *queries.iter().max_by_key(|query| query.duration_us)?;
    let text = facts.text(longest)?;
    let counted = habits::count(&text.text, statement.database)?;
    let lost_us = facts.union_us(queries.iter().copied());
    if !facts.is_worth(lost_us) {
        return None;
    }
    let others = if queries.len() > 1 {
        format!(" {}", facts.took(&queries, lost_us))
    } else {
        String::new()
    };
    Some(Finding {
        rule: COUNTS_EVERYTHING.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "Counting rows of {table} one by one took {}{}.",
            duration(longest.duration_us.saturating_sub(longest.consumer_us)),
            facts.from(longest)
        ),
        detail: format!(
            "An exact count reads every row that it counts, and takes longer the more there \
             are.{others}"
        ),
        remedy: Some(remedy(statement.database, table, &counted)),
        call_site: facts.site(longest).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(longest.seq),
        lost_us: Some(lost_us),
    })
}

fn remedy(database: DatabaseKind, table: &str, counted: &Count) -> String {
    let capped = match &counted.capped {
        Some(sql) => format!("If “more than 1,000” is enough: {sql}."),
        None => "If “more than 1,000” is enough, count in a subquery with LIMIT 1001.".to_owned(),
    };
    if counted.is_of_some {
        return format!(
            "{capped} If the exact number is needed, look at its plan for an index on what is \
             compared."
        );
    }
    let is_plain = table
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte));
    let estimate = match database {
        DatabaseKind::Postgres if is_plain => format!(
            "If an estimate is enough: SELECT reltuples::bigint FROM pg_class WHERE oid = \
             '{table}'::regclass (as of the last ANALYZE), or 100 times the count FROM {table} \
             TABLESAMPLE SYSTEM (1). "
        ),
        DatabaseKind::Postgres => {
            "If an estimate is enough: reltuples of pg_class (as of the last ANALYZE), or a count \
             of a sample (TABLESAMPLE SYSTEM (1)). "
                .to_owned()
        }
        DatabaseKind::MySql => {
            "If an estimate is enough: table_rows of information_schema.tables. ".to_owned()
        }
        DatabaseKind::Sqlite | DatabaseKind::Unknown => String::new(),
    };
    format!("{estimate}{capped} If it is exact and asked for often, keep it in a row of its own.")
}
