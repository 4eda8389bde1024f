//! Records what a future does through the whole of capture: recorder, queue, writer, store.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test program includes this, uses its part of it, and fails by panics"
)]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use silk_capture::{Recorder, RecorderConfig, run_job};
use silk_core::{
    CallSite, CapturedBy, Fingerprint, Outcome, PlanId, PlanRecord, QueryError, Redactor,
    RequestId, RequestKind, RequestRecord, RequestSummary, Store, TransactionEnd, Value,
    WriteBatch,
    store::{
        Budget, Page, RequestFilter, RouteSummary, StatementDetail, StatementFilter,
        StatementSummary, StatsWindow, StoreFuture, StoreSize,
    },
};

/// What was recorded, in few words.
pub struct Seen {
    pub queries: Vec<Query>,
    /// Each wait's error.
    pub waits: Vec<Option<String>>,
    /// Each transaction's depth and end.
    pub transactions: Vec<(u32, TransactionEnd)>,
}

#[derive(Debug)]
pub struct Query {
    pub sql: String,
    pub captured_by: CapturedBy,
    pub rows_returned: u64,
    pub rows_affected: u64,
    pub outcome: Outcome,
    pub error: Option<QueryError>,
    pub values: Option<Vec<Value>>,
    pub call_site: Option<CallSite>,
    pub transaction: Option<u32>,
    pub has_first_row: bool,
    pub duration: Duration,
    pub consumer: Duration,
}

/// The recorder of this test program.
pub fn recorder() -> Recorder {
    everything().recorder.clone()
}

/// Runs `future` as one request, and gives what was recorded of it.
pub async fn record<F: Future>(recorder: &Recorder, future: F) -> (F::Output, Seen) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("test {}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let output = run_job(recorder, RequestKind::Test, name.as_str(), future).await;
    // Not `flush`, which would block the runtime that SQLite's answers come to.
    for _ in 0..400 {
        if let Some(record) = everything().store.records.lock().unwrap().remove(&name) {
            return (output, Seen::of(record));
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{name} was not recorded");
}

impl Seen {
    fn of(record: RequestRecord) -> Self {
        let detail = record.detail;
        let queries = detail.queries.into_iter().map(|query| Query {
            sql: detail.texts[usize::try_from(query.text).unwrap()]
                .text
                .to_string(),
            captured_by: query.captured_by,
            rows_returned: query.rows_returned,
            rows_affected: query.rows_affected,
            outcome: query.outcome,
            error: query.error,
            values: query.values,
            call_site: query
                .call_site
                .map(|site| detail.call_sites[usize::try_from(site).unwrap()].clone()),
            transaction: query.transaction,
            has_first_row: query.first_row_us.is_some(),
            duration: Duration::from_micros(query.duration_us),
            consumer: Duration::from_micros(query.consumer_us),
        });
        Self {
            queries: queries.collect(),
            waits: detail.waits.into_iter().map(|wait| wait.error).collect(),
            transactions: detail
                .transactions
                .into_iter()
                .map(|t| (t.depth, t.end))
                .collect(),
        }
    }
}

struct Everything {
    recorder: Recorder,
    store: Arc<Collected>,
    /// Kept, for the store is called on it.
    _runtime: tokio::runtime::Runtime,
}

fn everything() -> &'static Everything {
    static EVERYTHING: OnceLock<Everything> = OnceLock::new();
    EVERYTHING.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let store = Arc::new(Collected::default());
        let recorder = Recorder::start(
            RecorderConfig::default(),
            Arc::clone(&store) as Arc<dyn Store>,
            Arc::new(Redactor::default()),
            runtime.handle().clone(),
        )
        .unwrap();
        Everything {
            recorder,
            store,
            _runtime: runtime,
        }
    })
}

/// A store that keeps records by name, and answers nothing.
#[derive(Debug, Default)]
struct Collected {
    records: Mutex<HashMap<String, RequestRecord>>,
}

fn nothing<T: Send + 'static>() -> StoreFuture<'static, T> {
    unreachable!("the recorder only writes")
}

impl Store for Collected {
    fn kind(&self) -> String {
        "test".to_owned()
    }

    fn write<'a>(&'a self, batch: &'a WriteBatch) -> StoreFuture<'a, ()> {
        let mut records = self.records.lock().unwrap();
        for record in &batch.requests {
            records.insert(record.summary.route.clone(), record.clone());
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn retain(&self, _: Budget, _: DateTime<Utc>) -> StoreFuture<'_, bool> {
        Box::pin(std::future::ready(Ok(false)))
    }

    fn size(&self) -> StoreFuture<'_, StoreSize> {
        nothing()
    }

    fn requests<'a>(&'a self, _: &'a RequestFilter) -> StoreFuture<'a, Page<RequestSummary>> {
        nothing()
    }

    fn request(&self, _: RequestId) -> StoreFuture<'_, Option<RequestRecord>> {
        nothing()
    }

    fn routes(&self, _: StatsWindow) -> StoreFuture<'_, Vec<RouteSummary>> {
        nothing()
    }

    fn statements<'a>(&'a self, _: &'a StatementFilter) -> StoreFuture<'a, Page<StatementSummary>> {
        nothing()
    }

    fn statement(
        &self,
        _: Fingerprint,
        _: StatsWindow,
    ) -> StoreFuture<'_, Option<StatementDetail>> {
        nothing()
    }

    fn add_plan<'a>(&'a self, _: &'a PlanRecord) -> StoreFuture<'a, ()> {
        nothing()
    }

    fn plan(&self, _: PlanId) -> StoreFuture<'_, Option<PlanRecord>> {
        nothing()
    }

    fn plans_of_request(&self, _: RequestId) -> StoreFuture<'_, Vec<PlanRecord>> {
        nothing()
    }

    fn plans_of_statement(&self, _: Fingerprint, _: u32) -> StoreFuture<'_, Vec<PlanRecord>> {
        nothing()
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
        nothing()
    }
}
