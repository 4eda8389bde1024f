//! `silk plan`: a query plan as a tree.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use silk_core::words::three_digits;

use crate::{
    api::{Answer, Api, Query, segment},
    screen::{BAD, FAINT, STRONG, Screen, WARN},
    show::{duration_ms, one_line, safe},
    trouble::Result,
};

/// Deeper trees are drawn no further to the right.
const MAX_INDENT: usize = 40;

#[derive(Debug, Deserialize)]
struct Plan {
    id: String,
    database: Database,
    source: String,
    captured_at: DateTime<Utc>,
    analyzed: bool,
    root: Option<Node>,
    total_ms: Option<f64>,
    planning_ms: Option<f64>,
    total_cost: Option<f64>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    findings: Vec<Finding>,
    silent: Option<String>,
    raw: String,
}

#[derive(Debug, Deserialize)]
struct Database {
    kind: String,
    name: String,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: usize,
    node_type: String,
    subplan: Option<String>,
    relation: Option<String>,
    index: Option<String>,
    alias: Option<String>,
    #[serde(default)]
    conditions: Vec<Condition>,
    estimate: Option<Estimate>,
    derived: Derived,
    #[serde(default)]
    children: Vec<Self>,
}

#[derive(Debug, Deserialize)]
struct Condition {
    kind: String,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Estimate {
    total_cost: Option<f64>,
    rows: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Derived {
    exclusive_ms: Option<f64>,
    rows: Option<f64>,
    loops: Option<f64>,
    removed: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    rule: String,
    severity: String,
    node: Option<usize>,
    title: String,
    evidence: String,
    action: String,
    unless: String,
}

/// The answer about one plan.
pub(crate) async fn answer(api: &Api, id: &str) -> Result<Answer> {
    api.get(&format!("api/plans/{}", segment(id)), &Query::new())
        .await
}

/// Prints one plan.
pub(crate) async fn show(api: &Api, screen: Screen, id: &str) -> Result<()> {
    let answer = answer(api, id).await?;
    if screen.is_json {
        return screen.bytes(&answer.body);
    }
    screen.text(&text(&answer.read()?))
}

fn text(plan: &Plan) -> String {
    let mut out = String::new();
    let run = if plan.analyzed {
        "of a run"
    } else {
        "estimated, nothing was run"
    };
    let _ = writeln!(out, "{STRONG}plan {}{STRONG:#}  {run}", safe(&plan.id));
    let _ = writeln!(
        out,
        "{FAINT}{} {}, source {}, {}{FAINT:#}",
        one_line(&plan.database.kind),
        one_line(&plan.database.name),
        one_line(&plan.source),
        plan.captured_at.format("%Y-%m-%d %H:%M:%S UTC"),
    );
    let mut totals = Vec::new();
    totals.extend(
        plan.total_ms
            .map(|ms| format!("{} in all", duration_ms(ms))),
    );
    totals.extend(
        plan.planning_ms
            .map(|ms| format!("{} planning", duration_ms(ms))),
    );
    totals.extend(plan.total_cost.map(|cost| format!("cost {cost:.2}")));
    if !totals.is_empty() {
        let _ = writeln!(out, "{}", totals.join(", "));
    }
    match &plan.root {
        Some(root) => {
            out.push('\n');
            node(&mut out, root, 0);
        }
        None => {
            let _ = writeln!(out, "\n{}", safe(&plan.raw));
        }
    }
    for note in &plan.notes {
        let _ = writeln!(out, "\n{FAINT}{}{FAINT:#}", one_line(note));
    }
    for finding in &plan.findings {
        let style = match &*finding.severity {
            "critical" => BAD,
            "warning" => WARN,
            _ => FAINT,
        };
        let place = finding
            .node
            .map(|node| format!(" (node {node})"))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "\n{style}{}{style:#} {}: {}{place}",
            one_line(&finding.severity),
            one_line(&finding.rule),
            one_line(&finding.title)
        );
        for (name, text) in [
            ("", &finding.evidence),
            ("fix: ", &finding.action),
            ("unless: ", &finding.unless),
        ] {
            if !text.is_empty() {
                let _ = writeln!(out, "  {name}{}", one_line(text));
            }
        }
    }
    if let Some(silent) = &plan.silent {
        let _ = writeln!(out, "\n{FAINT}{}{FAINT:#}", one_line(silent));
    }
    out
}

fn node(out: &mut String, one: &Node, depth: usize) {
    let indent = " ".repeat((2 * depth).min(MAX_INDENT));
    let mut name = one_line(&one.node_type);
    if let Some(relation) = &one.relation {
        let _ = write!(name, " on {}", one_line(relation));
    }
    if let Some(alias) = one
        .alias
        .as_ref()
        .filter(|alias| Some(*alias) != one.relation.as_ref())
    {
        let _ = write!(name, " {}", one_line(alias));
    }
    if let Some(index) = &one.index {
        let _ = write!(name, " using {}", one_line(index));
    }
    let about = figures(one);
    let part = one
        .subplan
        .as_ref()
        .map(|subplan| format!("[{}] ", one_line(subplan)))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "{indent}{FAINT}{}{FAINT:#} {part}{name}{}{FAINT}{about}{FAINT:#}",
        one.id,
        if about.is_empty() { "" } else { "  " }
    );
    for condition in &one.conditions {
        let _ = writeln!(
            out,
            "{indent}    {FAINT}{}:{FAINT:#} {}",
            one_line(&condition.kind),
            one_line(&condition.text)
        );
    }
    for child in &one.children {
        node(out, child, depth + 1);
    }
}

/// What a node did and what was expected of it: `12.3 ms, rows 10 → 5,000, 3 loops`.
fn figures(node: &Node) -> String {
    let number = |n: f64| {
        if n >= 1e6 {
            three_digits(n / 1e6, "M")
        } else {
            format!("{n:.0}")
        }
    };
    let mut parts = Vec::new();
    parts.extend(
        node.derived
            .exclusive_ms
            .map(|ms| format!("{} itself", duration_ms(ms))),
    );
    let estimated = node.estimate.as_ref().and_then(|estimate| estimate.rows);
    match (estimated, node.derived.rows) {
        (Some(estimated), Some(rows)) => {
            parts.push(format!(
                "rows estimated {} each, given {}",
                number(estimated),
                number(rows)
            ));
        }
        (Some(estimated), None) => parts.push(format!("rows estimated {}", number(estimated))),
        (None, Some(rows)) => parts.push(format!("rows {}", number(rows))),
        (None, None) => {}
    }
    parts.extend(
        node.derived
            .loops
            .filter(|loops| *loops > 1.0)
            .map(|loops| format!("{} loops", number(loops))),
    );
    parts.extend(
        node.derived
            .removed
            .filter(|removed| *removed > 0.0)
            .map(|removed| format!("{} rows thrown away", number(removed))),
    );
    if node.derived.exclusive_ms.is_none() {
        let cost = node
            .estimate
            .as_ref()
            .and_then(|estimate| estimate.total_cost);
        parts.extend(cost.map(|cost| format!("cost {cost:.2}")));
    }
    parts.join(", ")
}
