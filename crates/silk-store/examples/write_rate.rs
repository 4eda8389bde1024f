//! How fast the SQLite store writes, and how many bytes a request takes on disk.
//!
//! `cargo run --release -p silk-store --example write_rate [share]`
//!
//! A share of 20 writes a twentieth of the requests: enough to count instructions.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a person to run"
)]

use std::time::Instant;

use silk_core::{Finding, Fingerprint, RequestRecord, Severity, Store, Value, ValueState};
use silk_store::{
    SqliteStore, SqliteStoreConfig,
    contract::fixture::{add_queries, batch, request, statement},
};

const WITH_FINDING: &str = "5 queries, finding";

/// Requests in a batch, as the writer makes them under load.
const BATCH: u64 = 200;

/// What is measured: a name, queries per request, whether values and call sites are kept, requests.
/// The last has a finding in each request.
const RUNS: [(&str, u32, bool, u64); 5] = [
    ("101 queries, layer", 101, false, 20_000),
    ("101 queries, pool", 101, true, 20_000),
    ("5 queries, layer", 5, false, 60_000),
    ("5 queries, pool", 5, true, 60_000),
    (WITH_FINDING, 5, true, 60_000),
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!(
        "{:<22}{:>12}{:>16}{:>16}",
        "", "requests/s", "bytes/request", "bytes/query"
    );
    let share = std::env::args()
        .nth(1)
        .map_or(1, |share| share.parse().unwrap());
    for (name, queries, is_pool, count) in RUNS {
        let count = (count / share).max(2000) / 2000 * 2000;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silk.db");
        let store = SqliteStore::new(&path, SqliteStoreConfig::default());
        // Made beforehand, in portions that fit into memory.
        let mut seconds = 0.0;
        for portion in 0..count / 2000 {
            let batches: Vec<_> = (0..2000 / BATCH)
                .map(|number| {
                    let first = portion * 2000 + number * BATCH;
                    batch(
                        (first..first + BATCH)
                            .map(|n| {
                                let mut record = record(n, queries, is_pool);
                                if name == WITH_FINDING {
                                    remark(&mut record, n);
                                }
                                record
                            })
                            .collect(),
                    )
                })
                .collect();
            let started = Instant::now();
            for batch in &batches {
                store.write(batch).await.unwrap();
            }
            seconds += started.elapsed().as_secs_f64();
        }
        store.close().await;
        let bytes = std::fs::metadata(&path).unwrap().len();
        #[expect(clippy::cast_precision_loss, reason = "for display")]
        let (each, rate) = (bytes as f64 / count as f64, count as f64 / seconds);
        println!(
            "{name:<22}{rate:>12.0}{each:>16.0}{:>16.1}",
            each / f64::from(queries)
        );
    }
}

/// A finding that says something else each time, as most do.
fn remark(record: &mut RequestRecord, number: u64) {
    let rule = "repeated_statement";
    record.summary.findings.push(rule.to_owned());
    record.findings.push(Finding {
        rule: rule.to_owned(),
        severity: Severity::Warning,
        title: format!("The same query ran {} times.", 5 + number % 90),
        detail: String::new(),
        fingerprint: Some(Fingerprint(10 + number % 5)),
        remedy: None,
        call_site: None,
        query: None,
        lost_us: Some(500 + number % 90),
    });
}

/// A page that reads a list and then each item's owner, as an N+1 does; times vary by noise.
fn record(number: u64, queries: u32, is_pool: bool) -> RequestRecord {
    let mut record = request(number, i64::try_from(number / 500).unwrap());
    let mut noise = Noise(number + 1);
    record.summary.times.head_us = 6000 + noise.below(900);
    record.summary.times.polling_us = 900 + noise.below(300);
    record.summary.times.poll_total_us = 2000 + noise.below(300);
    record.summary.times.longest_poll_us = 100 + noise.below(100);
    record.summary.times.polls = 200 + noise.below(9);
    if queries > 10 {
        add_queries(&mut record, &statement(1, "threads"), 41, 1, 300);
        add_queries(&mut record, &statement(2, "person"), 57, queries - 1, 58);
    } else {
        for table in 0..queries {
            let name = format!("table_{table}");
            add_queries(
                &mut record,
                &statement(10 + u64::from(table), &name),
                table + 1,
                1,
                120,
            );
        }
    }
    let mut clock = 200 + noise.below(50);
    for query in &mut record.detail.queries {
        clock += 15 + noise.below(30);
        query.started_us = clock;
        query.duration_us = 45 + noise.below(40);
        query.first_row_us = is_pool.then(|| query.duration_us.saturating_sub(noise.below(4)));
        clock += query.duration_us;
        if is_pool {
            query.values = Some(vec![Value {
                type_name: "INT8".to_owned(),
                state: ValueState::Bytes(noise.below(1000).to_be_bytes().to_vec()),
            }]);
        } else {
            query.values = None;
            query.call_site = None;
        }
    }
    record.summary.times.total_us = clock + noise.below(500);
    if !is_pool {
        record.detail.call_sites.clear();
        for used in &mut record.statements {
            used.call_site = None;
            used.distinct_values = None;
        }
    }
    record
}

/// xorshift64: numbers without a crate.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
