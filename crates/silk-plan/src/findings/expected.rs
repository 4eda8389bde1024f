//! What a plan that was not run is expected to do, in the places where a run says what it did.
//!
//! The rules ask for rows, loops and removed rows; an estimate has the first, implies the second,
//! and tells the third where the size of the table or MySQL's `filtered` is known.

use std::collections::HashMap;

use super::JudgeContext;
use crate::{Derived, Plan, PlanNode, Role};

/// The plan with expectations for figures.
pub(super) fn of(plan: &Plan, context: &JudgeContext) -> Plan {
    let mut expected = plan.clone();
    let ctes = plan
        .nodes()
        .filter_map(|node| {
            let name = node.subplan.as_deref()?.strip_prefix("CTE ")?;
            Some((name.to_owned(), node.estimate?.rows?))
        })
        .collect();
    fill(&mut expected.root, 1.0, 1.0, &ctes, context);
    expected
}

/// Fills a node and all below; gives whether its rows are shared out among processes.
fn fill(
    node: &mut PlanNode,
    loops: f64,
    processes: f64,
    ctes: &HashMap<String, f64>,
    context: &JudgeContext,
) -> bool {
    let below = match node.node_type.as_str() {
        "Gather" | "Gather Merge" => shares(node.counters.workers_planned.unwrap_or(0.0)),
        _ => processes,
    };
    let repeats = node.node_type.starts_with("Nested ");
    let mut outer_rows = 1.0;
    let mut is_shared = node.parallel_aware;
    for child in &mut node.children {
        let times = match child.role {
            Role::Inner if repeats => loops * outer_rows,
            // How often a subquery of the select list runs is not told.
            Role::InitPlan | Role::SubPlan | Role::Cte => 1.0,
            _ => loops,
        };
        let child_shared = fill(child, times, below, ctes, context);
        if child.role == Role::Outer {
            outer_rows = child
                .estimate
                .and_then(|estimate| estimate.rows)
                .unwrap_or(1.0)
                .max(1.0);
        }
        is_shared |= child_shared && child.role.runs_in_parent();
    }
    let is_gather = matches!(node.node_type.as_str(), "Gather" | "Gather Merge");
    is_shared &= !is_gather;
    let scale = if is_shared { processes } else { 1.0 };
    figures(node, loops, scale, ctes, context);
    is_shared
}

/// By how much the planner divides the rows among processes: the leader has less time for them.
fn shares(workers: f64) -> f64 {
    (workers + (1.0 - 0.3 * workers).max(0.0)).max(1.0)
}

fn figures(
    node: &mut PlanNode,
    loops: f64,
    scale: f64,
    ctes: &HashMap<String, f64>,
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
            "CTE Scan" => node.cte.as_ref().and_then(|name| ctes.get(name)).copied(),
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
