//! What is captured, and what is not and how to have it: words of the health page.

use std::sync::{PoisonError, atomic::Ordering::Relaxed};

use silk_core::vitals::{CaptureLevel, CaptureStatus};
use silk_core::words::counted;

use super::{
    RecorderConfig,
    status::{Notes, PoolNote, TracingState},
};
use crate::plans::{PlanMode, PlanNotes};

impl Notes {
    pub(super) fn captures(
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
                    counted(unattributed, "query")
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

fn counted_pools(pools: &[PoolNote]) -> String {
    let count = u64::try_from(pools.len()).unwrap_or(u64::MAX);
    counted(count, "instrumented pool")
}
