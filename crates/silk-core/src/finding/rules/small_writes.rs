//! Many small writes: one row at a time, in a loop.
//!
//! **Definition.** INSERTs of one row, or UPDATEs and DELETEs of one row by its key, of one shape
//! in one request, with different values; or UPDATEs that write the same row each time.
//! **Formula.** `calls >= min_calls`, and on average fewer than two rows changed by each.
//! **Time lost.** The union of their intervals, less one write of mean length; and BEGIN and
//! COMMIT, where each ran in a transaction of its own.
//! **Thresholds.** `min_calls`, `min_lost`, `min_share`, as for the N+1.
//! **Silent on.** INSERTs of several rows (`VALUES (…), (…)`, `unnest`, a `SELECT` that gives more
//! than one); writes by a list of keys; chunks (each changes many rows); settings and savepoints;
//! UPDATEs that give back rows with the same values each time (a queue); heartbeats, with the same
//! pause before each; DELETEs with the same values.

use super::{SMALL_WRITES, same_query::is_polling};
use crate::{
    DatabaseKind, Finding,
    finding::{
        facts::{Facts, Group, Varying},
        words::{count, duration, in_total},
    },
    sql::Role,
};

pub(super) fn find<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let statement = group.statement;
    let calls = group.calls();
    if calls < facts.thresholds.min_calls.max(2) {
        return None;
    }
    let verb = match &*statement.command {
        "INSERT" | "REPLACE" => "inserts into",
        "UPDATE" => "updates of",
        "DELETE" => "deletes from",
        "MERGE" => "merges into",
        _ => return None,
    };
    let table = statement.tables.first()?;
    let union_us = group.union_us(facts);
    let lost_us = union_us - union_us / calls;
    let ends_us = ends_us(facts, group);
    let lost_us = lost_us.saturating_add(ends_us).min(facts.total_us);
    if !facts.is_worth(lost_us) {
        return None;
    }
    let first = group.first(facts)?;
    let is_one_row = writes_single_rows(facts, group)?;
    let ends = how_committed(facts, group, ends_us);
    let (what, remedy) = if is_one_row {
        ("all of the same row", ONE_ROW)
    } else {
        (
            "one row at a time",
            remedy(&statement.command, statement.database),
        )
    };
    Some(Finding {
        rule: SMALL_WRITES.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "{} {verb} {table}, {what}{}.",
            count(calls),
            group.from(facts)
        ),
        detail: format!(
            "The {} writes took {}.{ends}",
            count(calls),
            in_total(union_us, union_us - union_us / calls)
        ),
        remedy: Some(remedy.to_owned()),
        call_site: group.main_site(facts).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(first.seq),
        lost_us: Some(lost_us),
    })
}

/// Whether the writes of a group, one row each, are all of the same row; none if they are no
/// loop over rows: bulk writes, batches, heartbeats.
fn writes_single_rows<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<bool> {
    let kept = u64::try_from(group.queries.len()).unwrap_or(u64::MAX);
    let changed: u64 = group.each(facts).map(|query| query.rows_affected).sum();
    // What an INSERT changes is read from its text: MySQL counts a row that it replaced twice.
    if !matches!(&*group.statement.command, "INSERT" | "REPLACE")
        && changed >= kept.saturating_mul(2)
    {
        return None;
    }
    // A query gives rows as it likes; where each run wrote one, it is a loop all the same.
    let writes_one = changed.saturating_mul(2) >= kept && changed < kept.saturating_mul(2);
    let is_bulk = group.each(facts).take(8).any(|query| {
        let shape = facts.shape(query);
        shape.value_rows > 1
            || shape.is_locking
            || (shape.has_source
                && (!writes_one || shape.slots.iter().any(|slot| slot.role == Role::Array)))
    });
    let varying = Varying::of(facts, group);
    if is_bulk || varying.is_batched || (group.distinct(facts).is_none() && !varying.has_values) {
        return None;
    }
    let is_one_row = is_one_row(facts, group, &varying);
    let is_same = group.distinct(facts) == Some(1);
    // Where values are not known, the pauses alone tell a heartbeat.
    let may_be_one_row =
        is_one_row || (group.distinct(facts).is_none() && group.statement.command == "UPDATE");
    if (may_be_one_row && is_polling(facts, group))
        || (is_same && !is_one_row && group.statement.command != "INSERT")
    {
        return None;
    }
    Some(is_one_row)
}

/// By whom the writes were committed, in a sentence of its own; nothing where that cost nothing.
fn how_committed<'a>(facts: &Facts<'a>, group: &Group<'a>, ends_us: u64) -> String {
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
    let ends = match ends_us {
        0 => String::new(),
        us => format!(
            " Each ran in a transaction of its own, whose BEGIN and COMMIT took {} in total.",
            duration(us)
        ),
    };
    format!("{commits}{ends}")
}

const ONE_ROW: &str = "Write it once: keep the value in a variable, or add the changes up, and \
     write the last one.";

/// Whether all runs write the row that the first one wrote: the same values each time, or only
/// those differ that are given to columns.
fn is_one_row<'a>(facts: &Facts<'a>, group: &Group<'a>, varying: &Varying) -> bool {
    if group.statement.command != "UPDATE" {
        return false;
    }
    match group.distinct(facts) {
        None => false,
        // What it gives back may tell that it took another row: a queue.
        Some(1) => group.each(facts).all(|query| query.rows_returned == 0),
        Some(_) => varying.has_values && varying.roles.iter().all(|role| *role == Role::Assigned),
    }
}

/// BEGIN and COMMIT of the transactions that the writes ran in, where each had one of its own.
fn ends_us<'a>(facts: &Facts<'a>, group: &Group<'a>) -> u64 {
    let detail = &facts.record.detail;
    let mut own: Vec<u32> = group
        .each(facts)
        .filter_map(|query| query.transaction)
        .collect();
    own.sort_unstable();
    own.dedup();
    if own.len() < group.queries.len() {
        return 0;
    }
    own.iter()
        .filter_map(|number| detail.transactions.get(usize::try_from(*number).ok()?))
        .map(|transaction| transaction.begin_us.saturating_add(transaction.end_us))
        .sum()
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
