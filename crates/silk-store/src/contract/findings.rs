//! What was found, summed.

use silk_core::{Finding, Fingerprint, RequestRecord, Severity, Store, store::StatsWindow};

use super::{
    driving::all_day,
    fixture::{at, batch, request},
};

fn found(record: &mut RequestRecord, rule: &str, fingerprint: Option<u64>, lost_us: Option<u64>) {
    record.findings.push(Finding {
        rule: rule.to_owned(),
        severity: Severity::Warning,
        title: "It was seen.".to_owned(),
        detail: "In numbers.".to_owned(),
        fingerprint: fingerprint.map(Fingerprint),
        remedy: None,
        call_site: None,
        query: None,
        lost_us,
    });
    record.sum_findings();
}

/// Counts and times lost are those of all requests of the window (not of the newest hundred),
/// apart by rule, route and statement.
pub async fn counts_are_of_the_window(store: &dyn Store) {
    let empty = store.findings(all_day()).await.unwrap();
    assert_eq!((empty.items.len(), empty.requests), (0, 0));
    let mut records = Vec::new();
    for number in 0..468_u64 {
        let mut record = request(number + 1, i64::try_from(number / 10).unwrap());
        if number % 6 != 0 {
            found(&mut record, "connection_wait", None, Some(number));
        }
        if number % 2 == 0 {
            record.summary.route = "/other".to_owned();
        }
        if number % 100 == 0 {
            // From two places of one request.
            found(&mut record, "repeated_statement", Some(7), Some(10));
            found(&mut record, "repeated_statement", Some(7), None);
            found(&mut record, "repeated_statement", Some(8), None);
        }
        records.push(record);
    }
    let worst = records[466].summary.id;
    for part in records.chunks(100) {
        store.write(&batch(part.to_vec())).await.unwrap();
    }
    let sums = store.findings(all_day()).await.unwrap();
    assert!(!sums.is_partial);
    assert_eq!(sums.requests, 391 + 1, "that of 0, 300 waited not");
    let told: Vec<_> = sums
        .items
        .iter()
        .map(|sum| {
            let statement = sum.fingerprint.map(|fingerprint| fingerprint.0);
            (
                &*sum.rule,
                &*sum.route,
                statement,
                sum.requests,
                sum.lost_us,
            )
        })
        .collect();
    let waits = |is_even: bool| {
        let all = (0..468_u64).filter(move |n| n % 6 != 0 && (n % 2 == 0) == is_even);
        (all.clone().count().try_into().unwrap(), all.sum())
    };
    let ((even, even_us), (odd, odd_us)) = (waits(true), waits(false));
    assert_eq!(
        told,
        [
            ("connection_wait", "/threads/{id}", None, odd, odd_us),
            ("connection_wait", "/other", None, even, even_us),
            ("repeated_statement", "/other", Some(7), 5, 50),
            ("repeated_statement", "/other", Some(8), 5, 0),
        ]
    );
    assert_eq!(sums.items[1].worst, worst);
    let some = StatsWindow {
        since: at(1),
        until: at(3),
        buckets: 1,
    };
    let sums = store.findings(some).await.unwrap();
    assert_eq!(sums.items.iter().map(|sum| sum.requests).sum::<u64>(), 17);
}

/// Of more requests with findings than can be read for a page, the newest are summed, and that is
/// told.
pub async fn the_newest_are_summed_of_too_many(store: &dyn Store) {
    let mut number = 0;
    for _ in 0..21 {
        let records = (0..1_000)
            .map(|_| {
                number += 1;
                let mut record = request(number, i64::try_from(number).unwrap());
                found(&mut record, "connection_wait", None, Some(number));
                record
            })
            .collect();
        store.write(&batch(records)).await.unwrap();
    }
    if store.size().await.unwrap().requests < number {
        // A store in memory keeps fewer.
        return;
    }
    let sums = store.findings(all_day()).await.unwrap();
    assert!(sums.is_partial);
    assert_eq!((sums.requests, sums.items.len()), (20_000, 1));
    assert_eq!(sums.items[0].requests, 20_000);
    assert_eq!(sums.items[0].lost_us, (1_001..=21_000).sum::<u64>());
}
