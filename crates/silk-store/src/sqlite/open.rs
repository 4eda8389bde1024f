//! Opening the file, and noticing that it is no longer the one that was opened.

use std::{
    fs, io,
    path::Path,
    time::{Duration, Instant},
};

use silk_core::StoreErrorKind;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, SqlitePool,
    migrate::Migrator,
    query, query_scalar,
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

use super::{
    config::SqliteStoreConfig,
    error::Fault,
    figures::OpenBuckets,
    intern::Intern,
    log,
    retention_state::RetentionState,
    watch::{self, Stamp},
};
use crate::detail::Encoder;

/// How long closing may take before it is left to itself.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Files shorter than this are checked whole when something was wrong with them.
const CHECKED_WHOLE: u64 = 64 << 20;

/// The table of migrations that were applied.
const MIGRATIONS: &str = "_silk_migrations";

/// Pause before a file is tried again that another process is making.
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// Which file a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    /// None if there is no file.
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

/// The files of a store: the database, its write-ahead log, and the log's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) database: FileId,
    log: Option<FileId>,
    index: Option<FileId>,
}

impl Files {
    /// None if there is no database.
    pub(super) fn of(path: &Path) -> Result<Option<Self>, Fault> {
        let Some(database) = FileId::of(path)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            database,
            log: FileId::of(&log::path_of(path))?,
            index: FileId::of(&log::index_of(path))?,
        }))
    }
}

/// The one connection that writes, with all that it remembers of the file.
///
/// Dropped after any failure, so that nothing remembered outlives a rollback.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: SqliteConnection,
    pub(super) files: Files,
    /// How the file was left when it was written to last.
    pub(super) stamp: Option<Stamp>,
    /// Whether somebody else changed it since it was last looked through.
    pub(super) is_touched: bool,
    pub(super) intern: Intern,
    pub(super) buckets: OpenBuckets,
    pub(super) encoder: Encoder,
    /// The generation of what `intern` and `buckets` remember.
    pub(super) generation: i64,
    pub(super) retention: RetentionState,
    /// Flagged for each top list since it was last trimmed.
    pub(super) flagged: [u64; 3],
}

impl Writer {
    /// Opens the file, makes it where there is none, and brings its schema up to date.
    pub(super) async fn open(path: &Path, config: &SqliteStoreConfig) -> Result<Self, Fault> {
        let started = Instant::now();
        loop {
            match Self::try_open(path, config).await {
                // A new file that another process turns to write-ahead logging at the same moment:
                // SQLite refuses at once instead of waiting.
                Err(fault)
                    if fault.kind() == StoreErrorKind::Locked
                        && started.elapsed() < config.busy_timeout =>
                {
                    tokio::time::sleep(OPEN_PAUSE).await;
                }
                opened => return opened,
            }
        }
    }

    async fn try_open(path: &Path, config: &SqliteStoreConfig) -> Result<Self, Fault> {
        let is_new = match fs::metadata(path) {
            Ok(metadata) => metadata.len() == 0,
            Err(_) => {
                remove_log(path);
                make_private(path);
                true
            }
        };
        let mut options = options(path, config)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("cache_size", "-16000")
            // What a long reader made of the log is given back when it is done.
            .pragma("journal_size_limit", log::USUAL_BYTES.to_string())
            .thread_name(|id| format!("silk-store-write-{id}"));
        if is_new {
            // Takes the write lock, so that it must not be said of a file that has it already.
            options = options.auto_vacuum(SqliteAutoVacuum::Incremental);
        }
        let mut connection = options
            .connect()
            .await
            .map_err(|error| read_only_or(path, error))?;
        migrate(&mut connection).await?;
        let files = Files::of(path)?.ok_or(Fault::Moved)?;
        Ok(Self {
            connection,
            files,
            stamp: Stamp::of(path),
            is_touched: false,
            intern: Intern::default(),
            buckets: OpenBuckets::default(),
            encoder: Encoder::new(),
            generation: 0,
            retention: RetentionState::default(),
            flagged: [0; 3],
        })
    }

    /// Closes the connection and waits for it, for a while.
    pub(super) async fn close(self) {
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, self.connection.close()).await;
    }

    /// Copies a log that is no longer where it was into the file, and closes the connection.
    pub(super) async fn save(mut self) {
        // What cannot be copied is lost; the file is opened anew all the same.
        let _ = query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut self.connection)
            .await;
        self.close().await;
    }

    /// Closes the connection to a file that is no longer at `path`.
    ///
    /// SQLite leaves the log of a moved file where it is, and would take it for the new file's.
    pub(super) async fn abandon(self, path: &Path) {
        let log = self.files.log;
        // SQLite does not do so when it closes a file that was moved.
        self.save().await;
        if log.is_some() && FileId::of(&log::path_of(path)).is_ok_and(|now| now == log) {
            remove_log(path);
        }
    }
}

/// Brings the schema up to date. Two processes that start at once do so one after the other, and
/// a schema that is up to date is not locked for it.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let mut migrator = sqlx::migrate!("./migrations/sqlite");
    migrator.dangerous_set_table_name(MIGRATIONS);
    if is_migrated(connection, &migrator).await? {
        // Tells whether the schema is a newer version's, or not ours.
        migrator.run_direct(None, connection, false).await?;
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    migrator.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
    Ok(())
}

async fn is_migrated(
    connection: &mut SqliteConnection,
    migrator: &Migrator,
) -> Result<bool, Fault> {
    let applied = applied(connection).await?;
    Ok(applied.is_some_and(|applied| {
        migrator
            .iter()
            .all(|migration| applied.contains(&migration.version))
    }))
}

/// Versions of the migrations that were applied; none if the file keeps no account of them.
async fn applied(connection: &mut SqliteConnection) -> Result<Option<Vec<i64>>, Fault> {
    let is_there: bool = query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?)")
        .bind(MIGRATIONS)
        .fetch_one(&mut *connection)
        .await?;
    if !is_there {
        return Ok(None);
    }
    let versions = query_scalar(AssertSqlSafe(format!("SELECT version FROM {MIGRATIONS}")))
        .fetch_all(connection)
        .await?;
    Ok(Some(versions))
}

/// Whether a file that is only looked at has the schema of this version. Changes nothing.
///
/// # Errors
/// What it has instead.
async fn check_schema(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let migrator = sqlx::migrate!("./migrations/sqlite");
    let Some(applied) = applied(connection).await? else {
        return Err(Fault::NotAStore);
    };
    let known: Vec<i64> = migrator.iter().map(|migration| migration.version).collect();
    if applied.iter().any(|version| !known.contains(version)) {
        return Err(Fault::Newer);
    }
    if known.iter().any(|version| !applied.contains(version)) {
        return Err(Fault::Older);
    }
    Ok(())
}

/// Makes a file that its owner alone reads and writes: it holds bodies and addresses of people.
///
/// SQLite takes an empty file for a new database, and gives the log and its index the same rights.
/// A file that is there stays as it is, and is not opened: closing it would end SQLite's locks.
#[cfg(unix)]
fn make_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;
    // A link may lead to where no file is yet; SQLite follows it.
    let target = fs::read_link(path).map_or_else(
        |_| path.to_owned(),
        |target| path.parent().unwrap_or(path).join(target),
    );
    // Where it cannot be made, SQLite says why.
    let _ = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(target);
}

/// Elsewhere the folder's rights are those of its files.
#[cfg(not(unix))]
fn make_private(_: &Path) {}

/// Removes a log that belongs to no file any more, with its index.
pub(super) fn remove_log(path: &Path) {
    // Where it cannot be removed, opening tells why.
    let _ = fs::remove_file(log::path_of(path));
    let _ = fs::remove_file(log::index_of(path));
}

/// A connection that changes nothing, not even when it is the last to be closed.
pub(super) async fn hold(path: &Path, config: &SqliteStoreConfig) -> Option<SqliteConnection> {
    let options = options(path, config).read_only(true);
    options.connect().await.ok()
}

/// Whether a file that nobody has open can be read: a small one whole, a few requests of a large.
pub(super) async fn is_sound(path: &Path, config: &SqliteStoreConfig) -> bool {
    if !watch::has_header(path) {
        return false;
    }
    let Ok(mut connection) = options(path, config).connect().await else {
        return false;
    };
    let mut is_sound = watch::sample(&mut connection).await.is_ok();
    if is_sound && fs::metadata(path).is_ok_and(|metadata| metadata.len() < CHECKED_WHOLE) {
        is_sound = watch::is_whole(&mut connection).await.unwrap_or(false);
    }
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, connection.close()).await;
    is_sound
}

/// The connections for reading.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    pub(super) files: Files,
    pub(super) pool: SqlitePool,
}

impl Readers {
    /// Readers of a file that a [`Writer`] has opened.
    pub(super) fn new(path: &Path, files: Files, config: &SqliteStoreConfig) -> Self {
        let options = options(path, config)
            .read_only(config.is_read_only)
            .pragma("query_only", "ON")
            .pragma("cache_size", "-8000")
            .thread_name(|id| format!("silk-store-read-{id}"));
        let pool = SqlitePoolOptions::new()
            .max_connections(config.readers)
            .acquire_timeout(config.read_timeout)
            .idle_timeout(Duration::from_secs(60))
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Self { files, pool }
    }

    /// Readers of a file that no writer of this store opens.
    ///
    /// # Errors
    /// The file is not there, or has not the schema of this version.
    pub(super) async fn look(path: &Path, config: &SqliteStoreConfig) -> Result<Self, Fault> {
        let files = Files::of(path)?.ok_or(Fault::Missing)?;
        let mut readers = Self::new(path, files, config);
        let checked = async {
            let mut connection = readers.pool.acquire().await?;
            check_schema(&mut connection).await
        };
        // The header is SQLite's to read: opening and closing the file here would end its locks.
        checked.await.map_err(|fault| match fault {
            Fault::Sql(sqlx::Error::Database(error)) if error.code().as_deref() == Some("26") => {
                Fault::NotAStore
            }
            fault => fault,
        })?;
        // The first read makes the log where there was none.
        readers.files = Files::of(path)?.ok_or(Fault::Moved)?;
        Ok(readers)
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
