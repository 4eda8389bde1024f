//! A plan's tree: nodes that fold, each with its figures, and what ran outside of it.

use std::collections::{BTreeMap, BTreeSet};

use silk_plan::{Execution, Plan, PlanFinding, PlanNode, Role};

use super::{
    cells::{self, Measure, Rows, Scale},
    findings::{self, FindingView},
    node_details,
    nodes_shown::{choose, weights},
    operators,
    outside_tree::{OutsideRow, outside},
};
use crate::draw::format::one_line;

/// Plans up to this size are shown unfolded.
const SMALL: usize = 30;

/// Subtrees with less of the whole than this are folded.
const LIGHT: f64 = 0.02;

/// The tree from one node on.
pub(crate) struct TreeView {
    pub(crate) nodes: Vec<NodeView>,
    pub(crate) is_timed: bool,
    pub(crate) is_measured: bool,
    pub(crate) has_rows: bool,
    pub(crate) has_actual_rows: bool,
    pub(crate) has_pages: bool,
    /// From the top of the plan to the node that is shown, where that is not the top.
    pub(crate) above: Vec<(String, String)>,
    pub(crate) outside: Vec<OutsideRow>,
    /// Nodes of the subtree that are not on the page.
    pub(crate) left_out: usize,
}

/// One node, in the order printed.
pub(crate) struct NodeView {
    pub(crate) id: usize,
    pub(crate) title: String,
    pub(crate) target: String,
    /// `InitPlan 1`, `CTE recent`.
    pub(crate) place: Option<String>,
    pub(crate) measure: Option<Measure>,
    pub(crate) rows: Option<Rows>,
    pub(crate) pages: Option<(String, String)>,
    pub(crate) conditions: Vec<(String, String)>,
    pub(crate) facts: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) workers: Vec<String>,
    pub(crate) explanation: Option<&'static str>,
    pub(crate) findings: Vec<FindingView>,
    pub(crate) is_never: bool,
    pub(crate) has_children: bool,
    pub(crate) is_open: bool,
    /// Number of nodes below it, shown if they are folded.
    pub(crate) below: usize,
    /// Nodes below it that are not on the page, with where they are.
    pub(crate) elsewhere: Option<(usize, String)>,
    /// Parents that end after this node, each with what it has elsewhere.
    pub(crate) closes: Vec<Option<(usize, String)>>,
}

/// The tree from `top` on; links to other parts of it start with `address`.
pub(crate) fn view(
    plan: &Plan,
    top: &PlanNode,
    found: &[PlanFinding],
    views: &[FindingView],
    address: &str,
) -> TreeView {
    let scale = Scale::of(plan);
    let heat = findings::heat(found);
    let weights = weights(plan, scale);
    let shown = choose(top, &weights, &heat);
    let mut painter = Painter {
        plan,
        scale,
        heat: &heat,
        is_hot: cells::is_worth_heat(plan),
        views,
        weights: &weights,
        explained: BTreeSet::new(),
        address,
        is_small: plan.totals.nodes <= SMALL,
    };
    let nodes = painter.paint(top, &shown);
    let any = |ask: &dyn Fn(&PlanNode) -> bool| plan.nodes().any(ask);
    TreeView {
        left_out: top.preorder().count() - shown.len(),
        is_timed: scale.is_time(),
        is_measured: scale.is_any(),
        has_rows: any(&|node| cells::rows(node).is_some()),
        has_actual_rows: any(&|node| node.actual.is_some_and(|actual| actual.rows.is_some())),
        has_pages: any(&|node| cells::pages(node).is_some()),
        above: above(plan, top, address),
        outside: if top.id == 0 {
            outside(plan)
        } else {
            Vec::new()
        },
        nodes,
    }
}

fn above(plan: &Plan, top: &PlanNode, address: &str) -> Vec<(String, String)> {
    if top.id == 0 {
        return Vec::new();
    }
    let mut line = Vec::new();
    let mut at = &plan.root;
    // Ids are given in the order of print, so a subtree is a range of them.
    while at.id != top.id {
        line.push(at);
        let Some(next) = at.children.iter().rev().find(|child| child.id <= top.id) else {
            break;
        };
        at = next;
    }
    let skipped = line.len().saturating_sub(6);
    let mut links: Vec<(String, String)> = line
        .iter()
        .take(1)
        .chain(line.iter().skip(1.max(skipped)))
        .map(|node| {
            let query = if node.id == 0 {
                String::new()
            } else {
                format!("?node={}", node.id)
            };
            (
                one_line(&cells::name(node), 60),
                format!("{address}{query}"),
            )
        })
        .collect();
    if let Some(first) = links.first_mut() {
        first.0 = format!("whole plan: {}", first.0);
    }
    links
}

struct Painter<'a> {
    plan: &'a Plan,
    scale: Scale,
    heat: &'a BTreeMap<usize, &'static str>,
    is_hot: bool,
    views: &'a [FindingView],
    weights: &'a [f64],
    /// Explanations that stand on the page already.
    explained: BTreeSet<&'static str>,
    address: &'a str,
    is_small: bool,
}

impl<'a> Painter<'a> {
    fn paint(&mut self, top: &'a PlanNode, shown: &BTreeSet<usize>) -> Vec<NodeView> {
        let mut views: Vec<NodeView> = Vec::with_capacity(shown.len());
        // Not by recursion: a plan may be deep. Nothing stands for the end of a parent.
        let mut open: Vec<Option<&PlanNode>> = vec![Some(top)];
        let mut parents: Vec<Option<(usize, String)>> = Vec::new();
        while let Some(next) = open.pop() {
            let Some(node) = next else {
                let elsewhere = parents.pop().flatten();
                if let Some(last) = views.last_mut() {
                    last.closes.push(elsewhere);
                }
                continue;
            };
            let mut view = self.node(node);
            let inside: Vec<&PlanNode> = node
                .children
                .iter()
                .filter(|child| shown.contains(&child.id))
                .collect();
            let missing: usize = node
                .children
                .iter()
                .filter(|child| !shown.contains(&child.id))
                .map(|child| child.preorder().count())
                .sum();
            let elsewhere =
                (missing > 0).then(|| (missing, format!("{}?node={}", self.address, node.id)));
            view.has_children = !inside.is_empty();
            if inside.is_empty() {
                view.elsewhere = elsewhere;
            } else {
                parents.push(elsewhere);
                open.push(None);
                open.extend(inside.into_iter().rev().map(Some));
            }
            views.push(view);
        }
        views
    }

    fn node(&mut self, node: &PlanNode) -> NodeView {
        let is_never = node.derived.execution == Execution::Never;
        let explanation = operators::explanation(node, self.plan.format)
            .filter(|text| self.explained.insert(text));
        let below = node.preorder().count() - 1;
        let findings: Vec<FindingView> = self
            .views
            .iter()
            .filter(|finding| finding.node == Some(node.id))
            .cloned()
            .collect();
        let weight = self.weights.get(node.id).copied().unwrap_or(0.0);
        let has_remark = self.heat.range(node.id..=node.id + below).next().is_some();
        let is_light = self.scale.is_any() && !self.is_small && weight < LIGHT && !has_remark;
        NodeView {
            id: node.id,
            title: one_line(&node.title(), 100),
            target: cells::target(node),
            place: place(node),
            measure: cells::measure(
                node,
                self.scale,
                self.heat.get(&node.id).copied().unwrap_or(""),
                self.is_hot,
            ),
            rows: cells::rows(node).map(|mut rows| {
                // A wrong estimate of what costs nothing is no news.
                rows.off = rows.off.filter(|_| !is_light);
                rows
            }),
            pages: cells::pages(node),
            conditions: node_details::conditions(node),
            facts: node_details::facts(node),
            notes: node_details::payments(node, |id| {
                self.plan
                    .node(id)
                    .map_or_else(|| "another node".to_owned(), cells::name)
            }),
            workers: node_details::workers(node),
            explanation,
            findings,
            is_never,
            has_children: false,
            is_open: !(is_light || (is_never && below > 0 && node.id > 0)),
            below,
            elsewhere: None,
            closes: Vec::new(),
        }
    }
}

/// What a node is to its parent, where that is not an input as usual.
fn place(node: &PlanNode) -> Option<String> {
    let name = node.subplan.as_deref().map(|name| one_line(name, 60));
    match (node.role, name) {
        (Role::InitPlan, name) => Some(name.unwrap_or_else(|| "InitPlan".to_owned())),
        (Role::SubPlan, name) => Some(match name {
            Some(name) if name.starts_with("SubPlan") => name,
            Some(name) => format!("subquery {name}"),
            None => "SubPlan".to_owned(),
        }),
        (_, name) => name,
    }
}
