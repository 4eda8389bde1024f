//! Which nodes of a large plan stand on a page.

use std::collections::{BTreeMap, BTreeSet};

use silk_plan::{Plan, PlanNode};

use super::cells::Scale;

/// Bytes of markup that the nodes of one page may take, roughly.
const BUDGET: usize = 62_000;

/// Deeper than this below the node that is shown, a page goes on elsewhere: browsers and people
/// lose count.
const MAX_LEVELS: usize = 60;

/// The share of the whole in each subtree; where nothing is measured, how shallow it lies.
pub(super) fn weights(plan: &Plan, scale: Scale) -> Vec<f64> {
    let nodes: Vec<&PlanNode> = plan.nodes().collect();
    let mut weights: Vec<f64> = nodes
        .iter()
        .map(|node| scale.share(node).unwrap_or(0.0))
        .collect();
    for node in nodes.iter().rev() {
        let below: f64 = node.children.iter().map(|child| weights[child.id]).sum();
        weights[node.id] += below;
    }
    weights
}

/// Which nodes stand on the page: all that fit, those with findings and the heaviest first, and
/// none without its parents.
pub(super) fn choose(
    top: &PlanNode,
    weights: &[f64],
    heat: &BTreeMap<usize, &'static str>,
) -> BTreeSet<usize> {
    let mut parents: BTreeMap<usize, usize> = BTreeMap::new();
    let mut order: Vec<(&PlanNode, usize)> = Vec::new();
    let mut open = vec![(top, 0_usize)];
    while let Some((node, level)) = open.pop() {
        if level < MAX_LEVELS {
            for child in node.children.iter().rev() {
                parents.insert(child.id, node.id);
                open.push((child, level + 1));
            }
        }
        order.push((node, level));
    }
    order.sort_by(|(a, a_level), (b, b_level)| {
        heat.contains_key(&b.id)
            .cmp(&heat.contains_key(&a.id))
            .then(weights[b.id].total_cmp(&weights[a.id]))
            .then(a_level.cmp(b_level))
            .then(a.id.cmp(&b.id))
    });
    let sizes: BTreeMap<usize, usize> = order
        .iter()
        .map(|(node, _)| (node.id, size(node)))
        .collect();
    let mut shown = BTreeSet::from([top.id]);
    let mut spent = sizes.get(&top.id).copied().unwrap_or(0);
    for (node, _) in order {
        let mut line = Vec::new();
        let mut at = node.id;
        while !shown.contains(&at) {
            line.push(at);
            let Some(parent) = parents.get(&at) else {
                break;
            };
            at = *parent;
        }
        let cost: usize = line.iter().filter_map(|id| sizes.get(id)).sum();
        if spent + cost > BUDGET {
            continue;
        }
        spent += cost;
        shown.extend(line);
    }
    shown
}

/// What a node takes on a page, roughly.
fn size(node: &PlanNode) -> usize {
    let texts: usize = node
        .conditions
        .iter()
        .take(8)
        .map(|condition| condition.text.len().min(400) + 60)
        .sum();
    560 + texts + node.details.len().min(8) * 40 + node.workers.len().min(16) * 60
}
