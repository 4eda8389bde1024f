//! The store of tests: the real one in memory, which breaks and is cut short on demand.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use chrono::{DateTime, TimeDelta, Utc};
use silk_core::{
    BatchId, Fingerprint, PlanId, PlanObservation, PlanRecord, RequestId, RequestRecord,
    RequestSummary, RunId, RunRecord, Store, StoreError, StoreErrorKind, WriteBatch,
    explain::{PlanBucket, PlanChange},
    store::{
        Acceptance, Budget, Cursor, FindingLives, FindingSums, Hotspot, Page, RequestFilter,
        RouteDetail, RouteName, RouteSummary, Searched, StatementDetail, StatementFilter,
        StatementSummary, StatsWindow, StoreFuture, StoreSize,
    },
};
use silk_store::MemoryStore;
use uuid::Uuid;

use super::RUN;

#[derive(Debug, Default)]
pub struct TestStore {
    inner: MemoryStore,
    /// Plans that were handed over, oldest first; the store may have dropped some.
    plan_ids: Mutex<Vec<PlanId>>,
    pub is_broken: AtomicBool,
    /// Whether what would change it is refused.
    pub is_read_only: AtomicBool,
    /// How far searches get before they are cut short without a hit; `None` if they are not.
    pub cut: Mutex<Option<Searched>>,
}

impl TestStore {
    pub fn of(records: Vec<RequestRecord>) -> Arc<Self> {
        let store = Arc::new(Self::default());
        store.write_now(records, Vec::new());
        store
    }

    pub fn add(&self, record: RequestRecord) {
        self.write_now(vec![record], Vec::new());
    }

    pub fn keep(&self, plan: &PlanRecord) {
        now(self.add_plan(plan));
    }

    /// Counts plans that were seen.
    pub fn see(&self, observations: Vec<PlanObservation>) {
        self.write_now(Vec::new(), observations);
    }

    /// The plans that are kept, in the order they came, newest first.
    pub fn plans(&self) -> Vec<PlanRecord> {
        let ids = self.plan_ids.lock().expect("is not poisoned").clone();
        let kept = |id: &PlanId| now(self.inner.plan(*id));
        ids.iter().rev().filter_map(kept).collect()
    }

    pub fn plan_of(&self, id: PlanId) -> PlanRecord {
        now(self.inner.plan(id)).expect("is kept")
    }

    /// Number of requests that are kept.
    pub fn requests_kept(&self) -> u64 {
        now(self.inner.size()).requests
    }

    fn write_now(&self, requests: Vec<RequestRecord>, plan_observations: Vec<PlanObservation>) {
        self.write_as(RUN, None, requests, plan_observations);
    }

    /// Requests as a run of a build of its own handled them.
    pub fn write_build(&self, build: &str, mut requests: Vec<RequestRecord>) {
        let bytes = build
            .bytes()
            .fold(0_u128, |sum, b| sum << 8 | u128::from(b));
        let run = RunId(Uuid::from_u128(RUN.0.as_u128() + 1 + bytes));
        for record in &mut requests {
            record.summary.run_id = run;
        }
        self.write_as(run, Some(build), requests, Vec::new());
    }

    fn write_as(
        &self,
        run: RunId,
        build: Option<&str>,
        requests: Vec<RequestRecord>,
        plan_observations: Vec<PlanObservation>,
    ) {
        let batch = WriteBatch {
            id: BatchId(Uuid::new_v4()),
            run: RunRecord {
                id: run,
                started_at: Utc::now() - TimeDelta::hours(3),
                service: "weave".to_owned(),
                build: build.map(str::to_owned),
                instance: "loom-4711".to_owned(),
            },
            requests,
            counted: Vec::new(),
            plans: Vec::new(),
            plan_observations,
        };
        now(self.inner.write(&batch));
    }

    /// The answer of the store, unless it is broken.
    fn unless_broken<'a, T: Send + 'a>(&'a self, answer: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        if self.is_broken.load(Relaxed) {
            return Box::pin(std::future::ready(Err(StoreError::new(
                StoreErrorKind::Unavailable,
                "open the store",
                "no such folder",
            ))));
        }
        answer
    }
}

fn refused<'a, T: Send + 'a>() -> StoreFuture<'a, T> {
    Box::pin(std::future::ready(Err(StoreError::new(
        StoreErrorKind::ReadOnly,
        "write",
        "the file was opened to be read",
    ))))
}

/// What a store in memory answers: it never waits.
fn now<T>(future: StoreFuture<'_, T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(answer) => answer.expect("memory does not fail"),
        Poll::Pending => unreachable!("a store in memory answers at once"),
    }
}

impl Store for TestStore {
    fn kind(&self) -> String {
        "SQLite file silk.db".to_owned()
    }
    fn write<'a>(&'a self, batch: &'a WriteBatch) -> StoreFuture<'a, ()> {
        self.unless_broken(self.inner.write(batch))
    }
    fn retain(&self, budget: Budget, now: DateTime<Utc>) -> StoreFuture<'_, bool> {
        self.unless_broken(self.inner.retain(budget, now))
    }
    fn size(&self) -> StoreFuture<'_, StoreSize> {
        self.unless_broken(self.inner.size())
    }
    fn requests<'a>(&'a self, filter: &'a RequestFilter) -> StoreFuture<'a, Page<RequestSummary>> {
        let searched = *self.cut.lock().expect("is not poisoned");
        let answer = match searched {
            None => self.inner.requests(filter),
            Some(_) => Box::pin(std::future::ready(Ok(Page {
                next: Some(Cursor {
                    key: 1,
                    id: RequestId(Uuid::from_u128(1)),
                }),
                is_partial: true,
                searched,
                ..Page::default()
            }))),
        };
        self.unless_broken(answer)
    }
    fn request(&self, id: RequestId) -> StoreFuture<'_, Option<RequestRecord>> {
        self.unless_broken(self.inner.request(id))
    }
    fn routes(&self, window: StatsWindow) -> StoreFuture<'_, Vec<RouteSummary>> {
        self.unless_broken(self.inner.routes(window))
    }
    fn route<'a>(
        &'a self,
        name: &'a RouteName,
        window: StatsWindow,
    ) -> StoreFuture<'a, Option<RouteDetail>> {
        self.unless_broken(self.inner.route(name, window))
    }
    fn hotspots(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<Hotspot>> {
        self.unless_broken(self.inner.hotspots(window, limit))
    }
    fn finding_lives(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, FindingLives> {
        self.unless_broken(self.inner.finding_lives(window, limit))
    }
    fn accept<'a>(&'a self, acceptance: &'a Acceptance) -> StoreFuture<'a, i64> {
        if self.is_read_only.load(Relaxed) {
            return refused();
        }
        self.unless_broken(self.inner.accept(acceptance))
    }
    fn acceptances(&self) -> StoreFuture<'_, Vec<Acceptance>> {
        self.unless_broken(self.inner.acceptances())
    }
    fn withdraw(&self, id: i64) -> StoreFuture<'_, bool> {
        if self.is_read_only.load(Relaxed) {
            return refused();
        }
        self.unless_broken(self.inner.withdraw(id))
    }
    fn findings(&self, window: StatsWindow) -> StoreFuture<'_, FindingSums> {
        self.unless_broken(self.inner.findings(window))
    }
    fn statements<'a>(
        &'a self,
        filter: &'a StatementFilter,
    ) -> StoreFuture<'a, Page<StatementSummary>> {
        self.unless_broken(self.inner.statements(filter))
    }
    fn statement(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Option<StatementDetail>> {
        self.unless_broken(self.inner.statement(fingerprint, window))
    }
    fn add_plan<'a>(&'a self, plan: &'a PlanRecord) -> StoreFuture<'a, ()> {
        let mut ids = self.plan_ids.lock().expect("is not poisoned");
        ids.push(plan.id);
        self.unless_broken(self.inner.add_plan(plan))
    }
    fn plan(&self, id: PlanId) -> StoreFuture<'_, Option<PlanRecord>> {
        self.unless_broken(self.inner.plan(id))
    }
    fn plans_of_request(&self, id: RequestId) -> StoreFuture<'_, Vec<PlanRecord>> {
        self.unless_broken(self.inner.plans_of_request(id))
    }
    fn plans_of_statement(
        &self,
        fingerprint: Fingerprint,
        limit: u32,
    ) -> StoreFuture<'_, Vec<PlanRecord>> {
        self.unless_broken(self.inner.plans_of_statement(fingerprint, limit))
    }
    fn plan_history(
        &self,
        fingerprint: Fingerprint,
        window: StatsWindow,
    ) -> StoreFuture<'_, Vec<PlanBucket>> {
        self.unless_broken(self.inner.plan_history(fingerprint, window))
    }
    fn plan_changes(&self, window: StatsWindow, limit: u32) -> StoreFuture<'_, Vec<PlanChange>> {
        self.unless_broken(self.inner.plan_changes(window, limit))
    }
    fn clear(&self) -> StoreFuture<'_, ()> {
        if self.is_read_only.load(Relaxed) {
            return refused();
        }
        self.unless_broken(self.inner.clear())
    }
}
