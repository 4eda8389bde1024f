//! What is captured, and what is not and how to have it: words of the health page.

use std::sync::{PoisonError, atomic::Ordering::Relaxed};

use silk_core::vitals::{CaptureLevel, CaptureStatus};
use silk_core::words::counted;

use super::tiers::{Ways, past_pools};
use crate::record::{
    PoolNote, RecorderConfig,
    capture_notes::{CaptureNotes, LogState, TracingState},
    plans::{PlanMode, PlanNotes},
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

impl CaptureNotes {
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
            past_without_site: self.past_pools_without_site.load(Relaxed),
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
        let without_span = self.without_span.load(Relaxed);
        if without_span > 0 {
            captures.push(without_spans(without_span));
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
            TracingState::Working => match self.log() {
                LogState::Arrives => (
                    CaptureLevel::Full,
                    "spans, and warnings that are logged through `tracing` or `log`",
                    None,
                ),
                LogState::Unknown => (
                    CaptureLevel::Full,
                    "spans, and warnings that are logged through `tracing`",
                    None,
                ),
                LogState::Elsewhere => (
                    CaptureLevel::Partial,
                    "spans, and warnings that are logged through `tracing`; what is logged through \
                     `log` goes to a logger of the app's that Silk does not see",
                    Some(LOG_REMEDY),
                ),
            },
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
        let counts = &self.routes;
        let (known, hidden) = (counts.known.load(Relaxed), counts.hidden.load(Relaxed));
        let not_found = counts.not_found.load(Relaxed);
        let (level, reason, remedy) = if known == 0 && hidden > 0 {
            (
                CaptureLevel::Partial,
                format!(
                    "{} had no route template: paths are grouped by shape (/users/{{id}}). The layer \
                     sits outside of the router, or there is none",
                    counted(hidden, "request")
                ),
                Some("Router::new().route(…).layer(silk.layer())"),
            )
        } else if hidden > 0 {
            (
                CaptureLevel::Partial,
                format!(
                    "{} had no route template, as inside nest_service: their paths are grouped by \
                     shape (/users/{{id}})",
                    counted(hidden, "request")
                ),
                Some(HIDDEN_REMEDY),
            )
        } else if known + not_found == 0 {
            (CaptureLevel::Full, "no request seen yet".to_owned(), None)
        } else {
            (
                CaptureLevel::Full,
                format!(
                    "templates known; {} met no route",
                    counted(not_found, "request")
                ),
                None,
            )
        };
        CaptureStatus {
            what: "routes".to_owned(),
            level,
            reason,
            remedy: remedy.map(ToOwned::to_owned),
        }
    }
}

/// Says why queries on SQLite reach no request, and how they do.
fn without_spans(count: u64) -> CaptureStatus {
    CaptureStatus {
        what: "SQLite through the tracing layer".to_owned(),
        level: CaptureLevel::Partial,
        reason: format!(
            "{} reached no request: SQLite runs queries on a thread of its own, which only a span \
             leads back. Silk opens none, because your log would show it",
            counted(count, "query")
        ),
        remedy: Some(
            "fmt::layer().with_filter(EnvFilter::new(\"debug,silk=off\"))\n// or\nlet pool = silk.pool(pool);"
                .to_owned(),
        ),
    }
}

/// After so many requests without a word from sqlx the page asks whether it is silenced.
const SILENT_REQUESTS: u64 = 3;

const HIDDEN_REMEDY: &str = "app.nest(\"/api\", api);\n// or, where it must be a service:\napp.nest_service(\"/api\", api.layer(silk.layer()));";

const SILENT_REMEDY: &str = "// sqlx: do not call options.disable_statement_logging(), nor\n// options.log_statements(LevelFilter::Off)\n// SeaORM: options.sqlx_logging(true);";

const LOG_REMEDY: &str = "// in place of the other logger, before silk.init_tracing()\n\
     tracing_log::LogTracer::init()?;";

const STARVED_REMEDY: &str = "tracing_subscriber::registry()\n    .with(tracing_subscriber::fmt::layer().with_filter(EnvFilter::from_default_env()))\n    .with(silk.tracing_layer())\n    .init();";

fn counted_pools(pools: &[PoolNote]) -> String {
    let count = u64::try_from(pools.len()).unwrap_or(u64::MAX);
    counted(count, "instrumented pool")
}
