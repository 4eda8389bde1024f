//! How much time a finding is about: measured, and never more than there was.

use silk_core::{Finding, Fingerprint, QueryRecord, RequestRecord, finding::rules};
use silk_plan::PlanFinding;

use crate::{
    draw::format::whole,
    plans::{of_request::StatementPlan, whose::Whose},
};

/// Name of the rule about code that kept its thread.
const BLOCKED_EXECUTOR: &str = "blocked_executor";

/// Time in which at least one execution of a statement ran, in µs: parallel ones count once.
/// Executions that were not kept count with their own time, up to the time that SQL took.
pub(crate) fn measured_us(record: &RequestRecord, fingerprint: Fingerprint) -> u64 {
    let kept = executions(record, fingerprint);
    let kept_us: u64 = kept.iter().map(|query| query.duration_us).sum();
    let spans = kept
        .iter()
        .map(|query| (query.started_us, query.duration_us));
    let union_us = union_us(spans, record.summary.times.total_us);
    let all_us: u64 = record
        .statements
        .iter()
        .filter(|part| part.statement.fingerprint == fingerprint)
        .map(|part| part.total_us)
        .sum();
    if record.detail.queries_not_kept == 0 {
        return union_us;
    }
    let most = record.summary.times.sql_us.max(union_us);
    union_us
        .saturating_add(all_us.saturating_sub(kept_us))
        .min(most)
}

/// Executions of a statement that were kept, by start.
pub(crate) fn executions(record: &RequestRecord, fingerprint: Fingerprint) -> Vec<&QueryRecord> {
    let is_it = |text: u32| {
        usize::try_from(text)
            .ok()
            .and_then(|at| record.detail.texts.get(at))
            .is_some_and(|text| text.statement.fingerprint == fingerprint)
    };
    record
        .detail
        .queries
        .iter()
        .filter(|query| is_it(query.text))
        .collect()
}

/// Length of the union of intervals (start and length, in µs), cut at `end`.
fn union_us(spans: impl Iterator<Item = (u64, u64)>, end: u64) -> u64 {
    let mut spans: Vec<(u64, u64)> = spans
        .map(|(start, length)| (start, start.saturating_add(length).min(end)))
        .filter(|(start, end)| start < end)
        .collect();
    spans.sort_unstable();
    let (mut sum, mut reached) = (0, 0);
    for (start, end) in spans {
        sum += end.saturating_sub(start.max(reached));
        reached = reached.max(end);
    }
    sum
}

/// Time that a finding of the request is about, in µs: what its rule says, and never more than its
/// queries or waits took, nor than the request.
pub(super) fn of_finding(record: &RequestRecord, finding: &Finding) -> Option<u64> {
    let said = finding.lost_us?;
    let times = &record.summary.times;
    let most = match finding.fingerprint {
        // The app's own code ran then; the statement only came before it.
        Some(_) if finding.rule == BLOCKED_EXECUTOR => times.total_us,
        Some(fingerprint) => measured_us(record, fingerprint),
        None if finding.rule == rules::CONNECTION_WAIT => {
            let waits = record.detail.waits.iter();
            let spans = waits.map(|wait| (wait.started_us, wait.duration_us));
            union_us(spans, times.total_us).max(times.wait_us)
        }
        None => times.total_us,
    };
    Some(said.min(most).min(times.total_us))
}

/// Time that a finding about a statement's plan is about, in µs: its share of the plan, of the time
/// that the statement was measured to take.
pub(super) fn of_plan_finding(
    record: &RequestRecord,
    fingerprint: Fingerprint,
    plan: &StatementPlan,
    finding: &PlanFinding,
) -> Option<u64> {
    let share = share(finding, plan.findings.total_ms)?;
    let mut measured = measured_us(record, fingerprint);
    // What the server took bounds it: the rest is the way there and back.
    let runs = executions(record, fingerprint);
    let server: Option<u64> = runs.iter().map(|query| query.server_us).sum();
    if let Some(server_us) = server.filter(|_| record.detail.queries_not_kept == 0) {
        measured = measured.min(server_us);
    } else if plan.whose == Whose::Own && runs.len() == 1 {
        measured = measured.min(plan.record.duration_us.unwrap_or(u64::MAX));
    }
    Some(part_us(measured, share))
}

/// The fraction of its plan that a finding could spare, 0 to 1; `None` if the plan has no figures for it.
pub(crate) fn share(finding: &PlanFinding, total_ms: Option<f64>) -> Option<f64> {
    let timed = finding
        .saves_ms
        .zip(total_ms)
        .filter(|(_, total)| *total > 0.0)
        .map(|(saves, total)| saves / total);
    timed
        .or(finding.share)
        .filter(|share| share.is_finite() && *share > 0.0)
        .map(|share| share.min(1.0))
}

/// A fraction of a time.
pub(crate) fn part_us(us: u64, share: f64) -> u64 {
    #[expect(clippy::cast_precision_loss, reason = "a duration in µs")]
    let us = us as f64;
    whole(us * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parallel_queries_count_once() {
        let spans = |list: &[(u64, u64)]| union_us(list.iter().copied(), 100);
        assert_eq!(spans(&[]), 0);
        assert_eq!(spans(&[(0, 50), (0, 50), (0, 50)]), 50);
        assert_eq!(spans(&[(10, 20), (20, 20), (50, 10)]), 40);
        assert_eq!(spans(&[(10, 80), (20, 10)]), 80);
        assert_eq!(spans(&[(90, u64::MAX), (5, 0)]), 10, "cut at the end");
    }
}
