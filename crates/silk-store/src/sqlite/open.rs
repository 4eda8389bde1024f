//! Opening the file, and noticing that it is no longer the one that was opened.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

use super::{SqliteStoreConfig, error::Fault, intern::Intern, stats::OpenBuckets};
use crate::detail::Encoder;

/// How long closing may take before it is left to itself.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Which file a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    /// None where there is no file.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, Fault> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(Self::of_metadata(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Fault::File(error)),
        }
    }

    #[cfg(unix)]
    fn of_metadata(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(metadata.dev(), metadata.ino())
    }

    /// Elsewhere an open file cannot be replaced, so that its being there says enough.
    #[cfg(not(unix))]
    fn of_metadata(_: &fs::Metadata) -> Self {
        Self(0, 0)
    }
}

/// The one connection that writes, with all that it remembers of the file.
///
/// Dropped after any failure, so that nothing remembered outlives a rollback.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: SqliteConnection,
    pub(super) file: FileId,
    /// The write-ahead log of `file`.
    log: Option<FileId>,
    pub(super) intern: Intern,
    pub(super) buckets: OpenBuckets,
    pub(super) encoder: Encoder,
    /// Requests removed since the interned rows were last looked through.
    pub(super) removed: u64,
    /// When that was.
    pub(super) orphans_at_us: i64,
    /// Flagged for each top list since it was last trimmed.
    pub(super) flagged: [u64; 3],
}

impl Writer {
    /// Opens the file, makes it where there is none, and brings its schema up to date.
    pub(super) async fn open(path: &Path, config: &SqliteStoreConfig) -> Result<Self, Fault> {
        let is_new = match fs::metadata(path) {
            Ok(metadata) => metadata.len() == 0,
            Err(_) => {
                remove_log(path);
                true
            }
        };
        let mut options = options(path, config)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("cache_size", "-16000")
            .pragma("journal_size_limit", "67108864")
            .thread_name(|id| format!("silk-store-write-{id}"));
        if is_new {
            // Takes the write lock, so that it must not be said of a file that has it already.
            options = options.auto_vacuum(SqliteAutoVacuum::Incremental);
        }
        let mut connection = options
            .connect()
            .await
            .map_err(|error| read_only_or(path, error))?;
        let mut migrator = sqlx::migrate!("./migrations/sqlite");
        migrator.dangerous_set_table_name("_silk_migrations");
        migrator.run_direct(None, &mut connection, false).await?;
        let file = FileId::of(path)?.ok_or(Fault::Moved)?;
        let log = FileId::of(&log_of(path))?;
        Ok(Self {
            connection,
            file,
            log,
            intern: Intern::default(),
            buckets: OpenBuckets::default(),
            encoder: Encoder::new(),
            removed: 0,
            orphans_at_us: i64::MIN,
            flagged: [0; 3],
        })
    }

    /// Closes the connection and waits for it, for a while.
    pub(super) async fn close(self) {
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.connection.close()).await;
    }

    /// Closes the connection to a file that is no longer at `path`.
    ///
    /// SQLite leaves the log of a moved file where it is, and would take it for the new file's.
    pub(super) async fn abandon(self, path: &Path) {
        let log = self.log;
        self.close().await;
        if log.is_some() && FileId::of(&log_of(path)).is_ok_and(|now| now == log) {
            remove_log(path);
        }
    }
}

/// The name of a file's write-ahead log.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Removes a log that belongs to no file any more, with its index.
fn remove_log(path: &Path) {
    let mut index = path.as_os_str().to_owned();
    index.push("-shm");
    // Where it cannot be removed, opening tells why.
    let _ = fs::remove_file(log_of(path));
    let _ = fs::remove_file(index);
}

/// The connections for reading.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    pub(super) file: FileId,
    pub(super) pool: SqlitePool,
}

impl Readers {
    /// Readers of a file that a [`Writer`] has opened.
    pub(super) fn new(path: &Path, file: FileId, config: &SqliteStoreConfig) -> Self {
        let options = options(path, config)
            .pragma("query_only", "ON")
            .pragma("cache_size", "-8000")
            .thread_name(|id| format!("silk-store-read-{id}"));
        let pool = SqlitePoolOptions::new()
            .max_connections(config.readers)
            .acquire_timeout(config.read_timeout)
            .idle_timeout(Duration::from_secs(60))
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Self { file, pool }
    }

    /// Closes the connections and waits for them, for a while.
    pub(super) async fn close(self) {
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.pool.close()).await;
    }
}

fn options(path: &Path, config: &SqliteStoreConfig) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(false)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(config.busy_timeout)
        .statement_cache_capacity(256)
        // The profiler must not appear in the log that it reads.
        .disable_statement_logging()
}

/// SQLite says "unable to open" where a write-ahead log cannot be made on a read-only file system.
fn read_only_or(path: &Path, error: sqlx::Error) -> Fault {
    let refused = match fs::OpenOptions::new().append(true).open(path) {
        Err(io) => matches!(
            io.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
        ),
        Ok(_) => false,
    };
    if refused {
        Fault::ReadOnly(error)
    } else {
        Fault::Sql(error)
    }
}
