//! What was found, summed over the requests of a window.

use std::collections::HashMap;

use silk_core::{
    Fingerprint, RequestKind,
    store::{FindingSum, FindingSums, StatsWindow},
};

use super::state::State;
use crate::{MAX_SUMMED, order_findings};

/// Sums what was found in the newest requests with findings of a window.
pub(super) fn findings(state: &State, window: &StatsWindow) -> FindingSums {
    type Key<'a> = (&'a str, Option<Fingerprint>, RequestKind, &'a str, &'a str);
    let mut sums: HashMap<Key<'_>, (FindingSum, u64)> = HashMap::new();
    let mut found = state
        .requests
        .values()
        .rev()
        .map(|(_, _, record)| &**record)
        .filter(|record| {
            let summary = &record.summary;
            !summary.findings.is_empty()
                && (window.since..window.until).contains(&summary.started_at)
        });
    let mut requests = 0;
    for record in found.by_ref().take(MAX_SUMMED) {
        requests += 1;
        let summary = &record.summary;
        for (at, finding) in record.findings.iter().enumerate() {
            let lost_us = finding.lost_us.unwrap_or(0);
            let key: Key<'_> = (
                &finding.rule,
                finding.fingerprint,
                summary.kind,
                &summary.method,
                &summary.route,
            );
            let (sum, worst_us) = sums.entry(key).or_insert_with(|| {
                let sum = FindingSum {
                    rule: finding.rule.clone(),
                    fingerprint: finding.fingerprint,
                    kind: summary.kind,
                    method: summary.method.clone(),
                    route: summary.route.clone(),
                    requests: 0,
                    lost_us: 0,
                    worst: summary.id,
                };
                (sum, lost_us)
            });
            // Found at several places of one request, it is still one request.
            let is_again = record.findings[..at].iter().any(|other| {
                other.rule == finding.rule && other.fingerprint == finding.fingerprint
            });
            sum.requests += u64::from(!is_again);
            sum.lost_us = sum.lost_us.saturating_add(lost_us);
            if lost_us > *worst_us {
                (*worst_us, sum.worst) = (lost_us, summary.id);
            }
        }
    }
    let mut items: Vec<FindingSum> = sums.into_values().map(|(sum, _)| sum).collect();
    items.sort_unstable_by(order_findings);
    FindingSums {
        items,
        requests,
        is_partial: found.next().is_some(),
    }
}
