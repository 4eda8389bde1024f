//! The write-ahead log, and that it stays short.
//!
//! SQLite copies it into the file every 1000 pages, and starts it anew when no reader needs it. With
//! one reader after the other there is no such moment, and a reader that stays holds it for good
//! (a backup, a shell with an open transaction). So when it is long, it is cut with force: readers
//! are waited for, for a moment. When that does not help either, nothing more is written: the
//! disk is the host's.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{AssertSqlSafe, SqliteConnection, query};

use super::{config::SqliteStoreConfig, error::Fault};

/// What the log takes when nothing is in its way; the file keeps so much from being made again.
pub(super) const USUAL_BYTES: u64 = 8 << 20;

/// From here on it is cut; and again whenever so much has come on top.
const LONG_BYTES: u64 = 2 * USUAL_BYTES;

/// How long readers are waited for.
const CUT_TIME: Duration = Duration::from_millis(100);

/// The name of a file's write-ahead log.
pub(super) fn path_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// The name of the log's index, which connections share.
pub(super) fn index_of(path: &Path) -> PathBuf {
    let mut index = path.as_os_str().to_owned();
    index.push("-shm");
    index.into()
}

/// Its length.
pub(super) fn bytes(path: &Path) -> u64 {
    fs::metadata(path_of(path)).map_or(0, |metadata| metadata.len())
}

/// Refuses to write while the log is at its limit and cannot be cut.
pub(super) async fn make_room(
    connection: &mut SqliteConnection,
    path: &Path,
    config: &SqliteStoreConfig,
) -> Result<(), Fault> {
    if bytes(path) < config.max_log_bytes {
        return Ok(());
    }
    cut(connection, config).await?;
    if bytes(path) < config.max_log_bytes {
        return Ok(());
    }
    Err(Fault::LogHeld)
}

/// Cuts a log that has become long; `tried_at` is how long it was when that was last tried.
pub(super) async fn keep_short(
    connection: &mut SqliteConnection,
    path: &Path,
    config: &SqliteStoreConfig,
    max_bytes: u64,
    tried_at: &mut u64,
) -> Result<(), Fault> {
    let bytes = bytes(path);
    if bytes < *tried_at {
        *tried_at = 0;
    }
    let limit = LONG_BYTES
        .min(config.max_log_bytes / 2)
        .min(share_of(max_bytes));
    if bytes >= tried_at.saturating_add(limit) {
        cut(connection, config).await?;
        *tried_at = self::bytes(path);
    }
    Ok(())
}

/// What the log may take of a budget.
pub(super) const fn share_of(max_bytes: u64) -> u64 {
    max_bytes / 10
}

/// Cuts a log that is longer than it is left while nothing is written.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    path: &Path,
    config: &SqliteStoreConfig,
    max_bytes: u64,
) -> Result<(), Fault> {
    if bytes(path) > USUAL_BYTES.min(share_of(max_bytes)) {
        cut(connection, config).await?;
    }
    Ok(())
}

/// Copies the log into the file and cuts it, if readers let it.
async fn cut(connection: &mut SqliteConnection, config: &SqliteStoreConfig) -> Result<(), Fault> {
    set_timeout(connection, CUT_TIME.min(config.busy_timeout)).await?;
    // Tells in a row that it was busy; no error.
    let result = query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut *connection)
        .await;
    set_timeout(connection, config.busy_timeout).await?;
    result?;
    Ok(())
}

async fn set_timeout(connection: &mut SqliteConnection, timeout: Duration) -> Result<(), Fault> {
    query(AssertSqlSafe(format!(
        "PRAGMA busy_timeout = {}",
        timeout.as_millis()
    )))
    .execute(connection)
    .await?;
    Ok(())
}
