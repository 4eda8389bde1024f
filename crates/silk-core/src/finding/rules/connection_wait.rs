//! "Slow database, or no free connection?"

use super::{
    CONNECTION_WAIT,
    words::{count, duration},
};
use crate::{ConnectionWait, Finding, PoolUse, RequestTimes, Severity};

/// Shorter waits in sum are no cause worth telling: a new connection to a server nearby takes as
/// long, and a person does not notice it (the targets of a page start at 150 ms).
const MIN_WAIT_US: u64 = 20_000;
/// A shorter wait is no wait for a free connection: sqlx asks the server whether the connection
/// still lives each time it hands one out (`test_before_acquire`), which takes a round trip. Where
/// the pool is known to have had none, every wait counts.
const MIN_ONE_US: u64 = 5_000;
/// From this share of the request on, in percent, the wait is a cause; from half of it, the cause.
const MIN_SHARE: u64 = 20;

/// A request that spends its time waiting for a connection of the pool, or got none at all.
pub(super) fn find(times: &RequestTimes, waits: &[ConnectionWait]) -> Option<Finding> {
    // A client that went away after a moment says nothing about the pool.
    let is_refused = waits.iter().any(|wait| match wait.error.as_deref() {
        Some(ConnectionWait::GIVEN_UP) => wait.duration_us >= MIN_WAIT_US,
        error => error.is_some(),
    });
    let long = waits
        .iter()
        .filter(|wait| {
            wait.duration_us >= MIN_ONE_US || wait.pool.is_some_and(PoolUse::is_exhausted)
        })
        .map(|wait| wait.duration_us);
    // Those of parallel queries overlap: together they are no longer than the time with a wait.
    let waited_us = long.clone().sum::<u64>().min(times.wait_us);
    let share = waited_us.saturating_mul(100) / times.total_us.max(1);
    let is_long = waited_us >= MIN_WAIT_US && share >= MIN_SHARE;
    if !is_refused && !is_long {
        return None;
    }
    let longest = waits.iter().max_by_key(|wait| wait.duration_us);
    let longest_us = longest.map_or(0, |wait| wait.duration_us);
    let title = if is_refused {
        format!(
            "No connection of the pool came within {}.",
            duration(longest_us)
        )
    } else {
        format!(
            "{} of {} went into waiting for a connection of the pool.",
            duration(waited_us),
            duration(times.total_us)
        )
    };
    let waited = match long.count() {
        0 | 1 => "It waited once".to_owned(),
        n => format!(
            "It waited {} times, {} at the longest",
            count(u64::try_from(n).unwrap_or(u64::MAX)),
            duration(longest_us)
        ),
    };
    let database = match times.sql_us {
        0 => "; no query was run meanwhile".to_owned(),
        sql => format!("; its queries took {}", duration(sql)),
    };
    Some(Finding {
        rule: CONNECTION_WAIT.to_owned(),
        severity: if is_refused || share >= 50 {
            Severity::Critical
        } else {
            Severity::Warning
        },
        title,
        detail: format!(
            "{waited}{database}. {}",
            why(longest.and_then(|wait| wait.pool))
        ),
        remedy: None,
        call_site: None,
        fingerprint: None,
        query: None,
        lost_us: Some(waited_us),
    })
}

/// Who holds connections, and whether more of them would help.
const HELD: &str = "held by slow statements, by transactions kept open over other work, by \
                    streams that are read slowly; more of them (max_connections of the pool) help \
                    only where the database is idle meanwhile.";

/// Why there was nothing to be had when the longest wait began, and what to do.
fn why(pool: Option<PoolUse>) -> String {
    let Some(pool) = pool else {
        return format!(
            "All connections were taken, or a new one was being opened. They are {HELD}"
        );
    };
    let PoolUse { open, idle, most } = pool;
    if pool.is_exhausted() && most == 1 {
        format!("The only connection of the pool was in use when it began to wait. It is {HELD}")
    } else if pool.is_exhausted() {
        format!(
            "All {most} connections of the pool were in use when it began to wait. They are {HELD}"
        )
    } else if idle == 0 {
        format!(
            "No connection was idle, and {open} of at most {most} were open: a new one was opened, \
             which takes several round trips, a login, and what after_connect does. Keep some \
             open (min_connections of the pool)."
        )
    } else {
        format!(
            "{idle} of {open} open connections {} idle when it began to wait, so that the pool was \
             not short of them: the server was slow to answer whether the connection still lived \
             (test_before_acquire), or it was dead and another had to be opened.",
            if idle == 1 { "was" } else { "were" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(wait_us: u64, total_us: u64, sql_us: u64) -> RequestTimes {
        RequestTimes {
            wait_us,
            total_us,
            sql_us,
            ..RequestTimes::default()
        }
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

    #[test]
    fn what_the_pool_had_says_why() {
        let detail = |open, idle, most| {
            let mut waits = [wait(80_000, None), wait(9_000, None)];
            waits[0].pool = Some(PoolUse { open, idle, most });
            // What the pool had at a shorter wait is not what cost the time.
            waits[1].pool = Some(PoolUse {
                open: 1,
                idle: 1,
                most: 99,
            });
            find(&times(89_000, 100_000, 5_000), &waits).unwrap().detail
        };
        let taken = detail(5, 0, 5);
        assert!(
            taken.contains("All 5 connections of the pool were in use") && taken.contains("slow"),
            "{taken}"
        );
        let opened = detail(2, 0, 10);
        assert!(
            opened.contains("2 of at most 10 were open") && opened.contains("min_connections"),
            "{opened}"
        );
        assert!(!opened.contains("max_connections"), "{opened}");
        let dead = detail(4, 1, 10);
        assert!(
            dead.contains("1 of 4 open connections was idle") && dead.contains("still lived"),
            "{dead}"
        );
        // A pool whose limit was passed by a connection that is being closed is exhausted too.
        assert!(detail(6, 0, 5).contains("All 5 connections"));
    }

    #[test]
    fn short_waits_count_where_the_pool_had_none() {
        let short = |idle| {
            let mut waits = vec![wait(2_000, None); 30];
            for wait in &mut waits {
                wait.pool = Some(PoolUse {
                    open: 1,
                    idle,
                    most: 1,
                });
            }
            find(&times(60_000, 100_000, 30_000), &waits)
        };
        let found = short(0).unwrap().detail;
        assert!(
            found.starts_with("It waited 30 times, 2.00 ms at the longest; "),
            "{found}"
        );
        assert!(found.contains("The only connection of the pool"), "{found}");
        assert_eq!(short(1), None, "a ping across a slow network");
    }

    #[test]
    fn a_wait_given_up_at_once_is_no_shortage() {
        let given_up = |us| {
            let wait = wait(us, Some(ConnectionWait::GIVEN_UP));
            find(&times(us, 1_000_000, 0), &[wait])
        };
        assert_eq!(given_up(19_999), None, "the client went away");
        let found = given_up(20_000).unwrap();
        assert_eq!(found.severity, Severity::Critical);
    }

    #[test]
    fn a_wait_that_is_most_of_a_request_is_its_cause() {
        let found = find(&times(667_000, 969_000, 301_000), &[wait(667_000, None)]).unwrap();
        assert_eq!(found.severity, Severity::Critical);
        assert_eq!(found.lost_us, Some(667_000));
        assert_eq!(
            found.title,
            "667 ms of 969 ms went into waiting for a connection of the pool."
        );
        assert!(
            found
                .detail
                .starts_with("It waited once; its queries took 301 ms. "),
            "{}",
            found.detail
        );
    }

    #[test]
    fn many_waits_are_summed() {
        let waits = [wait(15_000, None), wait(9_000, None), wait(6_000, None)];
        let found = find(&times(30_000, 100_000, 20_000), &waits).unwrap();
        assert_eq!(found.severity, Severity::Warning);
        assert!(
            found
                .detail
                .starts_with("It waited 3 times, 15.0 ms at the longest; "),
            "{}",
            found.detail
        );
    }

    #[test]
    fn a_pool_that_times_out_is_told_however_short_it_was() {
        let waits = [wait(2_000, Some("pool timed out"))];
        let found = find(&times(2_000, 1_000_000, 0), &waits).unwrap();
        assert_eq!(found.severity, Severity::Critical);
        assert_eq!(
            found.title,
            "No connection of the pool came within 2.00 ms."
        );
        assert!(found.detail.contains("no query was run meanwhile"));
    }

    #[test]
    fn near_misses_are_none() {
        let pings = vec![wait(400, None); 10_115];
        let pinged = find(&times(4_046_000, 12_300_000, 6_000_000), &pings);
        assert_eq!(pinged, None, "each is a round trip, none a wait");
        let short = find(&times(19_999, 20_100, 0), &[wait(19_999, None)]);
        assert_eq!(short, None, "a new connection takes as long");
        let small = find(&times(99_000, 500_000, 300_000), &[wait(99_000, None)]);
        assert_eq!(small, None, "less than a fifth of the request");
        assert_eq!(find(&times(0, 0, 0), &[]), None);
    }
}
