//! Findings of a batch, summed: how many requests were looked through, and which had what.

use std::collections::HashMap;

use silk_core::{CallSite, Finding, Fingerprint, RequestRecord, Severity};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// What is found in a route: the rule, and the statement it is about.
pub(crate) type FindingKey = (String, Option<Fingerprint>);

/// Requests within a bucket, either all that were looked through or those that had a finding. The
/// order of the fields is the form in which stores keep them.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "sqlite", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct SightFigures {
    pub(crate) requests: u64,
    /// Time lost, where they had a finding.
    pub(crate) lost_us: u64,
    /// Most time lost in one request.
    pub(crate) worst_us: u64,
    /// Place of that request, within its batch or its store.
    pub(crate) worst: i64,
    /// Start of the first and of the last request.
    pub(crate) first_us: i64,
    pub(crate) last_us: i64,
}

impl SightFigures {
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.requests == 0 {
            self.clone_from(other);
            return;
        }
        if other.requests == 0 {
            return;
        }
        self.requests = self.requests.saturating_add(other.requests);
        self.lost_us = self.lost_us.saturating_add(other.lost_us);
        if other.worst_us > self.worst_us {
            (self.worst_us, self.worst) = (other.worst_us, other.worst);
        }
        self.first_us = self.first_us.min(other.first_us);
        self.last_us = self.last_us.max(other.last_us);
    }
}

/// What was said of a finding in the last request that had it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) severity: Severity,
    pub(crate) title: String,
    pub(crate) call_site: Option<CallSite>,
    /// The app's reason, where its code accepts it.
    pub(crate) accepted_why: Option<String>,
    pub(crate) last_us: i64,
}

/// What a batch adds; routes go by their place in [`BatchStats`](super::BatchStats).
#[derive(Debug, Default)]
pub(crate) struct Sights {
    /// Requests that were looked through, by bucket and route.
    pub(crate) looked: Map<(i64, usize), SightFigures>,
    /// Those that had a finding, by bucket, route and finding.
    pub(crate) found: Map<(i64, usize, FindingKey), SightFigures>,
    pub(crate) said: Map<(usize, FindingKey), Said>,
}

impl Sights {
    /// Adds a request once, and once for each different finding. What code accepts is seen too.
    pub(super) fn add(&mut self, record: &RequestRecord, number: i64, bucket: i64, route: usize) {
        let at_us = record.summary.started_at.timestamp_micros();
        let of = |lost_us| SightFigures {
            requests: 1,
            lost_us,
            worst_us: lost_us,
            worst: number,
            first_us: at_us,
            last_us: at_us,
        };
        self.looked
            .entry((bucket, route))
            .or_default()
            .merge(&of(0));
        let found = record.findings.iter().map(|finding| (finding, None));
        let accepted = record.detail.accepted.iter();
        let accepted = accepted.map(|one| (&one.finding, Some(&one.reason)));
        let all: Vec<(&Finding, Option<&String>)> = found.chain(accepted).collect();
        for (at, (finding, accepted_why)) in all.iter().enumerate() {
            let is_same = |(other, _): &&(&Finding, _)| {
                other.rule == finding.rule && other.fingerprint == finding.fingerprint
            };
            if all[..at].iter().any(|other| is_same(&other)) {
                continue;
            }
            let same = all.iter().filter(is_same);
            let lost_us = same.fold(0_u64, |sum, (other, _)| {
                sum.saturating_add(other.lost_us.unwrap_or(0))
            });
            let key: FindingKey = (finding.rule.clone(), finding.fingerprint);
            self.found
                .entry((bucket, route, key.clone()))
                .or_default()
                .merge(&of(lost_us));
            let said = self.said.get(&(route, key.clone()));
            if said.is_none_or(|said| said.last_us <= at_us) {
                let said = Said {
                    severity: finding.severity,
                    title: finding.title.clone(),
                    call_site: finding.call_site.clone(),
                    accepted_why: accepted_why.cloned(),
                    last_us: at_us,
                };
                self.said.insert((route, key), said);
            }
        }
    }
}
