//! Numbers as SQLite keeps them, and those that words are kept as. Those that are given stay as they
//! are.

use silk_core::{DatabaseKind, Outcome, RequestKind, Severity};

use super::error::Fault;

/// The kind that a number stands for.
pub(super) fn kind(number: i64) -> Result<RequestKind, Fault> {
    match number {
        0 => Ok(RequestKind::Request),
        1 => Ok(RequestKind::Job),
        2 => Ok(RequestKind::Test),
        _ => Err(Fault::Nonsense("a kind of request")),
    }
}

/// The outcome that a number stands for.
pub(super) fn outcome(number: i64) -> Result<Outcome, Fault> {
    match number {
        0 => Ok(Outcome::Completed),
        1 => Ok(Outcome::Error),
        2 => Ok(Outcome::Dropped),
        3 => Ok(Outcome::Panicked),
        _ => Err(Fault::Nonsense("an outcome")),
    }
}

/// The number that an outcome is kept as.
pub(super) const fn outcome_number(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Completed => 0,
        Outcome::Error => 1,
        Outcome::Dropped => 2,
        Outcome::Panicked => 3,
    }
}

/// The number that a severity is kept as.
pub(super) const fn severity_number(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Critical => 2,
    }
}

/// The severity that a number stands for.
pub(super) const fn severity(number: i64) -> Severity {
    match number {
        0 => Severity::Info,
        1 => Severity::Warning,
        _ => Severity::Critical,
    }
}

/// The number that a database is kept as.
pub(super) const fn database_number(kind: DatabaseKind) -> i64 {
    match kind {
        DatabaseKind::Postgres => 0,
        DatabaseKind::MySql => 1,
        DatabaseKind::Sqlite => 2,
        DatabaseKind::Unknown => 3,
    }
}

/// The database that a number stands for.
pub(super) const fn database_kind(number: i64) -> DatabaseKind {
    match number {
        0 => DatabaseKind::Postgres,
        1 => DatabaseKind::MySql,
        2 => DatabaseKind::Sqlite,
        _ => DatabaseKind::Unknown,
    }
}

/// The number as SQLite keeps it; what is over 2⁶² (146,000 years in microseconds) is cut to that,
/// so that sums of two never overflow.
pub(super) fn to_i64(number: u64) -> i64 {
    i64::try_from(number).map_or(LARGEST, |number| number.min(LARGEST))
}

/// The number again.
pub(super) fn to_u64(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The largest number kept; also written out in the SQL that adds.
pub(super) const LARGEST: i64 = 1 << 62;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_not_wrapped() {
        assert_eq!(to_i64(u64::MAX), LARGEST);
        assert_eq!(to_u64(to_i64(12)), 12);
        assert_eq!(to_u64(-1), 0);
    }
}
