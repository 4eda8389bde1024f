//! A transaction held open while nothing runs on it.
//!
//! **Definition.** Between `BEGIN` and `COMMIT` (or its other end) no query of the request ran: the
//! app did other work, and held the connection and its locks meanwhile.
//! **Formula.** `open − union(BEGIN, queries, savepoints, its end, waits) >= idle_in_transaction`,
//! and a fifth of the request.
//! **Time lost.** The idle time. The request needs it elsewhere; others need not wait for it.
//! **Thresholds.** `idle_in_transaction` (100 ms); a warning from five times that on.
//! **Evidence.** How long it was open and idle; the queries around the longest pause.
//! **Silent on.** Short pauses; a query that waits for a lock (it runs); rows that are handed to
//! the app (their query is open); a wait for another connection (see
//! [`connection_wait`](super::connection_wait)); queries that were not kept, or ran past the pool,
//! since they may have run on it.

use super::IDLE_IN_TRANSACTION;
use crate::{
    Finding, QueryRecord, Severity, TransactionEnd, TransactionRecord,
    finding::{
        facts::{Facts, ended_us, share},
        thresholds::micros,
        words::{counted, duration},
    },
};

/// Of the request.
const MIN_SHARE: f64 = 0.2;
/// So many times the threshold are a warning.
const WARNING_TIMES: u64 = 5;

/// A transaction that was idle.
pub(super) struct Idle<'a> {
    pub(super) transaction: &'a TransactionRecord,
    idle_us: u64,
    /// From when until when nothing ran on it, each time.
    pub(super) pauses: Vec<(u64, u64)>,
    /// Those that ran on it.
    pub(super) queries: Vec<&'a QueryRecord>,
}

impl<'a> Idle<'a> {
    /// The longest time that nothing ran on it.
    fn longest(&self) -> (u64, u64) {
        let longest = self.pauses.iter().rev().max_by_key(|(from, to)| to - from);
        longest.copied().unwrap_or_default()
    }

    /// The queries before and after a time in which nothing ran.
    pub(super) fn around(&self, (from_us, to_us): (u64, u64)) -> [Option<&'a QueryRecord>; 2] {
        let before = self
            .queries
            .iter()
            .filter(|query| ended_us(query) <= from_us);
        let after = self
            .queries
            .iter()
            .filter(|query| query.started_us >= to_us);
        [
            before.max_by_key(|query| ended_us(query)).copied(),
            after.min_by_key(|query| query.started_us).copied(),
        ]
    }
}

pub(super) fn find(facts: &Facts<'_>) -> Option<Finding> {
    let least_us = micros(facts.thresholds.idle_in_transaction).max(1);
    let idle = idle(facts, least_us)
        .filter(|idle| idle.idle_us >= least_us && share(idle.idle_us, facts.total_us) >= MIN_SHARE)
        .collect::<Vec<_>>();
    let worst = idle.iter().max_by_key(|idle| idle.idle_us)?;
    let (from_us, to_us) = worst.longest();
    let [before, after] = worst.around((from_us, to_us));
    let about = before.or(after);
    let others = match idle.len() {
        1 => String::new(),
        n => format!(
            " {} of this request were idle so long.",
            counted(u64::try_from(n).unwrap_or(u64::MAX), "transaction")
        ),
    };
    Some(Finding {
        rule: IDLE_IN_TRANSACTION.to_owned(),
        severity: if worst.idle_us >= least_us.saturating_mul(WARNING_TIMES) {
            Severity::Warning
        } else {
            Severity::Info
        },
        title: format!(
            "A transaction was held open while nothing ran on it{}.",
            about.map(|query| facts.from(query)).unwrap_or_default()
        ),
        detail: format!(
            "It was open for {}, idle for {} of that, and held its connection and locks. Longest \
             pause {}: {}.{others}",
            duration(worst.transaction.duration_us),
            duration(worst.idle_us),
            duration(to_us - from_us),
            place(facts, worst.transaction.end, before, after),
        ),
        remedy: Some(
            "Do the other work before begin() or after commit(), so that the transaction holds its \
             connection and locks for its queries only."
                .to_owned(),
        ),
        call_site: about.and_then(|query| facts.site(query)).cloned(),
        fingerprint: None,
        query: about.map(|query| query.seq),
        lost_us: Some(worst.idle_us.min(facts.total_us)),
    })
}

/// The transactions that were open for so long and idle at times; none if queries were not kept,
/// which may have run on them.
pub(super) fn idle<'f, 'a>(
    facts: &'f Facts<'a>,
    least_us: u64,
) -> impl Iterator<Item = Idle<'a>> + use<'f, 'a> {
    // Cheap first: most requests have no transaction, and most transactions are short.
    let detail = &facts.record.detail;
    let transactions = detail.transactions.iter().enumerate();
    transactions
        .filter(move |(_, transaction)| {
            detail.queries_not_kept == 0
                && transaction.depth == 1
                && transaction.duration_us >= least_us
        })
        .filter_map(|(at, transaction)| of_transaction(facts, at, transaction))
}

fn of_transaction<'a>(
    facts: &Facts<'a>,
    at: usize,
    transaction: &'a TransactionRecord,
) -> Option<Idle<'a>> {
    let detail = &facts.record.detail;
    let open = |us: u64| us.min(facts.total_us);
    let started = transaction.started_us;
    let ended = started.saturating_add(transaction.duration_us);
    let number = u32::try_from(at).ok()?;
    let is_savepoint = |at: u32| {
        let at = usize::try_from(at).ok();
        at.and_then(|at| detail.transactions.get(at))
            .is_some_and(|other| other.depth > 1)
    };
    // Which transaction a savepoint is of is not recorded: its queries may be of this one.
    let is_its_own = |query: &&QueryRecord| match query.transaction {
        Some(of) => of == number || is_savepoint(of),
        None => query.is_past_pool,
    };
    let meanwhile: Vec<&QueryRecord> = detail
        .queries
        .iter()
        .filter(|query| query.started_us < ended && ended_us(query) > started)
        .collect();
    let queries: Vec<&QueryRecord> = meanwhile.iter().copied().filter(is_its_own).collect();
    let mut busy: Vec<(u64, u64)> = meanwhile
        .iter()
        .map(|query| (query.started_us, ended_us(query)))
        .collect();
    for other in &detail.transactions {
        if std::ptr::eq(other, transaction) || other.depth > 1 {
            let end = other.started_us.saturating_add(other.duration_us);
            busy.push((
                other.started_us,
                other.started_us.saturating_add(other.begin_us),
            ));
            busy.push((end.saturating_sub(other.end_us), end));
        }
    }
    busy.extend(detail.waits.iter().map(|wait| {
        (
            wait.started_us,
            wait.started_us.saturating_add(wait.duration_us),
        )
    }));
    busy.push((open(ended), u64::MAX));
    busy.sort_unstable();
    let (mut until, mut pauses) = (open(started), Vec::new());
    for (from, to) in busy {
        if from > until {
            let from = from.min(open(ended));
            if from > until {
                pauses.push((until, from));
            }
        }
        until = until.max(to);
    }
    let idle_us = pauses.iter().map(|(from, to)| to - from).sum();
    (idle_us > 0).then_some(Idle {
        transaction,
        idle_us,
        pauses,
        queries,
    })
}

/// `after query 1, SELECT on stock, from src/a.rs:12, before COMMIT`
pub(super) fn place(
    facts: &Facts<'_>,
    end: TransactionEnd,
    before: Option<&QueryRecord>,
    after: Option<&QueryRecord>,
) -> String {
    let named = |query: &QueryRecord| {
        format!(
            "query {}, {}{}",
            query.seq,
            facts.name(query),
            facts.from(query)
        )
    };
    let before = before.map_or_else(|| "BEGIN".to_owned(), named);
    let after = match (after, end) {
        (Some(query), _) => named(query),
        (None, TransactionEnd::Committed) => "COMMIT".to_owned(),
        (None, TransactionEnd::RolledBack) => "ROLLBACK".to_owned(),
        (None, TransactionEnd::Dropped) => "the transaction was dropped".to_owned(),
        (None, TransactionEnd::Unknown | TransactionEnd::Failed) => "its end".to_owned(),
    };
    format!("after {before}, before {after}")
}

#[cfg(test)]
mod tests;
