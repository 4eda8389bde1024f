//! R8 and R10: whether it adds up, and what stands beside the tree.

use super::Measured;
use super::flat::Flat;
use crate::{OutsidePart, Plan, PlanTotals, Trigger};

/// R8: the sum of exclusive times is the root and what ran outside it, within rounding.
pub(super) fn derive(flat: &Flat<'_>, measured: &mut Measured) {
    measured.totals = PlanTotals {
        nodes: flat.nodes.len(),
        ..PlanTotals::default()
    };
    if !measured.timed {
        measured.totals.total_ms = flat.plan.execution_ms;
        return;
    }
    let root = measured.inclusive[0];
    // An empty sum is -0.0.
    let outside = measured.outside.iter().map(|(_, ms)| ms).sum::<f64>() + 0.0;
    let sum: f64 = measured.exclusive.iter().sum();
    let rounding: f64 = (0..flat.nodes.len())
        .map(|at| 0.0006 * flat.loops(at) / measured.participants[at].max(f64::MIN_POSITIVE))
        .sum();
    let wanted = root + outside;
    let gap = (sum - wanted).abs();
    let totals = &mut measured.totals;
    totals.root_ms = Some(root);
    totals.outside_ms = Some(outside);
    totals.invariant_gap_ms = Some(gap);
    totals.invariant_holds = Some(gap <= (wanted * 0.01).max(rounding));
    totals.total_ms = flat
        .plan
        .execution_ms
        .filter(|ms| *ms > 0.0)
        .or(Some(wanted));
    for (cte, ms) in &measured.outside {
        let name = flat.nodes[*cte].subplan.as_deref().unwrap_or("CTE");
        totals.outside.push(OutsidePart {
            label: name.to_owned(),
            ms: *ms,
            node: Some(*cte),
        });
    }
}

/// What triggers did after the rows were written, which no node stands for.
///
/// Constraints are always checked then. When any other trigger ran is not printed: one that does
/// not fit into what the writing node took itself ran after, one that does not fit into what is
/// left of the execution before. Of those that fit into both, the part is reported that cannot have
/// been before.
fn after_triggers(plan: &Plan, measured: &Measured, left: f64) -> Vec<(String, f64)> {
    let name = |trigger: &Trigger| format!("Trigger {}", trigger.name);
    let (constraints, open): (Vec<&Trigger>, Vec<&Trigger>) = plan
        .triggers
        .iter()
        .partition(|trigger| trigger.constraint.is_some());
    let mut parts: Vec<(String, f64)> = constraints
        .iter()
        .map(|trigger| (name(trigger), trigger.ms.unwrap_or(0.0)))
        .collect();
    let mut within: f64 = plan
        .nodes()
        .filter(|node| node.node_type == "ModifyTable")
        .map(|node| measured.exclusive[node.id])
        .sum();
    let mut after = left - parts.iter().map(|(_, ms)| ms).sum::<f64>();
    // Every decision leaves less room for the rest, and may decide more of it. What takes longest
    // is decided first: where that fits into either, so does all that is left.
    let ms = |trigger: &Trigger| trigger.ms.unwrap_or(0.0);
    let mut open: Vec<(usize, &Trigger)> = open.into_iter().enumerate().collect();
    open.sort_by(|(_, a), (_, b)| ms(b).total_cmp(&ms(a)));
    open.retain(|(_, trigger)| {
        let ms = ms(trigger);
        let fits = |room: f64| ms <= room * 1.001 + 0.001;
        match (fits(within), fits(after)) {
            (false, true) => {
                after -= ms;
                parts.push((name(trigger), ms));
                false
            }
            (true, false) => {
                within -= ms;
                false
            }
            _ => true,
        }
    });
    let sum: f64 = open.iter().map(|(_, trigger)| ms(trigger)).sum();
    if sum > within * 1.001 + 0.001 {
        // In the order printed.
        open.sort_by_key(|(at, _)| *at);
        let names = open.iter().map(|(_, trigger)| trigger.name.as_str());
        let names: Vec<&str> = names.collect();
        parts.push((
            format!("Triggers {}: what ran after the rows", names.join(", ")),
            sum - within.max(0.0),
        ));
    }
    parts
}

/// What the process that compiled longest spent.
pub(super) fn compilation(plan: &mut Plan) {
    let workers: Vec<f64> = plan
        .nodes()
        .flat_map(|node| &node.workers)
        .filter_map(|worker| worker.jit_ms)
        .collect();
    let is_parallel = plan
        .nodes()
        .any(|node| node.counters.workers_launched.unwrap_or(0.0) > 0.0);
    if let Some(jit) = &mut plan.jit
        && (!workers.is_empty() || !is_parallel)
    {
        jit.wall_ms = jit.total_ms.map(|total| {
            let leader = (total - workers.iter().sum::<f64>()).max(0.0);
            workers.iter().copied().fold(leader, f64::max)
        });
    }
}

/// R10: the rows beside the tree, from what is left of the execution time.
pub(super) fn conclude(plan: &mut Plan, measured: &mut Measured) {
    let mut totals = std::mem::take(&mut measured.totals);
    if let (Some(execution), Some(root), Some(outside)) =
        (plan.execution_ms, totals.root_ms, totals.outside_ms)
    {
        let mut left = (execution - root - outside).max(0.0);
        totals.remainder_ms = Some(left);
        let mut take = |label: String, ms: f64, left: &mut f64| {
            let part = ms.min(*left);
            if part > 0.0 {
                *left -= part;
                totals.outside.push(OutsidePart {
                    label,
                    ms: part,
                    node: None,
                });
            }
        };
        for (label, ms) in after_triggers(plan, measured, left) {
            take(label, ms, &mut left);
        }
        if let Some(ms) = plan.serialization_ms {
            take("Serialization".to_owned(), ms, &mut left);
        }
        if let Some(jit) = &plan.jit {
            // Emission is the start-up time of the node that first needed the code.
            let parts = [jit.generation_ms, jit.inlining_ms, jit.optimization_ms];
            let sum: f64 = parts.iter().flatten().sum();
            // What workers compiled ran beside.
            let wall = match (jit.wall_ms, jit.total_ms) {
                (Some(wall), Some(total)) if total > 0.0 => sum * wall / total,
                _ => sum,
            };
            take("JIT".to_owned(), wall, &mut left);
        }
        take("Executor start and end".to_owned(), left, &mut left.clone());
    }
    if totals.invariant_holds == Some(false) {
        let gap = totals.invariant_gap_ms.unwrap_or(0.0);
        plan.notes.push(format!(
            "the times of the nodes do not add up to the whole ({gap:.3} ms off): the plan may be cut or edited, and its exclusive times are to be taken with care"
        ));
    }
    plan.totals = totals.clone();
    measured.totals = totals;
}
