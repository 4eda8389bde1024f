//! A plan as a flame graph: each node as wide as its time, its inputs below it.

use std::collections::{BTreeMap, BTreeSet};

use silk_plan::{Plan, PlanNode};

use super::cells::{self, Scale};
use crate::draw::{
    format::Markup,
    svg::flame::{self, Cell},
};

/// Cells drawn; narrower ones are left out first.
const MAX_CELLS: usize = 260;
/// Levels drawn.
const MAX_LEVELS: usize = 48;
/// Cells with less of the whole than this are no wider than a hair.
const NARROWEST: f64 = 0.0008;

/// The drawing, or why there is none.
pub(crate) struct FlameView {
    pub(crate) drawing: Option<Markup>,
    pub(crate) left_out: usize,
    pub(crate) is_time: bool,
}

pub(crate) fn view(plan: &Plan, heat: &BTreeMap<usize, &'static str>, address: &str) -> FlameView {
    let scale = Scale::of(plan);
    let tree = Tree::of(plan, scale);
    let tops = std::iter::once(0)
        .chain(tree.loose.iter().copied())
        .collect::<Vec<_>>();
    let total: f64 = tops.iter().map(|id| tree.whole[*id]).sum();
    let is_drawn = scale.is_any() && total > 0.0;
    let mut cells = Vec::new();
    if is_drawn {
        let mut left = 0.0;
        for top in tops {
            tree.place(top, left, 1.0 / total, address, heat, &mut cells);
            left += tree.whole[top] / total;
        }
    }
    // The widest are kept; all are drawn from the left and from above.
    let all = cells.len();
    if cells.len() > MAX_CELLS {
        cells.sort_by(|a, b| b.width.total_cmp(&a.width));
        cells.truncate(MAX_CELLS);
        cells.sort_by(|a, b| a.level.cmp(&b.level).then(a.left.total_cmp(&b.left)));
    }
    let drawn: BTreeSet<usize> = cells.iter().map(|cell| cell.node).collect();
    FlameView {
        left_out: plan
            .totals
            .nodes
            .saturating_sub(drawn.len())
            .max(all - cells.len()),
        drawing: is_drawn.then(|| flame::draw(&cells)),
        is_time: scale.is_time(),
    }
}

/// Who runs within whom, which is not always who hangs on whom.
struct Tree<'a> {
    nodes: Vec<&'a PlanNode>,
    scale: Scale,
    /// What runs in each node, with the part of it that did.
    inputs: Vec<Vec<(usize, f64)>>,
    /// Own and inputs.
    whole: Vec<f64>,
    /// Parts that ran outside the root.
    loose: Vec<usize>,
}

impl<'a> Tree<'a> {
    fn of(plan: &'a Plan, scale: Scale) -> Self {
        let nodes: Vec<&PlanNode> = plan.nodes().collect();
        let mut inputs: Vec<Vec<(usize, f64)>> = vec![Vec::new(); nodes.len()];
        let mut loose = BTreeSet::new();
        // A part that others paid for stands within them, as much of it as each paid.
        let mut paid: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
        if scale.is_time() {
            for node in &nodes {
                for payment in &node.derived.paid {
                    let payers = paid.entry(payment.node).or_default();
                    payers.push((node.id, payment.ms));
                }
            }
            loose.extend(plan.totals.outside.iter().filter_map(|part| part.node));
        }
        for node in &nodes {
            for child in &node.children {
                let is_moved = !child.role.runs_in_parent()
                    && (paid.contains_key(&child.id) || loose.contains(&child.id));
                if !is_moved {
                    inputs[node.id].push((child.id, 1.0));
                }
            }
        }
        for (part, payers) in &paid {
            let sum: f64 = payers.iter().map(|(_, ms)| ms).sum();
            for (payer, ms) in payers {
                if sum > 0.0 && *part < nodes.len() {
                    inputs[*payer].push((*part, ms / sum));
                }
            }
        }
        let mut tree = Self {
            whole: vec![0.0; nodes.len()],
            nodes,
            scale,
            inputs,
            loose: loose.into_iter().collect(),
        };
        for top in std::iter::once(0).chain(tree.loose.clone()) {
            tree.sum(top);
        }
        tree
    }

    /// Sums a node and what runs in it, each once; what would run in itself is left out.
    fn sum(&mut self, top: usize) {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            Unseen,
            Open,
            Done,
        }
        let mut states = vec![State::Unseen; self.nodes.len()];
        let mut open = vec![(top, 0_usize)];
        while let Some((id, next)) = open.pop() {
            states[id] = State::Open;
            if let Some((input, _)) = self.inputs[id].get(next).copied() {
                open.push((id, next + 1));
                match states[input] {
                    State::Unseen => open.push((input, 0)),
                    State::Open => self.inputs[id][next].1 = 0.0,
                    State::Done => {}
                }
            } else {
                let own = self.scale.own(self.nodes[id]).unwrap_or(0.0);
                let inside: f64 = self.inputs[id]
                    .iter()
                    .map(|(input, part)| self.whole[*input] * part)
                    .sum();
                self.whole[id] = own + inside;
                states[id] = State::Done;
            }
        }
    }

    fn place(
        &self,
        top: usize,
        left: f64,
        scale: f64,
        address: &str,
        heat: &BTreeMap<usize, &'static str>,
        cells: &mut Vec<Cell>,
    ) {
        let mut open = vec![(top, left, scale, 0_usize)];
        while let Some((id, left, scale, level)) = open.pop() {
            let node = self.nodes[id];
            let width = self.whole[id] * scale;
            if width < NARROWEST || level >= MAX_LEVELS || cells.len() > 4 * MAX_CELLS {
                continue;
            }
            cells.push(self.cell(node, left, width, level, address, heat));
            let mut at = left;
            for (input, part) in &self.inputs[id] {
                open.push((*input, at, scale * part, level + 1));
                at += self.whole[*input] * scale * part;
            }
        }
    }

    fn cell(
        &self,
        node: &PlanNode,
        left: f64,
        width: f64,
        level: usize,
        address: &str,
        heat: &BTreeMap<usize, &'static str>,
    ) -> Cell {
        let own = self.scale.own(node).unwrap_or(0.0);
        let name = cells::name(node);
        let class = match heat.get(&node.id).copied().unwrap_or("") {
            "bad" => "fl bad",
            "warn" => "fl warn",
            _ if node.relation.is_some() => "fl scan",
            _ => "fl",
        };
        Cell {
            node: node.id,
            left,
            width,
            level,
            title: format!(
                "{name}: {} itself, {} of the whole with its inputs",
                if self.scale.is_time() {
                    cells::ms(own)
                } else {
                    format!("cost {}", cells::number(own))
                },
                cells::share(width)
            ),
            label: name,
            href: cells::place_of(address, node.id),
            class,
        }
    }
}
