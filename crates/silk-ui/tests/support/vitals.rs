//! How the profiler fares.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use chrono::{TimeDelta, Utc};
use silk_core::{
    LossReason, RunRecord, Vitals,
    store::Budget,
    vitals::{CaptureLevel, CaptureStatus, Minute, VitalsSnapshot},
};

use super::RUN;

#[derive(Debug)]
pub struct FakeVitals(pub AtomicBool);

impl Vitals for FakeVitals {
    fn snapshot(&self) -> VitalsSnapshot {
        let now = Utc::now();
        let capture = |what: &str, level, reason: &str, remedy: Option<&str>| CaptureStatus {
            what: what.to_owned(),
            level,
            reason: reason.to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        VitalsSnapshot {
            run: RunRecord {
                id: RUN,
                started_at: now - TimeDelta::hours(3),
                service: "weave".to_owned(),
                build: Some("0.1.0".to_owned()),
                instance: "loom-4711".to_owned(),
            },
            is_recording: self.0.load(Relaxed),
            seen: 12_043,
            recorded: 12_040,
            not_sampled: 0,
            lost: vec![(LossReason::QueueFull, 3)],
            active: 2,
            queue_length: 4,
            queue_capacity: 1_024,
            memory_bytes: 181_000,
            memory_budget_bytes: 64_000_000,
            queries: 391_204,
            unattributed_queries: 17,
            app_cost_us: Some(3.41),
            writer_cost_us: Some(14.2),
            budget: Budget::default(),
            store_error: Some((
                now - TimeDelta::minutes(42),
                "database is locked".to_owned(),
            )),
            captures: vec![
                capture(
                    "SQL",
                    CaptureLevel::Full,
                    "Both tiers are at work; each query is recorded once.",
                    None,
                ),
                capture(
                    "values",
                    CaptureLevel::Full,
                    "The pool \"weave\" is instrumented.",
                    None,
                ),
                capture(
                    "call sites",
                    CaptureLevel::Partial,
                    "This build has no line tables, so functions are known and lines are not.",
                    Some("[profile.release]\ndebug = \"line-tables-only\""),
                ),
                capture(
                    "EXPLAIN",
                    CaptureLevel::Off,
                    "The database is private to its connection (:memory:), so nobody else can ask it.",
                    Some("SqlitePool::connect(\"sqlite:weave.db\")"),
                ),
            ],
            minutes: (0_u32..60)
                .map(|n| Minute {
                    started_at: now - TimeDelta::minutes(i64::from(60 - n)),
                    recorded: u64::from(120 + (n * 37) % 90),
                    lost: u64::from(n == 31) * 3,
                })
                .collect(),
        }
    }
    fn set_recording(&self, is_recording: bool) {
        self.0.store(is_recording, Relaxed);
    }
}
