//! A recorder with a store that does as the test says.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test program includes this, uses its part of it, and fails by panics"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use silk_capture::recorder::{ActiveRequest, CapturedQuery, SqlSource};
use silk_capture::{Recorder, RecorderConfig, SilkLayer};
use silk_core::{
    CapturedBy, CountedRequest, Database, DatabaseKind, Fingerprint, Outcome, PlanId, PlanRecord,
    Redactor, RequestId, RequestRecord, RequestSummary, Store, StoreError, StoreErrorKind, Vitals,
    WriteBatch,
    store::{
        Budget, Page, RequestFilter, RouteSummary, StatementDetail, StatementFilter,
        StatementSummary, StatsWindow, StoreFuture, StoreSize,
    },
    vitals::VitalsSnapshot,
};

/// How the store behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Failing(StoreErrorKind),
    Panicking,
    Slow(Duration),
    /// Never answers.
    Silent,
}

#[derive(Debug)]
pub struct TestStore {
    mood: Mutex<Mood>,
    pub writes: AtomicU64,
    requests: Mutex<Vec<RequestRecord>>,
    counted: Mutex<Vec<CountedRequest>>,
}

impl TestStore {
    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }
}

pub struct Fixture {
    pub recorder: Recorder,
    pub store: Arc<TestStore>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub fn fixture() -> Fixture {
    fixture_with(RecorderConfig::default())
}

pub fn fixture_with(config: RecorderConfig) -> Fixture {
    let store = Arc::new(TestStore {
        mood: Mutex::new(Mood::Well),
        writes: AtomicU64::new(0),
        requests: Mutex::default(),
        counted: Mutex::default(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let recorder = Recorder::start(
        config,
        Arc::clone(&store) as Arc<dyn Store>,
        Arc::new(Redactor::default()),
        runtime.handle().clone(),
    )
    .unwrap();
    Fixture {
        recorder,
        store,
        runtime: Some(runtime),
    }
}

impl Fixture {
    pub fn layer(&self) -> SilkLayer {
        SilkLayer::new(self.recorder.clone())
    }

    pub fn flush(&self) {
        assert!(self.recorder.flush(Duration::from_secs(20)));
    }

    /// What was stored so far, by start.
    pub fn records(&self) -> Vec<RequestRecord> {
        self.flush();
        let mut records = self.store.requests.lock().unwrap().clone();
        records.sort_by_key(|record| record.summary.id);
        records
    }

    /// The only record there is.
    pub fn record(&self) -> RequestRecord {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "{records:#?}");
        records.remove(0)
    }

    pub fn counted(&self) -> Vec<CountedRequest> {
        self.flush();
        self.store.counted.lock().unwrap().clone()
    }

    pub fn vitals(&self) -> VitalsSnapshot {
        self.recorder.snapshot()
    }

    pub fn lost(&self) -> u64 {
        self.vitals().lost.iter().map(|(_, count)| count).sum()
    }
}

/// Runs a query that took no time at all.
pub fn query(sql: &'static str) {
    query_as(SqlSource::Static(sql), Outcome::Completed);
}

pub fn query_as(sql: SqlSource, outcome: Outcome) {
    if let Some(active) = ActiveRequest::current() {
        push(&active, sql, outcome);
    }
}

pub fn push(active: &ActiveRequest, sql: SqlSource, outcome: Outcome) {
    let now = Instant::now();
    active.push_query(CapturedQuery {
        sql,
        database: Arc::new(Database {
            kind: DatabaseKind::Sqlite,
            name: "test".to_owned(),
        }),
        captured_by: CapturedBy::Pool,
        started: now,
        ended: now + Duration::from_micros(10),
        first_row: None,
        consumer: Duration::ZERO,
        rows_returned: 1,
        rows_affected: 0,
        outcome,
        error: None,
        values: None,
        call_site: None,
        span: None,
        transaction: None,
    });
}

impl Store for TestStore {
    fn kind(&self) -> String {
        "test".to_owned()
    }

    fn write<'a>(&'a self, batch: &'a WriteBatch) -> StoreFuture<'a, ()> {
        let mood = *self.mood.lock().unwrap();
        self.writes.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            match mood {
                Mood::Well => {}
                Mood::Failing(kind) => return Err(StoreError::new(kind, "write", "as told")),
                Mood::Panicking => panic!("as told"),
                Mood::Slow(pause) => tokio::time::sleep(pause).await,
                Mood::Silent => std::future::pending().await,
            }
            self.requests
                .lock()
                .unwrap()
                .extend(batch.requests.iter().cloned());
            self.counted
                .lock()
                .unwrap()
                .extend(batch.counted.iter().cloned());
            Ok(())
        })
    }

    fn retain(&self, _: Budget, _: DateTime<Utc>) -> StoreFuture<'_, bool> {
        Box::pin(async { Ok(false) })
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        Box::pin(async { Ok(StoreSize::default()) })
    }

    fn requests<'a>(&'a self, _: &'a RequestFilter) -> StoreFuture<'a, Page<RequestSummary>> {
        Box::pin(async { Ok(Page::default()) })
    }

    fn request(&self, _: RequestId) -> StoreFuture<'_, Option<RequestRecord>> {
        Box::pin(async { Ok(None) })
    }

    fn routes(&self, _: StatsWindow) -> StoreFuture<'_, Vec<RouteSummary>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn statements<'a>(&'a self, _: &'a StatementFilter) -> StoreFuture<'a, Page<StatementSummary>> {
        Box::pin(async { Ok(Page::default()) })
    }

    fn statement(
        &self,
        _: Fingerprint,
        _: StatsWindow,
    ) -> StoreFuture<'_, Option<StatementDetail>> {
        Box::pin(async { Ok(None) })
    }

    fn add_plan<'a>(&'a self, _: &'a PlanRecord) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn plan(&self, _: PlanId) -> StoreFuture<'_, Option<PlanRecord>> {
        Box::pin(async { Ok(None) })
    }

    fn plans_of_request(&self, _: RequestId) -> StoreFuture<'_, Vec<PlanRecord>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn plans_of_statement(&self, _: Fingerprint, _: u32) -> StoreFuture<'_, Vec<PlanRecord>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn plan_history(
        &self,
        _: Fingerprint,
        _: StatsWindow,
    ) -> StoreFuture<'_, Vec<silk_core::explain::PlanBucket>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn plan_changes(
        &self,
        _: StatsWindow,
        _: u32,
    ) -> StoreFuture<'_, Vec<silk_core::explain::PlanChange>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn clear(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}
