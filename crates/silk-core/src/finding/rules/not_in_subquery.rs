//! NOT IN with a subquery, in a query that is slow.
//!
//! **Definition.** A slow query with `NOT IN (SELECT …)` or `<> ALL (SELECT …)` in a condition. It must
//! mind NULL, so it is not joined: rows of the subquery are kept and searched for each row, and read
//! again and again where they do not fit into memory.
//! **Formula.** `duration − consumer >= slow_query`, and worth a finding by time and share.
//! **Time lost.** The union of their intervals.
//! **Thresholds.** `slow_query` (100 ms): while the rows of the subquery fit into a hash table it is as
//! quick as a join.
//! **Remedy.** NOT EXISTS, written out for the query where its text tells which tables its columns are
//! of; it also gives rows where the subquery gives a NULL.
//! **Silent on.** NOT IN with a list; SQLite, which makes an index of the subquery for itself; what is
//! quick.

use super::NOT_IN_SUBQUERY;
use crate::{
    DatabaseKind, Finding,
    finding::{
        facts::{Facts, Group},
        thresholds::micros,
    },
    sql::habits,
};

pub(super) fn find<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let statement = group.statement;
    if statement.database == DatabaseKind::Sqlite || !group.outline.has_slow(facts.thresholds) {
        return None;
    }
    let least_us = micros(facts.thresholds.slow_query).max(1);
    let mut queries = group.costly(facts);
    queries.retain(|query| query.duration_us.saturating_sub(query.consumer_us) >= least_us);
    let longest = *queries.iter().max_by_key(|query| query.duration_us)?;
    let found = habits::not_in(&facts.text(longest)?.text, statement.database)?;
    let lost_us = facts.union_us(queries.iter().copied());
    if !facts.is_worth(lost_us) {
        return None;
    }
    let remedy = match found.not_exists {
        Some(sql) => format!("In place of {}: {sql}.", found.text),
        None => "Use NOT EXISTS (SELECT 1 FROM … WHERE its column = the outer column).".to_owned(),
    };
    Some(Finding {
        rule: NOT_IN_SUBQUERY.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "A slow query asks by NOT IN with a subquery: {}{}.",
            facts.name(longest),
            facts.from(longest)
        ),
        detail: format!(
            "{} NOT IN must mind NULL, so it cannot become a join; if the subquery gives one NULL, \
             no row is found at all.",
            facts.took(&queries, lost_us)
        ),
        remedy: Some(remedy),
        call_site: facts.site(longest).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(longest.seq),
        lost_us: Some(lost_us),
    })
}
