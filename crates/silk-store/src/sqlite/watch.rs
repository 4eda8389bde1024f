//! Noticing that what was written can no longer be read.
//!
//! A connection that writes keeps pages and its log, so that it can go on for long over a file that
//! somebody emptied, overwrote, or put an older copy in place of. So what was written last is read
//! back by another connection, once in a while; and when the file was changed by somebody else, a
//! few requests of all ages are.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    time::SystemTime,
};

use silk_core::{BatchId, RunId};
use sqlx::{SqliteConnection, query_as, query_scalar};

use super::error::Fault;
use crate::detail::decode;

/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Requests that are read of a file that somebody else changed.
const SAMPLES: i64 = 16;

/// The last batch that was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub(super) run: RunId,
    pub(super) batch: BatchId,
    /// The number of the newest request then.
    pub(super) newest: i64,
    /// The generation of the file then; a later one means that somebody removed rows.
    pub(super) generation: i64,
}

/// When a file was last changed, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(Option<SystemTime>, u64);

impl Stamp {
    /// None if it cannot be known.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self(metadata.modified().ok(), metadata.len()))
    }
}

/// Looks whether a file still holds what was written last; with `is_touched` whether it holds older
/// requests too.
pub(super) async fn look(
    connection: &mut SqliteConnection,
    path: &Path,
    written: Written,
    is_touched: bool,
) -> Result<(), Fault> {
    if !has_header(path) {
        return Err(Fault::Nonsense("the beginning of the file"));
    }
    let generation: i64 = query_scalar("PRAGMA user_version")
        .fetch_one(&mut *connection)
        .await?;
    let last: Option<Option<Vec<u8>>> = query_scalar("SELECT last_batch FROM runs WHERE id = ?")
        .bind(&written.run.0.as_bytes()[..])
        .fetch_optional(&mut *connection)
        .await?;
    let is_there = last.flatten().as_deref() == Some(&written.batch.0.as_bytes()[..]);
    if !is_there && generation <= written.generation {
        return Err(Fault::Overwritten);
    }
    let newest: Option<i64> = query_scalar("SELECT max(sequence) FROM requests")
        .fetch_one(&mut *connection)
        .await?;
    // Pages of an older copy may stand beside newer ones of the log. Retention may have taken the
    // newest request as well, so that all of the file has to tell.
    if newest < Some(written.newest) && !is_whole(connection).await? {
        return Err(Fault::Overwritten);
    }
    if is_touched {
        sample(connection).await?;
    }
    Ok(())
}

/// Whether all of a file fits together. Reads all of it.
pub(super) async fn is_whole(connection: &mut SqliteConnection) -> Result<bool, Fault> {
    let found: String = query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await?;
    Ok(found == "ok")
}

/// Reads a few requests of all ages.
pub(super) async fn sample(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let (first, last): (Option<i64>, Option<i64>) = query_as(
        "SELECT (SELECT min(sequence) FROM requests), (SELECT max(sequence) FROM requests)",
    )
    .fetch_one(&mut *connection)
    .await?;
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(());
    };
    let step = (last.saturating_sub(first) / SAMPLES).max(1);
    let mut from = first;
    for _ in 0..=SAMPLES {
        let found: Option<(i64, Vec<u8>)> = query_as(
            "SELECT q.started_us, d.detail FROM requests q
             JOIN request_details d ON d.sequence = q.sequence
             WHERE q.sequence >= ? ORDER BY q.sequence LIMIT 1",
        )
        .bind(from)
        .fetch_optional(&mut *connection)
        .await?;
        let Some((_, detail)) = found else { break };
        decode(&detail)?;
        from = from.saturating_add(step);
    }
    Ok(())
}

/// Whether a file begins as one of SQLite does.
pub(super) fn has_header(path: &Path) -> bool {
    let mut header = [0; 16];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut header))
        .is_ok()
        && header == MAGIC
}

/// Where a file is moved to that was damaged while it was in use.
pub(super) fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".damaged");
    name.into()
}
