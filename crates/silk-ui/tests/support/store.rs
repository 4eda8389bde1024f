//! A store with fixed records.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use chrono::{DateTime, TimeDelta, Utc};
use silk_core::{
    Fingerprint, Histogram, PlanId, PlanRecord, RequestId, RequestRecord, RequestSummary, Store,
    StoreError, StoreErrorKind, WriteBatch,
    explain::{PlanBucket, PlanChange, plan_changes},
    store::{
        Budget, CallSiteUse, Cursor, FindingSum, FindingSums, Page, RequestFilter, RequestSort,
        RouteSummary, RouteUse, Searched, SlowQuery, StatementDetail, StatementFilter,
        StatementSummary, StatsWindow, StoreFuture, StoreSize, TimeBucket,
    },
};

#[derive(Debug, Default)]
pub struct FakeStore {
    pub records: Mutex<Vec<RequestRecord>>,
    pub plans: Mutex<Vec<PlanRecord>>,
    /// Which plans were seen when.
    pub history: Mutex<Vec<(Fingerprint, PlanBucket)>>,
    pub is_broken: AtomicBool,
    /// How far searches come before they are cut short, finding nothing; none where they are not.
    pub cut: Mutex<Option<Searched>>,
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
                        && filter.until.is_none_or(|until| s.started_at < until)
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
            let searched = *self.cut.lock().expect("is so in fixed data");
            if searched.is_some() {
                return Page {
                    next: Some(Cursor {
                        key: 1,
                        id: RequestId(uuid::Uuid::from_u128(1)),
                    }),
                    is_partial: true,
                    searched,
                    ..Page::default()
                };
            }
            Page {
                items,
                next,
                total: u64::try_from(total).ok(),
                is_total_estimate: false,
                is_partial: false,
                searched: None,
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
    fn findings(&self, window: StatsWindow) -> StoreFuture<'_, FindingSums> {
        self.answer(|| {
            let mut sums = FindingSums::default();
            for record in self.all() {
                let s = &record.summary;
                if s.started_at < window.since || record.findings.is_empty() {
                    continue;
                }
                sums.requests += 1;
                for finding in &record.findings {
                    let at = sums.items.iter().position(|sum| {
                        sum.rule == finding.rule
                            && sum.fingerprint == finding.fingerprint
                            && (&sum.route, &sum.method) == (&s.route, &s.method)
                    });
                    let at = at.unwrap_or_else(|| {
                        sums.items.push(FindingSum {
                            rule: finding.rule.clone(),
                            fingerprint: finding.fingerprint,
                            kind: s.kind,
                            method: s.method.clone(),
                            route: s.route.clone(),
                            requests: 0,
                            lost_us: 0,
                            worst: s.id,
                        });
                        sums.items.len() - 1
                    });
                    sums.items[at].requests += 1;
                    sums.items[at].lost_us += finding.lost_us.unwrap_or(0);
                }
            }
            sums.items.sort_by_key(|sum| std::cmp::Reverse(sum.lost_us));
            sums
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
                        b.total_us += part.total_us;
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
