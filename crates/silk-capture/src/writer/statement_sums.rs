//! The queries of a request, summed per statement and call site.

use std::{collections::HashMap, sync::Arc};

use silk_core::{CallSite, Fingerprint, Histogram, QueryRecord, RequestStatement, SqlText};

use super::numbered::index;

/// Call sites of a request, each kept once.
#[derive(Default)]
pub(super) struct CallSites {
    pub(super) items: Vec<CallSite>,
    /// The one of the query before: most come from one place again and again.
    last: Option<(Arc<CallSite>, u32)>,
    numbers: HashMap<Arc<CallSite>, u32, foldhash::fast::RandomState>,
}

impl CallSites {
    pub(super) fn number(&mut self, site: Option<Arc<CallSite>>) -> Option<u32> {
        let site = site?;
        if let Some((last, number)) = &self.last
            && Arc::ptr_eq(last, &site)
        {
            return Some(*number);
        }
        let number = match self.numbers.get(&site) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.items.len()).ok()?;
                self.items.push((*site).clone());
                self.numbers.insert(Arc::clone(&site), number);
                number
            }
        };
        self.last = Some((site, number));
        Some(number)
    }
}

/// Sums per statement and call site, in the order in which they were seen first.
#[derive(Default)]
pub(super) struct Sums {
    items: Vec<Sum>,
    /// By text: the place of its query before, and what that counted to. Most texts run from one.
    last: Vec<Option<(Option<u32>, usize)>>,
    numbers: HashMap<(Fingerprint, Option<u32>), usize, foldhash::fast::RandomState>,
}

pub(super) struct Sum {
    statement: Arc<silk_core::Statement>,
    call_site: Option<u32>,
    pub(super) calls: u64,
    pub(super) errors: u64,
    pub(super) total_us: u64,
    pub(super) max_us: u64,
    pub(super) rows: u64,
    /// A number for the values of each call, equal where they are; none once a call had none.
    pub(super) values: Option<Vec<u64>>,
    pub(super) durations: Histogram,
}

impl Sum {
    fn new(statement: &Arc<silk_core::Statement>, call_site: Option<u32>) -> Self {
        Self {
            statement: Arc::clone(statement),
            call_site,
            calls: 0,
            errors: 0,
            total_us: 0,
            max_us: 0,
            rows: 0,
            values: Some(Vec::new()),
            durations: Histogram::default(),
        }
    }
}

impl Sums {
    pub(super) fn new(texts: usize) -> Self {
        Self {
            last: vec![None; texts],
            ..Self::default()
        }
    }

    pub(super) fn of(&mut self, number: u32, text: &SqlText, call_site: Option<u32>) -> &mut Sum {
        let last = usize::try_from(number)
            .ok()
            .and_then(|number| self.last.get_mut(number));
        let at = match &last {
            Some(Some((site, at))) if *site == call_site => *at,
            _ => {
                let key = (text.statement.fingerprint, call_site);
                *self.numbers.entry(key).or_insert_with(|| {
                    self.items.push(Sum::new(&text.statement, call_site));
                    self.items.len() - 1
                })
            }
        };
        if let Some(last) = last {
            *last = Some((call_site, at));
        }
        &mut self.items[at]
    }

    pub(super) fn add(
        &mut self,
        text: &SqlText,
        call_site: Option<u32>,
        query: &QueryRecord,
        is_error: bool,
        values_hash: Option<u64>,
    ) {
        let sum = self.of(query.text, text, call_site);
        sum.calls += 1;
        sum.errors += u64::from(is_error);
        sum.total_us = sum.total_us.saturating_add(query.duration_us);
        sum.max_us = sum.max_us.max(query.duration_us);
        sum.rows = sum.rows.saturating_add(query.rows_returned);
        sum.durations.record(query.duration_us);
        match (values_hash, &mut sum.values) {
            (Some(hash), Some(seen)) => seen.push(hash),
            (None, Some(_)) => sum.values = None,
            (_, None) => {}
        }
    }

    pub(super) fn finish(self, sites: &[CallSite]) -> Vec<RequestStatement> {
        self.items
            .into_iter()
            .map(|sum| RequestStatement {
                statement: sum.statement,
                call_site: sum
                    .call_site
                    .and_then(|number| index(sites, number))
                    .cloned(),
                calls: sum.calls,
                errors: sum.errors,
                total_us: sum.total_us,
                max_us: sum.max_us,
                rows: sum.rows,
                distinct_values: sum.values.and_then(different),
                durations: sum.durations,
            })
            .collect()
    }
}

/// How many of the numbers differ.
fn different(mut numbers: Vec<u64>) -> Option<u64> {
    numbers.sort_unstable();
    numbers.dedup();
    u64::try_from(numbers.len()).ok()
}
