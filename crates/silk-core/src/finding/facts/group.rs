use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use super::{Facts, loose_keys};
use crate::{CallSite, Fingerprint, QueryRecord, Statement};

/// The queries of one shape.
pub(in crate::finding) struct Group<'a> {
    pub(in crate::finding) statement: &'a Arc<Statement>,
    /// Places in the list of queries, by start.
    pub(in crate::finding) queries: Vec<usize>,
    /// Runs beyond the cap on queries, and the sum of their durations.
    pub(in crate::finding) beyond: u64,
    beyond_us: u64,
    /// Whether all are of one statement, so that its fingerprint names them.
    is_one: bool,
    /// What several rules ask, reckoned once.
    union_us: OnceCell<u64>,
    distinct: OnceCell<Option<u64>>,
}

impl<'a> Group<'a> {
    /// All runs.
    pub(in crate::finding) fn calls(&self) -> u64 {
        u64::try_from(self.queries.len())
            .unwrap_or(u64::MAX)
            .saturating_add(self.beyond)
    }

    /// The statement, where it is one.
    pub(in crate::finding) fn fingerprint(&self) -> Fingerprint {
        self.statement.fingerprint
    }

    pub(in crate::finding) const fn is_one(&self) -> bool {
        self.is_one
    }

    pub(in crate::finding) fn each<'f>(
        &'f self,
        facts: &'f Facts<'a>,
    ) -> impl Iterator<Item = &'a QueryRecord> + 'f {
        self.queries.iter().filter_map(|at| facts.query(*at))
    }

    pub(in crate::finding) fn first(&self, facts: &Facts<'a>) -> Option<&'a QueryRecord> {
        facts.query(*self.queries.first()?)
    }

    /// The time with one of its queries running. Those beyond the cap have no interval: at most
    /// the sum of their durations, and all SQL time.
    pub(in crate::finding) fn union_us(&self, facts: &Facts<'a>) -> u64 {
        *self.union_us.get_or_init(|| {
            let kept_us = facts.union_us(self.each(facts));
            if self.beyond == 0 {
                return kept_us;
            }
            kept_us
                .saturating_add(self.beyond_us)
                .min(facts.record.summary.times.sql_us.max(kept_us))
        })
    }

    /// How many different values (or texts) it ran with; none where that is not known of all.
    pub(in crate::finding) fn distinct(&self, facts: &Facts<'a>) -> Option<u64> {
        *self.distinct.get_or_init(|| {
            if self.beyond > 0 {
                return None;
            }
            let mut seen = HashSet::with_hasher(foldhash::fast::RandomState::default());
            for at in &self.queries {
                seen.insert(facts.identity(*at)?);
            }
            u64::try_from(seen.len()).ok()
        })
    }

    /// Rows that one run returns on average, rounded down.
    pub(in crate::finding) fn mean_rows(&self, facts: &Facts<'a>) -> u64 {
        let kept = u64::try_from(self.queries.len()).unwrap_or(u64::MAX);
        let rows: u64 = self.each(facts).map(|query| query.rows_returned).sum();
        rows / kept.max(1)
    }

    /// The place with most of its queries.
    pub(in crate::finding) fn main_site(&self, facts: &Facts<'a>) -> Option<&'a CallSite> {
        self.sites(facts).into_iter().next()
    }

    /// `, from src/a.rs:10`, `, from src/a.rs:10 and src/b.rs:20`, `, from 3 places, most from …`.
    pub(in crate::finding) fn from(&self, facts: &Facts<'a>) -> String {
        let sites = self.sites(facts);
        match sites.as_slice() {
            [] => String::new(),
            [one] => format!(", from {one}"),
            [one, other] => format!(", from {one} and {other}"),
            [one, ..] => format!(", from {} places, most from {one}", sites.len()),
        }
    }

    /// Where it was called from, most calls first.
    fn sites(&self, facts: &Facts<'a>) -> Vec<&'a CallSite> {
        let mut counts: Vec<(&CallSite, usize)> = Vec::new();
        for site in self.each(facts).filter_map(|query| facts.site(query)) {
            match counts.iter_mut().find(|(known, _)| *known == site) {
                Some((_, count)) => *count += 1,
                None => counts.push((site, 1)),
            }
        }
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.into_iter().map(|(site, _)| site).collect()
    }
}

/// The queries of a request by shape, in the order in which each came first.
pub(super) fn groups<'a>(facts: &Facts<'a>) -> Vec<Group<'a>> {
    let detail = &facts.record.detail;
    // Below this no rule asks for more than the statement.
    let may_loop = facts.record.summary.query_count
        >= facts
            .thresholds
            .min_calls
            .min(facts.thresholds.min_built_texts)
            .max(2);
    let statements = detail.texts.iter().map(|text| &text.statement);
    let keys = if may_loop {
        loose_keys(statements.filter(|statement| !statement.tables.is_empty()))
    } else {
        HashMap::new()
    };
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut by_key: HashMap<&str, usize> = HashMap::new();
    let mut by_fingerprint: HashMap<Fingerprint, usize> = HashMap::new();
    let mut find = |statement: &'a Arc<Statement>, groups: &mut Vec<Group<'a>>| -> usize {
        let fingerprint = statement.fingerprint;
        if let Some(at) = by_fingerprint.get(&fingerprint) {
            return *at;
        }
        let mut add = || {
            groups.push(Group {
                statement,
                queries: Vec::new(),
                beyond: 0,
                beyond_us: 0,
                is_one: true,
                union_us: OnceCell::new(),
                distinct: OnceCell::new(),
            });
            groups.len() - 1
        };
        let at = match keys.get(&fingerprint) {
            None => add(),
            Some(key) => match by_key.entry(key.as_str()) {
                Entry::Vacant(entry) => *entry.insert(add()),
                Entry::Occupied(entry) => *entry.get(),
            },
        };
        if let Some(group) = groups.get_mut(at) {
            group.is_one &= group.statement.fingerprint == fingerprint;
        }
        by_fingerprint.insert(fingerprint, at);
        at
    };
    // Texts are few and queries many: each text is looked up once.
    let mut by_text: Vec<Option<usize>> = vec![None; detail.texts.len()];
    for (at, query) in detail.queries.iter().enumerate() {
        let number = usize::try_from(query.text).ok();
        let (Some(text), Some(known)) = (
            facts.text(query),
            number.and_then(|number| by_text.get_mut(number)),
        ) else {
            continue;
        };
        let group = *known.get_or_insert_with(|| find(&text.statement, &mut groups));
        if let Some(group) = groups.get_mut(group) {
            group.queries.push(at);
        }
    }
    if detail.queries_not_kept > 0 {
        add_beyond(facts, &mut groups, &by_fingerprint);
    }
    groups
}

/// Counts what was not kept: the sums of the statements have all, the lists those that were kept.
fn add_beyond(
    facts: &Facts<'_>,
    groups: &mut [Group<'_>],
    by_fingerprint: &HashMap<Fingerprint, usize>,
) {
    let (mut calls, mut us) = (vec![0_u64; groups.len()], vec![0_u64; groups.len()]);
    for part in &facts.record.statements {
        if let Some(at) = by_fingerprint.get(&part.statement.fingerprint) {
            calls[*at] += part.calls;
            us[*at] = us[*at].saturating_add(part.total_us);
        }
    }
    for ((group, calls), us) in groups.iter_mut().zip(calls).zip(us) {
        let kept = u64::try_from(group.queries.len()).unwrap_or(u64::MAX);
        let kept_us: u64 = group
            .queries
            .iter()
            .filter_map(|at| facts.query(*at))
            .map(|query| query.duration_us)
            .sum();
        group.beyond = calls.saturating_sub(kept);
        group.beyond_us = us.saturating_sub(kept_us);
    }
}
