//! MySQL's JSON of the iterators (`explain_json_format_version = 2`), the only one ANALYZE has.

use silk_core::PlanFormat;

use super::tree_text;
use crate::parse::json::Json;
use crate::parse::tree::TreeBuilder;
use crate::{Actual, Condition, Estimate, Plan, PlanError, PlanNode};

/// Whether the value is a plan of this kind.
pub(super) fn is_plan(value: &Json) -> bool {
    top(value).get("operation").is_some()
        && (top(value).get("inputs").is_some()
            || top(value).get("access_type").is_some()
            || value.get("query").is_some())
}

/// Newer versions put the tree below `query_plan`.
fn top(value: &Json) -> &Json {
    value.get("query_plan").unwrap_or(value)
}

/// Reads the plan.
pub(super) fn from_json(value: &Json) -> Result<Plan, PlanError> {
    let mut tree = TreeBuilder::default();
    let mut open = vec![(None, top(value))];
    while let Some((parent, value)) = open.pop() {
        let place = tree.add(parent, node(value))?;
        for key in ["inputs_from_select_list", "inputs"] {
            let inputs = value.get(key).map_or(&[][..], Json::items);
            open.extend(inputs.iter().rev().map(|input| (Some(place), input)));
        }
    }
    let root = tree
        .finish()
        .pop()
        .ok_or(PlanError::Missing("it has no nodes"))?;
    let mut plan = Plan::around(PlanFormat::MySqlJson, root);
    plan.query_text = value
        .get("query")
        .and_then(Json::as_str)
        .map(ToOwned::to_owned);
    Ok(plan)
}

fn node(value: &Json) -> PlanNode {
    let number = |key: &str| value.get(key).and_then(Json::as_number);
    let mut node = PlanNode::default();
    let operation = value
        .get("operation")
        .and_then(Json::as_str)
        .unwrap_or("Operation");
    tree_text::operation(&mut node, operation);
    if let Some(table) = value.get("table_name").and_then(Json::as_str) {
        node.relation = Some(table.to_owned());
    }
    if let Some(index) = value.get("index_name").and_then(Json::as_str) {
        node.index = Some(index.to_owned());
    }
    if let Some(condition) = value.get("condition").and_then(Json::as_str)
        && node.conditions.is_empty()
    {
        node.conditions.push(Condition {
            kind: "Filter".to_owned(),
            text: condition.to_owned(),
        });
    }
    let (rows, cost) = (number("estimated_rows"), number("estimated_total_cost"));
    if rows.is_some() || cost.is_some() {
        node.estimate = Some(Estimate {
            startup_cost: number("estimated_first_row_cost"),
            total_cost: cost,
            rows,
            ..Estimate::default()
        });
    }
    if let Some(loops) = number("actual_loops") {
        node.actual = Some(Actual {
            startup_ms: number("actual_first_row_ms"),
            total_ms: number("actual_last_row_ms"),
            own_ms: None,
            rows: number("actual_rows"),
            rows_step: 0.01,
            loops,
        });
    }
    for (key, value) in value.entries() {
        const TAKEN: [&str; 6] = [
            "operation",
            "table_name",
            "index_name",
            "condition",
            "query",
            "inputs",
        ];
        let figure = key.starts_with("estimated_") || key.starts_with("actual_");
        if !TAKEN.contains(&key.as_str()) && !figure && !value.has_objects() {
            node.details.push((key.clone(), value.to_line()));
        }
    }
    node
}
