//! R3 and R11: true rows, and how far off the estimate was.

use super::Measured;
use super::flat::Flat;
use crate::{Derived, Direction, Execution, PlanNode, Role};

/// Fills in what is about rows.
pub(super) fn derive(flat: &Flat<'_>, measured: &mut Measured) {
    let early = stops(flat, &measured.readers);
    let mut gathered = vec![false; flat.nodes.len()];
    for node in &flat.nodes {
        let at = node.id;
        gathered[at] =
            flat.parents[at].is_some_and(|parent| gathered[parent] || flat.is_gather(parent));
        let derived = &mut measured.derived[at];
        let Some(actual) = node.actual else {
            // A part that MariaDB gives no figures runs when anything below it does.
            derived.execution = if measured.timed {
                Execution::Ran
            } else {
                Execution::Unknown
            };
            continue;
        };
        if actual.loops <= 0.0 {
            derived.execution = Execution::Never;
            continue;
        }
        derived.execution = Execution::Ran;
        derived.loops = Some(actual.loops);
        derived.rows = actual.rows.map(|rows| rows * actual.loops);
        if actual.rows.is_some_and(|rows| rows <= 0.0) && actual.loops > 1.0 {
            // An average printed as 0 may stand for half a step in every loop.
            derived.rows_at_most = Some((actual.loops * actual.rows_step.max(0.01) / 2.0).floor());
        }
        removed(node, actual.loops, derived);
        estimate(node, gathered[at], early[at], derived);
    }
    bare(flat, measured);
}

/// CTEs that read CTEs that read CTEs …: beyond it the rest counts as read to its end.
const MAX_ROUNDS: usize = 16;

/// For every node, whether nobody may have asked it for all of its rows.
///
/// A CTE gives rows as they are asked for: it is read no further than by the reader that goes
/// furthest, and readers stand after it in the print, maybe within other CTEs.
fn stops(flat: &Flat<'_>, readers: &[(usize, Vec<usize>)]) -> Vec<bool> {
    let hashed = flat.hashed();
    let mut early = vec![false; flat.nodes.len()];
    for _ in 0..MAX_ROUNDS {
        for node in &flat.nodes {
            let at = node.id;
            if node.role != Role::Cte {
                early[at] = flat.parents[at].is_some_and(|parent| {
                    may_stop_early(flat.nodes[parent], node, early[parent], hashed[at])
                });
            }
        }
        let mut is_settled = true;
        for (cte, scans) in readers {
            let reads = |at: &usize| flat.loops(*at) > 0.0;
            let stopped =
                scans.iter().any(reads) && scans.iter().filter(|at| reads(at)).all(|at| early[*at]);
            is_settled &= early[*cte] == stopped;
            early[*cte] = stopped;
        }
        if is_settled {
            break;
        }
    }
    early
}

/// Parts that the database gives no figures ran when anything below them did.
fn bare(flat: &Flat<'_>, measured: &mut Measured) {
    for node in flat.nodes.iter().rev().filter(|node| node.actual.is_none()) {
        let below = |wanted| {
            node.children
                .iter()
                .any(|child| measured.derived[child.id].execution == wanted)
        };
        let execution = if below(Execution::Ran) {
            Execution::Ran
        } else if below(Execution::Never) {
            Execution::Never
        } else {
            Execution::Unknown
        };
        measured.derived[node.id].execution = execution;
    }
}

/// R3: what was read and thrown away.
fn removed(node: &PlanNode, loops: f64, derived: &mut Derived) {
    let counters = &node.counters;
    let parts = [
        counters.removed_by_filter,
        counters.removed_by_join_filter,
        counters.removed_by_recheck,
    ];
    if parts.iter().all(Option::is_none) {
        return;
    }
    let removed = parts.iter().flatten().sum::<f64>() * loops;
    derived.removed = Some(removed);
    let rows = derived.rows.unwrap_or(0.0);
    // MariaDB counts a table's rows as read, the removed ones among them; a join's as kept.
    let own = node.actual.is_some_and(|actual| actual.own_ms.is_some())
        && counters.removed_by_join_filter.is_none();
    let read = if own { rows } else { rows + removed };
    derived.discarded = (read > 0.0).then(|| (removed / read).clamp(0.0, 1.0));
}

/// R11: per loop against per loop, and per process against per process.
fn estimate(node: &PlanNode, under_gather: bool, early: bool, derived: &mut Derived) {
    let silent = matches!(node.node_type.as_str(), "BitmapAnd" | "BitmapOr")
        || (node.node_type == "ModifyTable"
            && node.output.is_empty()
            && derived.rows.unwrap_or(0.0) <= 0.0);
    let (Some(expected), Some(rows)) = (
        node.estimate.and_then(|estimate| estimate.rows),
        node.actual.and_then(|actual| actual.rows),
    ) else {
        return;
    };
    if silent {
        return;
    }
    let (expected, rows) = (expected.max(1.0), rows.max(1.0));
    let factor = expected.max(rows) / expected.min(rows);
    // Processes share rows out unevenly.
    if under_gather && factor < 3.0 {
        return;
    }
    derived.estimate_factor = Some(factor);
    if rows > expected {
        derived.direction = Some(Direction::Under);
    } else if rows < expected {
        if early {
            derived.stopped_early = true;
        } else {
            derived.direction = Some(Direction::Over);
        }
    }
}

/// Whether nobody may have asked this child for all of its rows.
fn may_stop_early(
    parent: &PlanNode,
    child: &PlanNode,
    parent_early: bool,
    is_hashed: bool,
) -> bool {
    match child.role {
        // Its readers decide, see [`stops`].
        Role::Cte => return false,
        // EXISTS stops at the first row; what is given more of was read to its end.
        Role::InitPlan => {
            return child
                .actual
                .and_then(|actual| actual.rows)
                .is_some_and(|rows| rows <= 1.0);
        }
        // EXISTS, IN and ANY stop at the first match; a hashed one reads all.
        Role::SubPlan => return !is_hashed,
        _ => {}
    }
    let join = parent.join_type.as_deref().unwrap_or_default();
    let inner_of_semi =
        child.role == Role::Inner && (join.ends_with("Semi") || join.ends_with("Anti"));
    match parent.node_type.as_str() {
        // It gives no rows, it holds them, and it has read them all.
        _ if child.node_type == "Hash" => false,
        // Read to the end before they give the first row.
        "Sort" | "BitmapAnd" | "BitmapOr" | "Bitmap Heap Scan" | "ModifyTable"
        | "Recursive Union" => false,
        "Aggregate" => parent_early && parent.strategy.as_deref() == Some("Sorted"),
        "SetOp" => parent_early && parent.strategy.as_deref() != Some("Hashed"),
        "Limit" | "Limit/Offset" | "Merge Join" => true,
        _ => parent_early || inner_of_semi,
    }
}
