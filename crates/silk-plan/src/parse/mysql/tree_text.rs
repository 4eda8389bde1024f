//! MySQL's `EXPLAIN FORMAT=TREE` and `EXPLAIN ANALYZE`.

use silk_core::PlanFormat;

use crate::parse::json::number;
use crate::parse::left_out::LeftOut;
use crate::parse::tree::TreeBuilder;
use crate::{Actual, Condition, Estimate, Plan, PlanError, PlanNode, Role};

/// Whether its first line is an iterator with its arrow.
pub(crate) fn looks_like_tree(text: &str) -> bool {
    text.lines()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| line.trim_start().starts_with("-> "))
        // PostgreSQL sets its operators off by two spaces, and prints a width.
        && !text.contains(" width=")
        && !text.lines().any(|line| line.trim_start().starts_with("->  "))
}

/// Reads the plan.
pub(crate) fn from_tree(text: &str) -> Result<Plan, PlanError> {
    let mut tree = TreeBuilder::default();
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .peekable();
    let mut notes = Vec::new();
    let mut left_out = LeftOut::default();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let Some(rest) = trimmed.strip_prefix("-> ") else {
            left_out.add(line);
            // Below the tree nothing comes here: it goes on in the line before.
            continue;
        };
        let indent = line.len() - trimmed.len();
        // A condition with line ends in it goes on without an arrow.
        let mut whole = rest.trim_end().to_owned();
        while let Some(next) = lines.next_if(|next| !next.trim_start().starts_with("-> ")) {
            // Behind the figures nothing goes on but figures.
            if whole.ends_with(')') && has_run(&whole) && !next.trim_start().starts_with('(') {
                left_out.add(next);
                continue;
            }
            whole.push(' ');
            whole.push_str(next.trim());
        }
        while open.last().is_some_and(|(level, _)| *level >= indent) {
            open.pop();
        }
        let mut parent = open.last().map(|(_, place)| *place);
        let mut node = node(&whole);
        if parent.is_none() && tree.len() > 0 {
            if node.role != Role::SubPlan {
                notes.push("more than one plan was given; this is the first".to_owned());
                break;
            }
            // A subquery of the SELECT list is printed beside the root that it runs for.
            parent = Some(0);
        }
        if let Some(parent) = parent
            && node.role == Role::Outer
            && tree.inputs(parent) == 1
            && tree.node(parent).node_type.contains("join")
        {
            node.role = Role::Inner;
        }
        let place = tree.add(parent, node)?;
        open.push((indent, place));
    }
    let root = tree.finish().into_iter().next();
    let mut plan = Plan::around(
        PlanFormat::MySqlTree,
        root.ok_or(PlanError::Missing("no line is an iterator of MySQL"))?,
    );
    plan.notes = notes;
    plan.notes.extend(left_out.note());
    Ok(plan)
}

/// Whether the line tells what a run did, after which it ends.
fn has_run(line: &str) -> bool {
    ["(actual time=", "(actual rows=", "(never executed)"]
        .iter()
        .any(|mark| line.contains(mark))
}

fn node(line: &str) -> PlanNode {
    let mut node = PlanNode::default();
    let at = [
        "(cost=",
        "(actual time=",
        "(actual rows=",
        "(never executed)",
    ]
    .iter()
    .filter_map(|mark| line.rfind(mark))
    .min()
    .unwrap_or(line.len());
    operation(&mut node, line[..at].trim());
    for group in line[at..]
        .split('(')
        .filter_map(|group| group.split(')').next())
    {
        let value = |key: &str| {
            group
                .split(' ')
                .find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        };
        if let Some(cost) = value("cost") {
            let (startup, total) = cost
                .split_once("..")
                .map_or((None, cost), |(first, last)| (number(first), last));
            node.estimate = Some(Estimate {
                startup_cost: startup,
                total_cost: number(total),
                rows: value("rows").and_then(number),
                ..Estimate::default()
            });
        } else if group.starts_with("actual") {
            let time = value("time").and_then(|time| time.split_once(".."));
            node.actual = Some(Actual {
                startup_ms: time.and_then(|(first, _)| number(first)),
                total_ms: time.and_then(|(_, last)| number(last)),
                own_ms: None,
                rows: value("rows").and_then(number),
                rows_step: 0.01,
                loops: value("loops").and_then(number).unwrap_or(0.0),
            });
        } else if group == "never executed" {
            node.actual = Some(Actual::default());
        }
    }
    node
}

/// Reads `Index lookup on t using i (a=1), with index condition: (b > 2)`.
pub(super) fn operation(node: &mut PlanNode, text: &str) {
    let (head, condition) = match text.split_once(": ") {
        Some((head, condition)) => (head, Some(condition)),
        None => (text, None),
    };
    if head.starts_with("Select #") || head.contains("subquery in") {
        node.role = Role::SubPlan;
        if let Some(number) = head.strip_prefix("Select #") {
            let number = number.split(' ').next().unwrap_or_default();
            node.subplan = Some(format!("Select #{number}"));
        }
    }
    let (words, object) = match head.find(" on ") {
        Some(at) => (&head[..at], Some(&head[at + 4..])),
        None => (head, None),
    };
    words.clone_into(&mut node.node_type);
    if let Some(object) = object {
        let mut parts = object.split(' ');
        let name = parts.next().map(|name| name.trim_matches(['`', ',']));
        node.relation = name.filter(|name| !name.is_empty()).map(ToOwned::to_owned);
        if let Some((_, after)) = object.split_once(" using ") {
            let index = after.split([' ', ',']).next().unwrap_or_default();
            node.index = (!index.is_empty()).then(|| index.to_owned());
            if let Some((_, lookup)) = after.split_once(" (")
                && let Some((lookup, _)) = lookup.rsplit_once(')')
            {
                node.conditions.push(Condition {
                    kind: "Lookup".to_owned(),
                    text: lookup.to_owned(),
                });
            }
            if let Some((_, over)) = after.split_once(" over ") {
                node.conditions.push(Condition {
                    kind: "Range".to_owned(),
                    text: over.trim_end_matches(", with index condition").to_owned(),
                });
            }
        }
    }
    if let Some(condition) = condition {
        let kind = match words {
            _ if head.ends_with("with index condition") => "Index Cond",
            "Sort" => "Sort Key",
            "Filter" => "Filter",
            "Aggregate" | "Group aggregate" => "Aggregates",
            "Limit" | "Limit/Offset" => "Rows",
            _ => "Cond",
        };
        node.conditions.push(Condition {
            kind: kind.to_owned(),
            text: condition.to_owned(),
        });
    }
}
