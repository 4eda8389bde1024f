//! A recorder with a store that does as the test says; queries and records of it.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test program includes this, uses its part of it, and fails by panics"
)]

pub mod seen;
pub mod store;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use silk_capture::record::{ActiveRequest, CapturedQuery, SqlSource};
use silk_capture::{Recorder, RecorderConfig, SilkLayer};
use silk_core::{
    CapturedBy, CountedRequest, Database, DatabaseKind, Outcome, Redactor, RequestRecord, Store,
    Vitals, vitals::VitalsSnapshot,
};

use store::TestStore;

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
    fixture_with(RecorderConfig {
        // In release builds they are off by default.
        response_headers: true,
        ..RecorderConfig::default()
    })
}

pub fn fixture_with(config: RecorderConfig) -> Fixture {
    let store = Arc::new(TestStore::new());
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

/// A query of a duration.
pub fn push_of(active: &ActiveRequest, sql: &'static str, duration: Duration) {
    push_query(active, SqlSource::Static(sql), Outcome::Completed, duration);
}

pub fn push(active: &ActiveRequest, sql: SqlSource, outcome: Outcome) {
    push_query(active, sql, outcome, Duration::from_micros(10));
}

fn push_query(active: &ActiveRequest, sql: SqlSource, outcome: Outcome, duration: Duration) {
    let mut query = captured(sql);
    query.outcome = outcome;
    query.ended = query.started + duration;
    active.push_query(query);
}

/// A query that took 10 µs from now on.
pub fn captured(sql: SqlSource) -> CapturedQuery {
    let now = Instant::now();
    CapturedQuery {
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
        rows_read: 1,
        rows_affected: 0,
        outcome: Outcome::Completed,
        error: None,
        values: None,
        call_site: None,
        span: None,
        transaction: None,
        is_past_pool: false,
    }
}
