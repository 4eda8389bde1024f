//! What is captured, and what is not and how to have it: words of the health page.

use std::sync::{PoisonError, atomic::Ordering::Relaxed};

use silk_core::vitals::{CaptureLevel, CaptureStatus};
use silk_core::words::counted;

use super::ways::{Ways, past_pools};
use crate::record::{
    PoolNote, RecorderConfig,
    plans::{PlanMode, PlanNotes},
    status::{Notes, TracingState},
};

/// What was counted so far.
pub(super) struct Counted {
    /// Requests that have ended.
    pub(super) requests: u64,
    /// Queries of requests.
    pub(super) queries: u64,
    /// Queries of no request.
    pub(super) unattributed: u64,
}

impl Notes {
    pub(super) fn captures(
        &self,
        config: &RecorderConfig,
        plans: &PlanNotes,
        counted: &Counted,
    ) -> Vec<CaptureStatus> {
        let pools = self
            .pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let explained = self
            .explained
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let past = self.past_pools.load(Relaxed);
        let ways = Ways {
            pools: &pools,
            explained: &explained,
            past,
            hears: self.tracing() == TracingState::Working,
        };
        let mut captures = vec![self.sql(&pools, counted)];
        captures.push(ways.values(config));
        captures.push(ways.call_sites(config));
        captures.push(ways.explain(plans.plans.mode() != PlanMode::Off));
        captures.push(plans.status(!pools.is_empty() || !explained.is_empty()));
        if past > 0 {
            captures.push(past_pools(past, &pools));
        }
        captures.push(self.spans());
        captures.push(self.route_status());
        let unattributed = counted.unattributed;
        if unattributed > 0 {
            captures.push(CaptureStatus {
                what: "unattributed queries".to_owned(),
                level: CaptureLevel::Partial,
                reason: format!(
                    "{} belonged to no request: migrations and other work at start, background work, or \
                     tasks spawned without their request. Nothing is lost",
                    self::counted(unattributed, "query")
                ),
                remedy: Some(
                    "tokio::spawn(tower_silk::in_current_request(work));\nsilk.job(\"nightly report\").run(work).await;".to_owned(),
                ),
            });
        }
        captures
    }

    fn sql(&self, pools: &[PoolNote], counted: &Counted) -> CaptureStatus {
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
            (true, TracingState::Working)
                if counted.requests >= SILENT_REQUESTS
                    && counted.queries + counted.unattributed == 0
                    && !self.has_event() =>
            {
                (
                    CaptureLevel::Partial,
                    format!(
                        "no query of sqlx was ever seen in {}. Does the app make none, or is statement \
                     logging off?",
                        self::counted(counted.requests, "request")
                    ),
                    Some(SILENT_REMEDY.to_owned()),
                )
            }
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

/// After so many requests without a word from sqlx the page asks whether it is silenced.
const SILENT_REQUESTS: u64 = 3;

const SILENT_REMEDY: &str = "// sqlx: do not call options.disable_statement_logging(), nor\n// options.log_statements(LevelFilter::Off)\n// SeaORM: options.sqlx_logging(true);";

const STARVED_REMEDY: &str = "tracing_subscriber::registry()\n    .with(tracing_subscriber::fmt::layer().with_filter(EnvFilter::from_default_env()))\n    .with(silk.tracing_layer())\n    .init();";

fn counted_pools(pools: &[PoolNote]) -> String {
    let count = u64::try_from(pools.len()).unwrap_or(u64::MAX);
    counted(count, "instrumented pool")
}
