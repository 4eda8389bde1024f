//! What the store in memory holds, and how it grows and shrinks.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use silk_core::{
    BatchId, CallSite, Fingerprint, Histogram, RequestId, RequestRecord, RunId, Statement, Value,
    ValueState, WriteBatch,
    store::{Budget, StoreSize},
};
use std::sync::Arc;

use super::plans::Plans;
use crate::{
    across::RunOf,
    age::{AHEAD_US, Age, Starts},
    stats::{
        BatchStats, ByStatement, Durations, FindingKey, RouteFigures, RouteKey, Said, SightFigures,
        StatementFigures, UseFigures,
    },
};

pub(super) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Requests removed in one step.
const STEP: usize = 500;

/// How long figures outlive their requests.
const STATS_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Figures of a statement since it was first seen.
#[derive(Debug)]
pub(super) struct KnownStatement {
    pub(super) statement: Arc<Statement>,
    pub(super) figures: StatementFigures,
    pub(super) last_seen_us: i64,
}

/// Everything held.
#[derive(Debug, Default)]
pub(super) struct State {
    /// By start and id, with its number and estimated bytes.
    pub(super) requests: BTreeMap<(i64, RequestId), (i64, usize, Box<RequestRecord>)>,
    starts: Map<RequestId, i64>,
    bytes: usize,
    next_number: i64,
    numbers: Map<i64, (i64, RequestId)>,
    pub(super) statements: Map<Fingerprint, KnownStatement>,
    /// By bucket, route and run.
    pub(super) route_stats: BTreeMap<(i64, RouteKey, RunId), RouteFigures>,
    /// The runs that figures name.
    pub(super) runs: Map<RunId, RunOf>,
    /// By bucket, statement, route and call site.
    pub(super) statement_stats:
        BTreeMap<(i64, Fingerprint, RouteKey, Option<CallSite>), StatementFigures>,
    /// What lines ran, by bucket, route and line.
    pub(super) lines:
        BTreeMap<(i64, RouteKey, Option<CallSite>), ByStatement<Fingerprint, UseFigures>>,
    /// How long it took, by bucket and route.
    pub(super) durations: BTreeMap<(i64, RouteKey), ByStatement<Fingerprint, Durations>>,
    /// Requests that were looked through, or that had a finding, by bucket, route and run.
    pub(super) sights: BTreeMap<(i64, RouteKey, RunId, Option<FindingKey>), SightFigures>,
    /// The findings that are followed.
    pub(super) said: BTreeMap<(RouteKey, FindingKey), Said>,
    pub(super) plans: Plans,
    age: Age,
    /// The last batch of each run that held what request ids do not tell apart.
    last_batches: Map<RunId, BatchId>,
}

impl State {
    pub(super) fn write(&mut self, batch: &WriteBatch) {
        let mut stats = BatchStats::default();
        for record in &batch.requests {
            let id = record.summary.id;
            if self.starts.contains_key(&id) {
                continue;
            }
            self.next_number += 1;
            stats.add(record, self.next_number);
            let started_us = record.summary.started_at.timestamp_micros();
            let mut record = record.clone();
            for used in &mut record.statements {
                used.durations = Histogram::default();
            }
            let bytes = size_of_record(&record);
            self.bytes += bytes;
            self.starts.insert(id, started_us);
            self.numbers.insert(self.next_number, (started_us, id));
            self.requests.insert(
                (started_us, id),
                (self.next_number, bytes, Box::new(record)),
            );
        }
        // What no request id tells apart: the batch's own id does.
        let holds_others = !(batch.counted.is_empty()
            && batch.plans.is_empty()
            && batch.plan_observations.is_empty());
        if holds_others && self.last_batches.insert(batch.run.id, batch.id) != Some(batch.id) {
            batch
                .counted
                .iter()
                .for_each(|request| stats.count(request));
            self.plans.add(&batch.plans, &batch.plan_observations);
        }
        self.runs.entry(batch.run.id).or_insert_with(|| RunOf {
            started_us: batch.run.started_at.timestamp_micros(),
            build: batch.run.build.as_deref().map(Into::into),
        });
        self.add_stats(stats, batch.run.id);
    }

    pub(super) fn is_over(&self, budget: &Budget) -> bool {
        as_u64(self.requests.len()) > budget.max_requests || as_u64(self.bytes) > budget.max_bytes
    }

    /// Removes the oldest request; `false` if there is none.
    pub(super) fn remove_oldest(&mut self) -> bool {
        let first = self.requests.first_key_value().map(|(key, _)| *key);
        first.is_some_and(|key| self.remove(key))
    }

    /// One step; `true` if more is left to remove.
    pub(super) fn retain(&mut self, budget: &Budget, now: DateTime<Utc>) -> bool {
        let now = self.counted_from(budget, now);
        let oldest_us = before(now, budget.max_age);
        self.remove_ahead(oldest_us, now);
        let is_due = |state: &Self| {
            state.is_over(budget)
                || state
                    .requests
                    .first_key_value()
                    .is_some_and(|((at, _), _)| *at < oldest_us)
        };
        for _ in 0..STEP {
            if !is_due(self) || !self.remove_oldest() {
                break;
            }
        }
        let stats_us = before(now, STATS_AGE.max(budget.max_age));
        self.route_stats
            .retain(|(bucket, ..), _| *bucket >= stats_us);
        self.sights.retain(|(bucket, ..), _| *bucket >= stats_us);
        self.said.retain(|_, said| said.last_us >= stats_us);
        let used: HashSet<RunId> = self.route_stats.keys().map(|(.., run)| *run).collect();
        self.runs.retain(|run, _| used.contains(run));
        self.statement_stats
            .retain(|(bucket, ..), _| *bucket >= stats_us);
        self.lines.retain(|(bucket, ..), _| *bucket >= stats_us);
        self.durations.retain(|(bucket, _), _| *bucket >= stats_us);
        self.statements
            .retain(|_, known| known.last_seen_us >= stats_us);
        self.plans.retain(stats_us);
        !self.requests.is_empty() && is_due(self)
    }

    /// The time that ages are counted from.
    fn counted_from(&mut self, budget: &Budget, now: DateTime<Utc>) -> DateTime<Utc> {
        let now_us = now.timestamp_micros();
        let oldest_us = before(now, budget.max_age);
        let nil = RequestId(uuid::Uuid::nil());
        let start = |entry: Option<(&(i64, RequestId), _)>| entry.map(|((at, _), _)| *at);
        let starts = Starts {
            newest_old_us: start(self.requests.range(..(oldest_us, nil)).next_back()),
            oldest_young_us: start(self.requests.range((oldest_us, nil)..).next())
                .filter(|at| *at <= now_us),
        };
        self.age.look(now_us);
        let max_age_us = i64::try_from(budget.max_age.as_micros()).unwrap_or(i64::MAX);
        let from_us = self.age.counted_from(now_us, max_age_us, starts);
        DateTime::from_timestamp_micros(from_us).unwrap_or(now)
    }

    /// Removes those that a clock dated ahead, once one that was written later is too old.
    fn remove_ahead(&mut self, oldest_us: i64, now: DateTime<Utc>) {
        let nil = RequestId(uuid::Uuid::nil());
        let Some((_, (number, ..))) = self.requests.range(..(oldest_us, nil)).next_back() else {
            return;
        };
        let (number, ahead_us) = (*number, now.timestamp_micros().saturating_add(AHEAD_US));
        let ahead: Vec<_> = self
            .requests
            .range((ahead_us, nil)..)
            .filter(|(_, (written, ..))| *written < number)
            .map(|(key, _)| *key)
            .collect();
        for key in ahead {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: (i64, RequestId)) -> bool {
        let Some((number, bytes, _)) = self.requests.remove(&key) else {
            return false;
        };
        self.starts.remove(&key.1);
        self.numbers.remove(&number);
        self.bytes = self.bytes.saturating_sub(bytes);
        true
    }

    pub(super) fn size(&self) -> StoreSize {
        StoreSize {
            bytes: as_u64(self.bytes),
            requests: as_u64(self.requests.len()),
            statements: as_u64(self.statements.len()),
            oldest: self
                .requests
                .first_key_value()
                .and_then(|((at, _), _)| DateTime::from_timestamp_micros(*at)),
        }
    }

    pub(super) fn request(&self, id: RequestId) -> Option<&RequestRecord> {
        let started_us = *self.starts.get(&id)?;
        self.requests
            .get(&(started_us, id))
            .map(|(_, _, record)| &**record)
    }

    /// The request that [`StatementFigures::slowest`] means, while it is kept.
    pub(super) fn numbered(&self, number: i64) -> Option<&RequestRecord> {
        let key = self.numbers.get(&number)?;
        self.requests.get(key).map(|(_, _, record)| &**record)
    }
}

/// The microsecond that lies `age` before `now`.
fn before(now: DateTime<Utc>, age: Duration) -> i64 {
    now.timestamp_micros()
        .saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// About what a record takes: its structs, and every text and value of any length.
fn size_of_record(record: &RequestRecord) -> usize {
    let detail = &record.detail;
    let pairs = |fields: &[(String, String)]| -> usize {
        fields
            .iter()
            .map(|(name, value)| 48 + name.len() + value.len())
            .sum()
    };
    let texts: usize = detail.texts.iter().map(|text| 80 + text.text.len()).sum();
    let headers: usize = detail
        .request_headers
        .iter()
        .chain(&detail.response_headers)
        .map(|header| 56 + header.name.len() + header.value.len())
        .sum();
    let bodies: usize = [&detail.request_body, &detail.response_body]
        .into_iter()
        .flatten()
        .map(|body| body.text.as_ref().map_or(0, String::len))
        .sum();
    let values: usize = detail
        .queries
        .iter()
        .filter_map(|query| query.values.as_ref())
        .flatten()
        .map(size_of_value)
        .sum();
    let spans: usize = detail
        .spans
        .iter()
        .map(|span| size_of_val(span) + span.name.len() + span.target.len() + pairs(&span.fields))
        .sum();
    let logs: usize = detail
        .logs
        .iter()
        .map(|log| size_of_val(log) + log.target.len() + log.message.len() + pairs(&log.fields))
        .sum();
    let findings: usize = record
        .findings
        .iter()
        .map(|finding| {
            size_of_val(finding)
                + finding.title.len()
                + finding.detail.len()
                + finding.remedy.as_ref().map_or(0, String::len)
        })
        .sum();
    size_of_val(record)
        + size_of_val(&*detail.queries)
        + size_of_val(&*record.statements)
        + size_of_val(&*detail.call_sites)
        + size_of_val(&*detail.transactions)
        + size_of_val(&*detail.waits)
        + record.summary.path.len()
        + record.summary.route.len()
        + [&detail.error, &detail.query_string]
            .into_iter()
            .flatten()
            .map(String::len)
            .sum::<usize>()
        + texts
        + headers
        + bodies
        + values
        + spans
        + logs
        + findings
}

fn size_of_value(value: &Value) -> usize {
    size_of_val(value)
        + value.type_name.len()
        + match &value.state {
            ValueState::Bytes(bytes) | ValueState::Truncated { bytes, .. } => bytes.len(),
            ValueState::Null | ValueState::Redacted | ValueState::Unavailable => 0,
        }
}
