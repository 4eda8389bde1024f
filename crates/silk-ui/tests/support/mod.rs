//! A store with fixed records, an explainer and vitals: what pages are drawn from in tests and in
//! the gallery.

#![allow(
    dead_code,
    missing_docs,
    clippy::missing_panics_doc,
    unreachable_pub,
    clippy::must_use_candidate,
    reason = "each test program uses a part of it"
)]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use chrono::{DateTime, TimeDelta, Utc};
use silk_core::{
    Body, BoxFuture, CallSite, CapturedBy, ConnectionWait, Database, DatabaseKind, Explain,
    ExplainError, ExplainMode, ExplainOutput, ExplainQuery, Finding, Fingerprint, Header,
    Histogram, LogRecord, LossReason, Outcome, PlanFormat, PlanId, PlanRecord, PlanShape,
    PlanSource, QueryError, QueryRecord, QueryRef, RequestDetail, RequestId, RequestKind,
    RequestRecord, RequestStatement, RequestSummary, RequestTimes, RunId, RunRecord, Severity,
    SpanRecord, SqlText, Statement, Store, StoreError, StoreErrorKind, TransactionEnd,
    TransactionRecord, Value, ValueState, Vitals, WriteBatch,
    explain::{
        AdviceRequest, DatabaseReport, IndexAdvice, PlanBucket, PlanChange, PlanLadder,
        plan_changes,
    },
    store::{
        Budget, CallSiteUse, Cursor, Page, RequestFilter, RequestSort, RouteSummary, RouteUse,
        SlowQuery, StatementDetail, StatementFilter, StatementSummary, StatsWindow, StoreFuture,
        StoreSize, TimeBucket,
    },
    vitals::{CaptureLevel, CaptureStatus, Minute, VitalsSnapshot},
};
use silk_ui::{Access, DashboardConfig, Targets};
use uuid::Uuid;

pub mod plans;

pub const RUN: RunId = RunId(Uuid::from_u128(0x0193_4f5e_0000_7000_8000_0000_0000_0001));

#[derive(Debug, Default)]
pub struct FakeStore {
    pub records: Mutex<Vec<RequestRecord>>,
    pub plans: Mutex<Vec<PlanRecord>>,
    /// Which plans were seen when.
    pub history: Mutex<Vec<(Fingerprint, PlanBucket)>>,
    pub is_broken: AtomicBool,
}

impl FakeStore {
    pub fn of(records: Vec<RequestRecord>) -> Arc<Self> {
        Arc::new(Self {
            records: Mutex::new(records),
            ..Self::default()
        })
    }

    fn answer<'a, T: Send + 'a>(&'a self, answer: impl FnOnce() -> T) -> StoreFuture<'a, T> {
        let result = if self.is_broken.load(Relaxed) {
            Err(StoreError::new(
                StoreErrorKind::Unavailable,
                "open the store",
                "no such folder",
            ))
        } else {
            Ok(answer())
        };
        Box::pin(async move { result })
    }

    fn all(&self) -> Vec<RequestRecord> {
        self.records.lock().expect("is so in fixed data").clone()
    }
}

fn fits(pattern: &Option<String>, text: &str) -> bool {
    match pattern.as_deref() {
        None => true,
        Some(p) => p
            .strip_suffix('*')
            .map_or(p == text, |p| text.starts_with(p)),
    }
}

impl Store for FakeStore {
    fn kind(&self) -> String {
        "SQLite file silk.db".to_owned()
    }
    fn write<'a>(&'a self, batch: &'a WriteBatch) -> StoreFuture<'a, ()> {
        self.answer(|| {
            self.records
                .lock()
                .expect("is so in fixed data")
                .extend(batch.requests.iter().cloned());
        })
    }
    fn retain(&self, _: Budget, _: DateTime<Utc>) -> StoreFuture<'_, bool> {
        self.answer(|| false)
    }
    fn size(&self) -> StoreFuture<'_, StoreSize> {
        self.answer(|| StoreSize {
            bytes: 41_300_000,
            requests: u64::try_from(self.all().len()).expect("is so in fixed data"),
            statements: 14,
            oldest: Some(Utc::now() - TimeDelta::hours(3)),
        })
    }
    fn requests<'a>(&'a self, filter: &'a RequestFilter) -> StoreFuture<'a, Page<RequestSummary>> {
        self.answer(|| {
            let mut items: Vec<_> = self
                .all()
                .into_iter()
                .filter(|record| {
                    let s = &record.summary;
                    filter.kind.is_none_or(|kind| kind == s.kind)
                        && filter
                            .method
                            .as_ref()
                            .is_none_or(|method| *method == s.method)
                        && fits(&filter.route, &s.route)
                        && fits(&filter.path, &s.path)
                        && filter.status.is_none_or(|(from, to)| {
                            s.status.is_some_and(|n| (from..=to).contains(&n))
                        })
                        && filter
                            .min_duration_us
                            .is_none_or(|us| s.times.total_us >= us)
                        && filter.min_queries.is_none_or(|n| s.query_count >= n)
                        && filter.finding.as_ref().is_none_or(|rule| {
                            if rule == "any" {
                                !s.findings.is_empty()
                            } else {
                                s.findings.contains(rule)
                            }
                        })
                        && filter.fingerprint.is_none_or(|fp| {
                            record
                                .statements
                                .iter()
                                .any(|part| part.statement.fingerprint == fp)
                        })
                        && filter.since.is_none_or(|since| s.started_at >= since)
                })
                .map(|record| record.summary)
                .collect();
            let key = |s: &RequestSummary| match filter.sort {
                RequestSort::StartedAt => s.started_at.timestamp_micros(),
                RequestSort::Duration => {
                    i64::try_from(s.times.total_us).expect("is so in fixed data")
                }
                RequestSort::QueryTime => {
                    i64::try_from(s.times.sql_us).expect("is so in fixed data")
                }
                RequestSort::QueryCount => {
                    i64::try_from(s.query_count).expect("is so in fixed data")
                }
            };
            items.sort_by_key(|s| std::cmp::Reverse((key(s), s.id)));
            let total = items.len();
            if let Some(cursor) = filter.cursor {
                items.retain(|s| (key(s), s.id) < (cursor.key, cursor.id));
            }
            let limit = usize::try_from(filter.limit).expect("is so in fixed data");
            let next = (items.len() > limit).then(|| Cursor {
                key: key(&items[limit - 1]),
                id: items[limit - 1].id,
            });
            items.truncate(limit);
            Page {
                items,
                next,
                total: u64::try_from(total).ok(),
                is_total_estimate: false,
                is_partial: false,
            }
        })
    }
    fn request(&self, id: RequestId) -> StoreFuture<'_, Option<RequestRecord>> {
        self.answer(|| {
            self.all()
                .into_iter()
                .find(|record| record.summary.id == id)
        })
    }
    fn routes(&self, window: StatsWindow) -> StoreFuture<'_, Vec<RouteSummary>> {
        self.answer(|| {
            let mut routes: Vec<RouteSummary> = Vec::new();
            for record in self.all() {
                let s = record.summary;
                if s.started_at < window.since {
                    continue;
                }
                let at = routes
                    .iter()
                    .position(|r| r.route == s.route && r.method == s.method)
                    .unwrap_or_else(|| {
                        routes.push(RouteSummary {
                            kind: s.kind,
                            method: s.method.clone(),
                            route: s.route.clone(),
                            requests: 0,
                            errors: 0,
                            total_us: 0,
                            sql_us: 0,
                            queries: 0,
                            max_queries: 0,
                            durations: Histogram::default(),
                            over_time: buckets(window),
                        });
                        routes.len() - 1
                    });
                let route = &mut routes[at];
                route.requests += 1;
                route.errors += u64::from(s.is_failed());
                route.total_us += s.times.total_us;
                route.sql_us += s.times.sql_us;
                route.queries += s.query_count;
                route.max_queries = route.max_queries.max(s.query_count);
                route.durations.record(s.times.total_us);
                let bucket = route
                    .over_time
                    .iter_mut()
                    .rev()
                    .find(|b| b.started_at <= s.started_at)
                    .expect("is so in fixed data");
                bucket.count += 1;
                bucket.total_us += s.times.total_us;
                bucket.p95_us = bucket.p95_us.max(s.times.total_us);
            }
            routes
        })
    }
    fn statements<'a>(
        &'a self,
        filter: &'a StatementFilter,
    ) -> StoreFuture<'a, Page<StatementSummary>> {
        self.answer(|| {
            let mut items = summaries(&self.all());
            items.retain(|i| {
                filter
                    .text
                    .as_ref()
                    .is_none_or(|t| i.statement.normalized.contains(t.as_str()))
            });
            items.sort_by_key(|i| std::cmp::Reverse(i.total_us));
            Page {
                total: u64::try_from(items.len()).ok(),
                items,
                ..Page::default()
            }
        })
    }
    fn statement(
        &self,
        fp: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Option<StatementDetail>> {
        self.answer(|| {
            let summary = summaries(&self.all())
                .into_iter()
                .find(|i| i.statement.fingerprint == fp)?;
            let (mut routes, mut sites, mut slowest): (
                Vec<RouteUse>,
                Vec<CallSiteUse>,
                Vec<SlowQuery>,
            ) = Default::default();
            let mut over_time = buckets(window);
            let mut durations = Histogram::default();
            for record in self.all() {
                for part in record
                    .statements
                    .iter()
                    .filter(|part| part.statement.fingerprint == fp)
                {
                    let s = &record.summary;
                    durations.record_n(part.total_us / part.calls, part.calls);
                    if let Some(b) = over_time
                        .iter_mut()
                        .rev()
                        .find(|b| b.started_at <= s.started_at)
                    {
                        b.count += part.calls;
                        b.p95_us = b.p95_us.max(part.total_us / part.calls);
                    }
                    match routes.iter_mut().find(|r| r.route == s.route) {
                        Some(r) => {
                            r.requests += 1;
                            r.calls += part.calls;
                            r.total_us += part.total_us;
                        }
                        None => routes.push(RouteUse {
                            kind: s.kind,
                            method: s.method.clone(),
                            route: s.route.clone(),
                            requests: 1,
                            calls: part.calls,
                            total_us: part.total_us,
                        }),
                    }
                    match sites.iter_mut().find(|r| r.call_site == part.call_site) {
                        Some(r) => {
                            r.calls += part.calls;
                            r.total_us += part.total_us;
                        }
                        None => sites.push(CallSiteUse {
                            call_site: part.call_site.clone(),
                            calls: part.calls,
                            total_us: part.total_us,
                        }),
                    }
                    slowest.push(SlowQuery {
                        request_id: s.id,
                        started_at: s.started_at,
                        method: s.method.clone(),
                        route: s.route.clone(),
                        calls: part.calls,
                        max_us: part.max_us,
                        total_us: part.total_us,
                    });
                }
            }
            slowest.sort_by_key(|s| std::cmp::Reverse(s.max_us));
            slowest.truncate(10);
            Some(StatementDetail {
                summary,
                durations,
                routes,
                call_sites: sites,
                slowest,
                over_time,
            })
        })
    }
    fn add_plan<'a>(&'a self, plan: &'a PlanRecord) -> StoreFuture<'a, ()> {
        self.answer(|| {
            self.plans
                .lock()
                .expect("is so in fixed data")
                .insert(0, plan.clone());
        })
    }
    fn plan(&self, id: PlanId) -> StoreFuture<'_, Option<PlanRecord>> {
        self.answer(|| {
            self.plans
                .lock()
                .expect("is so in fixed data")
                .iter()
                .find(|plan| plan.id == id)
                .cloned()
        })
    }
    fn plans_of_request(&self, id: RequestId) -> StoreFuture<'_, Vec<PlanRecord>> {
        self.answer(|| {
            self.plans
                .lock()
                .expect("is so in fixed data")
                .iter()
                .filter(|plan| plan.query.is_some_and(|query| query.request_id == id))
                .cloned()
                .collect()
        })
    }
    fn plans_of_statement(&self, fp: Fingerprint, _: u32) -> StoreFuture<'_, Vec<PlanRecord>> {
        self.answer(|| {
            self.plans
                .lock()
                .expect("is so in fixed data")
                .iter()
                .filter(|plan| plan.fingerprint == Some(fp))
                .cloned()
                .collect()
        })
    }
    fn plan_history(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Vec<PlanBucket>> {
        self.answer(|| {
            let history = self.history.lock().expect("is so in fixed data");
            history
                .iter()
                .filter(|(of, bucket)| *of == fingerprint && bucket.last_at >= window.since)
                .map(|(_, bucket)| bucket.clone())
                .collect()
        })
    }

    fn plan_changes(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<PlanChange>> {
        self.answer(|| {
            let history = self.history.lock().expect("is so in fixed data");
            let buckets: Vec<PlanBucket> = history
                .iter()
                .filter(|(_, bucket)| bucket.last_at >= window.since)
                .map(|(_, bucket)| bucket.clone())
                .collect();
            let Some((fingerprint, _)) = history.first() else {
                return Vec::new();
            };
            let mut changes = plan_changes(*fingerprint, &buckets);
            changes.reverse();
            changes.truncate(usize::try_from(limit).expect("is so in fixed data"));
            changes
        })
    }

    fn clear(&self) -> StoreFuture<'_, ()> {
        self.answer(|| self.records.lock().expect("is so in fixed data").clear())
    }
}

fn buckets(window: StatsWindow) -> Vec<TimeBucket> {
    let step =
        (window.until - window.since) / i32::try_from(window.buckets).expect("is so in fixed data");
    (0..i32::try_from(window.buckets).expect("is so in fixed data"))
        .map(|n| TimeBucket {
            started_at: window.since + step * n,
            count: 0,
            total_us: 0,
            p95_us: 0,
        })
        .collect()
}

fn summaries(records: &[RequestRecord]) -> Vec<StatementSummary> {
    let mut items: Vec<StatementSummary> = Vec::new();
    for record in records {
        for part in &record.statements {
            let at = items
                .iter()
                .position(|i| i.statement.fingerprint == part.statement.fingerprint)
                .unwrap_or_else(|| {
                    items.push(StatementSummary {
                        statement: Arc::clone(&part.statement),
                        calls: 0,
                        requests: 0,
                        total_us: 0,
                        max_us: 0,
                        rows: 0,
                        errors: 0,
                        last_seen_at: record.summary.started_at,
                    });
                    items.len() - 1
                });
            let item = &mut items[at];
            item.calls += part.calls;
            item.requests += 1;
            item.total_us += part.total_us;
            item.max_us = item.max_us.max(part.max_us);
            item.rows += part.rows;
            item.errors += part.errors;
            item.last_seen_at = item.last_seen_at.max(record.summary.started_at);
        }
    }
    items
}

#[derive(Debug)]
pub struct FakeExplain;

pub const PLAN: &str = r#"[{"Plan":{"Node Type":"Limit","Startup Cost":0.29,"Total Cost":8.31,"Plan Rows":100,"Plan Width":48,"Plans":[{"Node Type":"Nested Loop","Parent Relationship":"Outer","Join Type":"Inner","Startup Cost":0.29,"Total Cost":812.2,"Plan Rows":9800,"Plan Width":48,"Plans":[{"Node Type":"Seq Scan","Parent Relationship":"Outer","Relation Name":"message","Alias":"m","Startup Cost":0.0,"Total Cost":204.0,"Plan Rows":9800,"Plan Width":40,"Filter":"(deleted_at IS NULL)"},{"Node Type":"Index Scan","Parent Relationship":"Inner","Index Name":"person_pkey","Relation Name":"person","Alias":"p","Startup Cost":0.29,"Total Cost":0.31,"Plan Rows":1,"Plan Width":16,"Index Cond":"(id = m.person_id)"}]}]}}]"#;

impl Explain for FakeExplain {
    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(async move {
            if query.values.is_none() {
                return Err(ExplainError::Refused {
                    code: "values_not_captured",
                    reason: "Its values were not captured <b>.".to_owned(),
                });
            }
            if query.mode == (ExplainMode::Analyze { confirmed: false }) {
                return Err(ExplainError::Refused {
                    code: "needs_confirmation",
                    reason: "It calls person_score(), which is volatile <b>.".to_owned(),
                });
            }
            Ok(ExplainOutput {
                format: PlanFormat::PostgresJson,
                raw: PLAN.to_owned(),
                analyzed: query.mode.runs(),
            })
        })
    }
    fn ladders(&self) -> BoxFuture<'_, Vec<PlanLadder>> {
        Box::pin(std::future::ready(plans::ladders()))
    }
    fn advise(&self, request: AdviceRequest) -> BoxFuture<'_, Result<IndexAdvice, ExplainError>> {
        Box::pin(std::future::ready(plans::advice(&request)))
    }
    fn inspect(&self) -> BoxFuture<'_, Vec<DatabaseReport>> {
        Box::pin(std::future::ready(plans::reports("")))
    }
}

/// Knows no database.
#[derive(Debug)]
pub struct NoExplain;

impl Explain for NoExplain {
    fn explain(&self, _: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(std::future::ready(Err(ExplainError::Refused {
            code: "no_connection",
            reason: "There is no connection to ask.".to_owned(),
        })))
    }
}

/// Says what an attacker would.
#[derive(Debug)]
pub struct HostileExplain;

impl Explain for HostileExplain {
    fn explain(&self, _: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(std::future::ready(Err(ExplainError::Failed {
            message: plans::EVIL.to_owned(),
        })))
    }
    fn inspect(&self) -> BoxFuture<'_, Vec<DatabaseReport>> {
        Box::pin(std::future::ready(plans::reports(plans::EVIL)))
    }
    fn advise(&self, _: AdviceRequest) -> BoxFuture<'_, Result<IndexAdvice, ExplainError>> {
        Box::pin(std::future::ready(Ok(plans::hostile_advice())))
    }
}

#[derive(Debug)]
pub struct FakeVitals(pub AtomicBool);

impl Vitals for FakeVitals {
    fn snapshot(&self) -> VitalsSnapshot {
        let now = Utc::now();
        let capture = |what: &str, level, reason: &str, remedy: Option<&str>| CaptureStatus {
            what: what.to_owned(),
            level,
            reason: reason.to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        VitalsSnapshot {
            run: RunRecord {
                id: RUN,
                started_at: now - TimeDelta::hours(3),
                service: "weave".to_owned(),
                build: Some("0.1.0".to_owned()),
                instance: "loom-4711".to_owned(),
            },
            is_recording: self.0.load(Relaxed),
            seen: 12_043,
            recorded: 12_040,
            not_sampled: 0,
            lost: vec![(LossReason::QueueFull, 3)],
            active: 2,
            queue_length: 4,
            queue_capacity: 1_024,
            memory_bytes: 181_000,
            memory_budget_bytes: 64_000_000,
            queries: 391_204,
            unattributed_queries: 17,
            app_cost_us: Some(3.41),
            writer_cost_us: Some(14.2),
            budget: Budget::default(),
            store_error: Some((
                now - TimeDelta::minutes(42),
                "database is locked".to_owned(),
            )),
            captures: vec![
                capture(
                    "SQL",
                    CaptureLevel::Full,
                    "Both tiers are at work; each query is recorded once.",
                    None,
                ),
                capture(
                    "values",
                    CaptureLevel::Full,
                    "The pool \"weave\" is instrumented.",
                    None,
                ),
                capture(
                    "call sites",
                    CaptureLevel::Partial,
                    "This build has no line tables, so functions are known and lines are not.",
                    Some("[profile.release]\ndebug = \"line-tables-only\""),
                ),
                capture(
                    "EXPLAIN",
                    CaptureLevel::Off,
                    "The database is private to its connection (:memory:), so nobody else can ask it.",
                    Some("SqlitePool::connect(\"sqlite:weave.db\")"),
                ),
            ],
            minutes: (0_u32..60)
                .map(|n| Minute {
                    started_at: now - TimeDelta::minutes(i64::from(60 - n)),
                    recorded: u64::from(120 + (n * 37) % 90),
                    lost: u64::from(n == 31) * 3,
                })
                .collect(),
        }
    }
    fn set_recording(&self, is_recording: bool) {
        self.0.store(is_recording, Relaxed);
    }
}

pub fn config(store: Arc<FakeStore>) -> DashboardConfig {
    DashboardConfig {
        store,
        explain: Arc::new(FakeExplain),
        vitals: Arc::new(FakeVitals(AtomicBool::new(true))),
        access: Access::Custom(Arc::new(|_| true)),
        token: Some("t0ken".to_owned()),
        source_root: Some(env!("CARGO_MANIFEST_DIR").into()),
        targets: Targets::default(),
    }
}

pub fn sql(text: &str, command: &str, tables: &[&str], fp: u64) -> SqlText {
    SqlText {
        text: text.into(),
        statement: Arc::new(Statement {
            fingerprint: Fingerprint(fp),
            database: DatabaseKind::Postgres,
            normalized: text.split_whitespace().collect::<Vec<_>>().join(" "),
            command: command.to_owned(),
            tables: tables.iter().map(|&t| t.to_owned()).collect(),
        }),
        database: Arc::new(Database {
            kind: DatabaseKind::Postgres,
            name: "weave".to_owned(),
        }),
        has_literals: false,
        is_redacted: false,
    }
}

pub fn value(n: i64) -> Value {
    Value {
        type_name: "INT8".to_owned(),
        state: ValueState::Bytes(n.to_be_bytes().to_vec()),
    }
}

pub fn query(seq: u32, text: u32, started_us: u64, duration_us: u64) -> QueryRecord {
    QueryRecord {
        seq,
        text,
        captured_by: CapturedBy::Pool,
        started_us,
        duration_us,
        first_row_us: Some(duration_us * 2 / 3),
        consumer_us: 0,
        rows_returned: 1,
        rows_affected: 0,
        outcome: Outcome::Completed,
        error: None,
        values: Some(vec![value(i64::from(seq))]),
        call_site: None,
        span: None,
        transaction: None,
        plan_shape: None,
    }
}

/// An empty request; ids order by `n`.
pub fn request(n: u128, method: &str, route: &str, path: &str) -> RequestRecord {
    RequestRecord {
        summary: RequestSummary {
            id: RequestId(Uuid::from_u128((0x0193_4f5e_1111_7000_8000_u128 << 48) + n)),
            parent_id: None,
            kind: if method.is_empty() {
                RequestKind::Job
            } else {
                RequestKind::Request
            },
            run_id: RUN,
            started_at: Utc::now() - TimeDelta::seconds(5_000 - i64::try_from(n).unwrap_or(0) * 7),
            method: method.to_owned(),
            route: route.to_owned(),
            path: path.to_owned(),
            status: (!method.is_empty()).then_some(200),
            outcome: Outcome::Completed,
            times: RequestTimes {
                head_us: 900,
                body_us: 100,
                total_us: 1_000,
                polling_us: 400,
                longest_poll_us: 210,
                polls: 6,
                poll_total_us: 400,
                ..RequestTimes::default()
            },
            query_count: 0,
            query_errors: 0,
            trace_id: None,
            findings: vec![],
        },
        detail: RequestDetail::default(),
        statements: vec![],
        findings: vec![],
    }
}

/// Sums a request's queries into its statements and figures.
pub fn finish(record: &mut RequestRecord, total_us: u64) {
    let detail = &record.detail;
    let mut reached = 0;
    let mut sql_us = 0;
    for q in &detail.queries {
        let end = q.started_us + q.duration_us;
        sql_us += end.saturating_sub(q.started_us.max(reached));
        reached = reached.max(end);
        let text = &detail.texts[usize::try_from(q.text).expect("is so in fixed data")];
        let site = q
            .call_site
            .map(|at| detail.call_sites[usize::try_from(at).expect("is so in fixed data")].clone());
        let at = record
            .statements
            .iter()
            .position(|p| p.statement == text.statement && p.call_site == site)
            .unwrap_or_else(|| {
                record.statements.push(RequestStatement {
                    statement: Arc::clone(&text.statement),
                    call_site: site,
                    calls: 0,
                    errors: 0,
                    total_us: 0,
                    max_us: 0,
                    rows: 0,
                    distinct_values: None,
                });
                record.statements.len() - 1
            });
        let part = &mut record.statements[at];
        part.calls += 1;
        part.errors += u64::from(q.outcome == Outcome::Error);
        part.total_us += q.duration_us;
        part.max_us = part.max_us.max(q.duration_us);
        part.rows += q.rows_returned;
    }
    let wait_us: u64 = detail.waits.iter().map(|w| w.duration_us).sum();
    let s = &mut record.summary;
    s.query_count = u64::try_from(detail.queries.len()).expect("is so in fixed data");
    s.query_errors = record.statements.iter().map(|p| p.errors).sum();
    let rest = total_us.saturating_sub(sql_us).saturating_sub(wait_us);
    s.times = RequestTimes {
        head_us: total_us * 9 / 10,
        body_us: total_us / 10,
        total_us,
        sql_us,
        wait_us,
        polling_us: rest * 3 / 4,
        poll_total_us: rest,
        longest_poll_us: rest / 9,
        polls: 210,
    };
}

pub fn site(function: &str, file: &str, line: u32) -> CallSite {
    CallSite {
        function: function.to_owned(),
        file: file.to_owned(),
        line,
    }
}

pub const MESSAGES: &str = "SELECT id, thread_id, person_id, body, updated FROM message WHERE deleted_at IS NULL ORDER BY updated DESC LIMIT 100";
pub const PERSON: &str = "SELECT id, name, avatar FROM person WHERE id = $1";

/// The request of the talk: a hundred messages, and each sender by a query of its own.
pub fn repeated(n: u128) -> RequestRecord {
    let mut record = request(
        n,
        "GET",
        "/api/messages/list_some",
        "/api/messages/list_some",
    );
    let detail = &mut record.detail;
    detail.query_string = Some("page=1&token=[redacted]".to_owned());
    detail.http_version = Some("HTTP/1.1".to_owned());
    let header = |name: &str, value: &str, is_redacted| Header {
        name: name.to_owned(),
        value: value.to_owned(),
        is_redacted,
    };
    detail.request_headers = vec![
        header("host", "localhost:3000", false),
        header("accept", "application/json, text/plain;q=0.8", false),
        header("authorization", "[redacted]", true),
        header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) o'Brien",
            false,
        ),
    ];
    detail.response_headers = vec![
        header("content-type", "application/json", false),
        header("content-length", "18204", false),
        header("silk-id", "0193…", false),
    ];
    detail.response_body = Some(Body {
        content_type: Some("application/json".to_owned()),
        total_bytes: 18_204,
        text: Some(
            "[{\"id\":99821,\"sender\":{\"name\":\"Ada\"},\"body\":\"It's <b>done</b>\"},\n …"
                .to_owned(),
        ),
        is_truncated: true,
        is_redacted: false,
    });
    detail.texts = vec![
        sql(MESSAGES, "SELECT", &["message"], 0xa1),
        sql(PERSON, "SELECT", &["person"], 0xb2),
    ];
    detail.call_sites = vec![
        site(
            "weave::routes::messages::list_some",
            "src/query_string.rs",
            81,
        ),
        site(
            "weave::routes::messages::sender_of",
            "src/query_string.rs",
            88,
        ),
    ];
    detail.spans = vec![SpanRecord {
        name: "list_some".to_owned(),
        target: "weave::routes::messages".to_owned(),
        file: None,
        line: None,
        started_us: 300,
        duration_us: 87_000,
        busy_us: 23_000,
        parent: None,
        fields: vec![("page".to_owned(), "1".to_owned())],
    }];
    detail.waits = vec![ConnectionWait {
        started_us: 400,
        duration_us: 1_900,
        error: None,
    }];
    let mut first = query(1, 0, 2_400, 2_900);
    first.rows_returned = 100;
    first.values = Some(vec![]);
    first.call_site = Some(0);
    first.span = Some(0);
    detail.queries.push(first);
    let mut at = 5_600;
    for seq in 2..=101_u32 {
        let us = 430 + u64::from(seq * 7_919 % 370);
        let mut q = query(seq, 1, at, us);
        q.call_site = Some(1);
        q.span = Some(0);
        detail.queries.push(q);
        at += us + 190 + u64::from(seq * 104_729 % 120);
    }
    detail.logs = vec![LogRecord {
        at_us: 61_000,
        level: "WARN".to_owned(),
        target: "weave::cache".to_owned(),
        message: "cache is cold".to_owned(),
        fields: vec![("hit_rate".to_owned(), "0.02".to_owned())],
    }];
    finish(&mut record, at + 2_000);
    record.summary.findings = vec!["repeated_statement".to_owned()];
    record.findings = vec![Finding { rule: "repeated_statement".to_owned(), severity: Severity::Warning, title: "person by id ran 100× with different values from src/routes/messages.rs:88".to_owned(), detail: "Fed by the 100 rows of query 1. One query with JOIN or = ANY($1) would answer all of them.".to_owned(), fingerprint: Some(Fingerprint(0xb2)), saves_us: Some(58_000) }];
    record
}

/// Threads, their messages and each sender: ten thousand queries.
pub fn ten_thousand(n: u128) -> RequestRecord {
    let mut record = request(n, "GET", "/api/threads", "/api/threads");
    let detail = &mut record.detail;
    detail.texts = vec![
        sql(
            "SELECT id, title FROM thread ORDER BY id LIMIT 100",
            "SELECT",
            &["thread"],
            0xc1,
        ),
        sql(
            "SELECT id, person_id, body FROM message WHERE thread_id = $1",
            "SELECT",
            &["message"],
            0xc2,
        ),
        sql(PERSON, "SELECT", &["person"], 0xb2),
        sql(
            "SELECT count(*) FROM message WHERE thread_id = $1",
            "SELECT",
            &["message"],
            0xc4,
        ),
    ];
    detail.call_sites = vec![
        site("weave::routes::threads::list", "src/routes/threads.rs", 40),
        site(
            "weave::routes::threads::messages",
            "src/routes/threads.rs",
            52,
        ),
        site(
            "weave::routes::threads::sender",
            "src/routes/threads.rs",
            61,
        ),
        site("weave::routes::threads::count", "src/routes/threads.rs", 70),
    ];
    let mut at = 900;
    let mut seq = 0;
    let mut push = |text: u32, us: u64| {
        seq += 1;
        let mut q = query(seq, text, at, us);
        q.call_site = Some(text);
        detail.queries.push(q);
        at += us + 60;
    };
    push(0, 2_100);
    for thread in 0..100_u64 {
        push(1, 1_400 + thread * 13 % 700);
        for person in 0..100_u64 {
            push(2, 180 + (thread * 31 + person * 17) % 140);
        }
        push(3, 600);
    }
    finish(&mut record, at + 3_000);
    record.summary.findings = vec!["repeated_statement".to_owned()];
    record.findings = vec![Finding {
        rule: "repeated_statement".to_owned(),
        severity: Severity::Critical,
        title: "person by id ran 10,000× with different values from src/routes/threads.rs:61"
            .to_owned(),
        detail: "Each of the 100 rows of query 2 asks for its own sender.".to_owned(),
        fingerprint: Some(Fingerprint(0xb2)),
        saves_us: Some(2_400_000),
    }];
    record
}

/// A transaction with a failing query, idle gaps, and queries joined before it.
pub fn transaction(n: u128) -> RequestRecord {
    let mut record = request(n, "POST", "/api/messages", "/api/messages");
    let detail = &mut record.detail;
    let header = |name: &str, value: &str, is_redacted| Header {
        name: name.to_owned(),
        value: value.to_owned(),
        is_redacted,
    };
    detail.request_headers = vec![
        header("host", "localhost:3000", false),
        header("content-type", "application/json", false),
    ];
    detail.request_body = Some(Body {
        content_type: Some("application/json".to_owned()),
        total_bytes: 64,
        text: Some("{\"thread\":12,\"body\":\"Hello\",\"password\":\"[redacted]\"}".to_owned()),
        is_truncated: false,
        is_redacted: true,
    });
    detail.texts = vec![
        sql(
            "SELECT p.id, p.name, p.created, t.id, t.title, count(m.id) FILTER (WHERE m.deleted_at IS NULL) AS messages\nFROM person AS p\nJOIN thread AS t ON t.owner = p.id\nLEFT JOIN message AS m ON m.thread_id = t.id\nWHERE p.id = $1 AND t.id = $2 AND p.password_hash = $3\nGROUP BY p.id, t.id\nHAVING count(*) > 0\nORDER BY t.updated DESC\nLIMIT 10 OFFSET 0",
            "SELECT",
            &["person", "thread", "message"],
            0xd1,
        ),
        sql(
            "SELECT id FROM thread WHERE id = $1",
            "SELECT",
            &["thread"],
            0xd2,
        ),
        sql(
            "INSERT INTO message (thread_id, person_id, body) VALUES ($1, $2, $3) RETURNING id",
            "INSERT",
            &["message"],
            0xd3,
        ),
        sql(
            "UPDATE thread SET updated = now() WHERE id = $1",
            "UPDATE",
            &["thread"],
            0xd4,
        ),
    ];
    detail.spans = vec![
        SpanRecord {
            name: "post_message".to_owned(),
            target: "weave::routes".to_owned(),
            file: None,
            line: None,
            started_us: 100,
            duration_us: 41_500,
            busy_us: 4_000,
            parent: None,
            fields: vec![],
        },
        SpanRecord {
            name: "check".to_owned(),
            target: "weave::routes".to_owned(),
            file: None,
            line: None,
            started_us: 200,
            duration_us: 8_800,
            busy_us: 900,
            parent: Some(0),
            fields: vec![],
        },
        SpanRecord {
            name: "store".to_owned(),
            target: "weave::routes".to_owned(),
            file: None,
            line: None,
            started_us: 9_500,
            duration_us: 31_000,
            busy_us: 2_000,
            parent: Some(0),
            fields: vec![],
        },
    ];
    detail.transactions = vec![
        TransactionRecord {
            started_us: 10_000,
            duration_us: 30_000,
            begin_us: 700,
            end_us: 2_100,
            depth: 1,
            end: TransactionEnd::RolledBack,
        },
        TransactionRecord {
            started_us: 24_000,
            duration_us: 9_000,
            begin_us: 300,
            end_us: 300,
            depth: 2,
            end: TransactionEnd::Committed,
        },
    ];
    let spec: [(u32, u64, u64, u32, Option<u32>); 8] = [
        (0, 400, 8_200, 1, None),
        (1, 500, 6_000, 1, None),
        (1, 600, 3_000, 1, None),
        (2, 11_000, 3_000, 2, Some(0)),
        (3, 15_500, 2_500, 2, Some(0)),
        (2, 24_500, 3_000, 2, Some(1)),
        (3, 29_000, 2_400, 2, Some(1)),
        (3, 35_000, 2_500, 2, Some(0)),
    ];
    for (seq, (text, at, us, span, tx)) in (1_u32..).zip(spec) {
        let mut q = query(seq, text, at, us);
        q.span = Some(span);
        q.transaction = tx;
        detail.queries.push(q);
    }
    detail.queries[0].values = Some(vec![
        value(7),
        value(12),
        Value {
            type_name: "TEXT".to_owned(),
            state: ValueState::Redacted,
        },
    ]);
    detail.queries[1].captured_by = CapturedBy::Layer;
    detail.queries[1].values = None;
    detail.queries[7].outcome = Outcome::Error;
    detail.queries[7].error = Some(QueryError {
        code: Some("40001".to_owned()),
        message: "could not serialize access due to concurrent update".to_owned(),
    });
    finish(&mut record, 42_000);
    record.summary.status = Some(500);
    record.detail.error = Some("could not serialize access due to concurrent update".to_owned());
    record
}

/// Text as an attacker would send it, everywhere.
pub fn hostile(n: u128) -> RequestRecord {
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}gnp\0\u{1b}[31m";
    let mut record = request(n, "GET", evil, evil);
    record.summary.trace_id = Some(evil.to_owned());
    record.summary.findings = vec![evil.to_owned()];
    let detail = &mut record.detail;
    detail.query_string = Some(evil.to_owned());
    detail.http_version = Some(evil.to_owned());
    detail.error = Some(evil.to_owned());
    let header = |name: &str| Header {
        name: name.to_owned(),
        value: evil.to_owned(),
        is_redacted: false,
    };
    detail.request_headers = vec![header("host"), header(evil)];
    detail.response_headers = vec![header("x-evil")];
    let body = Body {
        content_type: Some(evil.to_owned()),
        total_bytes: 1 << 20,
        text: Some(evil.repeat(10_000)),
        is_truncated: true,
        is_redacted: true,
    };
    detail.request_body = Some(body.clone());
    detail.response_body = Some(body);
    let big = format!("SELECT '{evil}' {}", "-- <script>\n".repeat(90_000));
    detail.texts = vec![
        sql(&big, evil, &[evil, evil], 0xe1),
        sql(evil, "OTHER", &[], 0xe2),
    ];
    detail.call_sites = vec![site(evil, evil, 1)];
    detail.spans = vec![SpanRecord {
        name: evil.to_owned(),
        target: evil.to_owned(),
        file: None,
        line: None,
        started_us: 0,
        duration_us: u64::MAX,
        busy_us: u64::MAX,
        parent: Some(9),
        fields: vec![(evil.to_owned(), evil.to_owned())],
    }];
    detail.logs = vec![LogRecord {
        at_us: 1,
        level: evil.to_owned(),
        target: evil.to_owned(),
        message: evil.to_owned(),
        fields: vec![(evil.to_owned(), evil.to_owned())],
    }];
    detail.waits = vec![ConnectionWait {
        started_us: 5,
        duration_us: 9,
        error: Some(evil.to_owned()),
    }];
    let text = Value {
        type_name: evil.to_owned(),
        state: ValueState::Bytes(evil.as_bytes().to_vec()),
    };
    for seq in 1..=3 {
        let mut q = query(seq, seq - 1, 1, 2);
        q.values = Some(vec![
            text.clone(),
            Value {
                type_name: "TEXT".to_owned(),
                state: ValueState::Bytes(evil.as_bytes().to_vec()),
            },
        ]);
        q.call_site = Some(0);
        q.error = Some(QueryError {
            code: Some(evil.to_owned()),
            message: evil.to_owned(),
        });
        q.outcome = Outcome::Error;
        detail.queries.push(q);
    }
    // An index that points nowhere, as only a broken store has it.
    detail.queries[2].span = Some(77);
    detail.queries[2].transaction = Some(77);
    let texts = detail.texts.clone();
    for text in texts {
        record.statements.push(RequestStatement {
            statement: text.statement,
            call_site: Some(site(evil, evil, 1)),
            calls: 2,
            errors: 1,
            total_us: 9,
            max_us: 5,
            rows: 1,
            distinct_values: None,
        });
    }
    record.findings = vec![Finding {
        rule: evil.to_owned(),
        severity: Severity::Critical,
        title: evil.to_owned(),
        detail: evil.to_owned(),
        fingerprint: None,
        saves_us: None,
    }];
    record
}

/// A store as it looks after an hour of work.
pub fn rich() -> Arc<FakeStore> {
    let mut records = Vec::new();
    for n in 0..690_u128 {
        let mut record = match n % 10 {
            0 | 3 => repeated(n),
            1 | 4 | 7 => request(n, "GET", "/hello", "/hello"),
            2 => {
                let mut job = request(n, "", "nightly report", "nightly report");
                job.summary.times.total_us = 4_100_000;
                job.summary.times.sql_us = 3_900_000;
                job.summary.query_count = 1_204;
                job
            }
            5 => transaction(n),
            6 => {
                let mut missing =
                    request(n, "GET", "/api/people/{id}", &format!("/api/people/{n}"));
                missing.summary.status = Some(404);
                missing
            }
            8 => {
                let mut gone = request(n, "GET", "/api/stream", "/api/stream");
                gone.summary.outcome = Outcome::Dropped;
                gone.summary.times.total_us = 812_000;
                gone.summary.times.sql_us = 310_000;
                gone.summary.times.polling_us = 90_000;
                gone
            }
            _ => request(
                n,
                "GET",
                "/api/messages/list_some_joined",
                "/api/messages/list_some_joined",
            ),
        };
        let shake = u64::try_from((n * 7_919) % 400).expect("is so in fixed data");
        record.summary.times.total_us += record.summary.times.total_us * shake / 1_000;
        records.push(record);
    }
    records.push(ten_thousand(691));
    records.push(transaction(692));
    records.push(repeated(693));
    let store = FakeStore::of(records);
    let id = repeated(693).summary.id;
    store
        .plans
        .lock()
        .expect("is so in fixed data")
        .push(PlanRecord {
            id: PlanId(Uuid::from_u128(0x0193_4f5e_2222_7000_8000_0000_0000_0001)),
            query: Some(QueryRef {
                request_id: id,
                seq: 1,
            }),
            fingerprint: Some(Fingerprint(0xa1)),
            database: Database {
                kind: DatabaseKind::Postgres,
                name: "weave".to_owned(),
            },
            captured_at: Utc::now(),
            source: PlanSource::Estimated,
            shape: Some(PlanShape(0x51)),
            duration_us: None,
            total_cost: None,
            output: ExplainOutput {
                format: PlanFormat::PostgresJson,
                raw: PLAN.to_owned(),
                analyzed: false,
            },
        });
    plans::fill(&store);
    store
}
