//! What a plan that was not run is expected to do, in the places where a run says what it did.
//!
//! The rules ask for rows, loops and removed rows; an estimate has the first, implies the second,
//! and tells the third where the size of the table or MySQL's `filtered` is known.

use std::collections::{HashMap, HashSet};

use super::JudgeContext;
use crate::{Children, Derived, Plan, PlanNode, Role};

/// The plan with expectations for figures.
pub(super) fn of(plan: &Plan, context: &JudgeContext) -> Plan {
    let nodes: Vec<&PlanNode> = plan.nodes().collect();
    let ctes: HashMap<&str, f64> = nodes
        .iter()
        .filter_map(|node| {
            let name = node.subplan.as_deref()?.strip_prefix("CTE ")?;
            Some((name, node.estimate?.rows?))
        })
        .collect();
    let mut parents = vec![None; nodes.len()];
    let mut loops = vec![1.0; nodes.len()];
    let mut processes = vec![1.0; nodes.len()];
    for node in &nodes {
        let outer_rows = node
            .children
            .iter()
            .find(|child| child.role == Role::Outer)
            .and_then(|child| child.estimate?.rows)
            .unwrap_or(1.0)
            .max(1.0);
        // Which of two is run is not known before: the hashed one, where it is asked often.
        let mut once: HashSet<usize> = node.hashed_subplans().into_iter().collect();
        once.extend(node.alternative_subplans());
        for child in &node.children {
            parents[child.id] = Some(node.id);
            loops[child.id] = match child.role {
                Role::Inner if node.node_type.starts_with("Nested ") => {
                    (loops[node.id] * outer_rows).min(1e15)
                }
                // At least once for every row given; in a condition, also for those thrown away.
                Role::SubPlan if !once.contains(&child.id) => {
                    let rows = node.estimate.and_then(|estimate| estimate.rows);
                    (loops[node.id] * rows.unwrap_or(1.0).max(1.0)).min(1e15)
                }
                Role::InitPlan | Role::SubPlan | Role::Cte => 1.0,
                _ => loops[node.id],
            };
            processes[child.id] = if is_gather(node) {
                shares(node.counters.workers_planned.unwrap_or(0.0))
            } else {
                processes[node.id]
            };
        }
    }
    // Rows are shared out among processes from the scan that does it up to the Gather.
    let mut is_shared: Vec<bool> = nodes.iter().map(|node| node.parallel_aware).collect();
    for at in (0..nodes.len()).rev() {
        if is_gather(nodes[at]) {
            is_shared[at] = false;
        }
        if let Some(parent) = parents[at] {
            is_shared[parent] |= is_shared[at] && nodes[at].role.runs_in_parent();
        }
    }
    let mut waiting: Vec<PlanNode> = Vec::new();
    // From the end, the children of a node are the last ones made.
    for at in (0..nodes.len()).rev() {
        let scale = if is_shared[at] { processes[at] } else { 1.0 };
        let mut node = nodes[at].alone();
        figures(&mut node, loops[at], scale, &ctes, context);
        node.children = Children::of_last(&mut waiting, nodes[at].children.len());
        waiting.push(node);
    }
    waiting
        .pop()
        .map_or_else(|| plan.clone(), |root| plan.with_root(root))
}

fn is_gather(node: &PlanNode) -> bool {
    matches!(node.node_type.as_str(), "Gather" | "Gather Merge")
}

/// By how much the planner divides the rows among processes: the leader has less time for them.
fn shares(workers: f64) -> f64 {
    (workers + (1.0 - 0.3 * workers).max(0.0)).max(1.0)
}

fn figures(
    node: &mut PlanNode,
    loops: f64,
    scale: f64,
    ctes: &HashMap<&str, f64>,
    context: &JudgeContext,
) {
    let Some(estimate) = node.estimate else {
        return;
    };
    let Some(rows) = estimate.rows.map(|rows| rows * scale) else {
        return;
    };
    let known = |relation: &Option<String>| context.table_rows.get(relation.as_deref()?).copied();
    let is_filtered = node.condition("Filter").is_some();
    // MySQL's rows are those read; PostgreSQL's are those kept.
    let (removed, read) = if let Some(kept) = estimate.filtered {
        (Some(rows * (1.0 - kept.min(100.0) / 100.0)), rows)
    } else {
        let all = match node.node_type.as_str() {
            "Seq Scan" => known(&node.relation),
            "CTE Scan" => node.cte.as_deref().and_then(|name| ctes.get(name)).copied(),
            _ => None,
        };
        let removed = all.filter(|_| is_filtered).map(|all| (all - rows).max(0.0));
        (removed, rows + removed.unwrap_or(0.0))
    };
    node.counters.removed_by_filter = removed;
    node.derived = Derived {
        rows: Some(rows * loops),
        loops: Some(loops),
        removed: removed.map(|removed| removed * loops),
        discarded: removed
            .filter(|_| read > 0.0)
            .map(|removed| (removed / read).clamp(0.0, 1.0)),
        ..std::mem::take(&mut node.derived)
    };
}
