//! How transactions come into the record of a request.

use std::time::Instant;

use silk_core::TransactionEnd;

use super::{
    ActiveRequest,
    buffers::{MAX_WAITS, Transaction, TransactionError},
    clock::micros,
};

/// Stands for a transaction for which there was no room.
const NOT_KEPT: u32 = u32::MAX;

impl ActiveRequest {
    /// Notes that a transaction (depth 1) or savepoint has begun, and that the database was at it
    /// meanwhile; the index names it.
    #[must_use]
    pub fn begin_transaction(&self, started: Instant, begun: Instant, depth: u32) -> u32 {
        let started_us = self.offset(started);
        let begin_us = micros(begun.saturating_duration_since(started));
        self.with(|buffers| {
            buffers
                .sql
                .add(started_us, started_us.saturating_add(begin_us));
            if !self.is_kept() {
                return NOT_KEPT;
            }
            if buffers.transactions.len() >= MAX_WAITS
                || !self.charge(buffers, size_of::<Transaction>())
            {
                buffers.transactions_not_kept += 1;
                return NOT_KEPT;
            }
            buffers.transactions.push(Transaction {
                started_us,
                begin_us,
                depth,
                ended_us: None,
                end_us: 0,
                end: TransactionEnd::Unknown,
                error: None,
            });
            u32::try_from(buffers.transactions.len() - 1).unwrap_or(NOT_KEPT)
        })
        .unwrap_or(NOT_KEPT)
    }

    /// Notes how a transaction ended.
    pub fn end_transaction(
        &self,
        index: u32,
        end_started: Instant,
        ended: Instant,
        end: TransactionEnd,
    ) {
        self.end_transaction_with(index, end_started, ended, end, None);
    }

    /// Notes how a transaction ended, and why not as the app asked; where the database refused,
    /// that counts as an error of the request.
    pub(crate) fn end_transaction_with(
        &self,
        index: u32,
        end_started: Instant,
        ended: Instant,
        end: TransactionEnd,
        error: Option<TransactionError>,
    ) {
        let ended_us = self.offset(ended);
        let end_us = micros(ended.saturating_duration_since(end_started));
        self.with(|buffers| {
            if end_us > 0 {
                buffers.sql.add(ended_us.saturating_sub(end_us), ended_us);
            }
            buffers.query_errors += u64::from(end == TransactionEnd::Failed);
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            let Some(transaction) = buffers.transactions.get_mut(index) else {
                return;
            };
            transaction.ended_us = Some(ended_us);
            transaction.end_us = end_us;
            transaction.end = end;
            // The words matter less than that it failed.
            if let Some(error) = error
                && self.charge(
                    buffers,
                    size_of::<TransactionError>() + error.error.message.len(),
                )
                && let Some(transaction) = buffers.transactions.get_mut(index)
            {
                transaction.error = Some(Box::new(error));
            }
        });
    }

    /// Counts a text that the app ran by hand to begin or end a transaction: the database was at
    /// it, but it is no query.
    pub(crate) fn push_control(
        &self,
        started: Instant,
        ended: Instant,
        error: Option<TransactionError>,
    ) {
        let Some(error) = error else {
            let (started_us, ended_us) = (self.offset(started), self.offset(ended));
            self.with(|buffers| buffers.sql.add(started_us, ended_us));
            return;
        };
        let index = self.begin_transaction(started, ended, 1);
        self.end_transaction_with(index, ended, ended, TransactionEnd::Failed, Some(error));
    }
}
