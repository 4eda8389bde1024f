//! A statement that runs more often the more rows another one returns.
//!
//! **Definition.** In requests of one route, the calls of a statement follow the rows that another
//! statement, run once in each of them, returns: a loop over its rows, also while lists are short.
//! **Formula.** Over the requests that ran both, the rank correlation of calls and rows (Spearman,
//! *The Proof and Measurement of Association between Two Things*, American Journal of Psychology 15
//! (1904), 72–101; equal values share their mean rank) is at least `min_correlation`, and the calls
//! are half of the rows or more. Ranks, because one long list must not make the correlation; rows of
//! the feeding statement alone, because all rows of a request grow with its queries in any case.
//! **Time lost.** The time of all but one call of each request.
//! **Thresholds.** `min_requests` (20), `min_correlation` (0.9); three different numbers of rows,
//! and twice as many calls in the request with most as in the one with least.
//! **Silent on.** Counts that stay the same while rows grow; counts that vary and follow no rows;
//! chunks (a call for many rows); settings and locks; and what a finding of these requests is about
//! already: a loop of so many calls has one.

use std::collections::HashMap;

use super::{AcrossFinding, AcrossThresholds, GROWING_QUERIES, Sample, as_u64, route_of};
use crate::{
    CallSite, Fingerprint, RequestRecord, Severity, Statement,
    finding::rules::{REPEATED_STATEMENT, SAME_QUERY, SMALL_WRITES},
    store::RouteName,
    words::{count, duration},
};

/// Different numbers of rows that must have been seen.
const MIN_SIZES: usize = 3;

/// A statement within one request.
#[derive(Debug, Clone, Copy)]
struct Used<'a> {
    statement: &'a Statement,
    call_site: Option<&'a CallSite>,
    calls: u64,
    rows: u64,
    total_us: u64,
}

type Request<'a> = HashMap<Fingerprint, Used<'a>>;

pub(super) fn find<'a>(sample: &'a Sample, thresholds: &AcrossThresholds) -> Vec<AcrossFinding> {
    let mut routes: HashMap<RouteName, Vec<(&'a RequestRecord, Request<'a>)>> = HashMap::new();
    for record in &sample.requests {
        let request = statements(record);
        routes
            .entry(route_of(record))
            .or_default()
            .push((record, request));
    }
    let mut routes: Vec<_> = routes.into_iter().collect();
    routes.sort_by(|a, b| a.0.cmp(&b.0));
    let of_route = |(route, requests): &(RouteName, Vec<(&RequestRecord, Request<'_>)>)| {
        let is_few = as_u64(requests.len()) < thresholds.min_requests;
        let statements = if is_few {
            Vec::new()
        } else {
            growing(requests)
        };
        let found = statements.into_iter();
        let found = found.filter_map(|looped| of_statement(route, requests, looped, thresholds));
        found.collect::<Vec<_>>()
    };
    routes.iter().flat_map(of_route).collect()
}

/// The statements of a request, those of all lines together.
fn statements(record: &RequestRecord) -> Request<'_> {
    let mut request = Request::new();
    for used in &record.statements {
        let sum = request
            .entry(used.statement.fingerprint)
            .or_insert_with(|| Used {
                statement: &used.statement,
                call_site: used.call_site.as_ref(),
                calls: 0,
                rows: 0,
                total_us: 0,
            });
        sum.calls = sum.calls.saturating_add(used.calls);
        sum.rows = sum.rows.saturating_add(used.rows);
        sum.total_us = sum.total_us.saturating_add(used.total_us);
    }
    request
}

/// Statements whose calls differ from request to request, and that no finding tells.
fn growing(requests: &[(&RequestRecord, Request<'_>)]) -> Vec<Fingerprint> {
    let mut range: HashMap<Fingerprint, (u64, u64)> = HashMap::new();
    for (_, request) in requests {
        for (fingerprint, used) in request {
            if used.statement.tables.is_empty() {
                continue;
            }
            let (least, most) = range
                .entry(*fingerprint)
                .or_insert((used.calls, used.calls));
            (*least, *most) = (used.calls.min(*least), used.calls.max(*most));
        }
    }
    let is_told = |fingerprint: Fingerprint| {
        let mut findings = requests.iter().flat_map(|(record, _)| &record.findings);
        findings.any(|finding| {
            finding.fingerprint == Some(fingerprint)
                && matches!(
                    &*finding.rule,
                    REPEATED_STATEMENT | SAME_QUERY | SMALL_WRITES
                )
        })
    };
    let mut growing: Vec<Fingerprint> = range
        .into_iter()
        .filter(|(_, (least, most))| *most >= 3 && *most >= least.saturating_mul(2))
        .map(|(fingerprint, _)| fingerprint)
        .filter(|fingerprint| !is_told(*fingerprint))
        .collect();
    growing.sort_unstable();
    growing
}

/// The finding about one statement, with the statement that its calls follow most closely.
fn of_statement(
    route: &RouteName,
    requests: &[(&RequestRecord, Request<'_>)],
    looped: Fingerprint,
    thresholds: &AcrossThresholds,
) -> Option<AcrossFinding> {
    let with: Vec<_> = requests
        .iter()
        .filter(|(_, request)| request.contains_key(&looped))
        .collect();
    let mut feeders: Vec<Fingerprint> = with.first()?.1.keys().copied().collect();
    feeders.sort_unstable();
    let best = feeders
        .into_iter()
        .filter(|feeder| *feeder != looped)
        .filter_map(|feeder| {
            let pairs = with.iter().map(|(_, request)| {
                let used = request.get(&feeder)?;
                (used.calls == 1).then_some((used.rows, request.get(&looped)?.calls))
            });
            let pairs: Vec<(u64, u64)> = pairs.collect::<Option<_>>()?;
            Some((feeder, correlation(&pairs, thresholds)?))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (longest, used) = with
        .iter()
        .filter_map(|(record, request)| Some((record, request.get(&looped)?)))
        .max_by_key(|(_, used)| used.calls)?;
    let feeder = with.first()?.1.get(&best.0)?;
    let calls = with.iter().filter_map(|(_, request)| request.get(&looped));
    let (least, lost_us) = calls.fold((u64::MAX, 0_u64), |(least, lost_us), used| {
        let each_us = used.total_us / used.calls.max(1);
        let lost = used.total_us.saturating_sub(each_us);
        (least.min(used.calls), lost_us.saturating_add(lost))
    });
    let table = |used: &Used<'_>| used.statement.tables.join(", ");
    Some(AcrossFinding {
        rule: GROWING_QUERIES,
        severity: Severity::Warning,
        title: format!(
            "The query on {} runs about once per row of the query on {}: {} to {} times a request.",
            table(used),
            table(feeder),
            count(least),
            count(used.calls)
        ),
        detail: format!(
            "In {} requests of the route the calls follow the rows (rank correlation {:.2}); all \
             but one call of each took {} in total. It grows with the data.",
            count(as_u64(with.len())),
            best.1,
            duration(lost_us)
        ),
        remedy: "Fetch what belongs to all rows with one query (a JOIN, or WHERE … = ANY($1))."
            .to_owned(),
        route: Some(route.clone()),
        fingerprint: Some(looped),
        call_site: used.call_site.cloned(),
        example: Some(longest.summary.id),
        requests: as_u64(with.len()),
        of_requests: as_u64(requests.len()),
        lost_us: Some(lost_us),
    })
}

/// The rank correlation of rows and calls, where it says that the calls follow the rows.
fn correlation(pairs: &[(u64, u64)], thresholds: &AcrossThresholds) -> Option<f64> {
    let mut sizes: Vec<u64> = pairs.iter().map(|(rows, _)| *rows).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let rows: u64 = pairs
        .iter()
        .map(|(rows, _)| *rows)
        .fold(0, u64::saturating_add);
    let calls: u64 = pairs
        .iter()
        .map(|(_, calls)| *calls)
        .fold(0, u64::saturating_add);
    let is_enough = as_u64(pairs.len()) >= thresholds.min_requests
        && sizes.len() >= MIN_SIZES
        && calls.saturating_mul(2) >= rows;
    if !is_enough {
        return None;
    }
    let of = |pick: fn(&(u64, u64)) -> u64| ranks(&pairs.iter().map(pick).collect::<Vec<_>>());
    let correlation = pearson(&of(|pair| pair.0), &of(|pair| pair.1))?;
    (correlation >= thresholds.min_correlation).then_some(correlation)
}

/// The rank of each value; equal ones share the mean of theirs.
#[expect(clippy::cast_precision_loss, reason = "ranks of some hundred requests")]
fn ranks(values: &[u64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|at| values[*at]);
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let value = values[order[first]];
        let same = order[first..].iter().take_while(|at| values[**at] == value);
        let last = first + same.count();
        for at in &order[first..last] {
            ranks[*at] = (first + last - 1) as f64 / 2.0;
        }
        first = last;
    }
    ranks
}

#[expect(clippy::cast_precision_loss, reason = "some hundred requests")]
fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut only_a, mut only_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        both += a * b;
        only_a += a * a;
        only_b += b * b;
    }
    let spread = (only_a * only_b).sqrt();
    (spread > 0.0).then(|| both / spread)
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[30, 10, 20, 20]), [3.0, 0.0, 1.5, 1.5]);
        assert_eq!(ranks(&[]), [0.0; 0]);
    }

    #[test]
    fn correlation_is_one_for_any_growth_and_none_without() {
        let of = |a: &[u64], b: &[u64]| pearson(&ranks(a), &ranks(b));
        let near = |found: Option<f64>, wanted: f64| (found.unwrap() - wanted).abs() < 1e-9;
        assert!(near(of(&[1, 2, 3, 4], &[1, 4, 9, 1000]), 1.0));
        assert!(near(of(&[1, 2, 3, 4], &[4, 3, 2, 1]), -1.0));
        assert_eq!(of(&[1, 2, 3], &[5, 5, 5]), None);
    }
}
