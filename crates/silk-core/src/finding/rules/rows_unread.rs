//! One row was asked for, and many were read.
//!
//! **Definition.** `fetch_one` and `fetch_optional` hand out the first row; on PostgreSQL and MySQL
//! the database sends the others all the same. On PostgreSQL the driver reads them at once; on
//! MySQL when the connection is used next, where nobody counts them.
//! **Formula.** `rows returned <= 1 and rows read >= min_rows_unread`, per shape.
//! **Time lost.** From the first row to the end, where the first row was seen: the union of those
//! intervals.
//! **Thresholds.** `min_rows_unread`; ten. It is reported even if it cost little so far: it grows
//! with the table.
//! **Silent on.** A second row that is read to see whether there is one; streams that were stopped
//! (see [`abandoned_query`](super::abandoned_query)); writes with RETURNING, which change the rows
//! anyway.

use super::ROWS_UNREAD;
use crate::{
    Finding, Outcome, QueryRecord,
    finding::{
        facts::{Facts, Group, ended_us},
        words::{count, duration},
    },
    record::union_us,
};

pub(super) fn find(facts: &Facts<'_>) -> Vec<Finding> {
    facts
        .groups
        .iter()
        .filter_map(|group| of_group(facts, group))
        .collect()
}

fn of_group<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let least = facts.thresholds.min_rows_unread.max(2);
    if !group.outline.has_unread(facts.thresholds) || group.statement.command != "SELECT" {
        return None;
    }
    let unread: Vec<&QueryRecord> = group
        .each(facts)
        .filter(|query| {
            query.outcome == Outcome::Completed
                && query.rows_returned <= 1
                && query.rows_read >= least
        })
        .collect();
    let most = *unread.iter().max_by_key(|query| query.rows_read)?;
    let after_first = unread
        .iter()
        .filter_map(|query| {
            let first = query.started_us.saturating_add(query.first_row_us?);
            Some((first, ended_us(query)))
        })
        .collect();
    let lost_us = union_us(after_first, facts.total_us);
    let name = facts.name(most);
    let again = match unread.len() {
        1 => String::new(),
        n => format!(", {} times", count(u64::try_from(n).unwrap_or(u64::MAX))),
    };
    let late = if lost_us == 0 {
        String::new()
    } else {
        format!(" Reading the others took {}.", duration(lost_us))
    };
    Some(Finding {
        rule: ROWS_UNREAD.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "One row was asked for and {} were read: {name}{}{again}.",
            count(most.rows_read),
            facts.from(most)
        ),
        detail: format!(
            "fetch_one and fetch_optional take the first row; the database sends all of them.{late}"
        ),
        remedy: Some("Add LIMIT 1 to the query.".to_owned()),
        call_site: facts.site(most).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(most.seq),
        lost_us: Some(lost_us),
    })
}
