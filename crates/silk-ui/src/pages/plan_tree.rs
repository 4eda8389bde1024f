//! A plan's tree as rows of a table, with the lines that show who hangs on whom.

use silk_plan::{Direction, Execution, Plan, PlanNode};

use crate::{
    filters::{Markup, cut, fine_duration, one_line},
    svg,
};

/// Nodes drawn at most.
const MOST_NODES: usize = 400;

/// One node.
pub(crate) struct NodeRow {
    /// Lines from the top to this node: `│ ├─ `.
    pub(crate) lines: String,
    pub(crate) title: String,
    pub(crate) target: String,
    pub(crate) conditions: Vec<(String, String)>,
    pub(crate) time: Option<String>,
    pub(crate) inclusive: String,
    pub(crate) bar: Option<Markup>,
    pub(crate) rows: String,
    pub(crate) off: Option<String>,
    pub(crate) cost: String,
    pub(crate) is_never: bool,
    pub(crate) note: Option<String>,
}

/// Rows of a plan, and how many are left out.
pub(crate) fn rows(plan: &Plan) -> (Vec<NodeRow>, usize) {
    let mut rows = Vec::new();
    let mut left_out = 0;
    // Not by recursion: a plan may be deeper than a stack.
    let mut open: Vec<(&PlanNode, String, bool, bool)> =
        vec![(&plan.root, String::new(), true, true)];
    while let Some((node, indent, is_last, is_root)) = open.pop() {
        if rows.len() >= MOST_NODES {
            left_out += 1;
        } else {
            let branch = match (is_root, is_last) {
                (true, _) => "",
                (false, true) => "└─ ",
                (false, false) => "├─ ",
            };
            rows.push(row(node, &format!("{indent}{branch}")));
        }
        let below = match (is_root, is_last) {
            (true, _) => String::new(),
            (false, true) => format!("{indent}   "),
            (false, false) => format!("{indent}│  "),
        };
        for (at, child) in node.children.iter().enumerate().rev() {
            open.push((child, below.clone(), at + 1 == node.children.len(), false));
        }
    }
    (rows, left_out)
}

fn row(node: &PlanNode, lines: &str) -> NodeRow {
    let derived = &node.derived;
    let share = derived.share.or(derived.cost_share);
    let estimated = node.estimate.as_ref().and_then(|estimate| estimate.rows);
    let ms = |ms: f64| fine_duration(ms * 1e3);
    let rows = match (estimated, derived.rows) {
        (Some(estimated), Some(actual)) => format!("{} → {}", number(estimated), number(actual)),
        (Some(estimated), None) => number(estimated),
        (None, Some(actual)) => number(actual),
        (None, None) => "–".to_owned(),
    };
    let rows = match derived.loops {
        Some(loops) if loops > 1.0 => format!("{rows} ×{}", number(loops)),
        _ => rows,
    };
    let off = derived
        .estimate_factor
        .filter(|factor| *factor >= 10.0)
        .map(|factor| {
            let arrow = match derived.direction {
                Some(Direction::Under) => "↑ more than estimated",
                Some(Direction::Over) => "↓ fewer than estimated",
                None => "off",
            };
            format!("{}× {arrow}", number(factor))
        });
    let paid = derived
        .paid
        .iter()
        .take(4)
        .map(|payment| {
            format!(
                "{} ran in here, {}",
                one_line(&payment.name, 60),
                ms(payment.ms)
            )
        })
        .collect::<Vec<_>>()
        .join("; ");
    NodeRow {
        lines: cut(lines, 160),
        title: one_line(&node.title(), 120),
        target: target(node),
        conditions: node
            .conditions
            .iter()
            .take(12)
            .map(|condition| (one_line(&condition.kind, 40), cut(&condition.text, 400)))
            .collect(),
        time: derived.exclusive_ms.map(|own| {
            if derived.negligible {
                "≈ 0".to_owned()
            } else {
                ms(own)
            }
        }),
        inclusive: derived
            .inclusive_ms
            .map_or_else(String::new, |all| format!("{} with its inputs", ms(all))),
        bar: share.map(|share| bar(share, derived.share.is_some())),
        rows,
        off,
        cost: node
            .estimate
            .as_ref()
            .and_then(|estimate| estimate.total_cost)
            .map_or_else(|| "–".to_owned(), |cost| format!("{cost:.1}")),
        is_never: derived.execution == Execution::Never,
        note: (!paid.is_empty()).then_some(paid),
    }
}

/// What it reads: `using message_pkey on message m`.
fn target(node: &PlanNode) -> String {
    let mut parts = Vec::new();
    if let Some(subplan) = &node.subplan {
        parts.push(format!("as {subplan}"));
    }
    if let Some(index) = &node.index {
        parts.push(format!("using {index}"));
    }
    if let Some(relation) = node.relation.as_ref().or(node.cte.as_ref()) {
        let alias = node.alias.as_ref().filter(|alias| *alias != relation);
        parts.push(format!(
            "on {relation}{}",
            alias.map_or_else(String::new, |alias| format!(" {alias}"))
        ));
    }
    one_line(&parts.join(" "), 200)
}

fn bar(share: f64, is_time: bool) -> Markup {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1000, as clamped"
    )]
    let part = (share * 1_000.0).clamp(0.0, 1_000.0) as u64;
    svg::bar(part, 1_000, if is_time { "k-sql" } else { "k-cost" })
}

/// A row count, which databases estimate with fractions.
fn number(n: f64) -> String {
    if n.fract().abs() < 1e-9 && (0.0..1e15).contains(&n) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 1e15, as checked"
        )]
        let whole = n as u64;
        crate::filters::count(whole)
    } else {
        format!("{n:.1}")
    }
}
