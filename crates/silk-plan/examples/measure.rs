//! Reads a plan in any format from standard input and prints its measured tree as JSON.
//!
//! ```text
//! psql -Atc 'EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1' | cargo run -p silk-plan --example measure
//! ```

use std::io::{Read, Write};
use std::process::ExitCode;

use serde_json::{Value, json};
use silk_plan::{Derived, Direction, JudgeContext, Plan, PlanFinding, PlanNode, findings};

fn main() -> ExitCode {
    let outcome = read().and_then(|raw| {
        let plan = Plan::detect_and_parse(&raw).map_err(|error| error.to_string())?;
        print(&plan).map_err(|error| error.to_string())
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nowhere is left to complain to where this fails.
            let _ = writeln!(std::io::stderr(), "measure: {message}");
            ExitCode::FAILURE
        }
    }
}

fn read() -> Result<String, String> {
    let mut raw = Vec::new();
    std::io::stdin()
        .read_to_end(&mut raw)
        .map_err(|error| format!("cannot read standard input: {error}"))?;
    Ok(String::from_utf8_lossy(&raw).into_owned())
}

fn print(plan: &Plan) -> std::io::Result<()> {
    let found = findings::judge(plan, &JudgeContext::default());
    let totals = &plan.totals;
    let printed = json!({
        "format": plan.format,
        "analyzed": plan.analyzed,
        "shape": plan.shape,
        "total_ms": rounded(totals.total_ms),
        "planning_ms": rounded(plan.planning_ms),
        "execution_ms": rounded(plan.execution_ms),
        "outside_ms": rounded(totals.outside_ms),
        "outside": totals.outside,
        "invariant_holds": totals.invariant_holds,
        "invariant_gap_ms": rounded(totals.invariant_gap_ms),
        "nodes": totals.nodes,
        "notes": plan.notes,
        "findings": found,
        "root": node(&plan.root, &found),
    });
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &printed)?;
    writeln!(out)
}

fn node(node: &PlanNode, found: &[PlanFinding]) -> Value {
    let derived = &node.derived;
    let here: Vec<&str> = found
        .iter()
        .filter(|finding| finding.node == Some(node.id))
        .map(|finding| finding.rule)
        .collect();
    json!({
        "id": node.id,
        "type": node.node_type,
        "title": node.title(),
        "role": node.role,
        "subplan": node.subplan,
        "relation": node.relation,
        "alias": node.alias,
        "index": node.index,
        "conditions": node.conditions.iter().map(|c| format!("{}: {}", c.kind, c.text)).collect::<Vec<_>>(),
        "execution": derived.execution,
        "inclusive_ms": rounded(derived.inclusive_ms),
        "exclusive_ms": rounded(derived.exclusive_ms),
        "uncertainty_ms": rounded(derived.uncertainty_ms),
        "share": rounded(derived.share),
        "rows": derived.rows,
        "rows_at_most": derived.rows_at_most,
        "rows_removed": derived.removed,
        "loops": node.actual.map(|actual| actual.loops),
        "participants": derived.participants,
        "estimated_rows": node.estimate.and_then(|estimate| estimate.rows),
        "estimate_factor": rounded(derived.estimate_factor),
        "direction": direction(derived),
        "buffers": derived.buffers,
        "cost_share": rounded(derived.cost_share),
        "paid": derived.paid,
        "paid_by": derived.paid_by,
        "findings": here,
        "children": node.children.iter().map(|child| self::node(child, found)).collect::<Vec<_>>(),
    })
}

fn direction(derived: &Derived) -> Option<&'static str> {
    match derived.direction {
        Some(Direction::Over) => Some("over"),
        Some(Direction::Under) => Some("under"),
        None if derived.stopped_early => Some("stopped_early"),
        None => None,
    }
}

/// To a millionth: what is beyond is noise of the arithmetic.
fn rounded(value: Option<f64>) -> Option<f64> {
    value.map(|value| (value * 1e6).round() / 1e6)
}
