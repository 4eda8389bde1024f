//! `EXPLAIN (FORMAT JSON)`, and what auto_explain logs in that format.

use silk_core::PlanFormat;

use super::distributed;
use super::properties::{apply, buffer};
use super::writes;
use crate::parse::clean::logged_duration;
use crate::parse::find::{FoundJson, find_json};
use crate::parse::json::Json;
use crate::parse::tree::TreeBuilder;
use crate::{Jit, Plan, PlanError, PlanNode, Trigger};

/// Whether the value is a plan of this kind: an array of results, a result, or a bare node.
pub(crate) fn is_plan(value: &Json) -> bool {
    let result = value.items().first().unwrap_or(value);
    result
        .get("Plan")
        .is_some_and(|plan| plan.get("Node Type").is_some())
        || result.get("Node Type").is_some()
}

/// Reads the plan.
pub(crate) fn from_json(found: &FoundJson<'_>) -> Result<Plan, PlanError> {
    let result = found.value.items().first().unwrap_or(&found.value);
    let top = result.get("Plan").unwrap_or(result);
    let mut plan = Plan::around(PlanFormat::PostgresJson, tree(top)?);
    let another = || find_json(found.after, is_plan).is_ok();
    if found.value.items().len() > 1 || another() {
        plan.notes
            .push("more than one plan was given; this is the first".to_owned());
    }
    if result.get("Plan").is_some() {
        for (key, value) in result.entries() {
            summary(&mut plan, key, value);
        }
    }
    if plan.execution_ms.is_none() {
        plan.execution_ms = logged_duration(found.before);
    }
    Ok(plan)
}

fn tree(top: &Json) -> Result<PlanNode, PlanError> {
    let mut tree = TreeBuilder::default();
    let mut open: Vec<(Option<usize>, &Json)> = vec![(None, top)];
    let mut remote = Vec::new();
    // Depth first, first child first: nodes come in the order they are printed.
    while let Some((parent, value)) = open.pop() {
        let mut node = PlanNode::default();
        for (key, value) in value.entries() {
            if key != "Plans" && !distributed::plans(value, &mut remote) {
                apply(&mut node, key, value);
            }
        }
        distributed::describe(&mut node, value);
        if node.node_type.is_empty() {
            return Err(PlanError::Missing("a node has no \"Node Type\""));
        }
        let place = tree.add(parent, node)?;
        // Last first, as all that is open.
        while let Some((task, plan)) = remote.pop() {
            let parent = match task {
                Some(task) => tree.add(Some(place), distributed::task(task))?,
                None => place,
            };
            open.push((Some(parent), plan));
        }
        if let Some(children) = value.get("Plans") {
            open.extend(
                children
                    .items()
                    .iter()
                    .rev()
                    .map(|child| (Some(place), child)),
            );
        }
    }
    let mut root = tree
        .finish()
        .pop()
        .ok_or(PlanError::Missing("it has no nodes"))?;
    writes::name_inputs(&mut root);
    Ok(root)
}

/// What stands beside the tree.
fn summary(plan: &mut Plan, key: &str, value: &Json) {
    match key {
        "Planning Time" => plan.planning_ms = value.as_number(),
        "Execution Time" | "Total Runtime" => plan.execution_ms = value.as_number(),
        "Query Text" => plan.query_text = value.as_str().map(ToOwned::to_owned),
        "Query Parameters" => plan.query_parameters = value.as_str().map(ToOwned::to_owned),
        "Settings" => {
            plan.settings = value
                .entries()
                .iter()
                .map(|(name, value)| (name.clone(), value.to_line()))
                .collect();
        }
        "Planning" => {
            for (key, value) in value.entries() {
                buffer(&mut plan.planning_buffers, key, value);
            }
        }
        "Serialization" => plan.serialization_ms = value.get("Time").and_then(Json::as_number),
        "Triggers" => plan.triggers = value.items().iter().map(trigger).collect(),
        "JIT" => plan.jit = Some(jit(value)),
        _ => {}
    }
}

fn trigger(value: &Json) -> Trigger {
    let text = |key| value.get(key).and_then(Json::as_str).map(ToOwned::to_owned);
    Trigger {
        name: text("Trigger Name")
            .or_else(|| text("Constraint Name"))
            .unwrap_or_default(),
        constraint: text("Constraint Name"),
        relation: text("Relation"),
        ms: value.get("Time").and_then(Json::as_number),
        calls: value.get("Calls").and_then(Json::as_number).unwrap_or(0.0),
    }
}

fn jit(value: &Json) -> Jit {
    let timing = |key| {
        let part = value.get("Timing")?.get(key)?;
        // 17 splits generation into the deforming and the whole.
        part.as_number().or_else(|| part.get("Total")?.as_number())
    };
    Jit {
        functions: value
            .get("Functions")
            .and_then(Json::as_number)
            .unwrap_or(0.0),
        total_ms: timing("Total"),
        wall_ms: None,
        generation_ms: timing("Generation"),
        inlining_ms: timing("Inlining"),
        optimization_ms: timing("Optimization"),
        emission_ms: timing("Emission"),
    }
}
