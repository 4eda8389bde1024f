//! What is known about how well things are captured, noted as the app runs.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
};

use chrono::{DateTime, Utc};
use silk_core::{Database, DatabaseKind, LossReason, RunId, RunRecord};

use super::RecorderConfig;

/// An instrumented pool, as the health page names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolNote {
    /// Its dialect.
    pub kind: DatabaseKind,
    /// Name of the database or file.
    pub name: String,
    /// Most connections it opens.
    pub size: u32,
}

/// What became of everything recorded, at shutdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Requests stored.
    pub recorded: u64,
    /// Requests lost, by reason.
    pub lost: Vec<(LossReason, u64)>,
    /// Requests that were still waiting when the time was up.
    pub unwritten: u64,
    /// Requests that were still being handled; they are lost.
    pub still_active: u64,
    /// Whether the writer came to its end in time.
    pub is_complete: bool,
}

/// What is known about how well things are captured.
#[derive(Debug)]
pub(crate) struct CaptureNotes {
    run: RunRecord,
    pub(crate) pools: Mutex<Vec<PoolNote>>,
    /// Databases that the app named for EXPLAIN alone.
    pub(crate) explained: Mutex<Vec<Database>>,
    /// Where queries go that only the tracing layer sees, if that is known.
    layer_database: RwLock<Arc<Database>>,
    /// Whether sqlx ever sent an event about a query.
    has_event: AtomicBool,
    /// Queries that passed an instrumented pool by.
    pub(crate) past_pools: AtomicU64,
    /// Those of them of which the tracing layer knows no line either.
    pub(crate) past_pools_without_site: AtomicU64,
    /// Queries on SQLite that reached no request because the request has no span.
    pub(crate) without_span: AtomicU64,
    store_errors: Mutex<StoreErrors>,
    tracing: AtomicU8,
    log: AtomicU8,
    /// Requests of which the template was known, was not though the app answered, and those that
    /// met no route.
    pub(crate) routes: RouteCounts,
}

/// What the store is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreWork {
    /// To write, and to read back.
    Writing,
    /// To remove what is over the budget.
    Retention,
}

/// The last failure of each, until it works again.
#[derive(Debug, Default)]
struct StoreErrors {
    writing: Option<(DateTime<Utc>, String)>,
    retention: Option<(DateTime<Utc>, String)>,
}

impl StoreErrors {
    const fn of(&mut self, work: StoreWork) -> &mut Option<(DateTime<Utc>, String)> {
        match work {
            StoreWork::Writing => &mut self.writing,
            StoreWork::Retention => &mut self.retention,
        }
    }
}

/// Requests by what is known of their routes.
#[derive(Debug, Default)]
pub(crate) struct RouteCounts {
    pub(crate) known: AtomicU64,
    /// The app answered, and no template is known.
    pub(crate) hidden: AtomicU64,
    pub(crate) not_found: AtomicU64,
}

/// How the tracing layer fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TracingState {
    /// None was made.
    Absent = 0,
    /// Made, and not yet part of a subscriber.
    Made = 1,
    /// Its probe arrived.
    Working = 2,
    /// It is part of a subscriber, and its probe did not arrive: a global filter starves it.
    Starved = 3,
}

/// Where lines go that are logged through the `log` crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum LogState {
    /// Nobody looked yet, or there is no logger.
    Unknown = 0,
    /// To the subscriber, and so to Silk.
    Arrives = 1,
    /// To a logger that does not ask the subscriber.
    Elsewhere = 2,
}

impl CaptureNotes {
    pub(crate) fn new(config: &RecorderConfig, started_at: DateTime<Utc>) -> Self {
        let clock = super::clock::Clock::start();
        let run = RunRecord {
            id: RunId(clock.id_of(std::time::Instant::now()).0),
            started_at,
            service: config.service.clone().unwrap_or_else(executable),
            build: config.build.clone(),
            instance: config.instance.clone().unwrap_or_else(instance),
        };
        Self {
            run,
            pools: Mutex::default(),
            explained: Mutex::default(),
            layer_database: RwLock::new(Arc::new(Database {
                kind: config.layer_database,
                name: String::new(),
            })),
            has_event: AtomicBool::new(false),
            past_pools: AtomicU64::new(0),
            past_pools_without_site: AtomicU64::new(0),
            without_span: AtomicU64::new(0),
            store_errors: Mutex::default(),
            tracing: AtomicU8::new(0),
            log: AtomicU8::new(0),
            routes: RouteCounts::default(),
        }
    }

    pub(crate) const fn run(&self) -> &RunRecord {
        &self.run
    }

    pub(crate) fn add_pool(&self, pool: PoolNote) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if !pools.contains(&pool) {
            pools.push(pool);
        }
    }

    /// Notes a database that the app named for EXPLAIN: without any other, it is where the
    /// queries go that only the tracing layer sees. `told` is what the app said of their kind.
    pub(crate) fn add_explained(&self, database: Database, told: DatabaseKind) {
        let mut all = self
            .explained
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if all.contains(&database) {
            return;
        }
        all.push(database);
        let Some(first) = all.first() else { return };
        let is_one_kind = all.iter().all(|other| other.kind == first.kind);
        let known = match (told, is_one_kind) {
            (DatabaseKind::Unknown, true) => first.kind,
            (told, _) => told,
        };
        let name = match all.as_slice() {
            [only] if only.kind == known => only.name.clone(),
            _ => String::new(),
        };
        let now = Arc::new(Database { kind: known, name });
        *self
            .layer_database
            .write()
            .unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Where queries go that only the tracing layer sees.
    pub(crate) fn layer_database(&self) -> Arc<Database> {
        let known = self
            .layer_database
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&known)
    }

    /// Notes that sqlx tells of its queries.
    pub(crate) fn sqlx_speaks(&self) {
        if !self.has_event.load(Relaxed) {
            self.has_event.store(true, Relaxed);
        }
    }

    pub(crate) fn has_event(&self) -> bool {
        self.has_event.load(Relaxed)
    }

    /// Counts a query that passed an instrumented pool by, and whether its line is known.
    pub(crate) fn count_past_pool(&self, has_site: bool) {
        self.past_pools.fetch_add(1, Relaxed);
        if !has_site {
            self.past_pools_without_site.fetch_add(1, Relaxed);
        }
    }

    /// Counts a query on SQLite that no span leads to its request.
    pub(crate) fn count_without_span(&self) {
        self.without_span.fetch_add(1, Relaxed);
    }

    /// Notes that the store failed at something.
    pub(crate) fn set_store_error(&self, at: StoreWork, now: DateTime<Utc>, message: String) {
        *self.store_errors().of(at) = Some((now, message));
    }

    /// Notes that the store is well at something.
    pub(crate) fn clear_store_error(&self, at: StoreWork) {
        *self.store_errors().of(at) = None;
    }

    /// What the store fails at now, and when that was last logged; none if it is well.
    pub(crate) fn store_error(&self) -> Option<(DateTime<Utc>, String)> {
        let errors = self.store_errors();
        errors.writing.clone().or_else(|| errors.retention.clone())
    }

    fn store_errors(&self) -> MutexGuard<'_, StoreErrors> {
        self.store_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_tracing(&self, state: TracingState) {
        self.tracing.store(state as u8, Relaxed);
    }

    pub(crate) fn tracing(&self) -> TracingState {
        match self.tracing.load(Relaxed) {
            0 => TracingState::Absent,
            1 => TracingState::Made,
            2 => TracingState::Working,
            _ => TracingState::Starved,
        }
    }

    pub(crate) fn set_log(&self, state: LogState) {
        if self.log() != state {
            self.log.store(state as u8, Relaxed);
        }
    }

    pub(crate) fn log(&self) -> LogState {
        match self.log.load(Relaxed) {
            0 => LogState::Unknown,
            1 => LogState::Arrives,
            _ => LogState::Elsewhere,
        }
    }

    /// Counts a request by what is known of its route.
    pub(crate) fn count_route(&self, is_known: bool, status: Option<u16>) {
        let counter = match (is_known, status) {
            (true, _) => &self.routes.known,
            (false, Some(404)) => &self.routes.not_found,
            (false, _) => &self.routes.hidden,
        };
        counter.fetch_add(1, Relaxed);
    }
}

fn executable() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|path| {
            path.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
        })
        .unwrap_or_else(|| "app".to_owned())
}

fn instance() -> String {
    let host = std::env::var("HOSTNAME")
        .ok()
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned());
    format!("{host}:{}", std::process::id())
}
