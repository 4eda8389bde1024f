use std::{
    hash::{BuildHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use silk_core::{
    ConnectionWait, CountedRequest, DatabaseKind, Outcome, QueryRecord, Redactor, RequestDetail,
    RequestKind, RequestRecord, RequestStatement, RequestSummary, RequestTimes, RunId, SpanRecord,
    TransactionRecord, Value, ValueState,
    finding::rules,
    record::breakdown,
    redact::Secrets,
    sql::{SensitiveValues, SqlReader},
};

use super::{
    RecorderConfig,
    buffers::{Buffers, Head, Span, Tee, Transaction},
    clock::{Clock, micros},
    kept::KeptQuery,
    queue::Handed,
    routes::RawRoutes,
    sums::{CallSites, Sums, index},
};
use crate::{
    plans::{Keeper, PlanMark, PlanNotes, PlanRedactor},
    sql::call_site::CallSiteResolver,
};

/// Characters of a statement in the log of slow queries.
const LOGGED_CHARS: usize = 200;

/// Makes records of what was captured: reads SQL, resolves call sites, redacts, looks for findings.
pub(super) struct Transform {
    clock: Clock,
    run: RunId,
    redactor: Arc<Redactor>,
    reader: SqlReader,
    resolver: CallSiteResolver,
    routes: RawRoutes,
    pub(super) plans: Keeper,
    value_bytes: usize,
    slow_query_us: Option<u64>,
    hasher: foldhash::fast::RandomState,
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
            value_bytes: config.value_bytes,
            slow_query_us: config.slow_query.map(micros),
            hasher: foldhash::fast::RandomState::default(),
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
            is_failed: matches!(outcome, Outcome::Error | Outcome::Panicked)
                || buffers.head.status.is_some_and(|status| status >= 500),
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
        let (total_us, outcome, error) = match buffers.ended.take() {
            Some(end) => (
                micros(end.at.saturating_duration_since(started)),
                end.outcome,
                end.error,
            ),
            None => (0, Outcome::Dropped, None),
        };
        let times = times(&mut buffers, total_us, started);
        let mut detail = self.head_detail(&mut buffers.head, &mut secrets);
        detail.error = error.map(|error| self.redactor.text(&error));
        detail.waits = buffers
            .waits
            .drain(..)
            .map(|wait| ConnectionWait {
                started_us: wait.started_us,
                duration_us: wait.duration_us,
                error: wait.error.map(|error| self.redactor.text(&error)),
            })
            .collect();
        detail.transactions = buffers
            .transactions
            .drain(..)
            .map(|transaction| ended(&transaction, total_us))
            .collect();
        detail.spans = buffers
            .spans
            .drain(..)
            .map(|span| self.span(span, total_us, &mut secrets))
            .collect();
        detail.spans_not_kept = buffers.spans_not_kept;
        detail.logs = std::mem::take(&mut buffers.logs);
        for log in &mut detail.logs {
            log.message = self.redactor.text_with(&log.message, &mut secrets);
            self.redactor.fields(&mut log.fields, &mut secrets);
        }
        detail.logs_not_kept = buffers.logs_not_kept;
        let mut marks = Vec::new();
        let statements = self.queries(&mut buffers, &mut detail, &mut marks, &mut secrets);

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
        record.findings = rules::find(&record);
        record.sum_findings();
        // Last: what was redacted in one place must not stand in another, findings included.
        if !secrets.is_empty() {
            secrets.scrub_record(&mut record);
        }
        self.log_slow(&record);
        record
    }

    /// Name of the route and redacted path.
    fn route(&mut self, head: &Head, kind: RequestKind, secrets: &mut Secrets) -> (String, String) {
        let template = head.route.as_str();
        if kind != RequestKind::Request {
            let name = self
                .redactor
                .text_with(template.unwrap_or_default(), secrets);
            return (name.clone(), name);
        }
        let path = self.redactor.path(head.uri.path(), template, secrets);
        let route = match template {
            Some(template) => template.to_owned(),
            None => self.routes.name(&path),
        };
        (route, path)
    }

    fn head_detail(&self, head: &mut Head, secrets: &mut Secrets) -> RequestDetail {
        RequestDetail {
            query_string: head
                .uri
                .query()
                .map(|query| self.redactor.query_string(query, secrets)),
            http_version: head.version.map(|version| format!("{version:?}")),
            request_headers: self.headers(&head.request_headers, secrets),
            response_headers: self.headers(&head.response_headers, secrets),
            request_body: self.body(head.request_body.take(), &head.request_headers, secrets),
            response_body: self.body(head.response_body.take(), &head.response_headers, secrets),
            ..RequestDetail::default()
        }
    }

    fn headers(&self, headers: &http::HeaderMap, secrets: &mut Secrets) -> Vec<silk_core::Header> {
        headers
            .iter()
            .map(|(name, value)| {
                self.redactor.header(
                    name.as_str(),
                    &String::from_utf8_lossy(value.as_bytes()),
                    secrets,
                )
            })
            .collect()
    }

    fn body(
        &self,
        tee: Option<Tee>,
        headers: &http::HeaderMap,
        secrets: &mut Secrets,
    ) -> Option<silk_core::Body> {
        let tee = tee.filter(|tee| tee.total_bytes > 0)?;
        let content_type = headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        Some(
            self.redactor
                .body(content_type, &tee.captured, tee.total_bytes, secrets),
        )
    }

    fn span(&self, span: Span, total_us: u64, secrets: &mut Secrets) -> SpanRecord {
        let mut fields = span.fields;
        self.redactor.fields(&mut fields, secrets);
        let ended_us = span.ended_us.unwrap_or(total_us).max(span.started_us);
        SpanRecord {
            name: span.metadata.name().to_owned(),
            target: span.metadata.target().to_owned(),
            file: span.metadata.file().map(ToOwned::to_owned),
            line: span.metadata.line(),
            started_us: span.started_us,
            duration_us: ended_us - span.started_us,
            busy_us: span.busy_us,
            parent: span.parent,
            fields,
        }
    }

    fn queries(
        &self,
        buffers: &mut Buffers,
        detail: &mut RequestDetail,
        marks: &mut Vec<Option<PlanMark>>,
        secrets: &mut Secrets,
    ) -> Vec<RequestStatement> {
        detail.texts = buffers
            .texts
            .items
            .iter()
            .map(|(sql, database)| self.reader.read(sql.as_str(), database))
            .collect();
        for (sql, database) in &buffers.texts.items {
            self.reader
                .add_secrets(sql.as_str(), database.kind, secrets);
        }
        detail.queries_not_kept = buffers.queries_not_kept;
        let mut queries = std::mem::take(&mut buffers.queries);
        queries.sort_by_key(|query| query.started_us);
        // Once per text, not per query.
        let sensitive: Vec<SensitiveValues> = buffers
            .texts
            .items
            .iter()
            .map(|(sql, database)| self.reader.sensitive(sql.as_str(), database.kind))
            .collect();
        let mut sites = CallSites::default();
        let mut sums = Sums::default();
        detail.queries.reserve_exact(queries.len());
        for (seq, query) in (1_u32..).zip(queries) {
            let (Some(text), Some(sensitive)) = (
                index(&detail.texts, query.text),
                index(&sensitive, query.text),
            ) else {
                continue;
            };
            let kind = text.database.kind;
            let call_site = query
                .call_site
                .as_ref()
                .and_then(|stack| sites.number(self.resolver.resolve(stack)));
            let is_error = query.is_error();
            marks.push(query.plan());
            let mut record = self.query(seq, query, call_site, kind);
            let values_hash = record.values.as_ref().map(|values| self.hash(values));
            // Those that are bound to sensitive columns or carry secrets of their own.
            for (place, value) in record.values.iter_mut().flatten().enumerate() {
                self.redactor
                    .value(value, kind, sensitive.contains(place), secrets);
            }
            sums.add(text, call_site, &record, is_error, values_hash);
            detail.queries.push(record);
        }
        for beyond in &buffers.beyond {
            if let Some(text) = index(&detail.texts, beyond.text) {
                let sum = sums.of(text, None);
                sum.calls += beyond.calls;
                sum.errors += beyond.errors;
                sum.total_us += beyond.total_us;
                sum.max_us = sum.max_us.max(beyond.max_us);
                sum.rows += beyond.rows;
                sum.values = None;
            }
        }
        let statements = sums.finish(&sites.items);
        detail.call_sites = sites.items;
        statements
    }

    fn query(
        &self,
        seq: u32,
        mut query: KeptQuery,
        call_site: Option<u32>,
        kind: DatabaseKind,
    ) -> QueryRecord {
        let numbers = query.numbers();
        QueryRecord {
            seq,
            text: query.text,
            captured_by: query.captured_by,
            started_us: query.started_us,
            duration_us: numbers.duration_us,
            first_row_us: numbers.first_row_us,
            consumer_us: numbers.consumer_us,
            rows_returned: numbers.rows_returned,
            rows_affected: numbers.rows_affected,
            outcome: query.outcome,
            error: query
                .take_error()
                .map(|error| self.redactor.query_error(kind, error.code, &error.message)),
            call_site,
            span: query.span(),
            transaction: query.transaction(),
            values: query.values.map(|values| values.encode(self.value_bytes)),
            plan_shape: None,
        }
    }

    fn hash(&self, values: &[Value]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for value in values {
            let (state, bytes): (u8, &[u8]) = match &value.state {
                ValueState::Null => (0, &[]),
                ValueState::Bytes(bytes) => (1, bytes),
                ValueState::Truncated { bytes, .. } => (2, bytes),
                ValueState::Redacted => (3, &[]),
                ValueState::Unavailable => (4, &[]),
            };
            (value.type_name.as_str(), state, bytes).hash(&mut hasher);
        }
        hasher.finish()
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
                .take(LOGGED_CHARS)
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

fn times(buffers: &mut Buffers, total_us: u64, started: std::time::Instant) -> RequestTimes {
    let head_us = buffers
        .head
        .head_at
        .map_or(total_us, |head| {
            micros(head.saturating_duration_since(started))
        })
        .min(total_us);
    let mut waits = buffers
        .waits
        .iter()
        .map(|wait| {
            (
                wait.started_us,
                wait.started_us.saturating_add(wait.duration_us),
            )
        })
        .collect();
    let (sql_us, wait_us, polling_us) = breakdown(
        total_us,
        &mut buffers.sql.items,
        &mut waits,
        &mut buffers.polls.intervals,
    );
    RequestTimes {
        head_us,
        body_us: total_us - head_us,
        total_us,
        sql_us,
        wait_us,
        polling_us,
        poll_total_us: micros(buffers.polls.total),
        longest_poll_us: micros(buffers.polls.longest),
        polls: buffers.polls.count,
    }
}

fn ended(transaction: &Transaction, total_us: u64) -> TransactionRecord {
    let ended_us = transaction
        .ended_us
        .unwrap_or(total_us)
        .max(transaction.started_us);
    TransactionRecord {
        started_us: transaction.started_us,
        duration_us: ended_us - transaction.started_us,
        begin_us: transaction.begin_us,
        end_us: transaction.end_us,
        depth: transaction.depth,
        end: transaction.end,
    }
}

fn method(head: &Head, kind: RequestKind) -> String {
    if kind == RequestKind::Request {
        head.method.as_str().to_owned()
    } else {
        String::new()
    }
}

/// The trace id of a `traceparent` header: its 32 hex digits.
fn trace_id(head: &Head) -> Option<String> {
    let header = head.request_headers.get("traceparent")?.to_str().ok()?;
    let id = header.split('-').nth(1)?;
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_ascii_lowercase())
}
