//! R13: what the planner thought a node itself costs.

use super::Measured;
use super::flat::Flat;
use crate::Role;

/// Fills in the cost of each node itself, over all its expected repetitions.
///
/// A child can never cost more than what is left of its parent: a Limit takes a fraction of its
/// child, and repeated lookups cost less than the first.
pub(super) fn derive(flat: &Flat<'_>, measured: &mut Measured) {
    let total = |at: usize| {
        flat.nodes[at]
            .estimate
            .and_then(|estimate| estimate.total_cost)
    };
    let rows = |at: usize| {
        flat.nodes[at]
            .estimate
            .and_then(|estimate| estimate.rows)
            .unwrap_or(1.0)
            .max(1.0)
    };
    let Some(whole) = total(0) else {
        return;
    };
    let mut spent = vec![None; flat.nodes.len()];
    spent[0] = Some(whole);
    for node in &flat.nodes {
        let Some(mut left) = spent[node.id] else {
            continue;
        };
        let outer = node
            .children
            .iter()
            .find(|child| child.role == Role::Outer)
            .map(|child| child.id);
        for child in &node.children {
            let repetitions = match child.role {
                Role::Inner if node.node_type.starts_with("Nested ") => outer.map_or(1.0, rows),
                Role::SubPlan => rows(node.id),
                _ => 1.0,
            };
            if let Some(cost) = total(child.id) {
                let part = (cost * repetitions).min(left);
                left -= part;
                spent[child.id] = Some(part);
            }
        }
        let derived = &mut measured.derived[node.id];
        derived.exclusive_cost = Some(left);
        derived.cost_share = (whole > 0.0).then(|| (left / whole).clamp(0.0, 1.0));
    }
}
