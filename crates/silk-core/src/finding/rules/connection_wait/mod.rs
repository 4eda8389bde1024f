//! "Slow database, or no free connection?"
//!
//! **Definition.** A request that spends its time waiting for a connection of the pool, or never
//! had one at all. The title says what the wait was for: a free connection, one being opened, one
//! being checked (`test_before_acquire`); or that the client left meanwhile.
//! **Formula.** Waits of at least 5 ms each, or however short where the pool had none; together at
//! least `min_wait` and `min_wait_share` of the request. A wait that ended without a connection is
//! reported whatever its share.
//! **Time lost.** The time with a wait and no query running. Where a request runs more queries at
//! once than its pool has connections, and no loop does: the time with a wait.
//! **Thresholds.** `min_wait` (20 ms), `min_wait_share` (a fifth).
//! **Evidence.** What the pool had when the longest wait of that kind began, and who held its
//! connections meanwhile.
//! **Silent on.** Pings across a slow network; a client that left after a moment.

mod held;
mod own;

use held::{held, remedy};
use own::{OWN_TRANSACTION, holds_one, own_queue};

use super::CONNECTION_WAIT;
use crate::{
    ConnectionWait, Finding, PoolUse, Severity,
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
    let is_long =
        |us| us >= least_us && share(us, facts.total_us) >= facts.thresholds.min_wait_share;
    if refused.is_none() && !is_long(waited_us) {
        return own_queue(facts, &long).filter(|finding| finding.lost_us.is_some_and(is_long));
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
        None => spent_title(kind, sum_us(Some(kind)), waited_us, facts.total_us),
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
        remedy: Some(if kind == Kind::NoneFree && holds_one(facts, longest) {
            OWN_TRANSACTION.to_owned()
        } else {
            remedy(kind, &longest.holders).to_owned()
        }),
        call_site: longest
            .holders
            .first()
            .and_then(|holder| holder.call_site.clone()),
        fingerprint: None,
        query: None,
        lost_us: Some(waited_us),
    })
}

/// `Spent 41.6 of 42.7 ms waiting for a free connection.`
fn spent_title(kind: Kind, kind_us: u64, waited_us: u64, total_us: u64) -> String {
    let what = match kind {
        Kind::Unknown => "waiting for a connection",
        Kind::NoneFree => "waiting for a free connection",
        Kind::Opened => "opening a connection",
        Kind::Checked => "checking a connection (test_before_acquire)",
    };
    let all = of(waited_us.max(1), total_us);
    if duration(kind_us) == duration(waited_us) {
        format!("Spent {all} {what}.")
    } else {
        format!(
            "Spent {all} on waits for connections, {} of it {what}.",
            duration(kind_us)
        )
    }
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

#[cfg(test)]
mod tests;
