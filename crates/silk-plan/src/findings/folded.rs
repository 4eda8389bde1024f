//! MySQL's iterators: a filter is a node of its own above the table it filters.
//!
//! The rules about filters look at the table, where all other prints have them.

use crate::{Condition, Plan, PlanFormat, PlanNode};

/// The plan with each filter at the table it reads; `None` where there is nothing to put down.
pub(super) fn of(plan: &Plan) -> Option<Plan> {
    let has_iterators = matches!(plan.format, PlanFormat::MySqlTree | PlanFormat::MySqlJson);
    if !has_iterators || !plan.nodes().any(|node| node.node_type == "Filter") {
        return None;
    }
    let mut plan = plan.clone();
    let mut open = vec![&mut plan.root];
    while let Some(node) = open.pop() {
        put_down(node);
        open.extend(node.children.iter_mut());
    }
    Some(plan)
}

fn put_down(node: &mut PlanNode) {
    let Some(condition) = node.condition("Filter").map(ToOwned::to_owned) else {
        return;
    };
    let (given, expected) = (
        node.derived.rows,
        node.estimate.and_then(|estimate| estimate.rows),
    );
    let mut inputs = node
        .children
        .iter_mut()
        .filter(|child| child.role.runs_in_parent());
    let (Some(table), None) = (inputs.next(), inputs.next()) else {
        return;
    };
    if node.node_type != "Filter" || table.relation.is_none() {
        return;
    }
    table.conditions.push(Condition {
        kind: "Filter".to_owned(),
        text: condition,
    });
    if let (Some(read), Some(given), Some(loops)) = (table.derived.rows, given, table.derived.loops)
    {
        let removed = (read - given).max(0.0);
        table.counters.removed_by_filter = (loops > 0.0).then(|| removed / loops);
        table.derived.removed = Some(removed);
        table.derived.discarded = (read > 0.0).then(|| (removed / read).clamp(0.0, 1.0));
    }
    if let (Some(estimate), Some(kept)) = (&mut table.estimate, expected)
        && let Some(rows) = estimate.rows.filter(|rows| *rows > 0.0)
    {
        estimate.filtered = Some((kept / rows * 100.0).min(100.0));
    }
}
