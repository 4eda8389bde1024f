//! A `table` of MySQL's or MariaDB's JSON.

use crate::parse::json::Json;
use crate::{Actual, Buffers, Condition, Estimate, PlanNode};

/// What has a place of its own in a node; the rest goes into its details.
const TAKEN: [&str; 12] = [
    "table_name",
    "key",
    "attached_condition",
    "index_condition",
    "ref",
    "used_columns",
    "rows",
    "r_rows",
    "r_loops",
    "cost",
    "filtered",
    "pushed_condition",
];

/// Reads a table's figures into the node.
pub(super) fn read(node: &mut PlanNode, value: &Json) {
    let text = |key: &str| value.get(key).and_then(Json::as_str).map(ToOwned::to_owned);
    let number = |key: &str| value.get(key).and_then(Json::as_number);
    let access = text("access_type");
    access_words(access.as_deref().unwrap_or("table"), value).clone_into(&mut node.node_type);
    node.relation = text("table_name");
    node.index = text("key").or_else(|| value.get("index_merge").map(Json::to_line));
    node.estimate = cost(value);
    // MariaDB counts no loops of what an UPDATE or DELETE reads: that is once.
    let has_run = number("r_rows").is_some() || number("r_table_time_ms").is_some();
    if let Some(loops) = number("r_loops").or_else(|| has_run.then_some(1.0)) {
        let own = match (number("r_table_time_ms"), number("r_other_time_ms")) {
            (None, None) => None,
            (table, other) => Some(table.unwrap_or(0.0) + other.unwrap_or(0.0)),
        };
        let rows = number("r_rows");
        node.actual = Some(Actual {
            startup_ms: None,
            total_ms: None,
            own_ms: own,
            rows,
            rows_step: 0.01,
            loops,
        });
        // Kept in percent; the rest was read and thrown away.
        if let (Some(rows), Some(kept)) = (rows, number("r_filtered")) {
            node.counters.removed_by_filter = Some(rows * (1.0 - kept.min(100.0) / 100.0));
        }
    }
    if let Some(pages) = value
        .get("r_engine_stats")
        .and_then(|stats| stats.get("pages_accessed"))
        .and_then(Json::as_number)
    {
        let read = value
            .get("r_engine_stats")
            .and_then(|stats| stats.get("pages_read_count"))
            .and_then(Json::as_number)
            .unwrap_or(0.0);
        node.buffers = Some(Buffers {
            shared_hit: (pages - read).max(0.0),
            shared_read: read,
            ..Buffers::default()
        });
    }
    for (key, kind) in [
        ("attached_condition", "Filter"),
        ("index_condition", "Index Cond"),
        ("index_condition_bka", "Index Cond"),
        ("ref", "Ref"),
        ("pushed_condition", "Pushed Cond"),
    ] {
        if let Some(condition) = value.get(key) {
            node.conditions.push(Condition {
                kind: kind.to_owned(),
                text: condition.to_line(),
            });
        }
    }
    if let Some(columns) = value.get("used_columns") {
        node.output = columns.items().iter().map(Json::to_line).collect();
    }
    for (key, value) in value.entries() {
        let figures = key == "r_engine_stats" || key == "cost_info" || key == "rowid_filter";
        if !TAKEN.contains(&key.as_str()) && (figures || !value.has_objects()) {
            node.details.push((key.clone(), value.to_line()));
        }
    }
}

/// What the access type means.
fn access_words(access: &str, value: &Json) -> &'static str {
    let covering = matches!(value.get("using_index"), Some(Json::Bool(true)));
    match access {
        "ALL" => "Table scan",
        "index" if covering => "Covering index scan",
        "index" => "Index scan",
        "range" if covering => "Covering index range scan",
        "range" => "Index range scan",
        "ref" | "ref_or_null" if covering => "Covering index lookup",
        "ref" | "ref_or_null" => "Index lookup",
        "eq_ref" => "Unique index lookup",
        "const" | "system" => "Constant row",
        "index_merge" => "Index merge",
        "fulltext" => "Full-text index search",
        "unique_subquery" | "index_subquery" => "Subquery index lookup",
        _ => "Table",
    }
}

/// What the planner expected, from MySQL's `cost_info` of a table.
fn cost(value: &Json) -> Option<Estimate> {
    let info = value.get("cost_info");
    let part = |key| {
        info.and_then(|info| info.get(key))
            .and_then(Json::as_number)
    };
    let total = value
        .get("cost")
        .and_then(Json::as_number)
        .or_else(|| Some(part("read_cost")? + part("eval_cost")?));
    let rows = ["rows", "rows_examined_per_scan"]
        .iter()
        .find_map(|key| value.get(key)?.as_number());
    let filtered = value.get("filtered").and_then(Json::as_number);
    (total.is_some() || rows.is_some() || filtered.is_some()).then_some(Estimate {
        startup_cost: None,
        total_cost: total,
        rows,
        width: None,
        filtered,
    })
}
