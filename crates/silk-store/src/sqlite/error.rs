//! The kinds of things that go wrong.

use std::io;

use silk_core::{
    StoreError, StoreErrorKind,
    store::{MAX_ACCEPTANCES, TooManyStars},
};
use sqlx::migrate::MigrateError;

use crate::detail::DecodeError;

/// Why an operation failed, before it is known to be which.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Detail(#[from] DecodeError),
    #[error("the file cannot be looked at: {0}")]
    File(#[source] io::Error),
    #[error("the file is read-only: {0}")]
    ReadOnly(#[source] sqlx::Error),
    #[error("the file was removed or replaced while it was in use; recording goes on in another")]
    Moved,
    #[error(
        "the file was overwritten with another one while it was in use; recording goes on in it"
    )]
    Overwritten,
    #[error(
        "the file was damaged while it was in use; it was moved to {0}, and recording goes on in a \
         new one"
    )]
    Damaged(String),
    #[error(
        "the write-ahead log is at its limit, and another program that reads the file keeps it \
         from being cut"
    )]
    LogHeld,
    #[error("there is no such file")]
    Missing,
    #[error("the file is no store of Silk's")]
    NotAStore,
    #[error("the file was written by a newer version")]
    Newer,
    #[error("the file was written by an older version, and a look does not bring it up to date")]
    Older,
    #[error("it was opened for reading only")]
    OpenedToRead,
    #[error(transparent)]
    Pattern(#[from] TooManyStars),
    #[error("{MAX_ACCEPTANCES} findings are accepted already")]
    TooManyAcceptances,
    #[error("{0} makes no sense")]
    Nonsense(&'static str),
    #[error("it took longer than {0:?}")]
    Timeout(std::time::Duration),
}

impl Fault {
    /// The error that callers of the store see.
    pub(super) fn during(self, operation: &'static str) -> StoreError {
        let error_kind = self.kind();
        let remedy = self.remedy();
        let error = StoreError::new(error_kind, operation, self);
        match remedy {
            Some(remedy) => error.with_remedy(remedy),
            None => error,
        }
    }

    /// What is left to do where it is not what its kind says.
    const fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::Moved => {
                Some("nothing is left to do; leave the file in place while the app runs")
            }
            Self::Overwritten => Some(
                "nothing is left to do; give each program a file of its own, and put copies in \
                 place only while the app is stopped",
            ),
            Self::Damaged(_) => Some(
                "nothing is left to do; keep the moved file if you want to look into it, or \
                 remove it",
            ),
            Self::LogHeld => Some("close the program that reads the file"),
            Self::Missing | Self::NotAStore => {
                Some("give the file that the app names in `.sqlite(…)`")
            }
            Self::Older => Some(
                "start the app with this version, which brings the file up to date, or look with \
                 the version that wrote it",
            ),
            Self::TooManyAcceptances => Some("withdraw some that are no longer needed"),
            Self::OpenedToRead => Some("write with a store that is not read-only"),
            _ => None,
        }
    }

    /// Whether it says that the file does not hold what it should.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Sql(_) | Self::Nonsense(_) | Self::Detail(_) => {
                self.kind() == StoreErrorKind::Corrupt
            }
            Self::Overwritten => true,
            _ => false,
        }
    }

    pub(super) fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Sql(error) => kind_of_sql(error),
            Self::Migrate(error) => kind_of_migration(error),
            Self::Detail(DecodeError::UnknownVersion(_)) => StoreErrorKind::Incompatible,
            Self::Detail(_) | Self::Nonsense(_) | Self::Overwritten | Self::Damaged(_) => {
                StoreErrorKind::Corrupt
            }
            Self::File(error) => kind_of_io(error),
            Self::ReadOnly(_) | Self::OpenedToRead => StoreErrorKind::ReadOnly,
            Self::Moved | Self::Missing => StoreErrorKind::Unavailable,
            Self::NotAStore | Self::Newer | Self::Older => StoreErrorKind::Incompatible,
            Self::LogHeld => StoreErrorKind::Locked,
            Self::Pattern(_) | Self::TooManyAcceptances => StoreErrorKind::Other,
            Self::Timeout(_) => StoreErrorKind::Timeout,
        }
    }
}

fn kind_of_migration(error: &MigrateError) -> StoreErrorKind {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            kind_of_sql(error)
        }
        // Migrations that this version does not have, or that it has otherwise.
        MigrateError::VersionMissing(_)
        | MigrateError::VersionMismatch(_)
        | MigrateError::VersionNotPresent(_)
        | MigrateError::VersionTooOld(..)
        | MigrateError::VersionTooNew(..) => StoreErrorKind::Incompatible,
        MigrateError::Dirty(_) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Other,
    }
}

fn kind_of_sql(error: &sqlx::Error) -> StoreErrorKind {
    match error {
        sqlx::Error::Database(error) => error
            .code()
            .and_then(|code| code.parse().ok())
            .map_or(StoreErrorKind::Other, kind_of_code),
        sqlx::Error::Io(error) => kind_of_io(error),
        sqlx::Error::PoolTimedOut => StoreErrorKind::Timeout,
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => StoreErrorKind::Unavailable,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Other,
    }
}

/// See <https://sqlite.org/rescode.html>; the lowest byte is the primary code.
const fn kind_of_code(code: u32) -> StoreErrorKind {
    /// `SQLITE_IOERR_SHMSIZE`: the shared-memory file cannot grow, in practice for lack of space.
    const SHM_SIZE: u32 = 10 | (19 << 8);
    /// `SQLITE_IOERR_SHORT_READ`: the file ends before the page that should be there.
    const SHORT_READ: u32 = 10 | (2 << 8);
    if code == SHM_SIZE {
        return StoreErrorKind::Full;
    }
    if code == SHORT_READ {
        return StoreErrorKind::Corrupt;
    }
    match code & 0xff {
        3 | 8 | 23 => StoreErrorKind::ReadOnly,
        5 | 6 => StoreErrorKind::Locked,
        10 | 14 => StoreErrorKind::Unavailable,
        11 | 26 => StoreErrorKind::Corrupt,
        13 => StoreErrorKind::Full,
        _ => StoreErrorKind::Other,
    }
}

fn kind_of_io(error: &io::Error) -> StoreErrorKind {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreErrorKind::ReadOnly
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
        io::ErrorKind::TimedOut => StoreErrorKind::Timeout,
        _ => StoreErrorKind::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        for (code, kind) in [
            (5, StoreErrorKind::Locked),
            (261, StoreErrorKind::Locked), // SQLITE_BUSY_RECOVERY
            (13, StoreErrorKind::Full),
            (4874, StoreErrorKind::Full),
            (8, StoreErrorKind::ReadOnly),
            (11, StoreErrorKind::Corrupt),
            (26, StoreErrorKind::Corrupt),
            (522, StoreErrorKind::Corrupt), // SQLITE_IOERR_SHORT_READ
            (14, StoreErrorKind::Unavailable),
            (266, StoreErrorKind::Unavailable), // SQLITE_IOERR_READ
            (1, StoreErrorKind::Other),
        ] {
            assert_eq!(kind_of_code(code), kind, "code {code}");
        }
    }
}
