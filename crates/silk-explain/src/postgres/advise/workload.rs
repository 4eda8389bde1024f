//! What indexes do for the other statements that were recorded.

use silk_core::explain::WorkloadEffect;

use super::{bench::Bench, trials::Contender};
use crate::target::{AdviceQuestion, Failure};

/// A change of cost below this fraction is none.
const NOTHING: f64 = 0.01;

/// What those that may be chosen do for the other statements; how many of them were looked at.
pub(super) async fn workload(
    bench: &mut Bench<'_>,
    asked: &AdviceQuestion,
    contenders: &mut [Contender<'_>],
    contest: &[usize],
) -> Result<usize, Failure> {
    if asked.workload.is_empty() {
        return Ok(0);
    }
    bench.refill(asked.budget);
    let mut looked_at = 0;
    for other in &asked.workload {
        if !bench.may() {
            break;
        }
        let Some(before) = bench.plan_with(&[], &other.question).await? else {
            continue;
        };
        looked_at += 1;
        let before = before.planned.cost;
        for at in contest {
            if !bench.may() {
                break;
            }
            let contender = &mut contenders[*at];
            let Some(after) = bench
                .plan_with(&contender.candidates, &other.question)
                .await?
            else {
                continue;
            };
            let after = after.planned.cost;
            if (before - after).abs() <= NOTHING * before {
                continue;
            }
            contender.effects.push(WorkloadEffect {
                fingerprint: other.fingerprint,
                cost_before: before,
                cost_after: after,
                calls: other.calls,
                total_us: other.total_us,
            });
        }
    }
    Ok(looked_at)
}
