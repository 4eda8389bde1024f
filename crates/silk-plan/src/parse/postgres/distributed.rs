//! Plans within a plan: what Citus prints of the tasks that other servers do.

use crate::parse::json::Json;
use crate::{PlanNode, Role};

/// Values that are looked into for one node.
const MAX_STEPS: usize = 10_000;

/// Adds every plan within a property of a node, with the task it is of; false where there is none.
pub(super) fn plans<'a>(value: &'a Json, found: &mut Vec<(Option<&'a Json>, &'a Json)>) -> bool {
    if !value.has_objects() {
        return false;
    }
    let before = found.len();
    let mut open: Vec<(Option<&Json>, &Json)> = vec![(None, value)];
    let mut steps = 0;
    while let Some((task, value)) = open.pop() {
        steps += 1;
        if steps > MAX_STEPS {
            break;
        }
        if let Some(plan) = value
            .get("Plan")
            .filter(|plan| plan.get("Node Type").is_some())
        {
            found.push((task, plan));
            continue;
        }
        let task = match value.get("Remote Plan") {
            Some(_) => Some(value),
            None => task,
        };
        open.extend(value.entries().iter().rev().map(|(_, value)| (task, value)));
        open.extend(value.items().iter().rev().map(|value| (task, value)));
    }
    found.len() > before
}

/// Says of the node how many tasks there are, and how many of them are shown.
pub(super) fn describe(node: &mut PlanNode, value: &Json) {
    let Some(job) = value
        .get("Distributed Query")
        .and_then(|query| query.get("Job"))
    else {
        return;
    };
    for (key, value) in job.entries() {
        if !value.has_objects() {
            node.details.push((key.clone(), value.to_line()));
        }
    }
}

/// A task, as the text format prints it.
pub(super) fn task(value: &Json) -> PlanNode {
    let mut node = PlanNode {
        node_type: "Task".to_owned(),
        role: Role::Outer,
        ..PlanNode::default()
    };
    for (key, value) in value.entries() {
        if !value.has_objects() && key != "Remote Plan" {
            node.details.push((key.clone(), value.to_line()));
        }
    }
    node
}
