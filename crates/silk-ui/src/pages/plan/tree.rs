//! A plan's tree: nodes that fold, each with its figures, and what ran outside of it.

use std::collections::{BTreeMap, BTreeSet};

use silk_plan::{Execution, Plan, PlanFinding, PlanNode, Role};

use super::{
    cells::{self, Measure, Rows, Scale},
    facts,
    judged::{self, FindingView},
    words,
};
use crate::filters::{Markup, one_line};

/// Bytes of markup that the nodes of one page may take, roughly.
const BUDGET: usize = 62_000;
/// Deeper than this below the node that is shown, a page goes on elsewhere: browsers and people
/// lose count.
const MOST_LEVELS: usize = 60;
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
    /// Nodes below it, told where they are folded away.
    pub(crate) below: usize,
    /// Nodes below it that are not on the page, with where they are.
    pub(crate) elsewhere: Option<(usize, String)>,
    /// Parents that end after this node, each with what it has elsewhere.
    pub(crate) closes: Vec<Option<(usize, String)>>,
}

/// Time that no node stands for.
pub(crate) struct OutsideRow {
    pub(crate) label: String,
    pub(crate) time: String,
    pub(crate) share: String,
    pub(crate) bar: Option<Markup>,
    pub(crate) note: String,
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
    let heat = judged::heat(found);
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

/// The share of the whole in each subtree; where nothing is measured, how shallow it lies.
fn weights(plan: &Plan, scale: Scale) -> Vec<f64> {
    let nodes: Vec<&PlanNode> = plan.nodes().collect();
    let mut weights: Vec<f64> = nodes
        .iter()
        .map(|node| scale.share(node).unwrap_or(0.0))
        .collect();
    for node in nodes.iter().rev() {
        let below: f64 = node.children.iter().map(|child| weights[child.id]).sum();
        weights[node.id] += below;
    }
    weights
}

/// Which nodes stand on the page: all that fit, those with remarks and the heaviest first, and
/// none without its parents.
fn choose(
    top: &PlanNode,
    weights: &[f64],
    heat: &BTreeMap<usize, &'static str>,
) -> BTreeSet<usize> {
    let mut parents: BTreeMap<usize, usize> = BTreeMap::new();
    let mut order: Vec<(&PlanNode, usize)> = Vec::new();
    let mut open = vec![(top, 0_usize)];
    while let Some((node, level)) = open.pop() {
        if level < MOST_LEVELS {
            for child in node.children.iter().rev() {
                parents.insert(child.id, node.id);
                open.push((child, level + 1));
            }
        }
        order.push((node, level));
    }
    order.sort_by(|(a, a_level), (b, b_level)| {
        heat.contains_key(&b.id)
            .cmp(&heat.contains_key(&a.id))
            .then(weights[b.id].total_cmp(&weights[a.id]))
            .then(a_level.cmp(b_level))
            .then(a.id.cmp(&b.id))
    });
    let sizes: BTreeMap<usize, usize> = order
        .iter()
        .map(|(node, _)| (node.id, size(node)))
        .collect();
    let mut shown = BTreeSet::from([top.id]);
    let mut spent = sizes.get(&top.id).copied().unwrap_or(0);
    for (node, _) in order {
        let mut line = Vec::new();
        let mut at = node.id;
        while !shown.contains(&at) {
            line.push(at);
            let Some(parent) = parents.get(&at) else {
                break;
            };
            at = *parent;
        }
        let cost: usize = line.iter().filter_map(|id| sizes.get(id)).sum();
        if spent + cost > BUDGET {
            continue;
        }
        spent += cost;
        shown.extend(line);
    }
    shown
}

/// What a node takes on a page, roughly.
fn size(node: &PlanNode) -> usize {
    let texts: usize = node
        .conditions
        .iter()
        .take(8)
        .map(|condition| condition.text.len().min(400) + 60)
        .sum();
    560 + texts + node.details.len().min(8) * 40 + node.workers.len().min(16) * 60
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
        let explanation =
            words::explanation(node, self.plan.format).filter(|text| self.explained.insert(text));
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
            conditions: facts::conditions(node),
            facts: facts::facts(node),
            notes: facts::payments(node, |id| {
                self.plan
                    .node(id)
                    .map_or_else(|| "another node".to_owned(), cells::name)
            }),
            workers: facts::workers(node),
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

/// Planning, triggers, compilation, and whatever else ran outside the tree.
fn outside(plan: &Plan) -> Vec<OutsideRow> {
    let total = plan.totals.total_ms.filter(|total| *total > 0.0);
    let row = |label: String, time: Option<f64>, in_whole: bool, note: String| {
        let part = time.zip(total).map(|(time, total)| time / total);
        let part = part.filter(|_| in_whole);
        OutsideRow {
            label,
            time: time.map_or_else(|| "–".to_owned(), cells::ms),
            share: part.map_or_else(String::new, cells::share),
            bar: part.map(|part| cells::bar(part, "k-rest")),
            note,
        }
    };
    let mut rows = Vec::new();
    if let Some(planning) = plan.planning_ms {
        let pages = plan
            .planning_buffers
            .filter(|buffers| !buffers.is_empty())
            .map_or_else(String::new, |buffers| {
                format!("; {}", cells::buffer_words(&buffers))
            });
        rows.push(row(
            "Planning".to_owned(),
            Some(planning),
            false,
            format!("before the run, and not part of it{pages}"),
        ));
    }
    for part in &plan.totals.outside {
        rows.push(row(
            one_line(&part.label, 100),
            Some(part.ms),
            true,
            match part.node {
                Some(_) => "ran outside the tree: nobody reads it".to_owned(),
                None => "outside the tree".to_owned(),
            },
        ));
    }
    for trigger in plan.triggers.iter().take(12) {
        let label = format!("Trigger {}", trigger.name);
        let is_outside = plan.totals.outside.iter().any(|part| part.label == label);
        let mut note = format!("{} calls", cells::number(trigger.calls));
        if let Some(constraint) = &trigger.constraint {
            note.push_str(&format!(" for the constraint {}", one_line(constraint, 60)));
        }
        if let Some(relation) = &trigger.relation {
            note.push_str(&format!(" on {}", one_line(relation, 60)));
        }
        if is_outside {
            if let Some(row) = rows
                .iter_mut()
                .find(|row| row.label == one_line(&label, 100))
            {
                row.note.push_str(&format!("; {note}"));
            }
        } else {
            note.push_str(&format!(
                "; within {}, whose time has it",
                plan.root.title()
            ));
            rows.push(row(one_line(&label, 100), trigger.ms, false, note));
        }
    }
    if let Some(jit) = &plan.jit {
        let parts = [
            (jit.generation_ms, "generation"),
            (jit.inlining_ms, "inlining"),
            (jit.optimization_ms, "optimization"),
            (jit.emission_ms, "emission"),
        ];
        let parts = parts
            .iter()
            .filter_map(|(time, word)| time.map(|time| format!("{word} {}", cells::ms(time))))
            .collect::<Vec<_>>()
            .join(", ");
        let note = format!("{} functions; {parts}", cells::number(jit.functions));
        if let Some(row) = rows.iter_mut().find(|row| row.label == "JIT") {
            row.label = "Compilation (JIT)".to_owned();
            row.note = format!("{note}; emission stands in the node that first needed the code");
        } else {
            rows.push(row(
                "Compilation (JIT)".to_owned(),
                jit.total_ms,
                false,
                note,
            ));
        }
    }
    rows
}
