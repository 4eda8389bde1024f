//! "Slow database, or no free connection?"
//!
//! **Definition.** A request that spends its time waiting for a connection of the pool, or got none
//! at all. The title says what the wait was for: a free connection, one being opened, one being
//! checked (`test_before_acquire`); or that the client left meanwhile.
//! **Formula.** Waits of at least 5 ms each, or however short where the pool had none; together at
//! least `min_wait` and `min_wait_share` of the request. A wait that ended without a connection is
//! told whatever its share.
//! **Time lost.** The time with a wait and no query running.
//! **Thresholds.** `min_wait` (20 ms), `min_wait_share` (a fifth).
//! **Evidence.** What the pool had when the longest wait of that kind began, and who held its
//! connections meanwhile.
//! **Silent on.** Pings across a slow network; a client that left after a moment.

use super::CONNECTION_WAIT;
use crate::{
    ConnectionWait, Finding, Holder, PoolUse, Severity,
    finding::{
        facts::{Facts, share},
        thresholds::micros,
        words::{count, duration, of},
    },
};

/// A shorter wait is no wait for a free connection: sqlx asks the server whether the connection
/// still lives each time it hands one out (`test_before_acquire`), which takes a round trip. Where
/// the pool is known to have had none, every wait counts.
const MIN_ONE_US: u64 = 5_000;
/// Holders that are named.
const MOST_HOLDERS: usize = 2;
/// Characters of a holder's statement.
const SQL_CHARS: usize = 80;

/// What a wait was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Not known: the tracing layer does not see the pool.
    Unknown,
    NoneFree,
    Opened,
    Checked,
}

impl Kind {
    fn of(wait: &ConnectionWait) -> Self {
        let Some(pool) = wait.pool else {
            return Self::Unknown;
        };
        if is_exhausted(pool) {
            Self::NoneFree
        } else if idle(pool) == 0 {
            Self::Opened
        } else {
            Self::Checked
        }
    }
}

/// Idle connections. sqlx's own count can fall below zero for a moment and is then very large.
const fn idle(pool: PoolUse) -> u32 {
    if pool.idle > pool.open { 0 } else { pool.idle }
}

const fn is_exhausted(pool: PoolUse) -> bool {
    idle(pool) == 0 && pool.open >= pool.most
}

pub(super) fn find(facts: &Facts<'_>) -> Option<Finding> {
    let times = &facts.record.summary.times;
    let waits = &facts.record.detail.waits;
    let least_us = micros(facts.thresholds.min_wait);
    // A client that went away after a moment says nothing about the pool.
    let refused = waits
        .iter()
        .filter(|wait| match wait.error.as_deref() {
            Some(ConnectionWait::GIVEN_UP) => wait.duration_us >= least_us,
            error => error.is_some(),
        })
        .max_by_key(|wait| wait.duration_us);
    let long: Vec<&ConnectionWait> = waits
        .iter()
        .filter(|wait| wait.duration_us >= MIN_ONE_US || wait.pool.is_some_and(is_exhausted))
        .collect();
    // Those of parallel queries overlap: together they are no longer than the time with a wait.
    let sum_us = |kind: Option<Kind>| {
        long.iter()
            .filter(|wait| kind.is_none_or(|kind| Kind::of(wait) == kind))
            .map(|wait| wait.duration_us)
            .sum::<u64>()
            .min(times.wait_us)
    };
    let waited_us = sum_us(None);
    let is_long = waited_us >= least_us
        && share(waited_us, facts.total_us) >= facts.thresholds.min_wait_share;
    if refused.is_none() && !is_long {
        return None;
    }
    let kind = [Kind::Unknown, Kind::NoneFree, Kind::Opened, Kind::Checked]
        .into_iter()
        .max_by_key(|kind| sum_us(Some(*kind)))?;
    let longest = match refused {
        Some(wait) => wait,
        None => *long
            .iter()
            .filter(|wait| Kind::of(wait) == kind)
            .max_by_key(|wait| wait.duration_us)?,
    };
    let kind = Kind::of(longest);
    let title = match refused {
        Some(wait) => refused_title(wait, kind),
        None => format!(
            "Spent {} {}.",
            of(sum_us(Some(kind)).max(1), facts.total_us),
            match kind {
                Kind::Unknown => "waiting for a connection",
                Kind::NoneFree => "waiting for a free connection",
                Kind::Opened => "opening a connection",
                Kind::Checked => "checking a connection (test_before_acquire)",
            }
        ),
    };
    let mut detail = counted(&long, longest, times.sql_us);
    detail.push(' ');
    detail.push_str(&why(longest.pool));
    if kind == Kind::NoneFree || kind == Kind::Unknown {
        detail.push_str(&held(longest));
    }
    Some(Finding {
        rule: CONNECTION_WAIT.to_owned(),
        severity: if refused.is_some() {
            Severity::Critical
        } else {
            facts.severity(waited_us)
        },
        title,
        detail,
        remedy: Some(remedy(kind, &longest.holders).to_owned()),
        call_site: longest
            .holders
            .first()
            .and_then(|holder| holder.call_site.clone()),
        fingerprint: None,
        query: None,
        lost_us: Some(waited_us),
    })
}

fn refused_title(wait: &ConnectionWait, kind: Kind) -> String {
    let took = duration(wait.duration_us);
    let what = match kind {
        Kind::Unknown | Kind::NoneFree => "no connection was free",
        Kind::Opened => "a connection was being opened",
        Kind::Checked => "a connection was being checked",
    };
    match wait.error.as_deref() {
        Some(ConnectionWait::GIVEN_UP) => format!("The client gave up after {took}; {what}."),
        _ => format!("The pool gave up after {took}; {what}."),
    }
}

/// `One wait; the queries themselves took 245 µs.`
fn counted(long: &[&ConnectionWait], longest: &ConnectionWait, sql_us: u64) -> String {
    let waits = match long.len() {
        0 | 1 => "One wait".to_owned(),
        n => format!(
            "{} waits, the longest {}",
            count(u64::try_from(n).unwrap_or(u64::MAX)),
            duration(longest.duration_us)
        ),
    };
    match sql_us {
        0 => format!("{waits}; no query ran."),
        us => format!("{waits}; the queries themselves took {}.", duration(us)),
    }
}

/// What the pool had when the longest wait began.
fn why(pool: Option<PoolUse>) -> String {
    let Some(pool) = pool else {
        return "All connections were in use, or a new one was being opened.".to_owned();
    };
    let PoolUse { open, most, .. } = pool;
    let idle = idle(pool);
    if is_exhausted(pool) && most == 1 {
        "The pool's only connection was in use.".to_owned()
    } else if is_exhausted(pool) {
        format!("All {most} connections of the pool were in use.")
    } else if idle == 0 {
        format!(
            "{open} of at most {most} connections were open and none was idle, so a new one was \
             opened: several round trips, a login, and what after_connect does."
        )
    } else {
        format!(
            "{idle} of {open} open connections {} idle, so connections were available; the time \
             went into checking them (test_before_acquire), or one was dead and was replaced.",
            if idle == 1 { "was" } else { "were" }
        )
    }
}

/// Who held the connections meanwhile.
fn held(wait: &ConnectionWait) -> String {
    let all_us: u64 = wait.holders.iter().map(|holder| holder.held_us).sum();
    let named: Vec<String> = wait
        .holders
        .iter()
        .take(MOST_HOLDERS)
        .map(|holder| holder_words(holder, all_us))
        .collect();
    if named.is_empty() {
        String::new()
    } else {
        format!(" Meanwhile {}.", named.join("; "))
    }
}

/// `POST /import held 9 connections (81 %), 3 of them idle in a transaction: UPDATE …, src/a.rs:88`.
fn holder_words(holder: &Holder, all_us: u64) -> String {
    let who = match holder.route.as_str() {
        "" => "work outside of requests",
        route => route,
    };
    let connections = match holder.connections {
        1 => "1 connection".to_owned(),
        n => format!("{n} connections"),
    };
    let percent = holder.held_us.saturating_mul(100) / all_us.max(1);
    let idle = match holder.idle_in_transaction {
        0 => String::new(),
        n if n == holder.connections => ", idle in a transaction".to_owned(),
        n => format!(", {n} of them idle in a transaction"),
    };
    let mut words = format!("{who} held {connections} ({percent} % of the time){idle}");
    if let Some(sql) = &holder.normalized {
        let short: String = sql.chars().take(SQL_CHARS).collect();
        let cut = if short.len() < sql.len() { "…" } else { "" };
        words.push_str(&format!(", last with {short}{cut}"));
    }
    if let Some(site) = &holder.call_site {
        words.push_str(&format!(", from {site}"));
    }
    words
}

fn remedy(kind: Kind, holders: &[Holder]) -> &'static str {
    match kind {
        Kind::NoneFree | Kind::Unknown
            if holders.iter().any(|holder| holder.idle_in_transaction > 0) =>
        {
            "Keep transactions short: do other work (calls of other services, rendering) before \
             BEGIN or after COMMIT."
        }
        Kind::NoneFree | Kind::Unknown => {
            "Shorten what holds the connections. Raising max_connections helps only if the \
             database has capacity to spare."
        }
        Kind::Opened => {
            "Keep connections open: min_connections of the pool's options, and a longer \
             idle_timeout."
        }
        Kind::Checked => {
            "Use one connection for the whole request (pool.acquire()), or switch the check off \
             with test_before_acquire(false)."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Thresholds, rules::tests::empty};

    fn found(
        (wait_us, total_us, sql_us): (u64, u64, u64),
        waits: &[ConnectionWait],
    ) -> Option<Finding> {
        let mut record = empty();
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
}
