//! Whether the work of an open transaction is gone before it is committed: the database answers a
//! `COMMIT` all the same, and sqlx says `Ok`.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering::Relaxed},
};

use silk_core::{DatabaseKind, TransactionEnd};
use sqlx_core::error::{DatabaseError, Error};

use crate::{
    record::CapturedError,
    sql::verbs::{Verb, control},
};

const OPEN: u8 = 0;
/// PostgreSQL refuses all but a rollback after an error; one to a savepoint heals it.
const ABORTED: u8 = 1;
/// The database has rolled it back by itself.
const UNDONE: u8 = 2;
/// The app has rolled it back by hand.
const ROLLED_BACK: u8 = 3;
/// The app has committed it by hand.
const COMMITTED: u8 = 4;

/// What has become of a transaction, shared with the savepoints within it and with its queries.
#[derive(Debug, Clone, Default)]
pub(super) struct Undone(Arc<AtomicU8>);

impl Undone {
    /// A query of it failed.
    pub(super) fn on_error(&self, kind: DatabaseKind, error: &Error) {
        let Error::Database(error) = error else {
            return;
        };
        match kind {
            DatabaseKind::Postgres => self.change(OPEN, ABORTED),
            DatabaseKind::MySql if is_deadlock(&**error) => self.0.store(UNDONE, Relaxed),
            // SQLite refuses the COMMIT of what it has rolled back itself.
            _ => {}
        }
    }

    /// A text of the app's own has run within it.
    pub(super) fn on_completed(&self, kind: DatabaseKind, sql: &str) {
        match control(sql, kind) {
            Some(Verb::Rollback) => self.0.store(ROLLED_BACK, Relaxed),
            // COMMIT of an aborted transaction rolls it back.
            Some(Verb::Commit) if self.0.load(Relaxed) == ABORTED => {
                self.0.store(UNDONE, Relaxed);
            }
            Some(Verb::Commit) => self.0.store(COMMITTED, Relaxed),
            Some(Verb::RollbackTo) => self.healed(),
            _ => {}
        }
    }

    /// A savepoint within it was rolled back to.
    pub(super) fn healed(&self) {
        self.change(ABORTED, OPEN);
    }

    /// sqlx has rolled it back, though nobody asked.
    pub(super) fn undo(&self) {
        self.0.store(UNDONE, Relaxed);
    }

    /// How it ends where the database answers `COMMIT` without an error.
    pub(super) fn committed(&self) -> (TransactionEnd, Option<CapturedError>) {
        let message = match self.0.load(Relaxed) {
            ABORTED => "COMMIT rolled it back: a statement before had failed",
            UNDONE => "COMMIT found nothing to commit: it was rolled back before, after an error",
            ROLLED_BACK => "COMMIT found nothing to commit: a ROLLBACK had run before",
            _ => return (TransactionEnd::Committed, None),
        };
        let error = CapturedError {
            code: None,
            message: message.to_owned(),
        };
        (TransactionEnd::RolledBack, Some(error))
    }

    fn change(&self, from: u8, to: u8) {
        let _ = self.0.compare_exchange(from, to, Relaxed, Relaxed);
    }
}

/// Whether MySQL has rolled the whole transaction back, rather than the statement alone.
fn is_deadlock(error: &dyn DatabaseError) -> bool {
    error.code().as_deref() == Some("40001")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ran_by_hand_is_followed() {
        let kind = DatabaseKind::Postgres;
        let end = |texts: &[&str]| {
            let undone = Undone::default();
            for text in texts {
                match *text {
                    "failed" => undone.change(OPEN, ABORTED),
                    text => undone.on_completed(kind, text),
                }
            }
            undone.committed().0
        };
        assert_eq!(
            end(&["insert into t values (1)"]),
            TransactionEnd::Committed
        );
        assert_eq!(end(&["failed"]), TransactionEnd::RolledBack);
        assert_eq!(end(&["rollback;"]), TransactionEnd::RolledBack);
        assert_eq!(end(&["failed", "commit"]), TransactionEnd::RolledBack);
        assert_eq!(end(&["commit"]), TransactionEnd::Committed);
        assert_eq!(
            end(&["savepoint a", "failed", "rollback to savepoint a"]),
            TransactionEnd::Committed
        );
    }
}
