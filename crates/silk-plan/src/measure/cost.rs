//! R13: what the planner thought a node itself costs.

use super::Measured;
use super::flat::Flat;
use crate::{PlanNode, Role};

/// Fills in the cost of each node itself, over all its expected repetitions.
///
/// A child can never cost more than what is left of its parent: a Limit takes a fraction of its
/// child, and repeated lookups cost less than the first.
pub(super) fn derive(flat: &Flat<'_>, measured: &mut Measured) {
    let totals = totals(flat);
    let Some(whole) = totals.first().copied().flatten() else {
        return;
    };
    let mut spent = vec![None; flat.nodes.len()];
    spent[0] = Some(whole);
    let hashed = flat.hashed();
    for node in &flat.nodes {
        let (Some(mut left), Some(total)) = (spent[node.id], totals[node.id]) else {
            continue;
        };
        // What is repeated repeats all that is below it; what is cut short cuts it short.
        let scale = if total > 0.0 { left / total } else { 1.0 };
        let outer = node
            .children
            .iter()
            .find(|child| child.role == Role::Outer)
            .map_or(1.0, rows);
        for child in &node.children {
            let Some(once) = totals[child.id] else {
                continue;
            };
            let cost = match child.role {
                Role::Inner if node.node_type.starts_with("Nested ") => {
                    once + (outer - 1.0) * again(child, once, &totals)
                }
                Role::SubPlan if !hashed[child.id] => once * rows(node),
                _ => once,
            };
            // Kept rows are made once, however often they are read.
            let scale = if node.node_type == "Materialize" {
                scale.min(1.0)
            } else {
                scale
            };
            let part = (cost * scale).min(left);
            left -= part;
            spent[child.id] = Some(part);
        }
        let derived = &mut measured.derived[node.id];
        if node
            .estimate
            .is_some_and(|estimate| estimate.total_cost.is_some())
        {
            derived.exclusive_cost = Some(left);
        }
        derived.cost_share = (whole > 0.0).then(|| (left / whole).clamp(0.0, 1.0));
    }
}

/// Cost of each node with all below it; where the print has none, that of its inputs.
fn totals(flat: &Flat<'_>) -> Vec<Option<f64>> {
    let mut totals = vec![None; flat.nodes.len()];
    for node in flat.nodes.iter().rev() {
        let printed = node.estimate.and_then(|estimate| estimate.total_cost);
        totals[node.id] = printed.or_else(|| {
            let known = node.children.iter().filter_map(|child| totals[child.id]);
            known.fold(None, |sum, cost| Some(sum.unwrap_or(0.0) + cost))
        });
    }
    totals
}

/// Cost of reading the inner side of a nested loop once more.
///
/// The planner charges a Materialize twice what reading a kept row costs when it is filled, and
/// once when it is read again.
fn again(child: &PlanNode, once: f64, totals: &[Option<f64>]) -> f64 {
    match (child.node_type.as_str(), child.children.first()) {
        ("Materialize", Some(input)) => ((once - totals[input.id].unwrap_or(once)) / 2.0).max(0.0),
        _ => once,
    }
}

fn rows(node: &PlanNode) -> f64 {
    node.estimate
        .and_then(|estimate| estimate.rows)
        .unwrap_or(1.0)
        .max(1.0)
}
