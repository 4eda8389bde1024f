//! Rules about reading a table: 1–3, 10, 16, 20–23, 28, 29, 33 of the catalogue.

mod conditions;
mod filters;
mod reads;
mod remedy;

pub(super) use remedy::columns;

use super::PlanFinding;
use super::facts::{Facts, ran};
use crate::PlanNode;

/// What the rules say about one node.
pub(super) fn judge<'a>(facts: &Facts<'a>, node: &'a PlanNode, found: &mut Vec<PlanFinding>) {
    if !ran(node) || !facts.is_heavy(node) {
        return;
    }
    let rules = [
        filters::seq_scan_filters_most,
        filters::index_scan_filters_many,
        reads::index_only_scan_visits_heap,
        reads::lossy_bitmap,
        reads::covering_index,
        conditions::leading_wildcard,
        conditions::function_on_column,
        conditions::cast_on_column,
        conditions::or_blocks_index,
        reads::slow_io,
        reads::many_pages_per_row,
        reads::many_searches,
    ];
    found.extend(
        rules
            .iter()
            .filter_map(|rule| rule(facts, node))
            .map(|remark| facts.remark(node, remark)),
    );
}
