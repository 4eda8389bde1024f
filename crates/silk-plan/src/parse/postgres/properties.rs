//! Puts one property, in PostgreSQL's JSON words, where it belongs in a node.
//!
//! The text reader speaks the same words, so that both formats give the same node.

use std::collections::HashMap;

use crate::parse::json::Json;
use crate::plan::larger;
use crate::{Actual, Buffers, Condition, Counters, Estimate, PlanNode, Role, Worker};

/// Puts one property into the node.
pub(super) fn apply(node: &mut PlanNode, key: &str, value: &Json) {
    let text = || value.as_str().map(ToOwned::to_owned);
    match key {
        "Plans" => {}
        "Node Type" => node.node_type = text().unwrap_or_default(),
        "Parent Relationship" => node.role = role(node, value.as_str().unwrap_or_default()),
        "Subplan Name" => {
            node.subplan = text();
            if node
                .subplan
                .as_deref()
                .is_some_and(|name| name.starts_with("CTE "))
            {
                node.role = Role::Cte;
            }
        }
        "Parallel Aware" => node.parallel_aware = matches!(value, Json::Bool(true)),
        "Join Type" => node.join_type = text(),
        "Operation" => node.operation = text(),
        "Strategy" | "Command" => node.strategy = text(),
        "Partial Mode" => node.partial_mode = text(),
        "Schema" => node.schema = text(),
        "Relation Name" | "Tuplestore Name" => node.relation = text(),
        "Function Name" | "Table Function Name" => {
            if node.relation.is_none() {
                node.relation = text();
            }
        }
        "CTE Name" => {
            node.cte = text();
            if node.relation.is_none() {
                node.relation = text();
            }
        }
        "Index Name" => node.index = text(),
        "Alias" => node.alias = text(),
        "Output" => {
            node.output = match value {
                Json::Array(items) => items.iter().map(Json::to_line).collect(),
                other => split_list(&other.to_line()),
            };
        }
        "Workers" => workers(&mut node.workers, value),
        "Grouping Sets" => grouping_sets(node, value),
        _ if estimate(&mut node.estimate, key, value) => {}
        _ if actual(&mut node.actual, key, value) => {}
        _ if counter(&mut node.counters, key, value) => {}
        _ if buffer(&mut node.buffers, key, value) => {}
        _ if is_condition(key) => node.conditions.push(Condition {
            kind: key.to_owned(),
            text: value.to_line(),
        }),
        // A flag that says nothing when it is off.
        "Async Capable" | "Disabled" if matches!(value, Json::Bool(false)) => {}
        _ => node.details.push((key.to_owned(), value.to_line())),
    }
}

fn role(node: &PlanNode, relationship: &str) -> Role {
    match relationship {
        _ if node.role == Role::Cte => Role::Cte,
        "Inner" => Role::Inner,
        "Member" => Role::Member,
        "Subquery" => Role::Subquery,
        "InitPlan" => Role::InitPlan,
        "SubPlan" => Role::SubPlan,
        _ => Role::Outer,
    }
}

/// Whether the property is a condition or a key.
fn is_condition(key: &str) -> bool {
    key.ends_with("Cond")
        || (key.ends_with("Filter") && !key.starts_with("Rows Removed"))
        || key.ends_with(" Key")
        || matches!(
            key,
            "Order By"
                | "Run Condition"
                | "Function Call"
                | "Table Function Call"
                | "Remote SQL"
                | "Sampling Parameters"
        )
}

fn grouping_sets(node: &mut PlanNode, value: &Json) {
    for set in value.items() {
        for (key, keys) in set.entries() {
            for list in keys.items() {
                node.conditions.push(Condition {
                    kind: key.strip_suffix('s').unwrap_or(key).to_owned(),
                    text: if list.items().is_empty() {
                        "()".to_owned()
                    } else {
                        list.to_line()
                    },
                });
            }
        }
    }
}

fn estimate(slot: &mut Option<Estimate>, key: &str, value: &Json) -> bool {
    let estimate = slot.get_or_insert_default();
    let field = match key {
        "Startup Cost" => &mut estimate.startup_cost,
        "Total Cost" => &mut estimate.total_cost,
        "Plan Rows" => &mut estimate.rows,
        "Plan Width" => &mut estimate.width,
        _ => {
            if *estimate == Estimate::default() {
                *slot = None;
            }
            return false;
        }
    };
    *field = value.as_number();
    true
}

fn actual(slot: &mut Option<Actual>, key: &str, value: &Json) -> bool {
    if !key.starts_with("Actual ") {
        return false;
    }
    let actual = slot.get_or_insert_default();
    match key {
        "Actual Startup Time" => actual.startup_ms = value.as_number(),
        "Actual Total Time" => actual.total_ms = value.as_number(),
        "Actual Rows" => {
            actual.rows = value.as_number();
            actual.rows_step = match value {
                Json::Number(text) | Json::Text(text) if text.contains('.') => 0.01,
                _ => 1.0,
            };
        }
        "Actual Loops" => actual.loops = value.as_number().unwrap_or(0.0),
        _ => return false,
    }
    true
}

/// Up to 12 a sort has this twice: how each worker sorted, and then what each did.
fn workers(workers: &mut Vec<Worker>, value: &Json) {
    let places: HashMap<u32, usize> = workers
        .iter()
        .enumerate()
        .map(|(place, worker)| (worker.number, place))
        .collect();
    for value in value.items() {
        let number = value.get("Worker Number").and_then(Json::as_number);
        let number = super::figures::whole(number.unwrap_or(0.0));
        match places
            .get(&number)
            .and_then(|place| workers.get_mut(*place))
        {
            Some(known) => worker(known, value),
            None => {
                let mut new = Worker {
                    number,
                    ..Worker::default()
                };
                worker(&mut new, value);
                workers.push(new);
            }
        }
    }
}

fn worker(worker: &mut Worker, value: &Json) {
    let mut method = None;
    for (key, value) in value.entries() {
        match key.as_str() {
            "JIT" => {
                let timing = value.get("Timing").and_then(|timing| timing.get("Total"));
                worker.jit_ms = timing.and_then(Json::as_number);
            }
            "Sort Method" => method = value.as_str().map(ToOwned::to_owned),
            _ => {
                let _ = actual(&mut worker.actual, key, value)
                    || counter(&mut worker.counters, key, value);
            }
        }
    }
    if method.is_some() {
        worker.sort = method.zip(worker.counters.sort_space_kb);
        worker.sort_on_disk = worker.counters.sort_on_disk == Some(true);
    }
}

/// Sets the counter this property is; false where it is none.
pub(super) fn counter(counters: &mut Counters, key: &str, value: &Json) -> bool {
    let field = match key {
        "Rows Removed by Filter" => &mut counters.removed_by_filter,
        "Rows Removed by Join Filter" => &mut counters.removed_by_join_filter,
        "Rows Removed by Index Recheck" => &mut counters.removed_by_recheck,
        "Heap Fetches" => &mut counters.heap_fetches,
        "Exact Heap Blocks" => &mut counters.exact_blocks,
        "Lossy Heap Blocks" => &mut counters.lossy_blocks,
        "Index Searches" => &mut counters.index_searches,
        "Workers Planned" => &mut counters.workers_planned,
        "Workers Launched" => &mut counters.workers_launched,
        "Sort Space Used" => &mut counters.sort_space_kb,
        "Sort Space Type" => {
            counters.sort_on_disk = Some(value.as_str() == Some("Disk"));
            return true;
        }
        "Full-sort Groups" | "Pre-sorted Groups" => return incremental(counters, value),
        "Hash Batches" | "HashAgg Batches" => &mut counters.hash_batches,
        "Original Hash Batches" => &mut counters.original_hash_batches,
        "Peak Memory Usage" => &mut counters.peak_memory_kb,
        "Disk Usage" => &mut counters.disk_kb,
        "Cache Hits" => &mut counters.cache_hits,
        "Cache Misses" => &mut counters.cache_misses,
        "Cache Evictions" => &mut counters.cache_evictions,
        "Cache Overflows" => &mut counters.cache_overflows,
        "Subplans Removed" => &mut counters.subplans_removed,
        _ => return false,
    };
    *field = value.as_number();
    true
}

/// The groups of an incremental sort: their space on disk is what matters.
fn incremental(counters: &mut Counters, value: &Json) -> bool {
    if let Some(disk) = value.get("Sort Space Disk") {
        let peak = disk.get("Peak Sort Space Used").and_then(Json::as_number);
        counters.sort_space_kb = larger(counters.sort_space_kb, peak);
        counters.sort_on_disk = Some(true);
    }
    false
}

/// Adds the property to the buffers; false where it is none of theirs.
pub(super) fn buffer(slot: &mut Option<Buffers>, key: &str, value: &Json) -> bool {
    let mut buffers = slot.unwrap_or_default();
    let field = match key {
        "Shared Hit Blocks" => &mut buffers.shared_hit,
        "Shared Read Blocks" => &mut buffers.shared_read,
        "Shared Dirtied Blocks" => &mut buffers.shared_dirtied,
        "Shared Written Blocks" => &mut buffers.shared_written,
        "Local Hit Blocks" => &mut buffers.local_hit,
        "Local Read Blocks" => &mut buffers.local_read,
        "Local Dirtied Blocks" => &mut buffers.local_dirtied,
        "Local Written Blocks" => &mut buffers.local_written,
        "Temp Read Blocks" => &mut buffers.temp_read,
        "Temp Written Blocks" => &mut buffers.temp_written,
        "I/O Read Time" | "Shared I/O Read Time" | "Local I/O Read Time" => &mut buffers.read_ms,
        "I/O Write Time" | "Shared I/O Write Time" | "Local I/O Write Time" => {
            &mut buffers.write_ms
        }
        "Temp I/O Read Time" => &mut buffers.temp_read_ms,
        "Temp I/O Write Time" => &mut buffers.temp_write_ms,
        _ => return false,
    };
    *field += value.as_number().unwrap_or(0.0);
    *slot = Some(buffers);
    true
}

/// Splits `a, f(b, c), 'd, e'` at its outer commas.
pub(super) fn split_list(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let (mut depth, mut quote, mut start) = (0_usize, None, 0);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                items.push(text[start..at].trim().to_owned());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    items.push(text[start..].trim().to_owned());
    items.retain(|item| !item.is_empty());
    items
}
