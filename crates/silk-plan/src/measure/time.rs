//! Participants, inclusive and exclusive time, pages.

use super::Measured;
use super::flat::Flat;
use crate::{Buffers, PlanNode, Role};

/// Processes that can share one plan: beyond `max_worker_processes`' limit of 262,143 none exist.
const MAX_PROCESSES: f64 = 262_144.0;

/// R1: over how many processes the loops of a node are spread.
///
/// Workers launched plus one would be wrong where the leader does not take part, where there is
/// one copy only, and where no worker came.
pub(super) fn participants(flat: &Flat<'_>, measured: &mut Measured) {
    for node in &flat.nodes {
        let at = node.id;
        let Some(parent) = flat.parents[at] else {
            continue;
        };
        let above = measured.participants[parent];
        let (loops, loops_above) = (flat.loops(at), flat.loops(parent));
        measured.participants[at] = match node.role {
            Role::InitPlan => above.min(loops).max(1.0),
            Role::SubPlan | Role::Cte => above,
            // Only an edited plan has a part of a process, or more than there can be.
            // One process builds the bitmap, and the others wait for it.
            _ if is_shared_bitmap(flat, at) && loops > 0.0 && loops_above > 0.0 => {
                (above * (loops / loops_above)).clamp(1.0, above.max(1.0))
            }
            _ if flat.is_gather(parent) && loops > 0.0 && loops_above > 0.0 => {
                (above * (loops / loops_above)).clamp(1.0, MAX_PROCESSES)
            }
            _ => above,
        };
    }
}

/// Whether the node builds the bitmap that several processes then read by.
fn is_shared_bitmap(flat: &Flat<'_>, at: usize) -> bool {
    flat.parents[at].is_some_and(|parent| {
        let parent = flat.nodes[parent];
        parent.parallel_aware && parent.node_type == "Bitmap Heap Scan"
    })
}

/// R2: wall-clock time of the node with its children.
pub(super) fn inclusive(flat: &Flat<'_>, measured: &mut Measured) {
    measured.timed = flat.nodes.iter().any(|node| {
        node.actual
            .is_some_and(|actual| actual.total_ms.is_some() || actual.own_ms.is_some())
    });
    for at in (0..flat.nodes.len()).rev() {
        let node = flat.nodes[at];
        // An empty sum is -0.0.
        let below = node
            .children
            .iter()
            .filter(|child| child.role.runs_in_parent())
            .map(|child| measured.inclusive[child.id])
            .sum::<f64>()
            + 0.0;
        let printed = node.actual.and_then(|actual| {
            let own = actual.own_ms.map(|own| own + below);
            own.or_else(|| {
                let total = actual.total_ms? * actual.loops / measured.participants[at];
                Some(total + of_select_list(node, &measured.inclusive))
            })
        });
        measured.has_time[at] = printed.is_some();
        // A node without figures of its own (a part of MariaDB's print) is what is below it.
        measured.inclusive[at] = printed.unwrap_or(below);
    }
}

/// Time of the subqueries of MySQL's SELECT list, which run for the rows of a node and not in it.
fn of_select_list(node: &PlanNode, inclusive: &[f64]) -> f64 {
    let is_one = |child: &&PlanNode| {
        child.role == Role::SubPlan && child.node_type.contains("subquery in projection")
    };
    // An empty sum is -0.0.
    node.children
        .iter()
        .filter(is_one)
        .map(|child| inclusive[child.id])
        .sum::<f64>()
        + 0.0
}

/// R4 to R7 and R9: time in the node itself.
pub(super) fn exclusive(flat: &Flat<'_>, measured: &mut Measured) {
    // R4 and the payments are done by the search for payers, which needs both; here is what is left.
    for at in (0..flat.nodes.len()).rev() {
        let deficit = measured.exclusive[at].min(0.0);
        if deficit < 0.0 {
            measured.exclusive[at] = 0.0;
            if let Some(parent) = flat.parents[at] {
                measured.exclusive[parent] += deficit;
            }
        }
    }
    for node in &flat.nodes {
        let at = node.id;
        let loops = flat.loops(at)
            + node
                .children
                .iter()
                .map(|child| flat.loops(child.id))
                .sum::<f64>();
        measured.uncertainty[at] =
            0.0005 * loops / measured.participants[at].max(f64::MIN_POSITIVE);
    }
}

/// R4: time in the node itself, before anything that hangs elsewhere is taken out.
pub(super) fn first_pass(flat: &Flat<'_>, inclusive: &[f64]) -> Vec<f64> {
    let mut exclusive = inclusive.to_vec();
    for node in &flat.nodes {
        if let Some(parent) = flat.parents[node.id]
            && node.role.runs_in_parent()
        {
            exclusive[parent] -= inclusive[node.id];
        }
    }
    exclusive
}

/// R12: pages the node itself touched. Never divided: they are totals over all processes.
pub(super) fn pages(flat: &Flat<'_>, measured: &mut Measured) {
    let nothing = Buffers::default();
    if flat.nodes.iter().all(|node| node.buffers.is_none()) {
        return;
    }
    let totals = |at: usize| flat.nodes[at].buffers.unwrap_or_default();
    // MariaDB counts per table: what a node has is its own.
    let own = flat
        .nodes
        .iter()
        .any(|node| node.actual.is_some_and(|actual| actual.own_ms.is_some()));
    let mut below = vec![nothing; flat.nodes.len()];
    if !own {
        for node in &flat.nodes {
            if let Some(parent) = flat.parents[node.id]
                && node.role.runs_in_parent()
            {
                below[parent] = below[parent].plus(&totals(node.id));
            }
        }
        // Readers of a CTE share its pages in the order they took its time, and go on where that
        // was all taken: times are as the first reader's asking, pages as each one's own.
        for (cte, scans) in &measured.readers {
            let mut rest = totals(*cte);
            for scan in scans {
                let part = rest.least(&totals(*scan).minus(&below[*scan]));
                rest = rest.minus(&part);
                below[*scan] = below[*scan].plus(&part);
            }
        }
        // Where two paid for an InitPlan the second waited for its workers to leave, and read nothing.
        let mut is_paid = vec![false; flat.nodes.len()];
        for (payer, payment) in &measured.payments {
            let part = payment.node;
            if flat.nodes[part].role == Role::InitPlan && !is_paid[part] {
                is_paid[part] = true;
                below[*payer] = below[*payer].plus(&totals(part));
            }
        }
    }
    for (at, below) in below.iter().enumerate() {
        measured.pages[at] = flat.nodes[at].buffers.map(|buffers| buffers.minus(below));
    }
}
