//! From what was captured to the record that is stored.

mod connection_holders;
mod head;
mod known_headers;
mod queries;
mod times;

use std::{sync::Arc, time::Instant};

use silk_core::{
    ConnectionWait, CountedRequest, Outcome, PlanRecord, Redactor, RequestDetail, RequestRecord,
    RequestSummary, RunId,
    finding::{IgnoreList, STALE_AFTER, Thresholds, rules},
    record::breakdown,
    redact::Secrets,
    sql::SqlReader,
};

use self::{
    head::{method, trace_id},
    known_headers::KnownHeaders,
    times::{ended, times},
};
use super::{
    call_site::CallSiteResolver,
    numbered::index,
    plans::{Keeper, PlanRedactor},
    raw_routes::RawRoutes,
};
use crate::record::{
    RecorderConfig,
    buffers::Buffers,
    clock::{Clock, micros},
    plans::PlanNotes,
    queue::Handed,
    shared::Shared,
};

/// Characters of a statement in the log of slow queries.
const MAX_LOGGED_CHARS: usize = 200;

/// Makes records of what was captured: reads SQL, resolves call sites, redacts, looks for findings.
pub(super) struct Transform {
    clock: Clock,
    run: RunId,
    redactor: Arc<Redactor>,
    reader: SqlReader,
    resolver: CallSiteResolver,
    routes: RawRoutes,
    headers: KnownHeaders,
    pub(super) plans: Keeper,
    value_bytes: usize,
    slow_query_us: Option<u64>,
    thresholds: Thresholds,
    ignored: IgnoreList,
}

/// The record of one request, with the plans that were reported for it: for tests, which have no
/// writer.
pub(crate) fn transform_one(
    shared: &Shared,
    redactor: Arc<Redactor>,
    handed: Handed,
) -> (RequestRecord, Vec<PlanRecord>) {
    let run = shared.notes.run().id;
    let plans = Arc::clone(&shared.plans);
    let mut transform = Transform::new(&shared.config, shared.clock, redactor, run, plans);
    let record = transform.record(handed);
    (record, transform.plans.take().0)
}

impl Transform {
    pub(super) fn new(
        config: &RecorderConfig,
        clock: Clock,
        redactor: Arc<Redactor>,
        run: RunId,
        plans: Arc<PlanNotes>,
    ) -> Self {
        let hides_values = !config.capture_values;
        Self {
            plans: Keeper::new(
                plans,
                PlanRedactor::new(Arc::clone(&redactor), hides_values),
            ),
            clock,
            run,
            reader: SqlReader::new(Arc::clone(&redactor)),
            redactor,
            resolver: CallSiteResolver::new(config.source_root.clone()),
            routes: RawRoutes::new(config.max_raw_routes),
            headers: KnownHeaders::default(),
            value_bytes: config.value_bytes,
            slow_query_us: config.slow_query.map(micros),
            thresholds: config.thresholds,
            ignored: config.ignored.clone(),
        }
    }

    /// A request that is only counted.
    pub(super) fn counted(&mut self, handed: Handed) -> CountedRequest {
        let mut buffers = handed.buffers;
        let mut secrets = Secrets::default();
        let (route, _) = self.route(&buffers.head, handed.kind, &mut secrets);
        let ended = buffers.ended.as_ref();
        let total_us = ended.map_or(0, |end| {
            micros(end.at.saturating_duration_since(handed.started))
        });
        let outcome = ended.map_or(Outcome::Dropped, |end| end.outcome);
        let (sql_us, _, _) = breakdown(
            total_us,
            &mut buffers.sql.items,
            &mut Vec::new(),
            &mut Vec::new(),
        );
        CountedRequest {
            started_at: self.clock.time_of(handed.started),
            kind: handed.kind,
            method: method(&buffers.head, handed.kind),
            route,
            is_failed: is_failed(outcome, &buffers),
            total_us,
            sql_us,
            query_count: buffers.query_count,
        }
    }

    /// A request that is kept.
    pub(super) fn record(&mut self, handed: Handed) -> RequestRecord {
        let Handed {
            id,
            kind,
            started,
            mut buffers,
            ..
        } = handed;
        let mut secrets = Secrets::default();
        let (route, path) = self.route(&buffers.head, kind, &mut secrets);
        let (total_us, outcome, error) = ending(&mut buffers, started);
        let times = times(&mut buffers, total_us, started);
        let mut detail = self.head_detail(&mut buffers.head, &mut secrets);
        detail.error = error.map(|error| self.redactor.text(&error));
        let is_failed = is_failed(outcome, &buffers);
        if let Some(panic) = buffers.panic.take().filter(|_| is_failed) {
            self.note_panic(*panic, &mut detail);
        }
        self.note_waits(&mut buffers, &mut detail, &mut secrets);
        self.note_transactions_and_spans(&mut buffers, total_us, &mut detail, &mut secrets);
        self.note_logs(&mut buffers, &mut detail, &mut secrets);
        let mut marks = Vec::new();
        let mut identities = Vec::new();
        let statements = self.queries(
            &mut buffers,
            &mut detail,
            &mut marks,
            &mut identities,
            &mut secrets,
        );

        let summary = RequestSummary {
            id,
            parent_id: buffers.head.parent,
            kind,
            run_id: self.run,
            started_at: self.clock.time_of(started),
            method: method(&buffers.head, kind),
            route,
            path,
            status: buffers.head.status,
            outcome,
            times,
            query_count: buffers.query_count,
            query_errors: buffers.query_errors,
            trace_id: trace_id(&buffers.head),
            findings: Vec::new(),
            finding_calls: Vec::new(),
        };
        let mut record = RequestRecord {
            summary,
            detail,
            statements,
            findings: Vec::new(),
        };
        self.plans
            .keep(&mut record, &buffers.plans, &marks, &secrets);
        record.findings = rules::find(&record, &identities, &self.thresholds);
        for stale in self.ignored.apply(&mut record) {
            tracing::warn!(
                target: "silk",
                rule = stale.rule,
                route = stale.route,
                "{STALE_AFTER} requests of the route had none of what the baseline knows: fixed? Remove its entry",
            );
        }
        record.sum_findings();
        // Last: what was redacted in one place must not stand in another, findings included.
        if !secrets.is_empty() {
            secrets.scrub_record(&mut record);
        }
        self.log_slow(&record);
        record
    }

    fn note_waits(
        &mut self,
        buffers: &mut Buffers,
        detail: &mut RequestDetail,
        secrets: &mut Secrets,
    ) {
        detail.waits = buffers
            .waits
            .drain(..)
            .map(|wait| ConnectionWait {
                started_us: wait.started_us,
                duration_us: wait.duration_us,
                error: wait.error.map(|error| self.redactor.text(&error)),
                holders: wait.holders.map_or_else(Vec::new, |held| {
                    self.holders(held.connections, &held.database, secrets)
                }),
                pool: wait
                    .pool
                    .filter(|_| wait.duration_us >= ConnectionWait::WORTH_US),
            })
            .collect();
        detail.waits_not_kept = buffers.waits_not_kept;
    }

    fn note_transactions_and_spans(
        &self,
        buffers: &mut Buffers,
        total_us: u64,
        detail: &mut RequestDetail,
        secrets: &mut Secrets,
    ) {
        detail.longest_poll_started_us = buffers.polls.longest_started_us;
        detail.transactions = buffers
            .transactions
            .drain(..)
            .map(|transaction| ended(transaction, total_us, &self.redactor))
            .collect();
        detail.transactions_not_kept = buffers.transactions_not_kept;
        detail.spans = buffers
            .spans
            .drain(..)
            .map(|span| self.span(span, total_us, secrets))
            .collect();
        detail.spans_not_kept = buffers.spans_not_kept;
    }

    fn note_logs(&self, buffers: &mut Buffers, detail: &mut RequestDetail, secrets: &mut Secrets) {
        detail.logs = std::mem::take(&mut buffers.logs);
        for log in &mut detail.logs {
            log.message = self.redactor.text_with(&log.message, secrets);
            self.redactor.fields(&mut log.fields, secrets);
        }
        detail.logs_not_kept = buffers.logs_not_kept;
    }

    fn log_slow(&self, record: &RequestRecord) {
        let Some(threshold) = self.slow_query_us else {
            return;
        };
        for query in record
            .detail
            .queries
            .iter()
            .filter(|query| query.duration_us >= threshold)
        {
            let Some(text) = index(&record.detail.texts, query.text) else {
                continue;
            };
            let statement: String = text
                .statement
                .normalized
                .chars()
                .take(MAX_LOGGED_CHARS)
                .collect();
            let site = query
                .call_site
                .and_then(|number| index(&record.detail.call_sites, number));
            tracing::warn!(
                target: "silk::slow_query",
                request_id = %record.summary.id,
                duration_us = query.duration_us,
                statement,
                call_site = site.map(tracing::field::display),
                "slow query",
            );
        }
    }
}

/// How long a request took, how it ended, and the error that ended it.
fn ending(buffers: &mut Buffers, started: Instant) -> (u64, Outcome, Option<String>) {
    match buffers.ended.take() {
        Some(end) => (
            micros(end.at.saturating_duration_since(started)),
            end.outcome,
            end.error,
        ),
        None => (0, Outcome::Dropped, None),
    }
}

fn is_failed(outcome: Outcome, buffers: &Buffers) -> bool {
    matches!(outcome, Outcome::Error | Outcome::Panicked)
        || buffers.head.status.is_some_and(|status| status >= 500)
}
