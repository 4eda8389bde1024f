//! Many small writes: one row at a time, in a loop.
//!
//! **Definition.** INSERTs of one row, or UPDATEs and DELETEs of one row by its key, of one shape
//! in one request, with different values.
//! **Formula.** `calls >= min_calls`, and on average fewer than two rows changed by each.
//! **Time lost.** The union of their intervals, less one write of mean length.
//! **Thresholds.** `min_calls`, `min_lost`, `min_share`, as for the N+1.
//! **Silent on.** INSERTs of several rows (`VALUES (…), (…)`, `unnest`, `SELECT`); writes by a list
//! of keys; chunks (each changes many rows); settings and savepoints; the same values each time.

use super::SMALL_WRITES;
use crate::{
    DatabaseKind, Finding,
    finding::{
        facts::{Facts, Group, Varying},
        words::{count, duration},
    },
};

pub(super) fn find(facts: &Facts<'_>, group: &Group<'_>) -> Option<Finding> {
    let statement = group.statement;
    let calls = group.calls();
    let verb = match &*statement.command {
        "INSERT" | "REPLACE" => "inserts into",
        "UPDATE" => "updates of",
        "DELETE" => "deletes from",
        "MERGE" => "merges into",
        _ => return None,
    };
    let table = statement.tables.first()?;
    if calls < facts.thresholds.min_calls.max(2) {
        return None;
    }
    let union_us = group.union_us(facts);
    let lost_us = union_us - union_us / calls;
    if !facts.is_worth(lost_us) || group.distinct(facts).is_some_and(|distinct| distinct < 2) {
        return None;
    }
    let kept = u64::try_from(group.queries.len()).unwrap_or(u64::MAX);
    let changed: u64 = group.each(facts).map(|query| query.rows_affected).sum();
    // What an INSERT changes is told by its text: MySQL counts a row that it replaced twice.
    if !matches!(&*statement.command, "INSERT" | "REPLACE") && changed >= kept.saturating_mul(2) {
        return None;
    }
    let first = group.first(facts)?;
    let is_bulk = group.each(facts).take(8).any(|query| {
        let shape = facts.shape(query);
        shape.value_rows > 1 || shape.has_source || shape.is_locking
    });
    let varying = Varying::of(facts, group);
    if is_bulk || varying.is_batched || (group.distinct(facts).is_none() && !varying.has_values) {
        return None;
    }
    let alone = group
        .each(facts)
        .filter(|query| query.transaction.is_none())
        .count();
    let commits = match alone {
        0 => "",
        n if n == group.queries.len() => {
            " They ran outside of a transaction, so each was committed by itself."
        }
        _ => " Some ran outside of a transaction and were committed by themselves.",
    };
    Some(Finding {
        rule: SMALL_WRITES.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "{} {verb} {table}, one row at a time{}.",
            count(calls),
            group.from(facts)
        ),
        detail: format!(
            "The {} writes took {} in total.{commits}",
            count(calls),
            duration(union_us)
        ),
        remedy: Some(remedy(&statement.command, statement.database).to_owned()),
        call_site: group.main_site(facts).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(first.seq),
        lost_us: Some(lost_us),
    })
}

fn remedy(command: &str, database: DatabaseKind) -> &'static str {
    match (command, database) {
        ("INSERT" | "REPLACE" | "MERGE", DatabaseKind::Postgres) => {
            "Write all rows at once: INSERT INTO … SELECT * FROM UNNEST($1, $2, …) with one Vec \
             bound per column, or QueryBuilder::push_values."
        }
        ("INSERT" | "REPLACE" | "MERGE", _) => {
            "Write all rows at once with QueryBuilder::push_values, some hundred rows per query."
        }
        ("UPDATE", DatabaseKind::Postgres) => {
            "Change all rows at once: UPDATE … FROM UNNEST($1, $2) AS new (id, value) WHERE \
             table.id = new.id, with one Vec bound per column."
        }
        ("UPDATE", DatabaseKind::MySql) => {
            "Change all rows at once: INSERT … ON DUPLICATE KEY UPDATE with \
             QueryBuilder::push_values, or UPDATE … JOIN."
        }
        ("UPDATE", _) => {
            "Change all rows at once: UPDATE … FROM (VALUES …) with QueryBuilder::push_values, \
             or run them in one transaction."
        }
        (_, DatabaseKind::Postgres) => {
            "Delete all rows at once: WHERE id = ANY($1), with all keys bound as one Vec."
        }
        _ => "Delete all rows at once: WHERE id IN (…), written by QueryBuilder::separated.",
    }
}
