//! A query that the app abandoned while it ran.
//!
//! **Definition.** The future or stream of a query was dropped before its end: a timeout, a
//! `select!`, a client that went away, a stream that was not read to its end. The database does not
//! learn of it: the query runs on, and its connection is of no use to the pool until its rest was
//! read.
//! **Formula.** `outcome = dropped and duration >= abandoned`, per shape.
//! **Time lost.** The union of the intervals until they were dropped, less what the app did between
//! rows.
//! **Thresholds.** `abandoned`: 10 ms; what is abandoned sooner was short.
//! **Silent on.** SQLite, where the worker stops at the next row, if a row had come; queries that
//! ended by themselves, or that had given as many rows as their LIMIT lets them.

use super::ABANDONED_QUERY;
use crate::{
    DatabaseKind, Finding, Outcome, QueryRecord, Severity,
    finding::{
        facts::{Facts, Group},
        thresholds::micros,
        words::{count, duration},
    },
    sql::Role,
};

pub(super) fn find(facts: &Facts<'_>) -> Vec<Finding> {
    facts
        .groups
        .iter()
        .filter(|group| group.outline.has_dropped())
        .filter_map(|group| of_group(facts, group))
        .collect()
}

fn of_group<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let database = group.statement.database;
    let least_us = micros(facts.thresholds.abandoned);
    let dropped: Vec<&QueryRecord> = group
        .each(facts)
        .filter(|query| {
            query.outcome == Outcome::Dropped
                && query.duration_us.saturating_sub(query.consumer_us) >= least_us
                && (database != DatabaseKind::Sqlite || query.rows_returned == 0)
                && !has_all(facts, query)
        })
        .collect();
    let longest = *dropped.iter().max_by_key(|query| query.duration_us)?;
    let lost_us = facts.union_us(dropped.iter().copied());
    let name = facts.name(longest);
    let from = facts.from(longest);
    let took = duration(longest.duration_us);
    let title = match (dropped.len(), longest.rows_returned) {
        (1, 0) => format!("A query was let go after {took}, before its first row: {name}{from}."),
        (1, rows) => format!(
            "A query was let go after {took} and {} rows: {name}{from}.",
            count(rows)
        ),
        (n, _) => format!(
            "{} queries were let go while they ran, the longest after {took}: {name}{from}.",
            count(u64::try_from(n).unwrap_or(u64::MAX))
        ),
    };
    let goes_on = match database {
        DatabaseKind::Sqlite => "SQLite's thread runs it on until its first row.",
        _ => "The database runs it on, and its connection cannot be used until the rest was read.",
    };
    let remedy = match (longest.rows_returned, database) {
        (1.., _) => "Ask for the rows you need with LIMIT, or read the stream to its end.",
        (0, DatabaseKind::Postgres) => {
            "Give the database the time limit too: SET statement_timeout, or \
             PgConnectOptions::options([(\"statement_timeout\", \"2s\")])."
        }
        (0, DatabaseKind::MySql) => {
            "Give the database the time limit too: max_execution_time (MySQL), \
             max_statement_time (MariaDB)."
        }
        (0, _) => "Let the query run to its end (tokio::spawn), or make it shorter.",
    };
    Some(Finding {
        rule: ABANDONED_QUERY.to_owned(),
        severity: facts.severity(lost_us).max(Severity::Warning),
        title,
        detail: goes_on.to_owned(),
        remedy: Some(remedy.to_owned()),
        call_site: facts.site(longest).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(longest.seq),
        lost_us: Some(lost_us),
    })
}

/// Whether all rows had come that its LIMIT allows.
fn has_all(facts: &Facts<'_>, query: &QueryRecord) -> bool {
    let shape = facts.shape(query);
    // That of the outermost query stands last.
    let slot = shape.slots.iter().rfind(|slot| slot.role == Role::Limit);
    let limit = slot
        .filter(|_| shape.has_limit)
        .and_then(|slot| facts.number(query, slot));
    limit.is_some_and(|limit| query.rows_returned >= limit)
}
