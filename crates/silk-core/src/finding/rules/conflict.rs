//! Errors by which a database tells that a query met the locks or changes of another transaction.
//!
//! **Source.** SQLSTATE on PostgreSQL (`40P01`, `40001`, `55P03`); on MySQL and MariaDB SQLSTATE where
//! there is one (`40001`), and the message of error 1205 and 3572, whose SQLSTATE is the general
//! `HY000`; the primary code of SQLite, which stands in the lowest byte (5 is BUSY, 6 LOCKED, 517 is
//! BUSY_SNAPSHOT).
//! **Silent on.** All other errors: a cancelled or timed-out query may have waited for anything.

use crate::{DatabaseKind, QueryError};

/// What a query met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Two transactions waited for each other.
    Deadlock,
    /// Another transaction changed what this one had read.
    Serialization,
    /// A lock was not free in time.
    LockTimeout,
    /// SQLite: another connection writes.
    Busy,
    /// SQLite: a transaction that only read wants to write, after another one did.
    StaleRead,
}

impl Conflict {
    pub(super) fn of(error: &QueryError, database: DatabaseKind) -> Option<Self> {
        let code = error.code.as_deref()?;
        let message = error.message.to_ascii_lowercase();
        match (database, code) {
            (DatabaseKind::Sqlite, code) => {
                let code: u32 = code.parse().ok()?;
                match (code & 0xff, code) {
                    (_, 517) => Some(Self::StaleRead),
                    (5 | 6, _) => Some(Self::Busy),
                    _ => None,
                }
            }
            (_, "40P01") => Some(Self::Deadlock),
            // MySQL has one SQLSTATE for both.
            (DatabaseKind::MySql, "40001") if message.contains("deadlock") => Some(Self::Deadlock),
            (_, "40001") => Some(Self::Serialization),
            (DatabaseKind::Postgres, "55P03") => Some(Self::LockTimeout),
            (DatabaseKind::MySql, "HY000")
                if message.contains("lock wait timeout")
                    || message.contains("lock(s) could not") =>
            {
                Some(Self::LockTimeout)
            }
            _ => None,
        }
    }

    /// ` in a deadlock`, behind what failed
    pub(super) const fn of_title(self) -> &'static str {
        match self {
            Self::Deadlock => " in a deadlock",
            Self::Serialization => " because another transaction changed the same rows",
            Self::LockTimeout => " because another transaction held the lock",
            Self::Busy => " because another connection was writing",
            Self::StaleRead => {
                " because another connection wrote since this transaction began to read"
            }
        }
    }

    pub(super) fn remedy(self, database: DatabaseKind) -> String {
        match (self, database) {
            (Self::Deadlock, _) => {
                "Take locks in one order everywhere (ORDER BY id before FOR UPDATE, and the same \
                 order of tables), and run the whole transaction again when it comes to this."
            }
            (Self::Serialization, _) => {
                "Run the whole transaction again, some times with a pause: that is what its \
                 isolation level asks for. Or lock the rows when they are read (FOR UPDATE) at READ \
                 COMMITTED."
            }
            (Self::LockTimeout, DatabaseKind::Postgres) => {
                "Shorten the transaction that holds the lock (pg_blocking_pids tells which). Where \
                 rows are taken from a queue, SELECT … FOR UPDATE SKIP LOCKED."
            }
            (Self::LockTimeout, _) => {
                "Shorten the transaction that holds the lock, and run this one again. MySQL undoes \
                 only the statement, so roll the transaction back. Where rows are taken from a \
                 queue, SELECT … FOR UPDATE SKIP LOCKED."
            }
            (Self::Busy, _) => {
                "SQLite has one writer: keep write transactions short, set \
                 SqliteConnectOptions::busy_timeout above the longest, use \
                 journal_mode(SqliteJournalMode::Wal), or one pool of one connection for writes."
            }
            (Self::StaleRead, _) => {
                "Begin a transaction that will write with BEGIN IMMEDIATE \
                 (pool.begin_with(\"BEGIN IMMEDIATE\")): busy_timeout does not wait for this."
            }
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(database: DatabaseKind, code: &str, message: &str) -> Option<Conflict> {
        let error = QueryError {
            code: Some(code.to_owned()),
            message: message.to_owned(),
        };
        Conflict::of(&error, database)
    }

    #[test]
    fn conflicts_are_told_by_their_codes() {
        use DatabaseKind::{MySql, Postgres, Sqlite};
        let late = "Lock wait timeout exceeded; try restarting transaction";
        for (database, code, message, expected) in [
            (
                Postgres,
                "40P01",
                "deadlock detected",
                Some(Conflict::Deadlock),
            ),
            (
                Postgres,
                "40001",
                "could not serialize access",
                Some(Conflict::Serialization),
            ),
            (
                Postgres,
                "55P03",
                "could not obtain lock",
                Some(Conflict::LockTimeout),
            ),
            (
                Postgres,
                "57014",
                "canceling statement due to statement timeout",
                None,
            ),
            (Postgres, "23505", "duplicate key", None),
            (
                MySql,
                "40001",
                "Deadlock found when trying to get lock",
                Some(Conflict::Deadlock),
            ),
            (MySql, "HY000", late, Some(Conflict::LockTimeout)),
            (MySql, "HY000", "Table storage engine", None),
            (Sqlite, "5", "database is locked", Some(Conflict::Busy)),
            (Sqlite, "261", "database is locked", Some(Conflict::Busy)),
            (
                Sqlite,
                "262",
                "database table is locked",
                Some(Conflict::Busy),
            ),
            (
                Sqlite,
                "517",
                "database is locked",
                Some(Conflict::StaleRead),
            ),
            (Sqlite, "1555", "UNIQUE constraint failed", None),
            (Sqlite, "40001", "", None),
        ] {
            assert_eq!(of(database, code, message), expected, "{code} {message}");
        }
    }
}
