//! The queries of a request by shape, and what several rules ask of each shape.

use std::{
    cell::OnceCell,
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use super::{
    Facts, busy_until_us, loose_keys,
    outline::{Outline, Union},
};
use crate::{CallSite, Fingerprint, Outcome, QueryRecord, Statement, finding::thresholds::micros};

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
    pub(in crate::finding) outline: Outline,
    union: Union,
    /// What several rules ask, reckoned once.
    union_us: OnceCell<u64>,
    distinct: OnceCell<Option<u64>>,
    sites: OnceCell<Vec<&'a CallSite>>,
}

impl<'a> Group<'a> {
    fn new(statement: &'a Arc<Statement>) -> Self {
        Self {
            statement,
            queries: Vec::new(),
            beyond: 0,
            beyond_us: 0,
            is_one: true,
            outline: Outline::default(),
            union: Union::default(),
            union_us: OnceCell::new(),
            distinct: OnceCell::new(),
            sites: OnceCell::new(),
        }
    }

    fn add(&mut self, at: usize, query: &QueryRecord, total_us: u64) {
        self.queries.push(at);
        self.outline.add(query);
        self.union
            .add(query.started_us, busy_until_us(query), total_us);
    }

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

    /// Its queries that completed and took so long that how they are written matters.
    pub(in crate::finding) fn costly(&self, facts: &Facts<'a>) -> Vec<&'a QueryRecord> {
        let least_us = micros(facts.thresholds.min_rewrite).max(1);
        self.each(facts)
            .filter(|query| {
                query.outcome == Outcome::Completed
                    && query.duration_us.saturating_sub(query.consumer_us) >= least_us
            })
            .collect()
    }

    /// The time with one of its queries running. Those beyond the cap have no interval: at most
    /// the sum of their durations, and all SQL time.
    pub(in crate::finding) fn union_us(&self, facts: &Facts<'a>) -> u64 {
        *self.union_us.get_or_init(|| {
            let kept_us = self
                .union
                .length_us()
                .unwrap_or_else(|| facts.union_us(self.each(facts)));
            if self.beyond == 0 {
                return kept_us;
            }
            kept_us
                .saturating_add(self.beyond_us)
                .min(facts.record.summary.times.sql_us.max(kept_us))
        })
    }

    /// How many different values (or texts) it ran with; none if that is not known of all.
    pub(in crate::finding) fn distinct(&self, facts: &Facts<'a>) -> Option<u64> {
        *self.distinct.get_or_init(|| {
            if self.beyond > 0 {
                return None;
            }
            let all = self.queries.iter().map(|at| facts.identity(*at));
            let mut all = all.collect::<Option<Vec<u64>>>()?;
            all.sort_unstable();
            all.dedup();
            u64::try_from(all.len()).ok()
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
        self.sites(facts).first().copied()
    }

    /// `, from src/a.rs:10`, `, from src/a.rs:10 and src/b.rs:20`, `, from 3 places, most from …`.
    pub(in crate::finding) fn from(&self, facts: &Facts<'a>) -> String {
        match self.sites(facts) {
            [] => String::new(),
            [one] => format!(", from {one}"),
            [one, other] => format!(", from {one} and {other}"),
            [one, others @ ..] => {
                format!(", from {} places, most from {one}", others.len() + 1)
            }
        }
    }

    /// Where it was called from, most calls first.
    fn sites(&self, facts: &Facts<'a>) -> &[&'a CallSite] {
        self.sites.get_or_init(|| {
            // By number first: a place is compared as text once, not for each query.
            let mut numbers: Vec<(u32, usize)> = Vec::new();
            for number in self.each(facts).filter_map(|query| query.call_site) {
                match numbers.iter_mut().find(|(known, _)| *known == number) {
                    Some((_, count)) => *count += 1,
                    None => numbers.push((number, 1)),
                }
            }
            let mut counts: Vec<(&CallSite, usize)> = Vec::new();
            for (number, calls) in numbers {
                let Some(site) = facts.site_at(number) else {
                    continue;
                };
                match counts.iter_mut().find(|(known, _)| *known == site) {
                    Some((_, count)) => *count += calls,
                    None => counts.push((site, calls)),
                }
            }
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            counts.into_iter().map(|(site, _)| site).collect()
        })
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
    let mut shapes = Shapes::default();
    if may_loop {
        shapes.join_alike(detail.texts.iter().map(|text| &text.statement));
    }
    // Texts are few and queries many: each text is looked up once.
    let mut by_text: Vec<Option<usize>> = vec![None; detail.texts.len()];
    for (at, query) in detail.queries.iter().enumerate() {
        let number = usize::try_from(query.text).unwrap_or(usize::MAX);
        let (Some(text), Some(known)) = (detail.texts.get(number), by_text.get_mut(number)) else {
            continue;
        };
        let group = *known.get_or_insert_with(|| shapes.group_of(&text.statement));
        if let Some(group) = shapes.groups.get_mut(group) {
            group.add(at, query, facts.total_us);
        }
    }
    if detail.queries_not_kept > 0 {
        shapes.add_beyond(facts);
    }
    shapes.groups
}

/// The groups, and how they are found.
#[derive(Default)]
struct Shapes<'a> {
    groups: Vec<Group<'a>>,
    by_fingerprint: HashMap<Fingerprint, usize, foldhash::fast::RandomState>,
    /// What makes statements one shape, where there are several of them.
    keys: HashMap<Fingerprint, String, foldhash::fast::RandomState>,
    by_key: HashMap<String, usize, foldhash::fast::RandomState>,
}

impl<'a> Shapes<'a> {
    /// Statements that differ by constants or tenants alone are one shape.
    fn join_alike(&mut self, statements: impl Iterator<Item = &'a Arc<Statement>> + Clone) {
        let mut others = statements.clone().map(|statement| statement.fingerprint);
        let Some(first) = others.next() else {
            return;
        };
        if others.any(|other| other != first) {
            self.keys = loose_keys(statements.filter(|statement| !statement.tables.is_empty()));
        }
    }

    /// The number of the group that the statement belongs to.
    fn group_of(&mut self, statement: &'a Arc<Statement>) -> usize {
        let fingerprint = statement.fingerprint;
        if let Some(at) = self.by_fingerprint.get(&fingerprint) {
            return *at;
        }
        let new = self.groups.len();
        let at = match self.keys.remove(&fingerprint) {
            None => new,
            Some(key) => match self.by_key.entry(key) {
                Entry::Vacant(entry) => *entry.insert(new),
                Entry::Occupied(entry) => *entry.get(),
            },
        };
        match self.groups.get_mut(at) {
            Some(group) => group.is_one = false,
            None => self.groups.push(Group::new(statement)),
        }
        self.by_fingerprint.insert(fingerprint, at);
        at
    }

    /// Counts what was not kept: the sums of the statements have all, the lists those that were
    /// kept.
    fn add_beyond(&mut self, facts: &Facts<'_>) {
        let groups = &mut self.groups;
        let (mut calls, mut us) = (vec![0_u64; groups.len()], vec![0_u64; groups.len()]);
        for part in &facts.record.statements {
            if let Some(at) = self.by_fingerprint.get(&part.statement.fingerprint) {
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
}
