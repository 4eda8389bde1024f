//! What one future did, through the whole of capture: recorder, queue, writer, store.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use silk_capture::{Recorder, run_job};
use silk_core::{
    CallSite, CapturedBy, ConnectionWait, Outcome, QueryError, RequestKind, RequestRecord,
    TransactionEnd, Value,
};

use super::{Fixture, fixture};

/// What was recorded, in few words.
pub struct Seen {
    pub queries: Vec<Query>,
    pub waits: Vec<ConnectionWait>,
    /// Each transaction's depth and end.
    pub transactions: Vec<(u32, TransactionEnd)>,
    /// All of it.
    pub record: RequestRecord,
}

#[derive(Debug)]
pub struct Query {
    pub sql: String,
    pub captured_by: CapturedBy,
    pub rows_returned: u64,
    pub rows_read: u64,
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
    fixture_of_all().recorder.clone()
}

fn fixture_of_all() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(fixture)
}

/// Runs `future` as one request, and gives what was recorded of it.
pub async fn record<F: Future>(recorder: &Recorder, future: F) -> (F::Output, Seen) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("test {}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let output = run_job(recorder, RequestKind::Test, name.as_str(), future).await;
    // Not `flush`, which would block the runtime that SQLite's answers come to.
    for _ in 0..400 {
        if let Some(record) = fixture_of_all().store.take(&name) {
            return (output, Seen::of(record));
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{name} was not recorded");
}

impl Seen {
    /// What each query returned, read and affected.
    pub fn rows(&self) -> Vec<(u64, u64, u64)> {
        self.queries
            .iter()
            .map(|q| (q.rows_returned, q.rows_read, q.rows_affected))
            .collect()
    }

    /// How each transaction ended, with the code of its error (empty where it has none).
    pub fn ends(&self) -> Vec<(TransactionEnd, Option<String>)> {
        let transactions = self.record.detail.transactions.iter();
        transactions
            .map(|transaction| {
                let error = transaction.error.as_ref();
                let code = error.map(|error| error.code.clone().unwrap_or_default());
                (transaction.end, code)
            })
            .collect()
    }

    pub fn errors(&self) -> u64 {
        self.record.summary.query_errors
    }

    fn of(record: RequestRecord) -> Self {
        let detail = record.detail.clone();
        let queries = detail.queries.into_iter().map(|query| Query {
            sql: detail.texts[usize::try_from(query.text).unwrap()]
                .text
                .to_string(),
            captured_by: query.captured_by,
            rows_returned: query.rows_returned,
            rows_read: query.rows_read,
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
            waits: detail.waits,
            transactions: detail
                .transactions
                .into_iter()
                .map(|t| (t.depth, t.end))
                .collect(),
            record,
        }
    }
}
