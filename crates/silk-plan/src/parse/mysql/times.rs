//! Which of MariaDB's times hold what.

use crate::PlanNode;
use crate::parse::json::Json;

/// The table below a filesort: what it took beside reading (`r_other_time_ms`) is the sort's work,
/// and the sort's total holds both.
pub(super) fn without_sort(node: &mut PlanNode, value: &Json) {
    if let Some(actual) = &mut node.actual
        && let Some(read) = value.get("r_table_time_ms").and_then(Json::as_number)
    {
        actual.own_ms = Some(read);
    }
}

/// A filesort over a temporary table: the total is the sort alone, without what filled the table.
pub(super) fn of_sort(node: &mut PlanNode, value: &Json) {
    let is_filled_before = value.get("temporary_table").is_some();
    if let Some(actual) = &mut node.actual
        && is_filled_before
        && let Some(total) = actual.total_ms.take()
    {
        actual.own_ms = Some(total * actual.loops.max(1.0));
    }
}

/// A part without a counted run ran all the same if anything below it did: MariaDB does not
/// count the runs of a recursive union.
pub(super) fn forget_false_zeros(root: &mut PlanNode) {
    fn ran(node: &PlanNode) -> bool {
        node.preorder()
            .any(|below| below.actual.is_some_and(|actual| actual.loops > 0.0))
    }
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        let has_none = node.actual.is_some_and(|actual| actual.loops <= 0.0);
        if has_none && ran(node) {
            node.actual = None;
        }
        open.extend(node.children.iter_mut());
    }
}
