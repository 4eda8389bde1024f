use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
};

use chrono::{DateTime, Utc};
use silk_core::{
    DatabaseKind, LossReason, RunId, RunRecord, Vitals,
    vitals::{CaptureLevel, CaptureStatus, VitalsSnapshot},
};

use super::{Recorder, RecorderConfig};
use crate::plans::{PlanMode, PlanNotes};

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
pub(crate) struct Notes {
    run: RunRecord,
    pools: Mutex<Vec<PoolNote>>,
    store_error: Mutex<Option<(DateTime<Utc>, String)>>,
    tracing: AtomicU8,
    /// Requests of which the template was, and was not, known.
    routes: (AtomicU64, AtomicU64),
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

impl Notes {
    pub(super) fn new(config: &RecorderConfig, started_at: DateTime<Utc>) -> Self {
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
            store_error: Mutex::default(),
            tracing: AtomicU8::new(0),
            routes: Default::default(),
        }
    }

    pub(super) const fn run(&self) -> &RunRecord {
        &self.run
    }

    pub(super) fn add_pool(&self, pool: PoolNote) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if !pools.contains(&pool) {
            pools.push(pool);
        }
    }

    pub(super) fn set_store_error(&self, at: DateTime<Utc>, message: String) {
        *self
            .store_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some((at, message));
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

    pub(crate) fn count_route(&self, is_known: bool) {
        let counter = if is_known {
            &self.routes.0
        } else {
            &self.routes.1
        };
        counter.fetch_add(1, Relaxed);
    }

    fn captures(
        &self,
        config: &RecorderConfig,
        plans: &PlanNotes,
        unattributed: u64,
    ) -> Vec<CaptureStatus> {
        let pools = self
            .pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut captures = vec![self.sql(&pools)];
        captures.push(pool_only(
            "values",
            &pools,
            config.capture_values,
            "switched off in the builder",
        ));
        captures.push(pool_only(
            "call sites",
            &pools,
            config.capture_call_sites,
            "switched off in the builder",
        ));
        captures.push(pool_only(
            "EXPLAIN",
            &pools,
            plans.plans.mode() != PlanMode::Off,
            "switched off in the builder",
        ));
        captures.push(plans.status(!pools.is_empty()));
        captures.push(self.spans());
        captures.push(self.route_status());
        if unattributed > 0 {
            captures.push(CaptureStatus {
                what: "unattributed queries".to_owned(),
                level: CaptureLevel::Partial,
                reason: format!(
                    "{} belonged to no request: background work, or tasks spawned without their request",
                    counted_queries(unattributed)
                ),
                remedy: Some(
                    "tokio::spawn(tower_silk::in_current_request(work));\nsilk.job(\"nightly report\").run(work).await;".to_owned(),
                ),
            });
        }
        captures
    }

    fn sql(&self, pools: &[PoolNote]) -> CaptureStatus {
        let (level, reason, remedy) = match (pools.is_empty(), self.tracing()) {
            (true, TracingState::Absent | TracingState::Made) => (
                CaptureLevel::Off,
                "neither the tracing layer nor an instrumented pool is in place".to_owned(),
                Some("silk.init_tracing();\nlet pool = silk.pool(pool);".to_owned()),
            ),
            (true, TracingState::Starved) => (
                CaptureLevel::Off,
                "a global filter of the subscriber keeps sqlx's events from the tracing layer"
                    .to_owned(),
                Some(STARVED_REMEDY.to_owned()),
            ),
            (true, TracingState::Working) => (
                CaptureLevel::Partial,
                "through sqlx's events: text, rows and time".to_owned(),
                Some("let pool = silk.pool(pool);".to_owned()),
            ),
            (false, TracingState::Working) => (
                CaptureLevel::Full,
                format!(
                    "through {}; other sqlx users through the tracing layer",
                    counted_pools(pools)
                ),
                None,
            ),
            (false, state) => (
                CaptureLevel::Full,
                format!("through {}", counted_pools(pools)),
                (state == TracingState::Starved).then(|| STARVED_REMEDY.to_owned()),
            ),
        };
        CaptureStatus {
            what: "SQL".to_owned(),
            level,
            reason,
            remedy,
        }
    }

    fn spans(&self) -> CaptureStatus {
        let (level, reason, remedy) = match self.tracing() {
            TracingState::Working => (
                CaptureLevel::Full,
                "spans of the app, and its warnings",
                None,
            ),
            TracingState::Starved => (
                CaptureLevel::Partial,
                "a global filter of the subscriber stands before the tracing layer",
                Some(STARVED_REMEDY),
            ),
            TracingState::Absent | TracingState::Made => (
                CaptureLevel::Off,
                "the tracing layer is not in place",
                Some("silk.init_tracing();"),
            ),
        };
        CaptureStatus {
            what: "spans and logs".to_owned(),
            level,
            reason: reason.to_owned(),
            remedy: remedy.map(ToOwned::to_owned),
        }
    }

    fn route_status(&self) -> CaptureStatus {
        let (known, raw) = (self.routes.0.load(Relaxed), self.routes.1.load(Relaxed));
        let (level, reason, remedy) = if known == 0 && raw > 0 {
            (
                CaptureLevel::Partial,
                "no request had a route template: the layer sits outside of the router".to_owned(),
                Some("Router::new().route(…).layer(silk.layer())".to_owned()),
            )
        } else if known == 0 {
            (CaptureLevel::Full, "no request seen yet".to_owned(), None)
        } else {
            (
                CaptureLevel::Full,
                format!("templates known; {} met no route", counted(raw, "request")),
                None,
            )
        };
        CaptureStatus {
            what: "routes".to_owned(),
            level,
            reason,
            remedy,
        }
    }
}

const STARVED_REMEDY: &str = "tracing_subscriber::registry()\n    .with(tracing_subscriber::fmt::layer().with_filter(EnvFilter::from_default_env()))\n    .with(silk.tracing_layer())\n    .init();";

/// What only instrumented pools can capture.
fn pool_only(what: &str, pools: &[PoolNote], is_on: bool, off: &str) -> CaptureStatus {
    let (level, reason, remedy) = if !is_on {
        (CaptureLevel::Off, off, None)
    } else if pools.is_empty() {
        (
            CaptureLevel::Off,
            "no instrumented pool",
            Some("let pool = silk.pool(pool);"),
        )
    } else {
        (CaptureLevel::Full, "through instrumented pools", None)
    };
    CaptureStatus {
        what: what.to_owned(),
        level,
        reason: reason.to_owned(),
        remedy: remedy.map(ToOwned::to_owned),
    }
}

fn counted_queries(count: u64) -> String {
    match count {
        1 => "1 query".to_owned(),
        _ => format!("{count} queries"),
    }
}

/// `1 request`, `2 requests`.
fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn counted_pools(pools: &[PoolNote]) -> String {
    let count = u64::try_from(pools.len()).unwrap_or(u64::MAX);
    counted(count, "instrumented pool")
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

impl Vitals for Recorder {
    fn snapshot(&self) -> VitalsSnapshot {
        let shared = self.shared();
        let counters = &shared.counters;
        let recorded = counters.recorded.load(Relaxed);
        let unattributed = counters.unattributed.load(Relaxed);
        let (nanos, timed) = (counters.cost.0.load(Relaxed), counters.cost.1.load(Relaxed));
        let written = recorded + counters.not_sampled.load(Relaxed);
        VitalsSnapshot {
            run: shared.notes.run.clone(),
            is_recording: self.is_recording(),
            seen: counters.seen.load(Relaxed),
            recorded,
            not_sampled: counters.not_sampled.load(Relaxed),
            lost: shared.losses.by_reason(),
            active: counters.active.load(Relaxed),
            queue_length: shared.queue_length(),
            queue_capacity: u64::try_from(shared.config.queue_capacity).unwrap_or(u64::MAX),
            memory_bytes: u64::try_from(shared.memory.used()).unwrap_or(u64::MAX),
            memory_budget_bytes: u64::try_from(shared.memory.limit()).unwrap_or(u64::MAX),
            queries: counters.queries.load(Relaxed),
            unattributed_queries: unattributed,
            app_cost_us: mean(nanos, timed).map(|nanos| nanos / 1_000.0),
            writer_cost_us: mean(counters.writer_us.load(Relaxed), written),
            budget: shared.config.budget,
            store_error: shared
                .notes
                .store_error
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            captures: shared
                .notes
                .captures(&shared.config, &shared.plans, unattributed),
            minutes: shared.losses.minutes(),
        }
    }

    fn set_recording(&self, is_recording: bool) {
        Self::set_recording(self, is_recording);
    }
}

fn mean(sum: u64, count: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    let mean = (count > 0).then(|| sum as f64 / count as f64);
    mean
}
