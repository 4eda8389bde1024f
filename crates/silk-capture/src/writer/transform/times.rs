//! Where the time of a request went.

use silk_core::{Redactor, RequestTimes, TransactionRecord, record::breakdown};

use crate::record::{
    buffers::{Buffers, Transaction, TransactionError},
    clock::micros,
};

pub(super) fn times(
    buffers: &mut Buffers,
    total_us: u64,
    started: std::time::Instant,
) -> RequestTimes {
    let head_us = buffers
        .head
        .head_at
        .map_or(total_us, |head| {
            micros(head.saturating_duration_since(started))
        })
        .min(total_us);
    let mut waits: Vec<_> = buffers
        .waits
        .iter()
        .map(|wait| {
            (
                wait.started_us,
                wait.started_us.saturating_add(wait.duration_us),
            )
        })
        .collect();
    waits.append(&mut buffers.waits_beyond.items);
    let (sql_us, wait_us, polling_us) = breakdown(
        total_us,
        &mut buffers.sql.items,
        &mut waits,
        &mut buffers.polls.intervals,
    );
    RequestTimes {
        head_us,
        body_us: total_us - head_us,
        total_us,
        sql_us,
        wait_us,
        polling_us,
        poll_total_us: micros(buffers.polls.total),
        longest_poll_us: micros(buffers.polls.longest),
        polls: buffers.polls.count,
    }
}

pub(super) fn ended(
    transaction: Transaction,
    total_us: u64,
    redactor: &Redactor,
) -> TransactionRecord {
    let ended_us = transaction
        .ended_us
        .unwrap_or(total_us)
        .max(transaction.started_us);
    TransactionRecord {
        started_us: transaction.started_us,
        duration_us: ended_us - transaction.started_us,
        begin_us: transaction.begin_us,
        end_us: transaction.end_us,
        depth: transaction.depth,
        end: transaction.end,
        error: transaction.error.map(|error| {
            let TransactionError { kind, error } = *error;
            redactor.query_error(kind, error.code, &error.message)
        }),
    }
}
