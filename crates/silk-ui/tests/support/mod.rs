//! A store with fixed records, an explainer and vitals: what pages are drawn from in tests and in
//! the gallery.

#![allow(
    dead_code,
    missing_docs,
    clippy::missing_panics_doc,
    unreachable_pub,
    unused_imports,
    clippy::must_use_candidate,
    reason = "each test program uses a part of it"
)]

use std::sync::{Arc, atomic::AtomicBool};

use chrono::Utc;
use silk_core::{
    Database, DatabaseKind, ExplainOutput, Fingerprint, Outcome, PlanFormat, PlanId, PlanRecord,
    PlanShape, PlanSource, QueryRef, RunId,
};
use silk_ui::{Access, DashboardConfig, SourceRoot, Targets};
use uuid::Uuid;

pub mod client;
mod explain;
pub mod plans;
mod records;
mod requests;
mod store;
mod vitals;

pub use explain::{FakeExplain, HostileExplain, NoExplain, PLAN, SlowExplain};
pub use records::{MESSAGES, PERSON, finish, query, request, site, sql, value};
pub use requests::{hostile, made_up, repeated, ten_thousand, transaction};
pub use store::TestStore;
pub use vitals::FakeVitals;

pub const RUN: RunId = RunId(Uuid::from_u128(0x0193_4f5e_0000_7000_8000_0000_0000_0001));

pub fn config(store: Arc<TestStore>) -> DashboardConfig {
    DashboardConfig {
        store,
        explain: Arc::new(FakeExplain),
        vitals: Arc::new(FakeVitals(AtomicBool::new(true))),
        access: Access::Custom(Arc::new(|_| true)),
        token: Some("t0ken".to_owned()),
        source_root: Some(SourceRoot::folder(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/app"
        ))),
        editor: None,
        targets: Targets::default(),
    }
}

/// A store as it looks after an hour of work.
pub fn rich() -> Arc<TestStore> {
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
    let store = TestStore::of(records);
    let id = repeated(693).summary.id;
    store.keep(&PlanRecord {
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
