//! Nodes side by side.

use silk_plan::{Execution, Plan, PlanNode};

use super::totals::{Change, change};
use crate::draw::{
    format::one_line,
    plan::{
        cells::{self, Scale},
        diff::Pair,
    },
};

/// Two nodes that belong together, or one that is alone.
pub(super) struct RowView {
    pub(super) class: &'static str,
    /// `same`, `changed`, `gone`, `new`.
    pub(super) word: &'static str,
    pub(super) before: Option<NodeView>,
    pub(super) after: Option<NodeView>,
    pub(super) change: Change,
}

pub(super) struct NodeView {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) level: usize,
    /// Its own time or cost, and its rows.
    pub(super) figures: String,
    /// Conditions that the other side does not have.
    pub(super) conditions: Vec<String>,
    pub(super) is_never: bool,
}

/// How deep each node lies.
pub(super) fn levels(plan: &Plan) -> Vec<usize> {
    let mut levels = vec![0; plan.totals.nodes];
    for node in plan.nodes() {
        for child in &node.children {
            levels[child.id] = levels[node.id] + 1;
        }
    }
    levels
}

pub(super) fn row(
    pair: Pair<'_>,
    scale: Scale,
    levels: &(Vec<usize>, Vec<usize>),
    (a, b): (&str, &str),
) -> RowView {
    let (class, word, before, after) = match pair {
        Pair::Same(x, y) => ("", "same", Some(x), Some(y)),
        Pair::Changed(x, y) => ("changed", "changed", Some(x), Some(y)),
        Pair::Gone(x) => ("gone", "gone", Some(x), None),
        Pair::New(y) => ("new-node", "new", None, Some(y)),
    };
    let change = match (before, after) {
        (Some(x), Some(y)) => match (scale.own(x), scale.own(y)) {
            (Some(was), Some(is)) => change(was, is, if scale.is_time() { 1.0 } else { 10.0 }),
            _ => Change::default(),
        },
        _ => Change::default(),
    };
    RowView {
        class,
        word,
        before: before.map(|node| {
            node_view(
                node,
                after,
                scale,
                levels.0.get(node.id).copied().unwrap_or(0),
                a,
            )
        }),
        after: after.map(|node| {
            node_view(
                node,
                before,
                scale,
                levels.1.get(node.id).copied().unwrap_or(0),
                b,
            )
        }),
        change,
    }
}

fn figures(node: &PlanNode, scale: Scale) -> String {
    let own = scale.own(node).map(|own| {
        if scale.is_time() && node.derived.negligible {
            "≈ 0".to_owned()
        } else {
            scale.words(own)
        }
    });
    let rows = cells::rows(node).map(|rows| format!("{} rows", rows.text));
    [own, rows]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

fn node_view(
    node: &PlanNode,
    other: Option<&PlanNode>,
    scale: Scale,
    level: usize,
    address: &str,
) -> NodeView {
    let is_new = |text: &str| {
        other.is_none_or(|other| {
            !other
                .conditions
                .iter()
                .any(|condition| condition.text == text)
        })
    };
    NodeView {
        name: cells::name(node),
        href: if node.id == 0 {
            address.to_owned()
        } else {
            format!("{address}?node={}", node.id)
        },
        level: level.min(9),
        figures: figures(node, scale),
        conditions: node
            .conditions
            .iter()
            .filter(|condition| is_new(&condition.text))
            .take(4)
            .map(|condition| {
                format!(
                    "{} {}",
                    one_line(&condition.kind, 40),
                    one_line(&condition.text, 200)
                )
            })
            .collect(),
        is_never: node.derived.execution == Execution::Never,
    }
}
