//! How a recorder fares, for the health page.

use std::sync::atomic::Ordering::Relaxed;

use silk_core::{Vitals, vitals::VitalsSnapshot};

use super::captures::Counted;
use crate::record::Recorder;

impl Vitals for Recorder {
    fn snapshot(&self) -> VitalsSnapshot {
        let shared = self.shared();
        let counters = &shared.counters;
        let recorded = counters.recorded.load(Relaxed);
        let unattributed = counters.unattributed.load(Relaxed);
        let (nanos, timed) = (counters.cost.0.load(Relaxed), counters.cost.1.load(Relaxed));
        let written = recorded + counters.not_sampled.load(Relaxed);
        VitalsSnapshot {
            run: shared.notes.run().clone(),
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
            store_error: shared.notes.store_error(),
            captures: shared.notes.captures(
                &shared.config,
                &shared.plans,
                &Counted {
                    requests: written,
                    queries: counters.queries.load(Relaxed),
                    unattributed,
                },
            ),
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
