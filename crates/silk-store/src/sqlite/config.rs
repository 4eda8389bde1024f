//! What can be set of a store in SQLite.

use std::time::Duration;

/// Settings of a [`SqliteStore`](super::SqliteStore).
///
/// ```
/// let config = silk_store::SqliteStoreConfig::default().readers(2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct SqliteStoreConfig {
    pub(super) readers: u32,
    pub(super) busy_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) scan_time: Duration,
    pub(super) stats_age: Duration,
    pub(super) max_log_bytes: u64,
    pub(super) is_read_only: bool,
}

impl Default for SqliteStoreConfig {
    fn default() -> Self {
        Self {
            readers: Self::DEFAULT_READERS,
            busy_timeout: Self::DEFAULT_BUSY_TIMEOUT,
            read_timeout: Self::DEFAULT_READ_TIMEOUT,
            scan_time: Self::DEFAULT_SCAN_TIME,
            stats_age: Self::DEFAULT_STATS_AGE,
            max_log_bytes: Self::DEFAULT_MAX_LOG_BYTES,
            is_read_only: false,
        }
    }
}

impl SqliteStoreConfig {
    /// See [`readers`](Self::readers).
    pub const DEFAULT_READERS: u32 = 3;
    /// See [`busy_timeout`](Self::busy_timeout).
    pub const DEFAULT_BUSY_TIMEOUT: Duration = Duration::from_secs(2);
    /// See [`read_timeout`](Self::read_timeout).
    pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(10);
    /// See [`scan_time`](Self::scan_time).
    pub const DEFAULT_SCAN_TIME: Duration = Duration::from_millis(20);
    /// See [`stats_age`](Self::stats_age).
    pub const DEFAULT_STATS_AGE: Duration = Duration::from_secs(90 * 24 * 3600);
    /// See [`max_log_bytes`](Self::max_log_bytes).
    pub const DEFAULT_MAX_LOG_BYTES: u64 = 256 << 20;

    /// Connections for reading, at least 1; [3](Self::DEFAULT_READERS) unless set.
    ///
    /// Each has a thread and a cache of up to 8 MB; more of them serve more pages at a time.
    pub fn readers(mut self, readers: u32) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// How long a lock of another program is waited for; [2 s](Self::DEFAULT_BUSY_TIMEOUT) unless
    /// set.
    ///
    /// Longer rides out longer backups; meanwhile the recorder's queue fills.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// How long a read may take before it fails; [10 s](Self::DEFAULT_READ_TIMEOUT) unless set.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// How long a filter that no index serves is searched for before the page is handed out as
    /// partial; [20 ms](Self::DEFAULT_SCAN_TIME) unless set.
    ///
    /// Longer fills more of the page, and makes people wait for it.
    pub fn scan_time(mut self, time: Duration) -> Self {
        self.scan_time = time;
        self
    }

    /// How long figures of routes and statements outlive their requests;
    /// [90 days](Self::DEFAULT_STATS_AGE) unless set, and never less than the requests' own age.
    ///
    /// They take some hundred bytes per route, statement and day.
    pub fn stats_age(mut self, age: Duration) -> Self {
        self.stats_age = age;
        self
    }

    /// How long the write-ahead log may become, in bytes, on top of the budget;
    /// [256 MiB](Self::DEFAULT_MAX_LOG_BYTES) unless set.
    ///
    /// It takes about 8 MB, unless another program reads the file for long (a backup, a shell with
    /// an open transaction). Beyond the limit records are lost until that program is done; more
    /// rides out longer ones.
    pub fn max_log_bytes(mut self, bytes: u64) -> Self {
        self.max_log_bytes = bytes;
        self
    }
    /// Only ever reads the file, which an app may be writing to; off unless set.
    ///
    /// Nothing is made, migrated or removed, and a call that would write fails. A file of another
    /// schema is refused: it is brought up to date by the app that it belongs to, not by a look.
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }
}
