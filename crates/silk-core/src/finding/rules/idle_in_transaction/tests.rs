//! What is called idle in a transaction, and what is not.

use super::*;
use crate::{
    ConnectionWait, RequestRecord,
    finding::Thresholds,
    testing::{query, request},
};

fn transaction(started_us: u64, duration_us: u64) -> TransactionRecord {
    TransactionRecord {
        started_us,
        duration_us,
        begin_us: 500,
        end_us: 1_000,
        depth: 1,
        end: TransactionEnd::Committed,
        error: None,
    }
}

/// A request of 1.52 s whose transaction ran a query of 1 ms and slept.
fn held() -> RequestRecord {
    let mut record = request();
    record.summary.times.total_us = 1_520_000;
    record.detail.transactions = vec![transaction(1_000, 1_510_000)];
    record.detail.queries = vec![within(1, 2_000, 1_000)];
    record
}

fn within(seq: u32, started_us: u64, duration_us: u64) -> QueryRecord {
    QueryRecord {
        transaction: Some(0),
        ..query(seq, started_us, duration_us)
    }
}

fn found(record: &RequestRecord) -> Option<Finding> {
    found_from(record, &Thresholds::default())
}

fn found_from(record: &RequestRecord, thresholds: &Thresholds) -> Option<Finding> {
    find(&Facts::new(record, &[], thresholds))
}

#[test]
fn a_transaction_that_sleeps_is_told_with_what_ran_around() {
    let mut record = held();
    let finding = found(&record).unwrap();
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(
        finding.detail,
        "It was open for 1.51 s, idle for 1.51 s of that, and held its connection and locks. \
         Longest pause 1.51 s: after query 1, query, before COMMIT."
    );
    assert_eq!(finding.lost_us, Some(1_507_500));
    record.detail.queries.push(within(2, 1_400_000, 1_000));
    record.detail.transactions[0].end = TransactionEnd::Dropped;
    let finding = found(&record).unwrap();
    assert!(
        finding
            .detail
            .ends_with("Longest pause 1.40 s: after query 1, query, before query 2, query."),
        "{}",
        finding.detail
    );
    // Before the first query.
    record.detail.queries.remove(0);
    assert!(
        found(&record)
            .unwrap()
            .detail
            .contains("after BEGIN, before query 2")
    );
}

#[test]
fn what_runs_on_it_is_not_idle() {
    // A query that waits for a lock, or hands rows to the app.
    let mut record = held();
    record.detail.queries = vec![within(1, 2_000, 1_500_000)];
    assert_eq!(found(&record), None);
    // A query in a savepoint.
    let mut record = held();
    record.detail.transactions.push(TransactionRecord {
        depth: 2,
        ..transaction(3_000, 1_500_000)
    });
    record.detail.queries.push(QueryRecord {
        transaction: Some(1),
        ..query(2, 3_600, 1_495_000)
    });
    assert_eq!(found(&record), None);
    // COMMIT itself.
    let mut record = held();
    record.detail.transactions[0].end_us = 1_500_000;
    assert_eq!(found(&record), None);
    // What the layer alone saw may have run on its connection.
    let mut record = held();
    record.detail.queries.push(QueryRecord {
        is_past_pool: true,
        ..query(2, 3_000, 1_500_000)
    });
    assert_eq!(found(&record), None);
    // A query on another connection has findings of its own.
    let mut record = held();
    record.detail.queries.push(query(2, 3_000, 1_500_000));
    assert_eq!(found(&record), None);
    // A wait for another connection has a finding of its own.
    let mut record = held();
    record.detail.waits = vec![ConnectionWait {
        started_us: 3_000,
        duration_us: 1_500_000,
        error: None,
        pool: None,
        holders: Vec::new(),
    }];
    assert_eq!(found(&record), None);
    // Of queries that were not kept nobody knows.
    let mut record = held();
    record.detail.queries_not_kept = 1;
    assert_eq!(found(&record), None);
}

#[test]
fn short_pauses_are_none_and_thresholds_decide() {
    let mut record = request();
    record.summary.times.total_us = 200_000;
    record.detail.transactions = vec![transaction(1_000, 90_000)];
    record.detail.queries = vec![within(1, 2_000, 1_000)];
    assert_eq!(found(&record), None);
    let low = Thresholds {
        idle_in_transaction: std::time::Duration::from_millis(50),
        ..Thresholds::default()
    };
    assert_eq!(found_from(&record, &low).unwrap().severity, Severity::Info);
    // Less than a fifth of the request.
    let mut record = held();
    record.summary.times.total_us = 10_000_000;
    assert_eq!(found(&record), None);
    // No transaction.
    let mut record = held();
    record.detail.transactions.clear();
    record.detail.queries[0].transaction = None;
    assert_eq!(found(&record), None);
}
