//! The tree as a list, in the order printed: walks without recursion, subtrees as ranges.

use std::ops::Range;

use crate::{Plan, PlanNode};

/// The nodes of a plan with their places.
pub(super) struct Flat<'a> {
    pub(super) plan: &'a Plan,
    pub(super) nodes: Vec<&'a PlanNode>,
    pub(super) parents: Vec<Option<usize>>,
    /// Where the subtree ends: node `n` and all below it are `n..ends[n]`.
    ends: Vec<usize>,
}

impl<'a> Flat<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let nodes: Vec<&PlanNode> = plan.nodes().collect();
        let mut parents = vec![None; nodes.len()];
        for node in &nodes {
            for child in &node.children {
                parents[child.id] = Some(node.id);
            }
        }
        let mut ends: Vec<usize> = (1..=nodes.len()).collect();
        for at in (0..nodes.len()).rev() {
            if let Some(parent) = parents[at] {
                ends[parent] = ends[parent].max(ends[at]);
            }
        }
        Self {
            plan,
            nodes,
            parents,
            ends,
        }
    }

    /// The node and all below it.
    pub(super) fn subtree(&self, at: usize) -> Range<usize> {
        at..self.ends[at]
    }

    /// Loops of the node, 0 where it did not run or nobody knows.
    pub(super) fn loops(&self, at: usize) -> f64 {
        self.nodes[at].actual.map_or(0.0, |actual| actual.loops)
    }

    /// The node's ancestors, nearest first.
    pub(super) fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents[at], |at| self.parents[*at])
    }

    /// Whether the node starts workers.
    pub(super) fn is_gather(&self, at: usize) -> bool {
        matches!(self.nodes[at].node_type.as_str(), "Gather" | "Gather Merge")
    }
}
