//! What transactions are called, and what BEGIN and their ends took.

use silk_core::{TransactionEnd, TransactionRecord};

/// The command that a transaction ended with: `COMMIT`; `None` if it sent none of its own.
pub(crate) const fn end_command(transaction: &TransactionRecord) -> Option<&'static str> {
    match (transaction.end, transaction.depth) {
        (TransactionEnd::Committed, ..=1) => Some("COMMIT"),
        (TransactionEnd::Committed, _) => Some("RELEASE"),
        (TransactionEnd::RolledBack | TransactionEnd::Dropped, _) => Some("ROLLBACK"),
        (TransactionEnd::Failed, _) => Some("COMMIT or ROLLBACK"),
        (TransactionEnd::Unknown, _) => None,
    }
}

/// What the commands of transactions took in sum, by command; those that took nothing left out.
pub(crate) fn times(transactions: &[TransactionRecord]) -> Vec<(&'static str, u64)> {
    let mut sums: Vec<(&'static str, u64)> = Vec::new();
    let mut add = |word: &'static str, us: u64| {
        if us == 0 {
            return;
        }
        match sums.iter_mut().find(|(other, _)| *other == word) {
            Some((_, sum)) => *sum = sum.saturating_add(us),
            None => sums.push((word, us)),
        }
    };
    for transaction in transactions {
        add(
            if transaction.depth > 1 {
                "SAVEPOINT"
            } else {
                "BEGIN"
            },
            transaction.begin_us,
        );
        add(
            end_command(transaction).unwrap_or("the end of a transaction"),
            transaction.end_us,
        );
    }
    sums
}
