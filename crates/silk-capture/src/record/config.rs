//! Settings of a recorder, with their defaults.

use std::{fmt, sync::Arc, time::Duration};

use silk_core::{
    DatabaseKind,
    finding::{IgnoreList, Thresholds},
    store::Budget,
};

use super::plans::Plans;

/// Slots of the queue between requests and writer.
pub const DEFAULT_QUEUE_CAPACITY: usize = 2_048;
/// Bytes of memory for everything not yet stored: 64 MiB.
pub const DEFAULT_MEMORY_BYTES: usize = 64 << 20;
/// Queries kept in full per request.
pub const DEFAULT_MAX_QUERIES: usize = 20_000;
/// Spans kept per request.
pub const DEFAULT_MAX_SPANS: usize = 2_000;
/// Log events kept per request.
pub const DEFAULT_MAX_LOGS: usize = 200;
/// Bytes of each body kept: 16 KiB.
pub const DEFAULT_BODY_BYTES: usize = 16 << 10;
/// Bytes of each bound value kept: 1 KiB.
pub const DEFAULT_VALUE_BYTES: usize = 1 << 10;
/// How long a record waits for spans and queries after its body has ended.
pub const DEFAULT_LINGER: Duration = Duration::from_secs(5);
/// Requests handed to the store in one go.
pub const DEFAULT_BATCH_SIZE: usize = 200;
/// How often the writer looks at the queue.
pub const DEFAULT_WRITE_INTERVAL: Duration = Duration::from_millis(200);
/// Distinct raw paths kept apart where no route template is known.
pub const DEFAULT_MAX_RAW_ROUTES: usize = 500;

/// Decides by method and path whether a request may be kept.
pub type KeepPredicate = Arc<dyn Fn(&str, &str) -> bool + Send + Sync>;

/// Settings of a [`Recorder`](super::Recorder).
#[derive(Clone)]
pub struct RecorderConfig {
    /// How much the store may keep.
    pub budget: Budget,
    /// Name of the service; the executable's unless given.
    pub service: Option<String>,
    /// Build of the service: version or commit.
    pub build: Option<String>,
    /// Which instance this is; host name and process id unless given.
    pub instance: Option<String>,
    /// Dialect of queries that only the tracing layer sees. Default: not known.
    pub layer_database: DatabaseKind,
    /// Share of requests kept, 0.0 to 1.0. Default 1.0; less makes the store last longer.
    pub sample_share: f64,
    /// Requests whose path begins with one of these are counted, not kept. Default: none.
    pub skip_paths: Vec<String>,
    /// Requests for which this says no (given method and path) are counted, not kept.
    pub keep: Option<KeepPredicate>,
    /// Queries that take at least so long are logged. Default: off.
    pub slow_query: Option<Duration>,
    /// From what on the rules about requests speak. Default: [`Thresholds::default`].
    pub thresholds: Thresholds,
    /// Findings that are accepted. Default: none.
    pub ignored: IgnoreList,
    /// Whether bound values are kept. Default: yes.
    pub capture_values: bool,
    /// Whether call sites are kept. Default: yes; off saves 1 to 5 µs where a place runs its first
    /// query on a thread, next to nothing where it goes on.
    pub capture_call_sites: bool,
    /// Whether call sites are kept of queries that only the tracing layer sees, on PostgreSQL and
    /// MySQL. Default: in debug builds yes, in release builds no: the stack is walked once per
    /// query.
    pub layer_call_sites: bool,
    /// Whether headers are kept. Default: yes; off saves about 1 µs per request.
    pub capture_headers: bool,
    /// Bytes of each body kept, text only. Default [`DEFAULT_BODY_BYTES`]; 0 keeps none.
    pub body_bytes: usize,
    /// Bytes of each bound value kept. Default [`DEFAULT_VALUE_BYTES`]; a value longer than that
    /// cannot be bound again for EXPLAIN.
    pub value_bytes: usize,
    /// Whether responses carry `Silk-Id` and `Server-Timing`. Default: in debug builds. They tell
    /// every client how many queries ran and how long they took.
    pub response_headers: bool,
    /// Slots of the queue. Default [`DEFAULT_QUEUE_CAPACITY`]; more rides out longer pauses of
    /// the store and holds more memory meanwhile.
    pub queue_capacity: usize,
    /// Memory for everything not yet stored. Default [`DEFAULT_MEMORY_BYTES`].
    pub memory_bytes: usize,
    /// Queries kept in full per request. Default [`DEFAULT_MAX_QUERIES`]; beyond it counts per
    /// statement stay exact.
    pub max_queries: usize,
    /// Spans kept per request. Default [`DEFAULT_MAX_SPANS`].
    pub max_spans: usize,
    /// Log events kept per request. Default [`DEFAULT_MAX_LOGS`].
    pub max_logs: usize,
    /// App spans of this level and above are kept. Default INFO; DEBUG and TRACE show more and
    /// cost about 1 µs per span.
    pub span_level: tracing::Level,
    /// How long a record waits for spans and queries that outlive its body. Default
    /// [`DEFAULT_LINGER`].
    pub linger: Duration,
    /// Requests per transaction of the store. Default [`DEFAULT_BATCH_SIZE`].
    pub batch_size: usize,
    /// How often the writer looks at the queue. Default [`DEFAULT_WRITE_INTERVAL`]; shorter shows
    /// requests sooner and costs wake-ups.
    pub write_interval: Duration,
    /// Distinct paths kept apart where no template is known, ids left out (`/users/{id}`), and of
    /// more than 100 names in one place the rest (`/users/{other}`). Default
    /// [`DEFAULT_MAX_RAW_ROUTES`]; what is beyond is summed as `(other paths)`.
    pub max_raw_routes: usize,
    /// The folder below which call sites are named relatively. Default: the workspace that the app
    /// was built in, else the one that the current folder lies in.
    pub source_root: Option<std::path::PathBuf>,
    /// Which plans are collected, and when. Default [`Plans::automatic`].
    pub plans: Plans,
    /// Whether recording starts switched on. Default: yes.
    pub is_recording: bool,
}

impl Default for RecorderConfig {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            service: None,
            build: None,
            instance: None,
            layer_database: DatabaseKind::Unknown,
            sample_share: 1.0,
            skip_paths: Vec::new(),
            keep: None,
            slow_query: None,
            thresholds: Thresholds::default(),
            ignored: IgnoreList::default(),
            capture_values: true,
            capture_call_sites: true,
            layer_call_sites: cfg!(debug_assertions),
            capture_headers: true,
            body_bytes: DEFAULT_BODY_BYTES,
            value_bytes: DEFAULT_VALUE_BYTES,
            response_headers: cfg!(debug_assertions),
            queue_capacity: DEFAULT_QUEUE_CAPACITY,
            memory_bytes: DEFAULT_MEMORY_BYTES,
            max_queries: DEFAULT_MAX_QUERIES,
            max_spans: DEFAULT_MAX_SPANS,
            max_logs: DEFAULT_MAX_LOGS,
            span_level: tracing::Level::INFO,
            linger: DEFAULT_LINGER,
            batch_size: DEFAULT_BATCH_SIZE,
            write_interval: DEFAULT_WRITE_INTERVAL,
            max_raw_routes: DEFAULT_MAX_RAW_ROUTES,
            source_root: None,
            plans: Plans::default(),
            is_recording: true,
        }
    }
}

impl fmt::Debug for RecorderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecorderConfig")
            .field("service", &self.service)
            .field("sample_share", &self.sample_share)
            .field("queue_capacity", &self.queue_capacity)
            .field("memory_bytes", &self.memory_bytes)
            .finish_non_exhaustive()
    }
}
