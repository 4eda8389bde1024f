//! `EXPLAIN FORMAT=JSON` and MariaDB's `ANALYZE FORMAT=JSON`.
//!
//! The two databases name their parts differently and new versions add more, so the tree is
//! taken from the nesting itself: what holds objects is a node, what holds none is a property.

use silk_core::PlanFormat;

use super::{json_v2, table, times};
use crate::parse::json::Json;
use crate::parse::tree::TreeBuilder;
use crate::{Actual, Condition, Plan, PlanError, PlanNode, Role};

/// Objects that hold figures, not operators.
const FIGURES: [&str; 8] = [
    "cost_info",
    "r_engine_stats",
    "query_optimization",
    "rowid_filter",
    "range_details",
    "potential_range_indexes",
    "used_columns",
    "histogram",
];

/// Whether the value is a plan of this kind.
pub(crate) fn is_plan(value: &Json) -> bool {
    value.get("query_block").is_some_and(Json::has_entries) || json_v2::is_plan(value)
}

/// Reads the plan.
pub(crate) fn from_json(value: &Json) -> Result<Plan, PlanError> {
    if json_v2::is_plan(value) {
        return json_v2::from_json(value);
    }
    let block = value
        .get("query_block")
        .ok_or(PlanError::Missing("it has no \"query_block\""))?;
    let mut builder = TreeBuilder::default();
    let mut open = vec![Open {
        parent: None,
        key: "query_block",
        value: block,
        role: Role::Outer,
        is_sorted: false,
    }];
    while let Some(part) = open.pop() {
        let mut node = node(part.key, part.value, part.role);
        if part.key == "table" && part.is_sorted {
            times::without_sort(&mut node, part.value);
        }
        if part.key == "filesort" {
            times::of_sort(&mut node, part.value);
        }
        let place = builder.add(part.parent, node)?;
        let mut children = Vec::new();
        children_of(part.value, place, &mut children);
        for child in &mut children {
            child.is_sorted = part.key == "filesort";
        }
        open.extend(children.into_iter().rev());
    }
    let mut root = builder
        .finish()
        .pop()
        .ok_or(PlanError::Missing("it has no nodes"))?;
    times::forget_false_zeros(&mut root);
    let mut plan = Plan::around(PlanFormat::MySqlJson, root);
    plan.planning_ms = value
        .get("query_optimization")
        .and_then(|part| part.get("r_total_time_ms"))
        .and_then(Json::as_number);
    plan.execution_ms = block.get("r_total_time_ms").and_then(Json::as_number);
    if block.get("r_query_time_in_progress_ms").is_some()
        || value.get("r_query_time_in_progress_ms").is_some()
    {
        plan.notes.push(
            "taken while the statement was still running: its figures are not final".to_owned(),
        );
    }
    Ok(plan)
}

/// A part that becomes a node.
struct Open<'a> {
    parent: Option<usize>,
    key: &'a str,
    value: &'a Json,
    role: Role,
    /// Whether a filesort reads it directly.
    is_sorted: bool,
}

/// The parts below this one. Arrays and nameless objects have no node of their own.
fn children_of<'a>(value: &'a Json, parent: usize, out: &mut Vec<Open<'a>>) {
    for (key, value) in value.entries() {
        if FIGURES.contains(&key.as_str()) || !value.has_objects() {
            continue;
        }
        let role = match key.as_str() {
            "subqueries"
            | "attached_subqueries"
            | "select_list_subqueries"
            | "having_subqueries"
            | "order_by_subqueries"
            | "group_by_subqueries"
            | "optimized_away_subqueries" => Role::SubPlan,
            "materialized" | "materialized_from_subquery" => Role::Subquery,
            "query_specifications" => Role::Member,
            _ => Role::Outer,
        };
        match value {
            Json::Array(items) => {
                // `nested_loop` is drawn as a node; other lists stand for their items.
                if key == "nested_loop" && items.len() > 1 {
                    out.push(Open {
                        parent: Some(parent),
                        key,
                        value,
                        role,
                        is_sorted: false,
                    });
                    continue;
                }
                for item in items {
                    wrapped(item, parent, role, out);
                }
            }
            _ => out.push(Open {
                parent: Some(parent),
                key,
                value,
                role,
                is_sorted: false,
            }),
        }
    }
    // A list that became a node: `nested_loop`, `duplicates_removal`.
    for item in value.items() {
        wrapped(item, parent, Role::Member, out);
    }
}

/// `{"table": {…}}`: the object is only there to hold its one part; figures beside it stay with it.
fn wrapped<'a>(item: &'a Json, parent: usize, role: Role, out: &mut Vec<Open<'a>>) {
    let parts = || {
        item.entries()
            .iter()
            .filter(|(key, value)| value.has_objects() && !FIGURES.contains(&key.as_str()))
    };
    let only_parts = parts().count() == item.entries().len();
    if only_parts || parts().count() == 1 {
        for (key, value) in parts() {
            out.push(Open {
                parent: Some(parent),
                key,
                value,
                role,
                is_sorted: false,
            });
        }
    } else if !item.entries().is_empty() {
        out.push(Open {
            parent: Some(parent),
            key: "subquery",
            value: item,
            role,
            is_sorted: false,
        });
    }
}

/// One node, without its children.
fn node(key: &str, value: &Json, role: Role) -> PlanNode {
    let mut node = PlanNode {
        role,
        node_type: title(key, value),
        ..PlanNode::default()
    };
    if key == "table" {
        table::read(&mut node, value);
        return node;
    }
    for (key, value) in value.entries() {
        figure(&mut node, key, value);
    }
    // A block without times of its own still says how often it ran.
    if let Some(actual) = &mut node.actual
        && let Some(total) = actual.total_ms
    {
        // MariaDB gives the total over all loops; here it is an average like everywhere.
        actual.total_ms = (actual.loops > 0.0).then(|| total / actual.loops);
    }
    if key == "block-nl-join" {
        block_join(&mut node, value);
    }
    node
}

/// A join of a buffer of rows with each row of a table: MariaDB counts its pairs and its own time.
fn block_join(node: &mut PlanNode, value: &Json) {
    for condition in &mut node.conditions {
        if condition.kind == "Filter" {
            "Join Filter".clone_into(&mut condition.kind);
        }
    }
    let number = |key| value.get(key).and_then(Json::as_number);
    let Some(actual) = &mut node.actual else {
        return;
    };
    if let (Some(unpack), other) = (number("r_unpack_time_ms"), number("r_other_time_ms")) {
        actual.own_ms = Some(unpack + other.unwrap_or(0.0));
    }
    if let (Some(pairs), Some(kept)) = (number("r_effective_rows"), number("r_filtered")) {
        let kept = pairs * kept.min(100.0) / 100.0;
        actual.rows = Some(kept);
        node.counters.removed_by_join_filter = Some(pairs - kept);
    }
}

/// One figure of a node that is no table.
fn figure(node: &mut PlanNode, key: &str, value: &Json) {
    let actual = |node: &mut PlanNode| {
        *node.actual.get_or_insert(Actual {
            rows_step: 0.01,
            loops: 1.0,
            ..Actual::default()
        })
    };
    match key {
        "cost" => node.estimate.get_or_insert_default().total_cost = value.as_number(),
        "cost_info" => {
            // `sort_cost` is the sort's alone, without what it sorts: it stays a detail.
            match value.get("query_cost").and_then(Json::as_number) {
                Some(cost) => node.estimate.get_or_insert_default().total_cost = Some(cost),
                None => node.details.push((key.to_owned(), value.to_line())),
            }
        }
        "r_loops" => {
            let before = actual(node);
            node.actual = Some(Actual {
                loops: value.as_number().unwrap_or(0.0),
                ..before
            });
        }
        "r_total_time_ms" => {
            let before = actual(node);
            node.actual = Some(Actual {
                total_ms: value.as_number(),
                ..before
            });
        }
        "r_output_rows" | "r_rows" => {
            let before = actual(node);
            node.actual = Some(Actual {
                rows: value.as_number(),
                ..before
            });
        }
        "sort_key" | "having_condition" | "attached_condition" | "group_key" | "message" => {
            node.conditions.push(Condition {
                kind: match key {
                    "sort_key" => "Sort Key",
                    "group_key" => "Group Key",
                    "having_condition" => "Having",
                    "message" => "Message",
                    _ => "Filter",
                }
                .to_owned(),
                text: value.to_line(),
            });
        }
        _ if FIGURES.contains(&key) || !value.has_objects() => {
            node.details.push((key.to_owned(), value.to_line()));
        }
        _ => {}
    }
}

/// The part in words.
fn title(key: &str, value: &Json) -> String {
    let flag = |key| matches!(value.get(key), Some(Json::Bool(true)));
    match key {
        "query_block" => "Query block".to_owned(),
        "nested_loop" => "Nested loop".to_owned(),
        "filesort" => "Filesort".to_owned(),
        "ordering_operation" if flag("using_filesort") => "Filesort".to_owned(),
        "grouping_operation" if flag("using_filesort") => "Group with filesort".to_owned(),
        "grouping_operation" if flag("using_temporary_table") => {
            "Group in a temporary table".to_owned()
        }
        "temporary_table" => "Temporary table".to_owned(),
        "block-nl-join" => "Block nested loop join".to_owned(),
        "read_sorted_file" => "Read sorted file".to_owned(),
        _ => {
            let mut words = key.replace(['_', '-'], " ");
            if let Some(first) = words.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            words
        }
    }
}
