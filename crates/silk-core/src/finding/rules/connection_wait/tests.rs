//! The kinds of waits and their words.

use super::*;
use crate::{Holder, finding::Thresholds, testing::request};

fn found(
    (wait_us, total_us, sql_us): (u64, u64, u64),
    waits: &[ConnectionWait],
) -> Option<Finding> {
    let mut record = request();
    record.summary.times.wait_us = wait_us;
    record.summary.times.total_us = total_us;
    record.summary.times.sql_us = sql_us;
    record.detail.waits = waits.to_vec();
    let thresholds = Thresholds::default();
    find(&Facts::new(&record, &[], &thresholds))
}

fn wait(duration_us: u64, error: Option<&str>) -> ConnectionWait {
    ConnectionWait {
        started_us: 10,
        duration_us,
        error: error.map(str::to_owned),
        pool: None,
        holders: Vec::new(),
    }
}

fn pool(open: u32, idle: u32, most: u32) -> PoolUse {
    PoolUse { open, idle, most }
}

#[test]
fn the_title_names_the_kind() {
    let title = |open, idle, most| {
        let mut waits = [wait(41_600, None), wait(9_000, None)];
        waits[0].pool = Some(pool(open, idle, most));
        // What the pool had at a shorter wait is not what cost the time.
        waits[1].pool = Some(pool(1, 1, 99));
        let waits = if idle == 1 { &waits[..1] } else { &waits[..] };
        found((41_600, 42_700, 245), waits).unwrap()
    };
    let taken = title(5, 0, 5);
    assert_eq!(
        taken.title,
        "Spent 41.6 of 42.7 ms waiting for a free connection."
    );
    assert_eq!(
        taken.detail,
        "2 waits, the longest 41.6 ms; the queries themselves took 245 µs. All 5 connections \
         of the pool were in use."
    );
    assert!(taken.remedy.unwrap().contains("capacity to spare"));
    let opened = title(2, 0, 10);
    assert_eq!(opened.title, "Spent 41.6 of 42.7 ms opening a connection.");
    assert!(
        opened.detail.contains("2 of at most 10"),
        "{}",
        opened.detail
    );
    assert!(opened.remedy.unwrap().contains("min_connections"));
    let checked = title(4, 1, 10);
    assert_eq!(
        checked.title,
        "Spent 41.6 of 42.7 ms checking a connection (test_before_acquire)."
    );
    assert!(
        checked
            .detail
            .contains("1 of 4 open connections was idle, so connections were available"),
        "{}",
        checked.detail
    );
    // A pool whose limit was passed by a connection that is being closed is exhausted too; and
    // sqlx's count of idle ones may have wrapped below zero.
    assert!(title(6, 0, 5).title.contains("free connection"));
    assert!(title(5, u32::MAX, 5).title.contains("free connection"));
}

#[test]
fn who_held_the_connections_is_named() {
    let mut waits = [wait(180_000, None)];
    waits[0].pool = Some(pool(10, 0, 10));
    waits[0].holders = vec![
        Holder {
            route: "POST /import".to_owned(),
            fingerprint: None,
            normalized: Some("UPDATE stock SET n = ? WHERE id = ?".to_owned()),
            call_site: Some(crate::CallSite {
                function: "import".to_owned(),
                file: "src/import.rs".to_owned(),
                line: 88,
            }),
            connections: 9,
            idle_in_transaction: 9,
            held_us: 1_620_000,
        },
        Holder {
            route: String::new(),
            fingerprint: None,
            normalized: None,
            call_site: None,
            connections: 1,
            idle_in_transaction: 0,
            held_us: 180_000,
        },
    ];
    let finding = found((180_000, 200_000, 10_000), &waits).unwrap();
    assert!(
        finding.detail.ends_with(
            " Meanwhile POST /import held 9 connections (90 % of the time), idle in a \
             transaction, last with UPDATE stock SET n = ? WHERE id = ?, from \
             src/import.rs:88; work outside of requests held 1 connection (10 % of the time)."
        ),
        "{}",
        finding.detail
    );
    assert!(
        finding
            .remedy
            .unwrap()
            .starts_with("Keep transactions short")
    );
    assert_eq!(finding.call_site.unwrap().line, 88);
}

#[test]
fn short_waits_count_where_the_pool_had_none() {
    let short = |idle| {
        let mut waits = vec![wait(2_000, None); 30];
        for wait in &mut waits {
            wait.pool = Some(pool(1, idle, 1));
        }
        found((60_000, 100_000, 30_000), &waits)
    };
    let detail = short(0).unwrap().detail;
    assert!(
        detail.starts_with("30 waits, the longest 2.00 ms; "),
        "{detail}"
    );
    assert!(detail.contains("The pool's only connection"), "{detail}");
    assert_eq!(short(1), None, "a ping across a slow network");
}

#[test]
fn a_wait_given_up_at_once_is_no_shortage() {
    let given_up = |us| {
        let wait = wait(us, Some(ConnectionWait::GIVEN_UP));
        found((us, 1_000_000, 0), &[wait])
    };
    assert_eq!(given_up(19_999), None, "the client went away");
    let finding = given_up(445_000).unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(
        finding.title,
        "The client gave up after 445 ms; no connection was free."
    );
}

#[test]
fn a_wait_that_is_most_of_a_request_is_its_cause() {
    let finding = found((667_000, 969_000, 301_000), &[wait(667_000, None)]).unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(finding.lost_us, Some(667_000));
    assert_eq!(
        finding.title,
        "Spent 667 of 969 ms waiting for a connection."
    );
    assert!(
        finding
            .detail
            .starts_with("One wait; the queries themselves took 301 ms. "),
        "{}",
        finding.detail
    );
}

#[test]
fn a_pool_that_times_out_is_told_however_short_it_was() {
    let waits = [wait(2_000, Some("pool timed out"))];
    let finding = found((2_000, 1_000_000, 0), &waits).unwrap();
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(
        finding.title,
        "The pool gave up after 2.00 ms; no connection was free."
    );
    assert!(finding.detail.contains("no query ran"));
}

#[test]
fn near_misses_are_none() {
    let pings = vec![wait(400, None); 10_115];
    let pinged = found((4_046_000, 12_300_000, 6_000_000), &pings);
    assert_eq!(pinged, None, "each is a round trip, none a wait");
    let short = found((19_999, 20_100, 0), &[wait(19_999, None)]);
    assert_eq!(short, None, "a new connection takes as long");
    let small = found((99_000, 500_000, 300_000), &[wait(99_000, None)]);
    assert_eq!(small, None, "less than a fifth of the request");
    assert_eq!(found((0, 0, 0), &[]), None);
}

/// The time of all waits stands first, as it does in the first line of the page.
#[test]
fn waits_of_several_kinds_have_one_total() {
    let mut waits = [wait(25_000, None), wait(15_000, None)];
    waits[0].pool = Some(pool(5, 0, 5));
    waits[1].pool = Some(pool(2, 0, 5));
    let finding = found((40_000, 60_000, 245), &waits).unwrap();
    assert_eq!(
        finding.title,
        "Spent 40.0 of 60.0 ms on waits for connections, 25.0 ms of it waiting for a free connection."
    );
    assert_eq!(finding.lost_us, Some(40_000));
}
