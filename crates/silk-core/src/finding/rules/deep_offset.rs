//! A page far back, reached by OFFSET: the database reads all rows before it to skip them.
//!
//! **Definition.** A query whose OFFSET, written or bound, skips many rows, and that took long.
//! **Formula.** `offset >= deep_offset and duration − consumer >= min_rewrite`, and worth a finding by
//! time and share.
//! **Time lost.** Of the union of their intervals the part for rows that were skipped:
//! `offset / (offset + rows returned)`; skipping a row takes about as long as giving one.
//! **Thresholds.** `deep_offset` (1,000 rows, that of the rule about plans), `min_rewrite` (20 ms).
//! **Remedy.** The same query by key, written out where its text tells how.
//! **Silent on.** The first pages; OFFSET bound to a value that was not captured; what is quick all
//! the same.

use super::DEEP_OFFSET;
use crate::{
    Finding, QueryRecord,
    finding::{
        facts::{Facts, Group},
        words::{count, counted},
    },
    sql::{Role, habits},
};

pub(super) fn find<'a>(facts: &Facts<'a>, group: &Group<'a>) -> Option<Finding> {
    let skipped_by = |query: &QueryRecord| {
        let slots = &facts.shape(query).slots;
        let offsets = slots.iter().filter(|slot| slot.role == Role::Offset);
        offsets.filter_map(|slot| facts.number(query, slot)).max()
    };
    let deep: Vec<(&QueryRecord, u64)> = group
        .costly(facts)
        .into_iter()
        .filter_map(|query| Some((query, skipped_by(query)?)))
        .filter(|(_, skipped)| *skipped >= facts.thresholds.deep_offset.max(1))
        .collect();
    let (deepest, offset) = *deep.iter().max_by_key(|(_, skipped)| *skipped)?;
    let queries: Vec<&QueryRecord> = deep.iter().map(|(query, _)| *query).collect();
    let union_us = facts.union_us(queries.iter().copied());
    let skipped = deep.iter().map(|(_, skipped)| *skipped);
    let skipped = skipped.fold(0, u64::saturating_add);
    let given: u64 = queries.iter().map(|query| query.rows_returned).sum();
    let lost_us = part(union_us, skipped, skipped.saturating_add(given));
    if !facts.is_worth(lost_us) {
        return None;
    }
    let text = facts.text(deepest)?;
    let remedy = match habits::by_key(&text.text, text.statement.database) {
        Some(sql) => format!(
            "Page by key: {sql} — bind what the last row of the page before has in the columns that \
             are sorted by. The last of them must be unique; add the key if it is not."
        ),
        None => "Page by key: sort by columns of which the last is unique, and ask for the rows \
                 beyond the last one seen (WHERE (a, id) > (…) ORDER BY a, id LIMIT n) in place of \
                 OFFSET."
            .to_owned(),
    };
    Some(Finding {
        rule: DEEP_OFFSET.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "OFFSET {} makes the database read rows to skip them: {}{}.",
            count(offset),
            facts.name(deepest),
            facts.from(deepest)
        ),
        detail: format!(
            "{} It gave {}. A page takes longer the further back it is.",
            facts.took(&queries, union_us),
            counted(deepest.rows_returned, "row")
        ),
        remedy: Some(remedy),
        call_site: facts.site(deepest).cloned(),
        fingerprint: Some(group.fingerprint()),
        query: Some(deepest.seq),
        lost_us: Some(lost_us),
    })
}

/// `us × share / all`, rounded down.
fn part(us: u64, share: u64, all: u64) -> u64 {
    let part = u128::from(us) * u128::from(share) / u128::from(all.max(1));
    u64::try_from(part).unwrap_or(us)
}
