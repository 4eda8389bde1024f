//! A plan as text and as JSON, to be copied.

use std::fmt::Write as _;

use serde_json::Value;
use silk_core::{PlanFormat, PlanRecord};
use silk_plan::{Execution, Plan, PlanNode};

use super::cells;
use crate::draw::format::{cut, one_line};

/// Characters on the page; the rest is at the address of the whole.
const MAX_SHOWN: usize = 56_000;

/// Text with the address of the whole of it.
pub(crate) struct CodeView {
    pub(crate) text: String,
    pub(crate) note: &'static str,
    pub(crate) raw_href: String,
}

/// Whether a format is JSON.
const fn is_json(format: PlanFormat) -> bool {
    matches!(format, PlanFormat::PostgresJson | PlanFormat::MySqlJson)
}

/// The plan as text: as it was printed, or, where that is JSON, in the layout of EXPLAIN.
pub(crate) fn text(record: &PlanRecord, plan: Option<&Plan>) -> (String, &'static str) {
    match plan {
        Some(plan) if is_json(record.output.format) => (
            layout(plan),
            "The plan in the layout of EXPLAIN; the database printed JSON.",
        ),
        _ => (record.output.raw.clone(), "As the database printed it."),
    }
}

/// The plan as JSON: as it was printed, or, where that is text, as it was read and measured.
pub(crate) fn json(record: &PlanRecord, plan: Option<&Plan>) -> (String, &'static str) {
    match plan {
        Some(plan) if !is_json(record.output.format) => (
            serde_json::to_string_pretty(plan).unwrap_or_default(),
            "The plan as it was read and measured; the database printed text.",
        ),
        _ => (pretty(&record.output.raw), "As the database printed it."),
    }
}

/// What a page shows of a text.
pub(crate) fn code((text, note): (String, &'static str), raw_href: String) -> CodeView {
    CodeView {
        text: cut(&text, MAX_SHOWN),
        note,
        raw_href,
    }
}

/// The JSON in a text, with line breaks; a text without any as it is.
fn pretty(raw: &str) -> String {
    // What a log puts before a plan (`duration: 125.009 ms  plan:`) is no JSON.
    let from = raw.find(['{', '[']).unwrap_or(0);
    let mut values = serde_json::Deserializer::from_str(&raw[from..]).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => serde_json::to_string_pretty(&value).unwrap_or_else(|_| raw.to_owned()),
        _ => raw.to_owned(),
    }
}

/// The tree in the layout of EXPLAIN.
fn layout(plan: &Plan) -> String {
    let mut out = String::new();
    let mut open: Vec<(&PlanNode, usize)> = vec![(&plan.root, 0)];
    while let Some((node, level)) = open.pop() {
        head(&mut out, node, level);
        let pad = " ".repeat(level * 6 + 2);
        for condition in &node.conditions {
            let _ = writeln!(out, "{pad}{}: {}", condition.kind, condition.text);
        }
        if let Some(removed) = node.counters.removed_by_filter {
            let _ = writeln!(out, "{pad}Rows Removed by Filter: {removed}");
        }
        for (key, value) in &node.details {
            let _ = writeln!(out, "{pad}{key}: {}", one_line(value, 400));
        }
        if let Some((_, words)) = cells::pages(node) {
            let _ = writeln!(out, "{pad}Pages itself: {words}");
        }
        open.extend(node.children.iter().rev().map(|child| (child, level + 1)));
    }
    for (name, time) in [
        ("Planning", plan.planning_ms),
        ("Execution", plan.execution_ms),
    ] {
        if let Some(time) = time {
            let _ = writeln!(out, "{name} Time: {time:.3} ms");
        }
    }
    out
}

fn head(out: &mut String, node: &PlanNode, level: usize) {
    if level > 0 {
        if let Some(name) = &node.subplan {
            let _ = writeln!(out, "{}{name}", " ".repeat(level * 6 - 4));
        }
        let _ = write!(out, "{}->  ", " ".repeat(level * 6 - 4));
    }
    out.push_str(&node.title());
    let target = cells::target(node);
    if !target.is_empty() {
        let _ = write!(out, " {target}");
    }
    if let Some(estimate) = node.estimate {
        out.push_str("  (");
        if let (Some(first), Some(all)) = (estimate.startup_cost, estimate.total_cost) {
            let _ = write!(out, "cost={first:.2}..{all:.2} ");
        }
        let _ = write!(
            out,
            "rows={} width={})",
            estimate.rows.unwrap_or(0.0),
            estimate.width.unwrap_or(0.0)
        );
    }
    if let Some(actual) = node.actual {
        if node.derived.execution == Execution::Never {
            out.push_str(" (never executed)");
        } else {
            out.push_str(" (actual ");
            if let (Some(first), Some(all)) = (actual.startup_ms, actual.total_ms) {
                let _ = write!(out, "time={first:.3}..{all:.3} ");
            }
            let _ = write!(
                out,
                "rows={} loops={})",
                actual.rows.unwrap_or(0.0),
                actual.loops
            );
        }
    }
    out.push('\n');
}
